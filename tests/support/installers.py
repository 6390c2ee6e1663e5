"""Real installer processes by the hundred: one process imports everything once and forks a new one for each install.

    with Installers() as installers:
        ended = installers.run([Job(root, ("install", str(wheel)), kill_after_steps=3)])

Run as a program it is that process: a line of JSON in, a line of JSON out.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jackfield.errors import StoreError
from jackfield.management import Environment, Management
from jackfield.store import Layout

from tests.support.processes import clean_environment
from tests.support.profiles import hostfile

PLANNED = "planned"
"""The first step that an installer tells: from here on it works on the disk."""


@dataclass(frozen=True, slots=True)
class Job:
    """One installer process.

    Args:
        root: the profile.
        words: `install WHEEL…`, `remove ID…`, `rollback [GENERATION]`, `give-up ID`, `gc KEEP`, `verify`, or what a
            user says of a plugin: `enable ID`, `disable ID`, `grant ID [PERMISSION]`, `revoke ID [PERMISSION]`,
            `pin ID [VERSIONS]`, `set ID SETTING VALUE`.
        kill_after_steps: how many steps it tells before it is killed, as `SIGKILL` does it.
        kill_after_seconds: how long after it has planned it is killed, wherever it is then.
        file_bytes: no file may grow above this (`RLIMIT_FSIZE`).
        tries: how often it plans anew where somebody else was faster; 0 leaves that to `Management.apply`.
        by: who does it.
    """

    root: str
    words: tuple[str, ...]
    kill_after_steps: int | None = None
    kill_after_seconds: float | None = None
    file_bytes: int | None = None
    tries: int = 1
    by: str = "installer"


@dataclass(frozen=True, slots=True)
class Ended:
    """How one ended.

    Args:
        steps: those it told, in order.
        error: what it said instead of being done.
        killed: whether it was.
        seconds: from its plan to its end.
    """

    steps: tuple[str, ...]
    error: str
    killed: bool
    seconds: float


class Installers:
    """The process that forks installers; a context manager."""

    def __enter__(self) -> Self:
        """Start it."""
        command = [sys.executable, "-m", "tests.support.installers"]
        pipe = subprocess.PIPE
        here = Path(__file__).resolve().parents[2]
        self._home = tempfile.TemporaryDirectory(prefix="jackfield-installers-")
        environ = clean_environment(JACKFIELD_HOME=self._home.name)
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env=environ, cwd=here, start_new_session=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it: it ends with its input."""
        self._process.communicate(timeout=30)
        self._home.cleanup()

    def run(self, jobs: Sequence[Job]) -> list[Ended]:
        """Run these at the same time and wait for all of them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([asdict(job) for job in jobs]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        return [Ended(tuple(one.pop("steps")), **one) for one in json.loads(answer)]

    def run_one(self, root: Path, *words: str, **options: Any) -> Ended:
        """Run one."""
        (ended,) = self.run([Job(str(root), words, **options)])
        return ended


def serve() -> None:
    """Read jobs line by line, fork a process for each, and answer with how they ended."""
    import httpx  # noqa: F401 (for those who are forked from here)
    import installer  # noqa: F401 (for those who are forked from here)
    import jackfield.inspection
    import jackfield.management.applying
    import jackfield.management.planning
    import jackfield.market
    import jackfield.resolution  # noqa: F401 (for those who are forked from here)
    from jackfield.management import fresh_grade

    fresh_grade(os.environ)  # tried once, and not in each of hundreds
    for line in sys.stdin:
        running = [_fork(job) for job in json.loads(line)]
        print(json.dumps([_await(*one) for one in running]), flush=True)


def _fork(job: dict[str, Any]) -> tuple[dict[str, Any], int, int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            _work(job, writing)
            os._exit(0)
        except BaseException as error:  # noqa: BLE001  # told to the test
            os.write(writing, f"! {type(error).__name__}: {error}\n".encode())
            os._exit(1)
    os.close(writing)
    return job, pid, os.pidfd_open(pid), reading


def _work(job: dict[str, Any], told: int) -> None:
    from jackfield.management import Management

    count = 0

    def tell(step: str, *rest: object) -> None:
        nonlocal count
        if rest:
            return  # the progress of a download
        os.write(told, f"{step}\n".encode())
        count += 1
        if count == job["kill_after_steps"]:
            os.kill(os.getpid(), signal.SIGKILL)

    if job["file_bytes"] is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_bytes"], job["file_bytes"]))
    environment = Environment(("chat.plugins",), path=[])
    management = Management("chat", Layout(Path(job["root"])), [], hostfile(), environment=environment)

    for left in range(max(1, job["tries"]) - 1, -1, -1):
        try:
            asyncio.run(_carry_out(management, job["words"], tell, by=job["by"], within=not job["tries"]))
        except StoreError as error:
            if not left or "meanwhile" not in error.message:
                raise
        else:
            return


SAYINGS: dict[str, Callable[..., object]] = {
    "enable": lambda management, plugin, by: management.enable(plugin, accept_permissions=True, by=by),
    "disable": lambda management, plugin, by: management.disable(plugin, by=by),
    "grant": lambda management, *what, by: management.grant(*what, by=by),
    "revoke": lambda management, *what, by: management.revoke(*what, by=by),
    "pin": lambda management, plugin, versions=None, *, by: management.pin(plugin, versions, by=by),
    "set": lambda management, plugin, key, value, by: management.kept.settings(plugin).set(key, value, by=by),
}


async def _carry_out(
    management: Management, words: Sequence[str], tell: Callable[..., None], *, by: str, within: bool
) -> None:
    word, *rest = words
    if word in SAYINGS:
        tell(PLANNED)
        SAYINGS[word](management, *rest, by=by)
        return
    if word in ("rollback", "give-up", "gc", "verify"):
        tell(PLANNED)
        if word == "verify":
            damaged = await management.verify(by="installer")
            assert not damaged, damaged
            return
        if word == "give-up":
            await management.give_up(dict.fromkeys(rest, "it failed"), by=by, progress=tell)
            return
        if word == "rollback":
            await management.rollback(to=int(rest[0]) if rest else None, by=by, progress=tell)
            return
        with management.store.lock(by="installer"):
            for step in management.store.collect(keep=int(rest[0])):
                tell(step)
        return
    plan = await management.plan_install(rest) if word == "install" else management.plan_remove(rest)
    tell(PLANNED)
    again = (lambda: management.plan_install(rest)) if within and word == "install" else None
    await management.apply(plan, accept_permissions=True, by=by, progress=tell, again=again)


def _await(job: dict[str, Any], pid: int, process: int, reading: int) -> dict[str, Any]:
    """Wait for its end, kill it where that is the job, and read what it told."""
    with open(reading, "rb", buffering=0) as pipe:
        first = pipe.readline()
        began = time.monotonic()
        if job["kill_after_seconds"] is not None:
            select.select([process], [], [], job["kill_after_seconds"])
            signal.pidfd_send_signal(process, signal.SIGKILL)
        lines = (first + pipe.read()).decode().splitlines()
    status = os.waitpid(pid, 0)[1]
    os.close(process)
    error = next((line[2:] for line in lines if line.startswith("! ")), "")
    return {
        "steps": [line for line in lines if not line.startswith("! ")],
        "error": error,
        "killed": os.WIFSIGNALED(status),
        "seconds": time.monotonic() - began,
    }


if __name__ == "__main__":
    serve()
