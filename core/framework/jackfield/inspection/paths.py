"""Where the files of a wheel would land: no path may leave the folder it is unpacked into, or hide behind another."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import TYPE_CHECKING

from jackfield.inspection.report import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from jackfield.inspection.report import WheelLimits

# What nearly every path is made of: nothing in it can be wrong but a device's name and its length.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)*/?")
_UNSAFE = re.compile(r'[<>:"|?*]')

# Names that Windows keeps for devices, with any extension.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"com{digit}" for digit in range(1, 10)} | {f"lpt{digit}" for digit in range(1, 10)}
)

# Modules that a host imports by these names, with the distribution that may carry them.
RESERVED_MODULES = {
    "jackfield": "jackfield",
    "jackfield_chat": "jackfield-chat",
    "jackfield_chat_api": "jackfield-chat-api",
    "jackfield_marketplace": "jackfield-marketplace",
    "msgspec": "msgspec",
    "pluggy": "pluggy",
}
# Where `.data` may put files (binary distribution format, "the .data directory").
_SCHEMES = frozenset({"purelib", "platlib", "headers", "scripts", "data"})
# By what Python's own `importlib.metadata` takes a file or folder on the path for a distribution, in any case.
_IDENTITIES = (".dist-info", ".egg-info")
# Imported by the interpreter itself at every start, wherever they lie on the path.
_START_MODULES = frozenset({"sitecustomize", "usercustomize"})


# The same of many paths, a line each.
_ALL_PLAIN = re.compile(r"[A-Za-z0-9_-]++(?:[./\n][A-Za-z0-9_-]++)*+")
_DEVICE = re.compile(rf"(?:^|/)(?:{'|'.join(sorted(_DEVICES))})(?:[./]|$)", re.IGNORECASE | re.MULTILINE | re.ASCII)
# What `check_contents` would look at, and more.
_MAY_ACT = re.compile(r"\.(?:pth|start|py[co]|so|pyd|dll|dylib|data)", re.IGNORECASE)


def are_plain(paths: Collection[str], limits: WheelLimits) -> bool:
    """Tell at a glance that `check_paths` finds nothing, as in nearly every wheel; False says that it has to look."""
    lines = "\n".join(paths)
    if not _ALL_PLAIN.fullmatch(lines) or _DEVICE.search(lines) or ".data/" in lines:
        return False
    folders: set[str] = set()
    for path in paths:
        if len(path) > limits.path_characters:
            return False
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    files = set(lines.lower().split("\n"))
    if not len(files) == len(paths) == lines.count("\n") + 1 or len(folders) > limits.files:
        return False  # one twice where case does not count, or one of several lines
    folded = {folder.lower() for folder in folders}
    return len(folded) == len(folders) and folded.isdisjoint(files)


def check_paths(paths: Iterable[str], limits: WheelLimits) -> Iterator[Finding]:
    """Findings on the raw paths of an archive, folders included."""
    seen: dict[str, str] = {}
    folders = _Folders()
    for path in paths:
        yield from _check_path(path, limits)
        lands = _lands_at(path)
        key = _same_file(lands.rstrip("/"))
        if key in seen:
            other = seen[key]
            how = f"as {other} too, the same file where case does not count"
            if other == path:
                how = "twice"
            elif _lands_at(other) == lands:
                how = f"as {other} too, and both are unpacked to {lands}"
            yield Finding("duplicate-name", "refuse", f"{path} is in the wheel {how}", path)
        elif not path.endswith("/"):
            seen[key] = path
        other_spelling = folders.add(lands, path)
        if folders.count > limits.files:  # each is made, though the archive needs to name none: no more are looked at
            message = f"the wheel has more than {limits.files} folders: {path} lies in one of them"
            yield Finding("too-many-files", "refuse", message, path)
            return
        if other_spelling is not None:
            message = (
                f"{path} lies in the folder of {other_spelling} where case does not count, and in another elsewhere"
            )
            yield Finding("duplicate-name", "refuse", message, path)
    for key, path in seen.items():
        inside = folders.path_inside(key)
        if inside is not None:
            yield Finding("duplicate-name", "refuse", f"{path} is both a file and the folder of {inside}", path)


class _Folders:
    """The folders of a wheel, each with one path in it, found however a file system spells them."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._found: dict[str, tuple[str, str]] = {}

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._known)

    def add(self, lands: str, path: str) -> str | None:
        """Note every folder above a place; returns a path in one that is spelled otherwise, or None."""
        folder = lands.rpartition("/")[0]
        while folder and folder not in self._known:
            self._known.add(folder)
            spelled, other = self._found.setdefault(_same_file(folder), (folder, path))
            if spelled != folder:
                return other
            folder = folder.rpartition("/")[0]
        return None

    def path_inside(self, key: str) -> str | None:
        """A path in the folder of that name, or None where there is no such folder."""
        found = self._found.get(key)
        return None if found is None else found[1]


