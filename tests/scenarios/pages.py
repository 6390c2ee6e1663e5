"""The code of a documentation page, read so that it can be run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Args:
        language: the word after the fence; may be empty.
        text: what is in it.
        before: the paragraph above it, where the page says what it is.
    """

    language: str
    text: str
    before: str

    @property
    def file(self) -> str:
        """The path in the first line's comment, else the last one that the paragraph above names; empty: none."""
        if named := re.match(r"# ([\w./]+):", self.text):
            return named[1]
        paths = re.findall(r"`((?:\w+/)+[\w.]+)`", self.before)
        return paths[-1] if paths else ""

    @property
    def commands(self) -> list[str]:
        """The lines that are typed, without the prompt."""
        return [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]


def blocks(text: str) -> list[Block]:
    """Every fenced block of a page, in order."""
    found = []
    for match in _BLOCK.finditer(text):
        before = text[: match.start()].rstrip().rpartition("\n\n")[2]
        found.append(Block(match["language"], match["text"], before))
    return found
