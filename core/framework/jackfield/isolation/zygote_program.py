"""The zygote's program as it is started: a clean Python, a socket to it, a pipe from it, and a thread it is tied to.

And how it may be lost.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from jackfield.errors import LinkClosed, SandboxError
from jackfield.isolation.kept_thread import kept_thread
from jackfield.lifeline import tied

_NO_PLACE: Final = -1  # of an interpreter that lies at the same place at every start
_FILE: Final = Path(__file__).parents[1] / "worker" / "start.py"


class ZygoteLostError(LinkClosed):
    """A zygote did not fork what it was asked for, or it ended with what it had forked; another one has to."""


class StandsStillError(ZygoteLostError):
    """It stands still, and is not waited for any longer."""


@dataclass(frozen=True, slots=True)
class ZygoteProgram:
    """A zygote that was started and loads what it needs.

    Args:
        process: its process.
        control: the host's end of its socket.
        printed: the pipe from which the host reads what it prints; who reads closes it.
        let_go: lets the thread end whose child it is, and its line; nothing may be left of it then.
    """

    process: "subprocess.Popen[bytes]"
    control: socket.socket
    printed: int
    let_go: Callable[[], None]

    @classmethod
    def started(cls, executable: str, settings: Mapping[str, Any]) -> Self:
        """Start one.

        Args:
            executable: the Python to run.
            settings: as `jackfield.worker.zygote.serve` reads them.

        Raises:
            SandboxError: it cannot be started.
        """
        if not sys.platform.startswith("linux"):
            raise SandboxError(
                f"workers need Linux, and this is {sys.platform}",
                hint="a plugin that runs inline, in full trust, runs everywhere",
            )
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reading, writing = os.pipe2(os.O_CLOEXEC)

        def start(kept: tuple[int, ...]) -> "subprocess.Popen[bytes]":
            return subprocess.Popen(
                [executable, "-I", "-S", "-X", "utf8", str(_FILE), str(theirs.fileno()), str(told.fileno())],
                stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, cwd="/", env={},
                pass_fds=(theirs.fileno(), told.fileno(), *kept), start_new_session=True,
            )  # fmt: skip

        try:
            # No packet: what the host imports from may be more than a socket takes at once.
            with theirs, os.fdopen(os.memfd_create("settings"), "wb") as told:
                told.write(json.dumps({**settings, "apart_from": _place()}).encode())
                told.flush()
                # Whoever has not come as far as to ask for a parent-death signal, zygote or worker, ends by the line.
                (process, let_line_go), let_thread_go = kept_thread(lambda: tied(start), name="jackfield-zygote")
        except (OSError, RuntimeError) as error:  # RuntimeError: no thread more may be started
            control.close()
            os.close(reading)
            raise SandboxError(f"the process that forks workers could not be started: {error}") from error
        finally:
            os.close(writing)

        def let_go() -> None:
            let_line_go()
            let_thread_go()

        return cls(process, control, reading, let_go)

    def end(self) -> None:
        """Kill it, and wait for it."""
        self.control.close()
        self.process.kill()
        self.process.wait()
        self.let_go()

    def abandon(self, owner: int) -> None:
        """End it, since nobody will any more; nothing happens in a fork of the process that owns it."""
        if os.getpid() == owner:
            self.end()


def _place() -> int:
    """Return where the interpreter's code lies in this process, as far as its zygote has to lie elsewhere.

    That is three bits of an address, which say nothing of the others; `jackfield.worker.start` says what they are for.
    """
    place = id(None)
    return place >> 21 & 7 if place >> 32 else _NO_PLACE