def _same_file(path: str) -> str:
    """What a file system that ignores case, or composes accents, would take for the same file."""
    return (path if path.isascii() else unicodedata.normalize("NFKC", path)).casefold()


def _lands_at(path: str) -> str:
    """Where a file is unpacked: purelib and platlib of .data beside the rest (binary distribution format, "spread")."""
    if ".data/" not in path:
        return path
    parts = path.split("/", 2)
    return parts[2] if len(parts) > 2 and parts[0].endswith(".data") and parts[1] in ("purelib", "platlib") else path


def _check_path(path: str, limits: WheelLimits) -> Iterator[Finding]:
    """Findings on one path."""
    parts = path.removesuffix("/").split("/")
    if len(path) <= limits.path_characters and _PLAIN.fullmatch(path):
        if any(part.split(".", 1)[0].casefold() in _DEVICES for part in parts):
            yield Finding("unsafe-name", "refuse", f"{path} is a device's name on Windows", path)
        return
    shown = ascii(path) if not path.isprintable() else path
    if "\\" in path:
        yield Finding(
            "backslash", "refuse", f"{shown} has a backslash: a folder on one system, a name on another", path
        )
    if path.startswith("/") or path[1:2] == ":":
        yield Finding("absolute-name", "refuse", f"{shown} is an absolute path", path)
    elif ".." in parts:
        yield Finding("path-escape", "refuse", f"{shown} leads out of the folder it is unpacked into", path)
    elif "" in parts or "." in parts:
        yield Finding("unsafe-name", "refuse", f"{shown} has an empty or dot part", path)
    if len(path) > limits.path_characters:
        yield Finding("unsafe-name", "refuse", f"{shown[:60]}… has {len(path)} characters", path)
    for part in parts:
        stem = part.split(".")[0].casefold()
        if not part.isprintable() or _UNSAFE.search(part) or part != part.rstrip(". "):
            if part != "..":
                yield Finding("unsafe-name", "refuse", f"{shown} has characters that not every system can store", path)
                break
        elif stem in _DEVICES:
            yield Finding("unsafe-name", "refuse", f"{shown} is a device's name on Windows", path)
            break


def top_level_modules(paths: Iterable[str]) -> dict[str, str]:
    """Import name -> one path that provides it, for what would lie directly on `sys.path`."""
    found: dict[str, str] = {}
    for path in paths:
        head, below, _ = _lands_at(path).partition("/")
        if head.endswith((".dist-info", ".data")):
            continue
        if below:
            found.setdefault(head, path)
        elif head.endswith((".py", ".pyc", ".so", ".pyd")):
            found.setdefault(head.split(".")[0], path)
    return found


