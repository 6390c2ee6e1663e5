"""Bytecode for a tree that was just unpacked, made by a process that is bounded: it may not come back.

To compile runs nothing of a plugin, but what it costs is the author's choice: a source of ten thousand bytes can take
gigabytes and minutes, and one of some megabytes does. So Python's compiler works in a child with little memory and
little time; what it cannot do within them is left without bytecode, and compiled by whoever imports it. The child
writes nothing: one whose installer was killed has nothing to spoil.

A child takes longer to start than most changes take. The first few small sources are compiled here, if nothing is in
them of which a little makes much.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from jackfield.store.compiling import compiled

READ_ONLY = 0o444
SECONDS_IN_ALL = 60.0
"""For everything that one change unpacks; after that the rest is left without."""

SMALL_BYTES = 8 * 1024
"""Of one source that is compiled here: twenty megabytes and half a second, if it is made to take what it can."""

SMALL_BYTES_IN_ALL = 32 * 1024
"""Of all that one change has compiled here; and of its wheels, for a child not to be started before it is needed."""

# Stars that multiply no two constants: of arguments, or behind a name, on the line where that, or the bracket, stands.
_HARMLESS_STAR = re.compile(rb"(?:[(,\[{]|(?<![\w.])[A-Za-z_][\w.]*)[ \t]*\*\*?")
_OTHER_ENCODING = re.compile(rb"coding[:=]")  # PEP 263: on one of the first two lines
_PROGRAM = Path(__file__).with_name("compiling.py")
_CACHE = "__pycache__"
_KEPT_VARIABLES = ("SYSTEMROOT",)
_LENGTH_BYTES = 8


def is_plain(text: bytes) -> bool:
    """Tell whether a small source takes no more to compile than its size says.

    Two things make much of little: `finally`, whose block is compiled once for each way out of its `try`, and constants
    that Python multiplies. Of `+`, no more comes than stands there.

    Args:
        text: of the file.
    """
    return (
        b"finally" not in text
        and b"*" not in _HARMLESS_STAR.sub(b"", text)
        and not any(map(_OTHER_ENCODING.search, text.split(b"\n", 2)[:2]))  # either may be spelled otherwise in it
    )


class Compiler:
    """Compiles trees one after another, as a context manager; what goes wrong with it is no failure of anything.

    Args:
        wheel_bytes: size of the wheels whose trees they are: for many the child begins to start at once, while the
            first of them is unpacked.
        seconds: for all of it, of the clock on the wall.
    """

    def __init__(self, *, wheel_bytes: int = 0, seconds: float = SECONDS_IN_ALL) -> None:
        self._early = wheel_bytes > SMALL_BYTES_IN_ALL
        self._small_bytes = 0
        self._until = monotonic() + seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._watch: threading.Timer | None = None

    def __enter__(self) -> Self:
        if self._early:
            self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def compile_tree(self, tree: Path, final: Path) -> None:
        """Put hash-checked bytecode (PEP 552) beside every source below a folder for which it can be made.

        Args:
            tree: the folder.
            final: where it will lie in the end, for the paths in tracebacks.

        Raises:
            OSError: the disk refused what was made.
        """
        for source in sorted(tree.rglob("*.py")):
            made = self._made(source, final / source.relative_to(tree)) if source.is_file() else b""
            if made:
                target = source.parent / _CACHE / Path(importlib.util.cache_from_source(source.name)).name
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(made)
                target.chmod(READ_ONLY)

    def _made(self, source: Path, shown: Path) -> bytes:
        """The bytecode of one file, or nothing."""
        size = source.stat().st_size
        small = size <= SMALL_BYTES and self._small_bytes + size <= SMALL_BYTES_IN_ALL
        if small and monotonic() < self._until and is_plain(source.read_bytes()):
            self._small_bytes += size
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a SyntaxWarning in a plugin's source is its author's matter
                return compiled(os.fsencode(source), str(shown))
        return self._ask(source, shown)

    def _ask(self, source: Path, shown: Path) -> bytes:
        """The bytecode of one file from the child, or nothing."""
        if self._child is None:
            self._start()
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            return b""
        with contextlib.suppress(OSError):  # it has ended, and nobody reads
            child.stdin.write(f"{os.fsencode(source).hex()} {os.fsencode(shown).hex()}\n".encode())
            child.stdin.flush()
            length = child.stdout.read(_LENGTH_BYTES)
            if len(length) == _LENGTH_BYTES:
                size = int.from_bytes(length, "big")
                made = child.stdout.read(size)
                if len(made) == size:
                    return made
        self._end()  # this file was too much for it; the next one has another
        return b""

    def _start(self) -> None:
        left = self._until - monotonic()
        if left <= 0 or not sys.executable or sys.implementation.cache_tag is None:
            return
        optimised = ["-O"] * sys.flags.optimize
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", "-W", "ignore", *optimised, str(_PROGRAM)],
                env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            self._until = 0.0  # no process is to be had, or no room for one
            return
        watch = threading.Timer(left, self._child.kill)
        watch.daemon = True
        try:
            watch.start()
        except RuntimeError:  # no thread is to be had, and without one nobody would end the child
            self._until = 0.0
            self._end()
        else:
            self._watch = watch

    def _end(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()  # it holds nothing that is worth waiting for
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        child.wait()
