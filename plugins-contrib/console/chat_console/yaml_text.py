"""The YAML of translations and configurations: PyYAML's where it is there, else the part that such files use.

That part: mappings and lists by indentation, plain and quoted scalars on one line, `|` and `>` blocks, comments, and
JSON in place of a value. Anchors, tags, several documents and scalars over several lines need PyYAML; they are refused
by line.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"&*!|>%@`{\[\-?][^#]*?|-\S[^#]*?)\s*:(?:\s+|$)(?P<rest>.*)"""
)
_WORDS: Mapping[str, Any] = {
    "": None, "~": None, "null": None, "true": True, "false": False, "yes": True, "no": False, "on": True, "off": False,
}  # fmt: skip
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


class YamlError(ValueError):
    """A text that cannot be read; the sentence names the line."""


def read_yaml(text: str) -> Any:
    """Return what a YAML text holds.

    Raises:
        YamlError: it cannot be read.
    """
    try:
        import yaml  # no library of ours: there where the application or another plugin brought it
    except ImportError:
        return read_plain_yaml(text)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise YamlError(str(error)) from error


def write_yaml(value: Any) -> str:
    """Return YAML for plain values: JSON, which is YAML as well (YAML 1.2, 1.3)."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def read_plain_yaml(text: str) -> Any:
    """Return what a text of the part that is read here holds.

    Raises:
        YamlError: it uses more; the sentence names the line.
    """
    lines = _Lines(text.removeprefix("\ufeff").splitlines())
    found = lines.node(0)
    if lines.more():
        raise lines.wrong("is indented less or more than what it belongs to")
    return found


@dataclass
class _Lines:
    """The lines, and how far they were read."""

    lines: list[str]
    at: int = 0

    def more(self) -> bool:
        while self.at < len(self.lines):
            bare = self.lines[self.at].strip()
            if bare and not bare.startswith("#") and bare != "---":
                return True
            self.at += 1
        return False

    def wrong(self, what: str) -> YamlError:
        return YamlError(f"line {self.at + 1} {what}; PyYAML beside the application reads more")

    def indent(self) -> int:
        line = self.lines[self.at]
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise self.wrong("is indented by tabs")
        return len(line) - len(line.lstrip(" "))

    def node(self, least: int) -> Any:
        if not self.more() or self.indent() < least:
            return None
        indent = self.indent()
        bare = self.lines[self.at].strip()
        if bare == "-" or bare.startswith("- "):
            return self.sequence(indent)
        if _KEY.fullmatch(bare) is None:
            self.at += 1
            return _scalar(bare, self)
        return self.mapping(indent)

    def mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.more() and self.indent() == indent:
            match = _KEY.fullmatch(self.lines[self.at].strip())
            if match is None:
                raise self.wrong("is no key and value")
            key = _scalar(match["key"], self) if match["key"][0] in "\"'" else match["key"]
            self.at += 1
            found[str(key)] = self.value(match["rest"], indent)
        return found

    def sequence(self, indent: int) -> list[Any]:
        found: list[Any] = []
        while self.more() and self.indent() == indent and re.match(r"-(\s|$)", self.lines[self.at].strip()):
            rest = self.lines[self.at].strip()[1:].strip()
            if _KEY.fullmatch(rest) is not None:  # a mapping begins beside the dash
                self.lines[self.at] = " " * (indent + 2) + rest
                found.append(self.mapping(indent + 2))
            else:
                self.at += 1
                found.append(self.value(rest, indent))
        return found

    def value(self, rest: str, indent: int) -> Any:
        if re.fullmatch(r"[|>][-+]?", rest):
            return self.block(rest, indent)
        if not rest or rest.startswith("#"):
            least = indent if self.more() and self.lines[self.at].strip().startswith("- ") else indent + 1
            return self.node(least)
        return _scalar(rest, self)

    def block(self, form: str, indent: int) -> str:
        taken: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
                break
            taken.append(line)
            self.at += 1
        while taken and not taken[-1].strip():
            taken.pop()
        margin = min((len(line) - len(line.lstrip(" ")) for line in taken if line.strip()), default=0)
        text = (" " if form[0] == ">" else "\n").join(line[margin:] for line in taken)
        return text if form.endswith("-") else text + "\n"


def _scalar(text: str, lines: _Lines) -> Any:
    try:
        if text.startswith('"'):
            return json.JSONDecoder().raw_decode(text)[0]
        if text.startswith("'"):
            closed = re.match(r"'((?:[^']|'')*)'\s*(#.*)?$", text)
            if closed is not None:
                return closed[1].replace("''", "'")
            text = "{"  # as what is not closed, it is refused below
        if text[0] in "{[":
            return json.loads(text) if text not in ("{}", "[]") else ({} if text == "{}" else [])
    except ValueError:
        raise lines.wrong("holds a value that cannot be read") from None
    if text[0] in "&*!%@`":
        raise lines.wrong("uses an anchor or a tag")
    bare = re.split(r"\s+#", text, maxsplit=1)[0].strip()
    if bare.lower() in _WORDS:
        return _WORDS[bare.lower()]
    if _NUMBER.fullmatch(bare):
        return float(bare) if any(character in bare for character in ".eE") else int(bare)
    return bare
