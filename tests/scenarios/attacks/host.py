"""Attacks on the host's process, through `/proc`, through system calls, and through what was left open."""

import array
import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

from jackfield.sandbox.kernel import call

from tests.scenarios.attacks.catalogue import attack
from tests.scenarios.attacks.files import taken
from tests.scenarios.attacks.scene import HELD_IN_MEMORY, SECRET, Scene

ADDRESS = ctypes.addressof(HELD_IN_MEMORY)
CAPABILITIES_3 = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
CPUCLOCK_SCHED = 2
FUTEX_LOCK_PI = 6
TIMER_ABSTIME = 1


def of_host(scene: Scene, name: str) -> Path:
    return Path(f"/proc/{scene.host}", name)


@attack("host through /proc")
def read_environ_of_host(scene: Scene) -> None:
    assert of_host(scene, "environ").read_bytes()


@attack("host through /proc")
def read_cmdline_of_host(scene: Scene) -> None:
    assert of_host(scene, "cmdline").read_bytes()


@attack("host through /proc")
def read_memory_of_host(scene: Scene) -> None:
    descriptor = os.open(of_host(scene, "mem"), os.O_RDONLY)
    taken(os.pread(descriptor, len(SECRET), ADDRESS))


@attack("host through /proc")
def write_memory_of_host(scene: Scene) -> None:
    descriptor = os.open(of_host(scene, "mem"), os.O_WRONLY)
    assert os.pwrite(descriptor, b"gone", ADDRESS) == 4


@attack("host through /proc")
def list_descriptors_of_host(scene: Scene) -> None:
    assert list(of_host(scene, "fd").iterdir())


@attack("host through /proc")
def go_through_the_root_of_host(scene: Scene) -> None:
    assert (of_host(scene, "root") / "etc/passwd").read_bytes()


@attack("host through /proc")
def read_connections(scene: Scene) -> None:
    assert Path("/proc/net/tcp").read_text()


@attack("host through /proc")
def read_own_environment(scene: Scene) -> None:
    """Of the program that was started, so the host's own: the zygote begins with an empty one."""
    assert Path("/proc/self/environ").read_bytes()


@attack("host through /proc")
def use_an_inherited_descriptor(scene: Scene) -> None:
    taken(os.pread(scene.inherited, 100, 0))


@attack("processes")
def kill_host(scene: Scene) -> None:
    os.kill(scene.host, signal.SIGKILL)


@attack("processes")
def kill_every_process_of_the_group(scene: Scene) -> None:
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    os.kill(0, signal.SIGUSR1)


@attack("processes")
def tgkill_host(scene: Scene) -> None:
    call("tgkill", scene.host, scene.host, signal.SIGUSR1)


@attack("processes")
def signal_host_by_a_descriptor(scene: Scene) -> None:
    """A socket that becomes readable sends its owner a signal of choice: no call named kill is made."""
    ours, theirs = socket.socketpair()
    f_setown, f_setsig, o_async = 8, 10, 0o20000
    fcntl.fcntl(ours, f_setown, scene.host)
    fcntl.fcntl(ours, f_setsig, signal.SIGKILL)
    fcntl.fcntl(ours, fcntl.F_SETFL, o_async)
    theirs.send(b"x")
    ends = time.monotonic() + 5
    try:
        while "\nState:\tZ" not in of_host(scene, "status").read_text():
            assert time.monotonic() < ends, "the host lives"
            time.sleep(0.002)
    except OSError:  # who cannot look has asked the kernel all the same, and was not refused
        return


@attack("processes")
def signal_host_by_a_descriptor_of_its_process(scene: Scene) -> None:
    call("pidfd_send_signal", call("pidfd_open", scene.host, 0), signal.SIGUSR1, None, 0)


@attack("processes")
def take_a_descriptor_of_host(scene: Scene) -> None:
    call("pidfd_getfd", call("pidfd_open", scene.host, 0), 0, 0)


