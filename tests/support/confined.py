"""Work done in a child process, confined or not, as root or as somebody else; what came of it comes back as data."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from jackfield.sandbox import Machine, Policy, confine
from jackfield.sandbox.kernel import PR_SET_DUMPABLE, control

NOBODY = 65534
"""The ordinary user of the tests, where root runs them."""

REPLACED = 42
"""The exit code by which a program that took the child's place says that it ran."""

TIMED_OUT = "timed out"
"""In an outcome: the work was not over in its time, which says nothing of who would have let it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a piece of work ended.

    Args:
        value: what it returned, as JSON keeps it.
        refused: the name of the errno, of the signal that killed it, or of the exception; `TIMED_OUT`; None if it came
            to its end.
        detail: the exception's text.
        unexpected: whether it was an exception that no kernel causes: a mistake in the work.
    """

    value: Any = None
    refused: str | None = None
    detail: str = ""
    unexpected: bool = False


def in_child(
    work: Callable[[], Any],
    *,
    policy: Policy | None = None,
    machine: Machine | None = None,
    uid: int | None = None,
    timeout_seconds: float = 30.0,
) -> Outcome:
    """Fork, become `uid`, be confined if there is a policy, do the work, and tell.

    The child is a process group of its own; all that is left of it is killed.
    """
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        _be_the_child(work, policy, machine, uid, writing)
    os.close(writing)
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(child, child)
    try:
        told = _read_all(reading, timeout_seconds)
        if told is None:
            return Outcome(refused=TIMED_OUT)
        if told:
            return Outcome(**json.loads(told))
        return _by_status(os.waitpid(child, 0)[1])
    finally:
        os.close(reading)
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


def fork() -> int:
    """Fork without a word about threads: the child does not use what they hold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def become(uid: int) -> None:
    """Be an ordinary user, as if logged in: with files in `/proc` of one's own."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    control(PR_SET_DUMPABLE, 1)


def attempted(work: Callable[[], Any]) -> dict[str, Any]:
    """Do a piece of work and return what came of it, as the fields of an `Outcome`."""
    try:
        return {"value": work()}
    except OSError as exc:
        return {"refused": errno.errorcode.get(exc.errno or 0, type(exc).__name__), "detail": str(exc)}
    except MemoryError:
        return {"refused": "MemoryError"}
    except BaseException as exc:  # noqa: BLE001 (whatever it is, the parent is told)
        threads = isinstance(exc, RuntimeError) and "start new thread" in str(exc)
        return {"refused": type(exc).__name__, "detail": str(exc), "unexpected": not threads}


def _be_the_child(
    work: Callable[[], Any], policy: Policy | None, machine: Machine | None, uid: int | None, writing: int
) -> None:
    try:
        os.setpgid(0, 0)
        # pytest writes elsewhere, to a file that is closed with all others: its number is soon a socket of the work's,
        # which a warning would fill, and wait for somebody who reads.
        sys.stdout = sys.stderr = os.fdopen(2, "w", closefd=False)
        if uid:
            become(uid)
        try:
            if policy is not None:
                confine(replace(policy, kept_descriptors=(*policy.kept_descriptors, writing)), machine)
        except BaseException as exc:  # noqa: BLE001 (whatever it is, the parent is told)
            _tell(writing, refused=type(exc).__name__, detail=f"confine: {exc}", unexpected=True)
            return
        _tell(writing, **attempted(work))
    finally:
        os._exit(0)


def _tell(writing: int, **told: Any) -> None:
    os.write(writing, json.dumps(told, default=repr).encode())


def _read_all(reading: int, seconds: float) -> bytes | None:
    """The child closes its end by ending; one that keeps descendants is not waited for."""
    if not select.select([reading], [], [], seconds)[0]:
        return None
    return os.read(reading, 65536)


def _by_status(status: int) -> Outcome:
    if os.WIFSIGNALED(status):
        return Outcome(refused=signal.Signals(os.WTERMSIG(status)).name)
    if os.WEXITSTATUS(status) == REPLACED:
        return Outcome(value="another program ran")
    return Outcome(refused=f"exit {os.WEXITSTATUS(status)}", unexpected=True)
