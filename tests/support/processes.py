"""Real servers as child processes: started on free ports, ready when they say so, ended by their own id."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

SCRIPTS = Path(sys.executable).parent
READY_SECONDS = 30.0
STOP_SECONDS = 10.0

_READY = re.compile(r"(?:ready|marketplace is) on (https?://\S+)")
Result = TypeVar("Result")


class NotStarted(Exception):
    """A server ended, or stayed silent, before it was ready; the message holds all that it printed."""


def script(name: str) -> str:
    """The path of a console script of this environment."""
    return str(SCRIPTS / name)


def free_port() -> int:
    """A port of the loopback that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without any setting of jackfield, pip, uv or a proxy, plus `more`."""
    foreign = (
        "JACKFIELD_",
        "PIP_",
        "UV_",
        "TWINE_",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "PYTHONDONTWRITEBYTECODE",
    )
    kept = {key: value for key, value in os.environ.items() if not key.upper().startswith(foreign)}
    return {**kept, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **more}


def is_there(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(
    probe: Callable[[], Result], *, seconds: float = 30.0, what: str = "", pause_seconds: float = 0.02
) -> Result:
    """Call `probe` until what it returns is true, and return that.

    Raises:
        TimeoutError: it was not within the time; `what` names it.
    """
    until = time.monotonic() + seconds
    while True:
        result = probe()
        if result:
            return result
        if time.monotonic() > until:
            raise TimeoutError(f"after {seconds:g} s still not so: {what or probe}")
        threading.Event().wait(pause_seconds)


class Server:
    """A server in a child process.

    Args:
        command: the program and its arguments.
        environment: its environment; `clean_environment()` by default.
        ready: how many addresses it announces, a line each, before it counts as ready (`… ready on http://…`, and the
            chat's `its marketplace is on http://…`).
        cwd: the folder in which it runs.

    Attributes:
        lines: what it has printed so far, standard error included.
        addresses: the announced addresses, in order.
        ready_seconds: how long it took to announce them all.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        ready: int = 1,
        cwd: Path | None = None,
    ) -> None:
        self.command = list(command)
        self.environment = dict(environment) if environment is not None else clean_environment()
        self.wanted = ready
        self.cwd = cwd
        self.lines: list[str] = []
        self.addresses: list[str] = []
        self.ready_seconds = 0.0
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def address(self) -> str:
        """The first announced address."""
        return self.addresses[0]

    @property
    def pid(self) -> int:
        """The id of the child process."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def output(self) -> str:
        """All that it has printed."""
        return "\n".join(self.lines)

    def start(self) -> Server:
        """Start it and wait until it is ready.

        Raises:
            NotStarted: it ended, or was not ready within 30 seconds.
        """
        began = time.monotonic()
        self._process = subprocess.Popen(
            self.command,
            env=self.environment,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        process = self._process
        try:
            wait_for(
                lambda: len(self.addresses) >= self.wanted or process.poll() is not None,
                seconds=READY_SECONDS,
                what=f"{Path(self.command[0]).name} ready",
            )
        except TimeoutError as error:
            self.stop()
            raise NotStarted(f"{error}\n{self.output}") from error
        self.ready_seconds = time.monotonic() - began
        if len(self.addresses) < self.wanted:
            self.stop()
            raise NotStarted(f"{Path(self.command[0]).name} ended with {process.returncode}\n{self.output}")
        return self

    def stop(self) -> int:
        """Ask it to end, insist after ten seconds, and return its exit status; a stopped server stays stopped."""
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.lines.append("(did not end when asked: killed)")
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._reader is not None:
            self._reader.join(STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
        return process.returncode

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            if match := _READY.search(line):
                self.addresses.append(match[1].rstrip("/"))

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()