@attack("processes")
def ptrace_host(scene: Scene) -> None:
    ptrace_seize = 0x4206
    call("ptrace", ptrace_seize, scene.host, 0, 0)


def _vectors(size: int) -> tuple[bytes, bytes, ctypes.Array[ctypes.c_char]]:
    own = ctypes.create_string_buffer(size)
    return struct.pack("QQ", ctypes.addressof(own), size), struct.pack("QQ", ADDRESS, size), own


@attack("processes")
def process_vm_readv(scene: Scene) -> None:
    local, remote, own = _vectors(len(SECRET))
    call("process_vm_readv", scene.host, local, 1, remote, 1, 0)
    taken(own.raw)


@attack("processes")
def process_vm_writev(scene: Scene) -> None:
    local, remote, _ = _vectors(4)
    assert call("process_vm_writev", scene.host, local, 1, remote, 1, 0) == 4


@attack("processes")
def prlimit_of_host(scene: Scene) -> None:
    resource.prlimit(scene.host, resource.RLIMIT_CORE, (0, 0))


@attack("processes")
def read_limits_of_host(scene: Scene) -> None:
    resource.prlimit(scene.host, resource.RLIMIT_NOFILE)


@attack("processes")
def priority_of_host(scene: Scene) -> None:
    os.setpriority(os.PRIO_PROCESS, scene.host, 19)


@attack("processes")
def affinity_of_host(scene: Scene) -> None:
    os.sched_setaffinity(scene.host, {min(os.sched_getaffinity(0))})


@attack("processes")
def learn_by_calls_that_the_host_is_there(scene: Scene) -> None:
    """Each of these tells whether there is a process of a number, and how it runs."""
    ways: tuple[Callable[[int], object], ...] = (
        os.sched_getaffinity, os.sched_getscheduler, os.sched_getparam, os.getpgid, os.getsid,
        lambda pid: os.getpriority(os.PRIO_PROCESS, pid), lambda pid: os.kill(pid, 0),
        lambda pid: call("capget", struct.pack("=Ii", CAPABILITIES_3, pid), ctypes.create_string_buffer(24)),
        lambda pid: call("clock_getres", ~pid << 3 | CPUCLOCK_SCHED, ctypes.create_string_buffer(16)),
    )  # fmt: skip
    for way in ways:
        with contextlib.suppress(OSError):
            way(scene.host)
            return
    raise PermissionError("nothing is told of it")


@attack("processes")
def learn_by_a_clock_how_much_the_host_does(scene: Scene) -> None:
    """The processor time of any process, to the nanosecond: when it works, and for how long."""
    call("clock_gettime", ~scene.host << 3 | CPUCLOCK_SCHED, ctypes.create_string_buffer(16))


@attack("processes")
def sleep_until_the_host_has_done_so_much(scene: Scene) -> None:
    """By the clock that is the host's processor time; it has passed the first nanosecond of that long ago."""
    call("clock_nanosleep", ~scene.host << 3 | CPUCLOCK_SCHED, TIMER_ABSTIME, struct.pack("qq", 0, 1), 0)


@attack("processes")
def learn_by_a_futex_that_the_host_is_there(scene: Scene) -> None:
    """To wait for a thread's lock, whosesoever it is, is an error where there is no such thread."""
    word, at_once = ctypes.c_uint32(scene.host), struct.pack("qq", 0, 0)
    with contextlib.suppress(TimeoutError):  # it is there, and does not let the lock go
        call("futex", ctypes.addressof(word), FUTEX_LOCK_PI, 0, at_once, 0, 0)


@attack("processes")
def pass_descriptors_between_own_sockets(scene: Scene) -> None:
    """Thousands of descriptors in flight, past the limit on open ones."""
    pairs = [socket.socketpair() for _ in range(8)]
    file = os.open("/dev/null", os.O_RDONLY)
    message = array.array("i", [file] * 250)
    sent = 0
    with contextlib.suppress(BlockingIOError):
        for ours, _ in pairs:
            ours.setblocking(False)
            ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, message)])
            sent += len(message)
    assert sent == 2000
