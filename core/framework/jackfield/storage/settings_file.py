"""`settings.toml`: a plugin's settings as a file that the user may edit, and that keeps what is written around them.

Reading needs the standard library alone. tomlkit, which keeps comments and order, is loaded by whoever writes.

The plugin can write the file too, whatever it likes, also where it is confined, and its host reads it: so no work here
grows faster than the file, and what is more than a person writes is not looked at.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jackfield.errors import StoreError, UsageError
from jackfield.manifest import SettingContribution
from jackfield.places import waiting_for_nobody
from jackfield.storage.folders import write_private
from jackfield.storage.settings_edits import line_of, lines_of, with_values
from jackfield.storage.values import check_setting, default_of

FILE_NAME = "settings.toml"

LARGEST_FILE = 64 * 1024
"""Bytes; a larger one is not read."""
MOST_DOTS = 1000
"""In one line: keys in keys, of which the reader takes the square; of several lines their squares together."""
MOST_STEPS = 100_000
"""Into tables, which the reader takes for each line anew: dots of the longest line that begins one, by the lines."""
MOST_PROBLEMS = 20
"""That are told of one file."""

_AT_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")


@dataclass(frozen=True, slots=True)
class Content:
    """What a settings file says.

    Args:
        values: those that are declared and fit, by key.
        problems: a sentence for each thing that is wrong, with file, line and key.
        wrong: declared keys whose value does not fit.
        broken: the sentence of a file that cannot be read at all, None for one that can.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    wrong: frozenset[str] = frozenset()
    broken: str | None = None


class SettingsFile:
    """The file of one plugin.

    Args:
        path: where it lies; named in problems.
        declared: the plugin's settings, by key.
        plugin: the id as its author writes it.
        program: what the user types before a command's name.
    """

    def __init__(
        self, path: Path, declared: Mapping[str, SettingContribution], *, plugin: str, program: str = "jackfield"
    ) -> None:
        self.path = path
        self._declared = declared
        self._plugin = plugin
        self._program = program

    def stamp(self) -> tuple[int, int, int]:
        """A value that differs after every change, at the price of one `stat`."""
        try:
            status = self.path.stat()
        except OSError:
            return (0, 0, 0)
        return (status.st_ino, status.st_size, status.st_mtime_ns)

    def read(self) -> Content | None:
        """Return what the file says, None where there is none; what is wrong with it is part of the answer."""
        try:
            text = self._text()
        except StoreError as error:
            return Content(problems=(error.message,), broken=error.message)
        if text is None:
            return None
        try:
            read = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            problem = self._at(_broken_line(str(error)), f"not TOML: {_AT_LINE.sub('', str(error)).strip()}")
            return Content(problems=(problem,), broken=problem)
        values: dict[str, Any] = {}
        wrong: dict[str, str] = {}
        undeclared = 0
        for key, value in read.items():
            undeclared += key not in self._declared
            if key not in self._declared and undeclared > MOST_PROBLEMS:
                continue
            why_not = self._problem(key, value)
            if why_not is None:
                values[key] = value
            else:
                wrong[key] = why_not
        lines = lines_of(text, wrong) if wrong else {}
        problems = [self._at(lines.get(key), why_not) for key, why_not in wrong.items()]
        if undeclared > MOST_PROBLEMS:
            problems.append(f"{self.path}: {undeclared - MOST_PROBLEMS} more are no settings of {self._plugin}")
        return Content(values, tuple(problems), frozenset(wrong.keys() & self._declared.keys()))

    def _problem(self, key: str, value: object) -> str | None:
        setting = self._declared.get(key)
        if setting is None:
            near = get_close_matches(key, list(self._declared), n=1)
            return f"{key[:64]!r} is no setting of {self._plugin}" + (f", did you mean {near[0]!r}?" if near else "")
        if setting.secret:
            how = f"jackfield settings set {self._plugin} {key}"
            return f"{key} is a secret and does not belong into this file; take it out and type: {how}"
        try:
            check_setting(setting, value)
        except UsageError as error:
            return error.message.removeprefix("the setting ")
        return None

    def _at(self, line: int | None, problem: str) -> str:
        return f"{self.path}, line {line}: {problem}" if line is not None else f"{self.path}: {problem}"

    def _text(self) -> str | None:
        try:
            with open(self.path, "rb", opener=waiting_for_nobody) as file:
                content = file.read(LARGEST_FILE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}") from error
        if len(content) > LARGEST_FILE:
            raise StoreError(f"{self.path} is larger than {LARGEST_FILE // 1024} KiB")
        lines = content.splitlines()
        if sum(line.count(b".") ** 2 for line in lines) > MOST_DOTS**2:
            raise StoreError(f"{self.path} has a line with more than {MOST_DOTS} dots, or several with many")
        deepest = max((line.count(b".") for line in lines if line.lstrip().startswith(b"[")), default=0)
        if deepest * len(lines) > MOST_STEPS:
            raise StoreError(f"{self.path} has a table too deep for its {len(lines)} lines")
        try:
            return content.decode("utf-8-sig")  # editors on Windows write a byte-order mark
        except UnicodeDecodeError as error:
            raise StoreError(f"{self.path} is not UTF-8 at byte {error.start}") from error

    def write(self, changes: Mapping[str, Any]) -> None:
        """Put values into the file and leave every other character as it is; one that is missing is made.

        A setting that returns to its default becomes a comment that shows the default, at its place.

        Args:
            changes: key to value; None for the default.

        Raises:
            StoreError: the file is broken, or cannot be written; it is as it was.
        """
        text = self._text()
        text = self.template() if text is None else text
        try:
            text = with_values(text, changes, {key: default_of(self._declared[key]) for key in changes})
            tomllib.loads(text)  # what we write, we can read again
            write_private(self.path, text.encode())
        except (ValueError, RecursionError) as error:
            raise StoreError(f"{self.path} was not changed: {error}") from error
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}") from error

    def template(self) -> str:
        """Return a file in which nothing is set: what there is to set, what fits, and the defaults as comments."""
        lines = [
            f"# Settings of {self._plugin}. A line that begins with # is not set; what it shows is the default.",
            f"# They can also be changed with: {self._program} settings set {self._plugin} KEY VALUE",
        ]
        for setting in self._declared.values():
            title = setting.title if setting.title == setting.key else f"{setting.title} ({setting.key})"
            told = "a secret, which is kept elsewhere" if setting.secret else setting.expected
            lines += ["", f"# {title}: {told}", *(f"# {line}" for line in setting.description.splitlines())]
            if setting.secret:
                lines.append(f"# type: {self._program} settings set {self._plugin} {setting.key}")
            else:
                lines.append(f"# {line_of(setting.key, default_of(setting))}")
        return "\n".join(lines) + "\n"


def stamp_of_files(folder: Path) -> tuple[object, ...]:
    """A value that differs after every change of a settings file below a folder of configurations; for watchers.

    Args:
        folder: holds one folder for each plugin.
    """
    found: list[object] = []
    try:
        with os.scandir(folder) as plugins:
            names = sorted(one.name for one in plugins)
    except OSError:
        return ()
    for name in names:
        try:
            status = os.stat(f"{folder}/{name}/{FILE_NAME}")  # noqa: PTH116  # four times a second for each plugin
        except OSError:
            continue
        found.append((name, status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


def _broken_line(message: str) -> int | None:
    found = _AT_LINE.search(message)
    return int(found.group(1)) if found else None