def check_modules(paths: Iterable[str], distribution: str) -> Iterator[Finding]:
    """Findings on top-level names that would shadow what a host or the interpreter imports.

    Args:
        paths: the files of the wheel.
        distribution: the canonical name of the wheel's distribution: `pluggy` may carry `pluggy`.
    """
    for module, path in sorted(top_level_modules(paths).items()):
        if not module.isascii():
            yield Finding(
                "confusable-name",
                "refuse",
                f"the top-level name {module!a} is not ASCII: it could pose as another",
                path,
            )
            continue
        owner = RESERVED_MODULES.get(module.casefold())
        if owner is not None and owner != distribution:
            yield Finding("shadows-module", "refuse", f"{path} would shadow the host's own {module.casefold()}", path)
        elif module in _START_MODULES:
            yield Finding("startup-code", "refuse", f"{path} would run at every start of the interpreter", path)
        elif module in sys.stdlib_module_names:
            yield Finding("shadows-module", "refuse", f"{path} would shadow {module} of the standard library", path)


def check_one_distribution(paths: Collection[str], stem: str, info_folder: str) -> Iterator[Finding]:
    """Findings on what would be a second distribution beside the wheel's own, or be spread by one installer alone.

    Args:
        paths: the files of the wheel.
        stem: name and version as the file name spells them.
        info_folder: the wheel's own `.dist-info`.
    """
    seen: set[str] = set()
    own = f"{info_folder}/"
    others = {path.partition("/")[0] for path in paths if not path.startswith(own)}
    if not any("." in other for other in others):
        return  # each would carry one in its name
    for path in paths:
        head, _, rest = path.partition("/")
        lands = _lands_at(path).partition("/")[0]
        other = lands != info_folder or head != info_folder
        if other and lands.casefold().endswith(_IDENTITIES) and lands not in seen:
            seen.add(lands)
            message = f"{path} makes {lands} of it: a wheel is one distribution, and says so in {info_folder} alone"
            yield Finding("dist-info", "refuse", message, path)
        scheme, _, below = rest.partition("/")
        if head.casefold().endswith(".data") and (head != f"{stem}.data" or scheme not in _SCHEMES or not below):
            where = f"{head}/{scheme}" if below else head
            if where not in seen:
                seen.add(where)
                message = (
                    f"{path} lies where no file of a wheel does: it has {stem}.data with {', '.join(sorted(_SCHEMES))}"
                )
                yield Finding("data-files", "refuse", message, path)


def check_contents(paths: Collection[str], *, is_plugin: bool) -> Iterator[Finding]:
    """Findings on files that act by being installed: start-up hooks, bytecode, native code, `.data`."""
    lines = "\n".join(paths)
    if lines.isascii() and not _MAY_ACT.search(lines):
        return
    scripts: set[str] = set()
    for path in paths:
        name = path.rsplit("/", 1)[-1].casefold()
        parts = path.split("/")
        in_data = len(parts) > 2 and parts[0].endswith(".data")
        if name.endswith((".pth", ".start")) and (len(parts) == 1 or in_data):
            if is_plugin:
                yield Finding(
                    "startup-code", "refuse", f"{path} would run code at every start of the interpreter", path
                )
            else:
                yield Finding(
                    "startup-code",
                    "quarantine",
                    f"{path} runs at every interpreter start where pip installs it; jackfield leaves it out",
                    path,
                )
        elif name.endswith((".pyc", ".pyo")):
            yield Finding("bytecode", "quarantine", f"{path} is bytecode: it need not do what its source says", path)
        elif name.endswith((".so", ".pyd", ".dll", ".dylib")) or ".so." in name:
            yield Finding("native-code", "note", f"{path} is native code", path)
        if in_data and parts[1] not in ("purelib", "platlib"):
            scripts.add(f"{parts[0]}/{parts[1]}")
    for folder in sorted(scripts):
        if is_plugin:
            yield Finding(
                "data-files", "note", f"{folder} is left out: a plugin has no scripts, headers or data", folder
            )
        else:
            yield Finding("data-files", "note", f"{folder} is left out where jackfield installs it", folder)
