"""The server process: started, spoken to, heard line by line, ended in bounded time."""

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import IO

LONGEST_LINE = 64 * 1024
"""Bytes of a line; a longer one is told in pieces."""

LOOK_SECONDS = 0.1
"""How soon an end is noticed that no end of the output tells."""

LINGER_SECONDS = 2.0
"""For what a server that ended has started: it may write as long, and is killed then where an end was asked for."""

KILLED_SECONDS = 0.2
"""The same for a server that was killed."""

MOST_UNREAD_BYTES = 1 << 20
"""Of lines that the server has not read yet; a server that hangs reads none, and what is sent beyond that is lost."""


class ProcessError(RuntimeError):
    """The server cannot be started; the sentence says why."""


class ServerProcess:
    """One run of the server at a time. Safe to use from several threads.

    Args:
        command: as it is typed; no shell reads it.
        folder: where it runs; made when it is missing.
        encoding: of its lines, in both directions; what does not fit is replaced.
        on_line: told of each line of its output, on a thread of its own.
        on_end: told of its exit code after its last line.
        tell: told of what it leaves behind.
    """

    def __init__(
        self,
        command: str,
        folder: Path,
        *,
        encoding: str,
        on_line: Callable[[str], None],
        on_end: Callable[[int], None],
        tell: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._command = command
        self._folder = folder
        self._encoding = encoding
        self._on_line = on_line
        self._on_end = on_end
        self._tell = tell
        self._guard = threading.RLock()
        self._run: _Run | None = None
        self._closed = self._asked = self._killed = False
        self._input: _Input | None = None
        self._ended = threading.Event()
        self._ended.set()

    @property
    def pid(self) -> int | None:
        """The process id, None while nothing runs."""
        run = self._run
        return run.process.pid if run is not None else None

    @property
    def runs(self) -> bool:
        """Whether it runs; until its last line was told."""
        return not self._ended.is_set()

    def start(self, begun: Callable[[], None] = lambda: None) -> None:
        """Start it.

        Args:
            begun: called once it runs and before any of its output is read.

        Raises:
            ProcessError: it runs already, or cannot be started.
        """
        with self._guard:
            if self._closed:
                raise ProcessError("the console ends: no server is started any more")
            if self.runs:
                raise ProcessError("the server runs already")
            try:
                words = shlex.split(self._command)
            except ValueError as error:
                raise ProcessError(f"the command cannot be read: {error}") from error
            if not words:
                raise ProcessError("no command is set that starts it (in the settings of the console)")
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                process = subprocess.Popen(
                    words,
                    cwd=self._folder,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    # A group of its own: an interrupt at the terminal is the application's, which stops it in order.
                    start_new_session=os.name == "posix",
                )
            except OSError as error:
                raise ProcessError(f"{words[0]} cannot be started: {error.strerror}") from error
            except ValueError as error:  # a character that no command can hold
                raise ProcessError(f"{words[0]!r} cannot be started: {error}") from error
            self._asked = self._killed = False
            self._run = run = _Run(process)
            self._ended.clear()
            assert process.stdin is not None  # noqa: S101 (it was asked for)
            self._input = _Input(process.stdin)
            begun()
            for target in (self._read, self._follow):
                threading.Thread(target=target, args=(run,), name="console: server", daemon=True).start()

    def send(self, text: str) -> bool:
        """Write a line to its input, and wait for nobody to read it; False where nobody does."""
        taken = self._input
        line = " ".join(text.splitlines()) + "\n"
        return taken is not None and taken.put(line.encode(self._encoding, errors="replace"))

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for its end; False where it did not come in time."""
        return self._ended.wait(timeout_seconds)

    def ask_to_end(self, text: str) -> bool:
        """Write the line that ends it; what it started ends with it, a moment later. False where nobody reads."""
        self._asked = True
        return self.send(text)

    def kill(self) -> bool:
        """End it at once, with what it started; False where nothing runs."""
        run = self._run
        if run is None or not self.runs:
            return False
        self._asked = self._killed = True
        run.kill()
        return True

    def close(self) -> None:
        """Start it no more."""
        with self._guard:
            self._closed = True

    def _read(self, run: "_Run") -> None:
        try:
            for line in run.lines():
                self._on_line(line.decode(self._encoding, errors="replace").rstrip("\r\n"))
        finally:
            run.drained.set()

    def _follow(self, run: "_Run") -> None:
        """Wait for the end of the process, and of what it started for as long as that holds its output open."""
        code = run.process.wait()
        ended, told = time.monotonic(), False
        while not run.drained.wait(LOOK_SECONDS):
            waited = time.monotonic() - ended
            if waited < (KILLED_SECONDS if self._killed else LINGER_SECONDS):
                continue
            if not run.lives():
                self._tell("the server ended, and what it started holds its output open: that is not read any more")
                break
            if self._asked:
                run.kill()
            elif not told:
                told = True
                self._tell(
                    f"the server's command ended with {code}, and what it started goes on: it counts as running until "
                    "that ends, too, or is killed"
                )
        run.over.set()
        taken, self._input = self._input, None
        if taken is not None:
            taken.close()
        self._run = None
        self._ended.set()
        self._on_end(code)


class _Run:
    """One run of the server.

    Args:
        process: the process.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.drained = threading.Event()
        self.over = threading.Event()

    def lines(self) -> Iterator[bytes]:
        """Yield each line of the output until it ends, or the run is over."""
        kept = b""
        for read in self._pieces():
            *whole, kept = (kept + read).split(b"\n")
            for line in whole:
                yield from (line[start : start + LONGEST_LINE] for start in range(0, len(line) or 1, LONGEST_LINE))
            while len(kept) > LONGEST_LINE:
                yield kept[:LONGEST_LINE]
                kept = kept[LONGEST_LINE:]
        if kept:
            yield kept

    def _pieces(self) -> Iterator[bytes]:
        """Yield what is written as it comes; a read that nothing ends would keep its thread for ever."""
        assert self.process.stdout is not None  # noqa: S101 (it was asked for)
        with self.process.stdout as output, selectors.DefaultSelector() as selector:
            if os.name == "posix":  # elsewhere pipes cannot be waited for
                selector.register(output, selectors.EVENT_READ)
            while not self.over.is_set():
                if os.name == "posix" and not selector.select(LOOK_SECONDS):
                    continue
                if not (read := os.read(output.fileno(), LONGEST_LINE)):
                    return
                yield read

    def lives(self) -> bool:
        """Say whether anything of its group of processes is there."""
        if os.name != "posix":
            return self.process.poll() is None
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:  # it is another user's by now
            return True
        return True

    def kill(self) -> None:
        """End its group at once."""
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()


class _Input:
    """The input of one run, written on a thread of its own: a server that does not read must hold up nobody else.

    Args:
        stream: the pipe; closed at the end.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._unread = 0
        self._open = True
        threading.Thread(target=self._write, name="console: input", daemon=True).start()

    def put(self, line: bytes) -> bool:
        """Have a line written in its turn; False where nobody reads."""
        with self._guard:
            if not self._open or self._unread + len(line) > MOST_UNREAD_BYTES:
                return False
            self._unread += len(line)
            self._lines.put(line)
            return True

    def close(self) -> None:
        """Take no more."""
        with self._guard:
            self._open = False
            self._lines.put(None)

    def _write(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._stream as stream:
            while (line := self._lines.get()) is not None:
                stream.write(line)
                stream.flush()
                with self._guard:
                    self._unread -= len(line)
        with self._guard:
            self._open = False
