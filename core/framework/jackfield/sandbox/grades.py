"""What this machine can give, as data, and what follows: grades, the least that is enough, sentences for people."""

import functools
import os
import platform
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from jackfield.lifeline import tied
from jackfield.sandbox import landlock, seccomp
from jackfield.sandbox.kernel import architecture

TRIAL_SECONDS: Final = 10.0


class Grade(StrEnum):
    """How well a process can be held; the value is the word that users see."""

    FULL = "full"
    """A private root, Landlock and seccomp: what was not named does not exist."""
    BASE = "base"
    """Seccomp, and Landlock from ABI 3 on or a private root: what was not named cannot be read, written or reached."""
    PROCESS = "process"
    """A separate process, not confined: it can do what its user can."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the system offers.

    Args:
        system: as `sys.platform` says, e.g. `linux`.
        architecture: as `platform.machine()` says, e.g. `x86_64`.
        known: whether the numbers of its system calls are known.
        seccomp: whether it takes filters of system calls.
        landlock_abi: the version of Landlock, 0 for none.
        private_root: whether a process without rights gets a root of its own.
        proc: whether `/proc` is mounted, where the kernel tells of processes: their threads, their memory.
    """

    system: str
    architecture: str
    known: bool
    seccomp: bool
    landlock_abi: int
    private_root: bool
    proc: bool = True


def grade_of(machine: Machine) -> Grade:
    """Return the best grade that this machine gives.

    The least for confinement is seccomp with Landlock ABI 3 or with a private root: with either the attacks of the
    tests fail alike. Before ABI 3 a file that may not be written could still be emptied.
    """
    if not (machine.known and machine.seccomp and machine.proc):  # what cannot be measured is held to no limit
        return Grade.PROCESS
    files = machine.landlock_abi >= landlock.LEAST_ABI
    if files and machine.private_root:
        return Grade.FULL
    return Grade.BASE if files or machine.private_root else Grade.PROCESS


def sentences(machine: Machine) -> tuple[str, ...]:
    """Return what a person should know: the grade first, then what is missing and how it can be had."""
    grade = grade_of(machine)
    told = [_GRADES[grade]]
    if not machine.system.startswith("linux"):
        return (*told, f"{machine.system} offers no confinement that jackfield uses; Linux does")
    if not machine.known:
        return (*told, f"the system calls of {machine.architecture} are not known here: x86_64 and aarch64 are")
    if not machine.proc:
        told.append("/proc is not mounted, so that nobody can tell what a process takes: mount -t proc proc /proc")
    if not machine.seccomp:
        told.append("the kernel takes no seccomp filters (CONFIG_SECCOMP_FILTER, Linux 4.14 or newer)")
    if machine.landlock_abi == 0:
        told.append(
            'Landlock is missing or switched off: add "landlock" to the kernel\'s lsm= list (Linux 6.2 or newer)'
        )
    elif machine.landlock_abi < landlock.LEAST_ABI:
        told.append(f"Landlock has ABI {machine.landlock_abi}, {landlock.LEAST_ABI} is needed: Linux 6.2 or newer")
    if not machine.private_root and machine.proc:  # without /proc none can be made, whatever else is allowed
        told.append(
            "user namespaces are switched off: paths outside can be seen, not read "
            "(sysctl kernel.apparmor_restrict_unprivileged_userns, user.max_user_namespaces)"
        )
    return tuple(told)


_GRADES: Final = {
    Grade.FULL: "worker plugins are fully confined: private root, Landlock and seccomp",
    Grade.BASE: "worker plugins are confined: they can do what they were granted",
    Grade.PROCESS: "worker plugins cannot be confined here: they run only where the user chooses isolation = process",
}


@functools.cache
def probe() -> Machine:
    """Return what this machine offers. The calling process is left as it is; the answer is kept.

    A private root is tried in a child process: some systems give the namespaces and refuse what makes them useful.
    """
    known = architecture() is not None
    return Machine(
        system=sys.platform,
        architecture=platform.machine(),
        known=known,
        seccomp=known and seccomp.available(),
        landlock_abi=landlock.abi() if known else 0,
        private_root=known and _private_root_works(),
        proc=not sys.platform.startswith("linux") or Path("/proc/self/task").is_dir(),
    )


def _private_root_works() -> bool:
    """Try it in a fresh interpreter: a host has threads, and forking beside threads is not safe."""
    import subprocess  # slow to import, and a worker is told what the machine offers

    above = str(Path(__file__).parents[2])
    code = "import sys; sys.path.insert(0, sys.argv[1]); from jackfield.sandbox import private_root as root; "
    code += "root.enter(['/usr'], [])"

    def start(kept: tuple[int, ...]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code, above],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # its end is seen at once; without a pipe it is looked for twenty times a second
            stderr=subprocess.DEVNULL,
            env={},
            cwd=os.sep,
            pass_fds=kept,
        )

    try:
        child, let_go = tied(start)
    except OSError:
        return False
    with child:
        try:
            child.communicate(timeout=TRIAL_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        finally:
            child.kill()
            let_go()
    return child.returncode == 0
