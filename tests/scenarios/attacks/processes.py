"""Attacks that start something: programs, processes, threads, namespaces; and those on one's own limits."""

import ctypes
import errno
import os
import resource
import signal
import subprocess
import threading
import time

from jackfield.sandbox.kernel import call

from tests.scenarios.attacks.catalogue import WITHOUT_PRIVATE_ROOT, attack
from tests.scenarios.attacks.scene import Scene
from tests.support.confined import REPLACED, fork

MANY = 40


@attack("processes")
def run_a_shell(scene: Scene) -> None:
    if (status := os.system("true")) != 0:
        raise PermissionError(errno.EPERM, f"no shell ran: {status}")


@attack("processes")
def run_a_program(scene: Scene) -> None:
    subprocess.run(["/bin/true"], check=True)


@attack("processes")
def become_a_program(scene: Scene) -> None:
    os.execv("/bin/sh", ["sh", "-c", f"exit {REPLACED}"])


@attack("processes")
def become_a_program_by_descriptor(scene: Scene) -> None:
    """From a file that needs no path: `fexecve`."""
    os.execve(os.open("/bin/sh", os.O_RDONLY), ["sh", "-c", f"exit {REPLACED}"], {})


@attack("processes")
def posix_spawn(scene: Scene) -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    assert os.waitpid(pid, 0)[1] == 0


@attack("processes")
def vfork(scene: Scene) -> None:
    """By number, for C code that does not ask libc."""
    pid = call("clone", signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)


@attack("processes")
def fork_bomb(scene: Scene) -> None:
    for _ in range(MANY):
        if fork() == 0:
            time.sleep(20)
            os._exit(0)


@attack("processes")
def outlive_the_host(scene: Scene) -> None:
    """A grandchild in a session of its own; it ends by an alarm."""
    if fork() == 0:
        os.setsid()
        signal.alarm(5)
        if fork() == 0:
            signal.alarm(2)
            time.sleep(2)
        os._exit(0)


@attack("processes")
def leave_the_session(scene: Scene) -> None:
    """Not to be reached by signals to the group; `setsid` alone fails for its leader."""
    os.setpgid(0, os.getpgid(os.getppid()))
    os.setsid()


@attack("processes")
def thread_bomb(scene: Scene) -> None:
    _start_threads(400, stack_bytes=0)


@attack(
    "processes",
    passes=(*WITHOUT_PRIVATE_ROOT, "root alone (root)", "full (root)"),
    because="the kernel counts threads below a private root only, and never root's; who supervises counts them",
)
def thread_bomb_of_small_stacks(scene: Scene) -> None:
    _start_threads(100, stack_bytes=32 * 1024)


def _start_threads(count: int, stack_bytes: int) -> None:
    threading.stack_size(stack_bytes)
    done = threading.Event()
    try:
        for _ in range(count):
            threading.Thread(target=done.wait, daemon=True).start()
    finally:
        done.set()


@attack("processes")
def new_user_namespace(scene: Scene) -> None:
    """In one of its own a process has every capability, and reaches code of the kernel that only root should."""
    call("unshare", 0x1000_0000)


@attack("processes")
def new_user_namespace_by_clone(scene: Scene) -> None:
    if call("clone", 0x1000_0000 | signal.SIGCHLD, 0, 0, 0, 0) == 0:
        os._exit(0)


@attack("processes")
def new_user_namespace_by_clone3(scene: Scene) -> None:
    arguments = (ctypes.c_uint64 * 11)(0x1000_0000, 0, 0, 0, signal.SIGCHLD)
    if call("clone3", bytes(arguments), 88) == 0:
        os._exit(0)


@attack("processes")
def raise_own_limits(scene: Scene) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    except ValueError as exc:  # how Python reads this EPERM
        raise PermissionError(errno.EPERM, "setrlimit") from exc


@attack("processes")
def survive_the_parents_death(scene: Scene) -> None:
    """Take the parent-death signal back."""
    call("prctl", 1, 0, 0, 0, 0)


@attack("processes", unconfined="root")
def become_another_user(scene: Scene) -> None:
    os.setresuid(1234, 1234, 1234)


@attack("processes", unconfined="root")
def real_time_priority(scene: Scene) -> None:
    """A process that no other one interrupts."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
