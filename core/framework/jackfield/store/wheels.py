"""Wheel to tree: unpacked through pypa/installer, verified first, nothing of it run.

What is left out is listed: console scripts, the wheel's data, header and script schemes, and `.pth` files, which
Python would execute at its start. Only the import root of the wheel reaches the tree.
"""

from __future__ import annotations

import configparser
import hashlib
import posixpath
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from installer import install
from installer.destinations import WheelDestination
from installer.exceptions import InstallerError, InvalidWheelSource
from installer.records import Hash, RecordEntry
from installer.sources import WheelContentElement, WheelFile
from installer.utils import Scheme, construct_record_file, copyfileobj_with_hashing

from jackfield.errors import WheelError
from jackfield.store.bytecode import READ_ONLY, Compiler

LIBRARY_SCHEMES = ("purelib", "platlib")
STARTUP_SUFFIXES = (".pth", ".start")
"""Files that Python executes when it starts, if they lie in a site folder."""

_CACHE = "__pycache__"
_UNREADABLE = (
    InstallerError,
    zipfile.BadZipFile,
    configparser.Error,
    AssertionError,  # it asserts what it expects of entry points
    ValueError,
    KeyError,
    EOFError,
    NotImplementedError,
)
"""What pypa/installer raises for a wheel that it cannot make sense of, though the inspection could."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What unpacking did.

    Args:
        tree: the folder to import from.
        left_out: what the wheel holds and the tree does not, as paths in the wheel and names of scripts.
    """

    tree: Path
    left_out: tuple[str, ...]


class WithoutBytecode(WheelFile):
    """A wheel without the bytecode that came in it: ours is made of its sources.

    pypa/installer leaves it out as well, with a warning of each file, which only its author can do something about.
    """

    def get_contents(self) -> Iterator[WheelContentElement]:
        """All files but those in a `__pycache__`."""
        for record, stream, is_executable in super().get_contents():
            if _CACHE not in record[0].split("/")[:-1]:
                yield record, stream, is_executable


class TreeDestination(WheelDestination):
    """Writes the import root of a wheel below one folder, read-only, and lists what it leaves out.

    Args:
        tree: the folder, made here.
    """

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        self.left_out: list[str] = []

    def write_script(self, name: str, module: str, attr: str, section: str) -> RecordEntry:
        """Leave the script out: plugins add commands through the host, never to the user's PATH."""
        self.left_out.append(f"script {name}")
        return RecordEntry(f"../scripts/{name}", None, None)

    def write_file(self, scheme: Scheme, path: object, stream: BinaryIO, is_executable: bool) -> RecordEntry:
        """Write one file of the import root; anything else is left out.

        Raises:
            WheelError: the path leads out of the tree, or comes twice.
        """
        name = str(path)
        if scheme not in LIBRARY_SCHEMES or name.endswith(STARTUP_SUFFIXES):
            self.left_out.append(name if scheme in LIBRARY_SCHEMES else f"{scheme}/{name}")
            return RecordEntry(f"../{scheme}/{name}", None, None)
        target = self.tree / _inside(name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                digest, size = copyfileobj_with_hashing(stream, file, "sha256")
        except (FileExistsError, NotADirectoryError) as error:
            raise WheelError(f"two entries of the wheel want the path {name}") from error
        target.chmod(READ_ONLY)
        return RecordEntry(name, Hash("sha256", digest), size)

    def finalize_installation(
        self, scheme: Scheme, record_file_path: str, records: Iterable[tuple[Scheme, RecordEntry]]
    ) -> None:
        """Write RECORD for what was written, so that the tree can be verified by it."""
        kept = [(one, entry) for one, entry in records if not entry.path.startswith("../")]
        with construct_record_file(kept, lambda _scheme: None) as stream:
            target = self.tree / _inside(record_file_path)
            target.write_bytes(stream.read())
        target.chmod(READ_ONLY)


def unpack(wheel: Path, tree: Path, *, final: Path, compiler: Compiler) -> Unpacked:
    """Unpack a wheel whose RECORD holds, and compile it with hash-checked bytecode (PEP 552).

    Args:
        wheel: the file; its name must be a wheel's (it is parsed).
        tree: the folder to make; nothing else is written.
        final: where the tree will lie in the end, for the paths in tracebacks.
        compiler: makes the bytecode.

    Raises:
        WheelError: the archive is broken, disagrees with its RECORD, or a path leads out of the tree.
    """
    destination = TreeDestination(tree)
    tree.mkdir(parents=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            source = WithoutBytecode(archive)
            source.validate_record()
            install(source, destination, {"INSTALLER": b"jackfield\n"})
    except _UNREADABLE as error:
        raise WheelError(f"{wheel.name} cannot be unpacked: {_reason(error)}") from error
    compiler.compile_tree(tree, final)
    return Unpacked(tree, tuple(sorted(destination.left_out)))


def file_sha256(path: Path) -> str:
    """The hex sha256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(posixpath.normpath(name))
    if path.is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name or ":" in name or "\0" in name:
        raise WheelError(f"the wheel's entry {name!r} leads out of its folder")
    return path


def _reason(error: Exception) -> str:
    issues = getattr(error, "issues", None)
    if issues:
        return "; ".join(str(issue) for issue in issues[:3])
    if isinstance(error, InvalidWheelSource):
        return str(error.args[-1])  # before it stands the object that was read
    return str(error) or type(error).__name__
