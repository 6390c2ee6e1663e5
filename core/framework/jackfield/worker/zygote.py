"""The process that forks all workers: clean, of one thread, with everything loaded that each of them needs (design §7).

It never reads a spec and never runs a line of a plugin. It ends when its host does: its control socket is at its end
then, and the kernel tells it of its parent's death as well. Its workers are told the same way of its own.
"""

import gc
import os
import select
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
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
from jackfield.sandbox import Filters, architecture, grade_of, probe, signal_at_parents_death
from jackfield.worker.bootstrap import Prepared, become_worker
from jackfield.worker.policy import Interpreter
from jackfield.worker.published import standard_library

DESCRIPTORS_OF_A_WORKER: Final = 3
_MOST_REQUEST_BYTES: Final = 64

STANDARD: Final = (
    "asyncio", "concurrent.futures.thread", "contextlib", "datetime", "decimal", "hashlib", "inspect", "json",
    "logging", "random", "re", "shutil", "tempfile", "textwrap", "traceback", "typing", "urllib.parse",
    "uuid", "zoneinfo",
)  # fmt: skip
"""Of the standard library what many plugins use: loaded once, its pages are shared by all workers."""


def serve(control: socket.socket, settings: Mapping[str, Any]) -> None:
    """Load, prepare, say that it is ready, and fork a worker for each request until the host is gone.

    Args:
        control: the packets of `jackfield.isolation.control`.
        settings: `host`, its process; `named` and `metadata`, what every worker is given; `preload`, modules to load
            beside those of jackfield; `serve`, what a worker does, as `module:function`.
    """
    _end_with(settings["host"])
    wake = _wake_at_deaths()
    prepared = _prepare(settings)
    control.send(packet(Ready(grade_of(prepared.machine))))
    with suppress(BrokenPipeError, ConnectionResetError):  # the host went away between two lines
        while True:
            ready, _, _ = select.select([control.fileno(), wake], [], [])
            if wake in ready:
                with suppress(BlockingIOError):
                    os.read(wake, 4096)
                _reap(control)
            if control.fileno() in ready and not _fork(control, prepared):
                return


def _end_with(host: int) -> None:
    """End at the host's death also while the control socket is not read.

    The signal comes when the *thread* ends that started this process. A host may start it from a thread that ends
    earlier; then the host is still the parent, and nothing has happened.
    """
    signal.signal(signal.SIGHUP, lambda *_: os._exit(0) if os.getppid() != host else None)
    signal_at_parents_death(signal.SIGHUP)
    if os.getppid() != host:
        os._exit(0)


def _wake_at_deaths() -> int:
    """Return a descriptor that can be read once a worker has ended."""
    reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _prepare(settings: Mapping[str, Any]) -> Prepared:
    module, _, name = settings["serve"].partition(":")
    serve = getattr(import_module(module), name)
    for wanted in (*STANDARD, *settings["preload"]):
        import_module(wanted)
    machine = probe()
    interpreter = Interpreter(standard_library(), settings["named"], tuple(settings["metadata"]))
    numbers = architecture()
    prepared = Prepared(machine, interpreter, Filters(numbers) if numbers else None, serve, os.getpid())
    # A collection in a worker would write to every object that was made here, and so copy its page.
    gc.disable()
    gc.collect()
    gc.freeze()
    return prepared


def _fork(control: socket.socket, prepared: Prepared) -> bool:
    """Fork one worker; False if the host is gone."""
    content, ancillary, _, _ = control.recvmsg(
        _MOST_REQUEST_BYTES, room_for(DESCRIPTORS_OF_A_WORKER), socket.MSG_CMSG_CLOEXEC
    )
    if not content:
        return False
    request: Fork = read_fork(content)
    descriptors = descriptors_in(ancillary)
    try:
        pid = os.fork()
    except OSError as error:
        control.send(packet(NotForked(request.number, str(error))))
    else:
        if pid == 0:
            become_worker(prepared, *descriptors)
        process = os.pidfd_open(pid)
        control.sendmsg([packet(Forked(request.number, pid))], with_descriptors(process))
        os.close(process)
    for descriptor in descriptors:
        os.close(descriptor)
    return True


def _reap(control: socket.socket) -> None:
    """Tell of every worker that has ended. One signal may stand for many of them."""
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            control.send(packet(Ended(pid, os.waitstatus_to_exitcode(status))))
