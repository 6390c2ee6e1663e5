"""Bytecode for a tree that was just unpacked, made by a process that is bounded: it may not come back.

To compile runs nothing of a plugin, but what it costs is the author's choice: a source of ten thousand bytes can take
gigabytes and minutes, and one of some megabytes does. So Python's compiler works in a child with little memory and
little time; what it cannot do within them is left without bytecode, and compiled by whoever imports it. The child
writes nothing: one whose installer was killed has nothing to spoil.

No source is compiled here, however small: what Python warns of in it would be shown by the application, and what keeps
a warning back, `warnings.catch_warnings`, keeps it back for every thread. The child starts while wheels are fetched,
looked at and unpacked, which takes as long.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from jackfield.lifeline import tied
from jackfield.store.compiling import READY

READ_ONLY = 0o444
SECONDS_IN_ALL = 60.0
"""For everything that one change unpacks; after that the rest is left without."""

_PROGRAM = Path(__file__).with_name("compiling.py")
_CACHE = "__pycache__"
_KEPT_VARIABLES = ("SYSTEMROOT",)
_CHECKED_HASH = (0b11).to_bytes(4, "little")  # PEP 552
_LENGTH_BYTES = 8


class Compiler:
    """Compiles trees one after another, as a context manager; what goes wrong with it is no failure of anything.

    Args:
        seconds: for all of it, of the clock on the wall, from when it is first asked.
    """

    def __init__(self, *, seconds: float = SECONDS_IN_ALL) -> None:
        self._seconds = seconds
        self._until: float | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._let_go: Callable[[], None] | None = None
        self._is_ready = False
        self._watch: threading.Timer | None = None

    def __enter__(self) -> Self:
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
            folder = source.parent / _CACHE
            if not source.is_file() or (folder.exists() and not folder.is_dir()):
                continue  # a wheel may have a file of that name: then there is no place for it
            made = self._ask(source, final / source.relative_to(tree))
            if made:
                head = importlib.util.MAGIC_NUMBER + _CHECKED_HASH + importlib.util.source_hash(source.read_bytes())
                target = folder / Path(importlib.util.cache_from_source(source.name)).name
                folder.mkdir(exist_ok=True)
                target.write_bytes(head + made)
                target.chmod(READ_ONLY)

    def _ask(self, source: Path, shown: Path) -> bytes:
        """The code of one file from the child, or nothing."""
        child = self._watched()
        if child is None or child.stdin is None or child.stdout is None:
            return b""
        if not self._is_ready:
            self._is_ready = child.stdout.read(len(READY)) == READY
        if not self._is_ready:
            self._give_up()  # it is no Python, where that is within another program, or one that cannot start
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

    def _watched(self) -> subprocess.Popen[bytes] | None:
        """The child, which is ended when the time is over; None where there is none to be had."""
        if self._until is None:
            self._until = monotonic() + self._seconds
        left = self._until - monotonic()
        if left <= 0:
            return None
        if self._child is None:
            self._start()
        if self._child is not None and self._watch is None:
            watch = threading.Timer(left, self._child.kill)
            watch.daemon = True
            try:
                watch.start()
            except RuntimeError:  # no thread is to be had, and without one nobody would end the child
                self._give_up()
            else:
                self._watch = watch
        return self._child

    def _start(self) -> None:
        if not sys.executable or sys.implementation.cache_tag is None:
            return
        self._is_ready = False
        optimised = ["-O"] * sys.flags.optimize

        def start(kept: tuple[int, ...]) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", "-W", "ignore", *optimised, str(_PROGRAM)],
                env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=kept,
            )

        try:
            self._child, self._let_go = tied(start)
        except OSError:
            self._give_up()  # no process is to be had, or no room for one

    def _give_up(self) -> None:
        self._until = 0.0
        self._end()

    def _end(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        child, self._child = self._child, None
        let_go, self._let_go = self._let_go, None
        if child is None or let_go is None:
            return
        child.kill()  # it holds nothing that is worth waiting for
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        child.wait()
        let_go()
