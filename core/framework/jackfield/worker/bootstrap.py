"""The first moments of a worker: from the fork to the plugin's first line, which runs in a confined process.

The order is the point. The spec is read and the policy made from it while everything can still be read; then the
process is confined; only then it gets the import path on which the plugin lies.
"""

import gc
import os
import random
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

import msgspec

from jackfield.errors import JackfieldError, LinkClosed
from jackfield.isolation import WorkerSpec
from jackfield.isolation.control import MOST_SPEC_BYTES, Confined, NotConfined, framed, receive_frame
from jackfield.sandbox import (
    Filters,
    Grade,
    Machine,
    confine,
    end_with_parent,
    grade_of,
    install_shims,
    remember,
    separate,
)
from jackfield.worker.furnishing import furnish
from jackfield.worker.policy import Interpreter, policy_of
from jackfield.worker.published import find_without_listing
from jackfield.worker.rehearsal import NOBODYS, rehearse_often

Serve = Callable[[WorkerSpec], Any]
"""What a worker does with its life, given its spec."""

_MOST_NAME: Final = 15  # what the kernel keeps of a process' name
_read_spec: Final = msgspec.msgpack.Decoder(WorkerSpec).decode


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the zygote made ready once for all of its workers.

    Args:
        machine: what the system offers.
        interpreter: what every worker reads.
        filters: the filters of system calls, but for the number of the process; None where there are none.
        serve: what a worker does once it is confined.
        calls: a socket whose place the worker's own takes, of calls.
        files: the same for the one on which its spec comes, and later descriptors.
        zygote: the process with which each worker ends.
    """

    machine: Machine
    interpreter: Interpreter
    filters: Filters | None
    serve: Serve
    calls: socket.socket
    files: socket.socket
    zygote: int


def become_worker(prepared: Prepared, calls: int, files: int, output: int) -> NoReturn:
    """Be a worker until its host is gone; nothing of the zygote's is ever returned to.

    Args:
        prepared: by the zygote.
        calls: the descriptor of the socket of calls.
        files: of the socket on which the spec comes, and later descriptors.
        output: of the pipe that takes what is written to stdout and stderr.
    """
    code = 1
    try:
        if prepared.filters is not None:  # else the machine's calls are not known
            end_with_parent(prepared.zygote)  # before anything that takes time; what confines it takes this back once
        random.seed()
        os.set_blocking(output, False)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for stand_in, descriptor in ((prepared.calls, calls), (prepared.files, files)):
            os.dup2(descriptor, stand_in.fileno(), inheritable=False)
            stand_in.settimeout(stand_in.gettimeout())  # whether it blocks is told to the kernel's side of it
        code = _live(prepared)
    except BaseException:  # noqa: BLE001 (whatever it is, it must not unwind into the zygote's loop)
        with suppress(BaseException):
            traceback.print_exc()
    finally:
        with suppress(BaseException):
            sys.stdout.flush()
        os._exit(code)


def rehearse(prepared: Prepared) -> None:
    """Do in the zygote what every worker does first and what changes nothing here."""
    # With its grade named, also where that is none: a machine that confines nothing has workers that need not be.
    nobodys = replace(NOBODYS, grade=grade_of(prepared.machine))
    encoded = msgspec.msgpack.encode(nobodys)

    def once() -> None:
        read = _read_spec(encoded)
        policy = policy_of(read, prepared.machine, prepared.interpreter, parent=prepared.zygote)
        with suppress(OSError):  # what the kernel refuses each worker is refused, and tells which layer it was
            remember(policy, prepared.machine)
        _furnish(prepared, read)
        framed(Confined(Grade.FULL))
        if prepared.filters is not None:
            prepared.filters.of(prepared.zygote)

    rehearse_often(once)


def _live(prepared: Prepared) -> int:
    calls, files = prepared.calls, prepared.files
    try:
        spec = _read_spec(receive_frame(files, MOST_SPEC_BYTES))
    except (LinkClosed, OSError):
        return 0  # the host thought better of it
    try:
        grade = _hold(prepared, spec, (0, 1, 2, calls.fileno(), files.fileno()))
        _furnish(prepared, spec)
    except JackfieldError as error:
        files.sendall(framed(NotConfined(error.message, error.hint)))
        return 1
    gc.enable()
    files.sendall(framed(Confined(grade)))
    prepared.serve(spec)
    return 0


def _hold(prepared: Prepared, spec: WorkerSpec, descriptors: tuple[int, ...]) -> Grade:
    machine = prepared.machine
    policy = policy_of(spec, machine, prepared.interpreter, descriptors=descriptors, parent=prepared.zygote)
    _be_called(spec.plugin)
    grade = confine(policy, machine, prepared.filters)
    if grade is Grade.PROCESS:
        os.setsid()  # what the plugin starts is in its group, which the zygote ends with it
        separate(policy, machine)
    else:
        install_shims()
    if grade is Grade.BASE:
        find_without_listing(prepared.interpreter.library)
    return grade


def _be_called(plugin: str) -> None:
    """Carry the plugin's name where the system lists processes."""
    with suppress(OSError):
        name = os.open("/proc/self/comm", os.O_WRONLY)
        try:
            os.write(name, plugin[:_MOST_NAME].encode())
        finally:
            os.close(name)


def _furnish(prepared: Prepared, spec: WorkerSpec) -> None:
    furnish(spec, prepared.interpreter.named, prepared.interpreter.metadata, prepared.interpreter.library)
