"""The server process: started, spoken to, heard line by line, ended in bounded time."""

import contextlib
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import IO

LONGEST_LINE = 64 * 1024
"""Characters of a line; a longer one is cut there."""

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
        on_end: told of its exit code after its last line, on the same thread.
    """

    def __init__(
        self,
        command: str,
        folder: Path,
        *,
        encoding: str,
        on_line: Callable[[str], None],
        on_end: Callable[[int], None],
    ) -> None:
        self._command = command
        self._folder = folder
        self._encoding = encoding
        self._on_line = on_line
        self._on_end = on_end
        self._guard = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._input: _Input | None = None
        self._ended = threading.Event()
        self._ended.set()

    @property
    def pid(self) -> int | None:
        """The process id, None while nothing runs."""
        process = self._process
        return process.pid if process is not None else None

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
                self._process = subprocess.Popen(
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
            self._ended.clear()
            assert self._process.stdin is not None  # noqa: S101 (it was asked for)
            self._input = _Input(self._process.stdin)
            begun()
            threading.Thread(target=self._read, args=(self._process,), name="console: server", daemon=True).start()

    def send(self, text: str) -> bool:
        """Write a line to its input, and wait for nobody to read it; False where nobody does."""
        taken = self._input
        line = " ".join(text.splitlines()) + "\n"
        return taken is not None and taken.put(line.encode(self._encoding, errors="replace"))

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for its end; False where it did not come in time."""
        return self._ended.wait(timeout_seconds)

    def kill(self) -> bool:
        """End it at once, with what it started; False where nothing runs."""
        process = self._process
        if process is None or not self.runs:
            return False
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        return True

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None  # noqa: S101 (it was asked for)
        with process.stdout as output:
            while line := output.readline(LONGEST_LINE):
                text = line.decode(self._encoding, errors="replace").rstrip("\r\n")
                self._on_line(text)
        code = process.wait()
        taken, self._input = self._input, None
        if taken is not None:
            taken.close()
        self._process = None
        self._ended.set()
        self._on_end(code)


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
