"""The process that forks all workers: clean, of one thread, with everything loaded that each of them needs (design §7).

It never reads a spec and never runs a line of a plugin. It ends when its host does, and the kernel kills its workers
with it. It waits for everything by descriptors, its host's end and its workers' ends too, and handles no signal: so a
worker has none of its handlers to take off.
"""

import faulthandler
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from jackfield.isolation.control import (
    Ended,
    Fork,
    Forked,
    NotForked,
    Ready,
    descriptors_in,
    packet,
    read_fork,
    room_for,
    with_descriptors,
)
from jackfield.rpc import connected_pair
from jackfield.sandbox import Filters, architecture, end_with_parent, grade_of, plain_fork, probe, share_arenas
from jackfield.worker.bootstrap import Prepared, become_worker, rehearse
from jackfield.worker.gathering import gather_code_of
from jackfield.worker.output import replace_streams
from jackfield.worker.policy import Interpreter
from jackfield.worker.pools import fill_pools
from jackfield.worker.published import standard_library

DESCRIPTORS_OF_A_WORKER: Final = 3
_MOST_REQUEST_BYTES: Final = 64

STANDARD: Final = (
    "asyncio", "concurrent.futures.thread", "contextlib", "datetime", "decimal", "hashlib", "inspect", "json",
    "logging", "random", "re", "shutil", "tempfile", "textwrap", "traceback", "typing", "urllib.parse", "uuid",
    "zoneinfo",
)  # fmt: skip
"""Of the standard library what many plugins use: loaded once, its pages are shared by all workers."""

UNREHEARSED: Final = (
    "jackfield.rpc.blocking", "jackfield.rpc.express", "jackfield.rpc.turns", "jackfield.sandbox.capabilities",
    "jackfield.sandbox.confining", "jackfield.sandbox.kernel", "jackfield.sandbox.limits",
    "jackfield.sandbox.private_root", "jackfield.sandbox.seccomp", "jackfield.sandbox.shims",
    "jackfield.worker.bootstrap", __name__,
)  # fmt: skip
"""Modules with what each worker runs and nobody can rehearse, for it changes the process, or does not return."""


def serve(control: socket.socket, settings: Mapping[str, Any]) -> None:
    """Load, prepare, say that it is ready, and fork a worker for each request until the host is gone.

    Args:
        control: the packets of `jackfield.isolation.control`.
        settings: `host`, its process; `named` and `metadata`, what every worker is given; `preload`, modules to load
            beside those of jackfield; `hosts`, real paths that the host imports from; `serve`, what makes what a worker
            does, as `module:function`.
    """
    waiting = select.epoll()
    waiting.register(control, select.EPOLLIN)
    # A host that was killed may have left its end of the socket to others, to whom it is nothing.
    host = os.pidfd_open(settings["host"])
    waiting.register(host, select.EPOLLIN)
    if os.getppid() != settings["host"]:
        return
    _be_ordinary()
    share_arenas()
    if architecture() is not None:
        end_with_parent(settings["host"])  # also while it is stopped, and sees nothing of its host's end
    replace_streams()
    faulthandler.enable(2)  # where native code of a plugin breaks its process, its log says in which line
    prepared = _prepare(settings)
    control.send(packet(Ready(grade_of(prepared.machine))))
    workers: dict[int, int] = {}
    with suppress(BrokenPipeError, ConnectionResetError):  # the host went away between two lines
        while True:
            ready = [descriptor for descriptor, _ in waiting.poll()]
            if host in ready:
                return
            for descriptor in ready:
                if descriptor in workers:
                    waiting.unregister(descriptor)
                    _bury(control, descriptor, workers.pop(descriptor))
            if control.fileno() in ready:
                forked = _fork(control, prepared)
                if forked is None:
                    return
                for pid, process in forked:
                    workers[process] = pid
                    waiting.register(process, select.EPOLLIN)


def _be_ordinary() -> None:
    """Leave the precedence that the host was started with: it was given to the application, not to its plugins.

    What is below that of ordinary programs stays; what a system refuses to change was not given by it.
    """
    with suppress(OSError):
        if os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(0, os.getpriority(os.PRIO_PROCESS, 0)))
    with suppress(OSError):
        adjustment = Path("/proc/self/oom_score_adj")
        if int(adjustment.read_text("ascii")) < 0:  # on a machine without memory it would be the last to be killed
            adjustment.write_text("0", "ascii")


def _prepare(settings: Mapping[str, Any]) -> Prepared:
    """Load and make once what would be loaded and made in each worker."""
    # Nothing is collected, now or ever: what is freed here leaves holes in shared pages, which each worker would fill
    # in a copy of its own. So nothing that was made beforehand may hold a descriptor until it is collected.
    gc.disable()
    module, _, name = settings["serve"].partition(":")
    make = getattr(import_module(module), name)
    for wanted in (*STANDARD, *settings["preload"]):
        import_module(wanted)
    gather_code_of(UNREHEARSED)
    calls, files = _stand_in(connected_pair), _stand_in(socket.socketpair)
    machine, numbers = probe(), architecture()
    prepared = Prepared(
        machine,
        Interpreter(standard_library(), settings["named"], tuple(settings["metadata"]), tuple(settings["hosts"])),
        Filters(numbers) if numbers else None,
        make(calls, files),
        calls,
        files,
        os.getpid(),
    )
    rehearse(prepared)
    os.environ.clear()  # a C locale leaves LC_CTYPE there
    os.environ["LANG"] = "C.UTF-8"
    sys.dont_write_bytecode = True  # a worker's own code is not its to change
    fill_pools()
    # A collection in a worker would write to every object that was made here, and so copy its page.
    gc.freeze()
    return prepared


def _stand_in(pair: Callable[[], tuple[socket.socket, socket.socket]]) -> socket.socket:
    """Return a socket of the kind whose place another one takes in each worker."""
    ours, theirs = pair()
    theirs.close()
    return ours


def _fork(control: socket.socket, prepared: Prepared) -> list[tuple[int, int]] | None:
    """Fork one worker; return its number and a descriptor of its process, if there is one. None: the host is gone."""
    content, ancillary, _, _ = control.recvmsg(
        _MOST_REQUEST_BYTES, room_for(DESCRIPTORS_OF_A_WORKER), socket.MSG_CMSG_CLOEXEC
    )
    if not content:
        return None
    request: Fork = read_fork(content)
    descriptors = descriptors_in(ancillary)
    forked = []
    try:
        pid = plain_fork()
    except OSError as error:
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(packet(NotForked(request.number, str(error))))
    else:
        if pid == 0:
            become_worker(prepared, *descriptors)
        process = os.pidfd_open(pid)
        # Before anybody knows of the worker its ends are its own alone: its death is the end of its sockets.
        for descriptor in descriptors:
            os.close(descriptor)
        control.sendmsg([packet(Forked(request.number, pid))], with_descriptors(process))
        forked.append((pid, process))
    return forked


def _bury(control: socket.socket, process: int, pid: int) -> None:
    """Reap a worker that has ended, and tell how; one that nothing confines may have left others in its group."""
    with suppress(ProcessLookupError, PermissionError):  # until it is reaped nobody else has its number
        os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(process)
    control.send(packet(Ended(pid, os.waitstatus_to_exitcode(status))))
