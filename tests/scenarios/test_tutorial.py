"""The tutorial, followed to the letter: its files written, its commands typed, beside a running chat."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.pages import ROOT, Block, blocks
from tests.support.chat_client import Member
from tests.support.processes import SCRIPTS, Server, clean_environment, script

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs/tutorials/first-plugin.md").read_text(encoding="utf-8")
EDITS = {
    "from jackfield.api import CommandSource\n": "from jackfield.api import CommandSource, List, Text\n",
    "[*quotes, words])\n": '[*quotes, words])\n            self.context.ui.refresh("quotes")\n',
}


class Reader:
    """Whoever follows the tutorial: a folder, a shell, and a chat that runs."""

    def __init__(self, folder: Path, chat: Server) -> None:
        self.folder = folder
        market, self.chat = chat.addresses
        self.environment = clean_environment(
            PATH=f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
            JACKFIELD_HOME=str(folder / ".data/chat/plugins"),
            JACKFIELD_MARKETPLACE=market,
            PIP_CONFIG_FILE=os.devnull,
            PIP_DISABLE_PIP_VERSION_CHECK="1",
            PIP_NO_INDEX="1",
            COLUMNS="200",
        )
        self.said: dict[str, str] = {}

    def follow(self, block: Block) -> None:
        if block.language == "console":
            for line in block.commands:
                self.type(line)
        elif block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text(encoding="utf-8") + "\n" if "at the end of" in block.before else ""
            path.write_text(before + block.text, encoding="utf-8")

    def type(self, line: str) -> None:
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environment, input="y\n", capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        self.said[line] = done.stdout + done.stderr
        assert done.returncode == 0, f"$ {line}\n{self.said[line]}"

    def hears(self, command: str) -> str:
        """All that was said by the last command that begins so."""
        return next(text for line, text in reversed(self.said.items()) if line.startswith(command))


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    command = [script("jackfield-chat"), "serve", "--data", ".data/chat", "--port", "0"]
    with Server([*command, "--with-marketplace", "--market-port", "0"], ready=2, cwd=tmp_path) as chat:
        yield Reader(tmp_path, chat)


def test_the_tutorial_works_as_it_is_written(reader: Reader) -> None:
    parts = re.split(r"^## \d\. ", PAGE, flags=re.MULTILINE)
    _, _, writing, first, second, publish = parts
    with Member(reader.chat, "bea", "correct horse battery", sign_up=True) as bea:
        for block in [*blocks(writing), *blocks(first)]:
            reader.follow(block)
        assert "to keep the quotes" in reader.hears("jackfield install")
        listed = reader.hears("jackfield list")
        assert re.search(r"^quotes .* worker \((full|base)\)", listed, re.MULTILINE)
        bea.say("!quote all that is gold does not glitter")
        bea.hears("quote 1 is kept")

        for block in blocks(second):
            if block.language == "console":
                edit(reader.folder / "quotes")
            reader.follow(block)
        assert "to show the last quotes" in reader.hears("jackfield install")
        bea.boxes(lambda boxes: "all that is gold does not glitter" in boxes)
        bea.say("!quote not all those who wander are lost")
        bea.boxes(lambda boxes: "not all those who wander are lost" in boxes)

    for block in blocks(publish):
        reader.follow(block)
    assert "1.1.0" in reader.hears("jackfield search")


def edit(quotes: Path) -> None:
    """What the page tells in words: the import, the line that draws again, the version."""
    for told in ("`from jackfield.api import CommandSource, List, Text`", '`self.context.ui.refresh("quotes")`'):
        assert told in PAGE
    code = quotes / "chat_quotes/__init__.py"
    text = code.read_text(encoding="utf-8")
    for old, new in EDITS.items():
        assert old in text
        text = text.replace(old, new)
    code.write_text(text, encoding="utf-8")
    project = quotes / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8").replace('version = "1.0.0"', 'version = "1.1.0"'))
