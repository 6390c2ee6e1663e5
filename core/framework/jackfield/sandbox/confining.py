"""Confining the calling process, layer by layer; no way leads back."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from jackfield.errors import SandboxError
from jackfield.sandbox import capabilities, landlock, limits, private_root, seccomp
from jackfield.sandbox.grades import Grade, Machine, grade_of, probe
from jackfield.sandbox.kernel import PR_SET_DUMPABLE, PR_SET_PDEATHSIG, architecture, control
from jackfield.sandbox.seccomp import Filters

MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Policy:
    """What a process keeps when it is confined.

    Args:
        read: absolute paths of folders and files to read. One that does not exist is left out.
        write: absolute paths of folders and files to read and write.
        hidden: real paths of folders and files that are not read, below some that are. What is named to read or to
            write and lies in one is there all the same.
        kept_descriptors: descriptors that stay open; all others are closed, for each is a way around every wall.
        address_space_bytes: of all mappings together, a backstop well above what may be used.
        file_bytes: the size that one file can be given.
        descriptors: open at one time.
        threads: at one time; held by the kernel for ordinary users below a private root, else by whoever watches.
        grade: the grade to reach; None takes the best that the machine gives.
        landlock_abi_most: use no later version of Landlock, as on an older kernel; None takes what is there.
        parent: the process with which this one ends; None asks the system now, which is too late if it just died.
    """

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    kept_descriptors: tuple[int, ...] = (0, 1, 2)
    address_space_bytes: int = 2048 * MEBIBYTE
    file_bytes: int = 100 * MEBIBYTE
    descriptors: int = 64
    threads: int = 64
    grade: Grade | None = None
    landlock_abi_most: int | None = None
    parent: int | None = None


def confine(policy: Policy, machine: Machine | None = None, filters: Filters | None = None) -> Grade:
    """Hold the calling process to the policy, for good, and return the grade that it is held in.

    In this order: end with the parent, close descriptors, private root, capabilities, limits, Landlock, and seccomp
    last, since each layer needs calls that the next one takes. Below the least that confines anything nothing is done.

    Args:
        policy: what it keeps.
        machine: what the system offers, if that was asked before; asking takes some ten milliseconds.
        filters: of system calls, if they were made before; making one takes two milliseconds.

    Raises:
        SandboxError: the machine does not reach the grade, threads exist, or a layer was refused. It names the layer.
            After a layer was refused the process is held in part: let it end.
    """
    offered = _capped(machine or probe(), policy.landlock_abi_most)
    grade = policy.grade or grade_of(offered)
    _check(grade, offered)
    if grade is Grade.PROCESS:
        return grade
    rooted = _rooted(grade, offered)
    separate(policy, offered)
    if rooted:
        _layer("private root", lambda: private_root.enter(policy.read, policy.write, policy.hidden))
    _layer("capabilities", capabilities.drop)
    _layer("limits", lambda: _limit(policy, rooted=rooted))
    # A change of namespaces or capabilities may have taken both back: to be measured, and to end with the parent.
    _layer("parent-death signal", lambda: end_with_parent(policy.parent or os.getppid()))
    if offered.landlock_abi:
        hidden = () if rooted else policy.hidden  # a private root has covered them
        _layer("Landlock", lambda: landlock.restrict(policy.read, policy.write, offered.landlock_abi, hidden))
    _layer("seccomp", lambda: _filter(filters))
    return grade


def remember(policy: Policy, machine: Machine) -> None:
    """Look up once where its paths lead, or what lies beside what it hides; processes forked later do not look again.

    Args:
        policy: with the paths that all of them have, and that stay where they are.
        machine: what the system offers.
    """
    offered = _capped(machine, policy.landlock_abi_most)
    grade = policy.grade or grade_of(offered)
    rooted = _rooted(grade, offered)
    if rooted:
        private_root.rehearse(policy.read, policy.hidden)
    if offered.landlock_abi:
        landlock.rehearse(policy.read, policy.write, offered.landlock_abi, () if rooted else policy.hidden)
    if grade is not Grade.PROCESS:
        capabilities.held()


def separate(policy: Policy, machine: Machine) -> None:
    """Make a process of the calling one that ends with its parent and holds none of its descriptors but the kept ones.

    No wall: that is what `confine` begins with, and all that there is in grade `process`.

    Raises:
        SandboxError: one of both was refused.
    """
    if machine.known:  # elsewhere nobody can be asked to end it
        _layer("parent-death signal", lambda: end_with_parent(policy.parent or os.getppid()))
    _layer("descriptors", lambda: _close_others(policy.kept_descriptors))


def _rooted(grade: Grade, offered: Machine) -> bool:
    return grade is Grade.FULL or (grade is Grade.BASE and offered.landlock_abi < landlock.LEAST_ABI)


def _capped(machine: Machine, most: int | None) -> Machine:
    if most is None or machine.landlock_abi <= most:
        return machine
    return replace(machine, landlock_abi=most)


def _check(grade: Grade, offered: Machine) -> None:
    best = grade_of(offered)
    order = list(Grade)
    if order.index(grade) < order.index(best):
        raise SandboxError(
            f"this machine confines a process to grade {best.value}, not {grade.value}",
            hint="jackfield doctor --sandbox tells what is missing",
        )
    if grade is not Grade.PROCESS:
        _layer("threads", _refuse_threads)


def _refuse_threads() -> None:
    """Ask the kernel and not `threading`: a library's own threads count too."""
    if (count := len(os.listdir("/proc/self/task"))) > 1:  # noqa: PTH208 (see `private_root`)
        raise SandboxError(
            f"the process has {count} threads, and Landlock would bind one of them",
            hint="confine it before anything starts a thread",
        )


def _layer(name: str, apply: Callable[[], None]) -> None:
    try:
        apply()
    except OSError as exc:
        raise SandboxError(f"the sandbox's layer {name} was refused: {exc}") from exc


def end_with_parent(parent: int) -> None:
    """Be killed when the thread that forked this process ends; be dumpable, so that the host can measure memory.

    Args:
        parent: the process of that thread. If it has ended already, this one ends now.

    Raises:
        OSError: the kernel refused.
    """
    control(PR_SET_DUMPABLE, 1)
    control(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before that; an exception would unwind what was forked from it
        os._exit(1)


def _close_others(kept: tuple[int, ...]) -> None:
    lowest = 0
    for descriptor in sorted(set(kept)):
        if lowest < descriptor:  # CPython takes closerange(0, 0) to mean all
            os.closerange(lowest, descriptor)
        lowest = descriptor + 1
    os.closerange(lowest, 0x7FFF_FFFF)


def _limit(policy: Policy, *, rooted: bool) -> None:
    limits.apply(
        address_space_bytes=policy.address_space_bytes,
        file_bytes=policy.file_bytes,
        descriptors=policy.descriptors,
        threads=policy.threads if rooted else None,
    )


def _filter(filters: Filters | None) -> None:
    if filters is None:
        numbers = architecture()
        if numbers is None:
            raise OSError("the numbers of this processor's system calls are not known")
        filters = Filters(numbers)
    seccomp.install(filters.of(os.getpid()))
