"""Attacks on the kernel: calls that ask for much of its code, and those that would change the machine.

What would change the machine is asked in a form that cannot: the kernel then refuses it for its form, after it has
looked at the right to do it. So EPERM says that it was held, and every other errno that it would have been done.
"""

import ctypes
import errno
import mmap
import os
import platform
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from jackfield.sandbox.kernel import call

from tests.scenarios.attacks.catalogue import attack
from tests.scenarios.attacks.scene import Scene


@contextmanager
def in_a_form_that_is_refused() -> Iterator[None]:
    """Count every errno as success, but those of a refusal and of a kernel that was built without it."""
    try:
        yield
    except OSError as exc:
        if exc.errno in {errno.EPERM, errno.EACCES, errno.ENOSYS}:
            raise


@attack("kernel", unconfined="if there")
def io_uring(scene: Scene) -> None:
    """Calls that are made without a call: no filter sees them."""
    call("io_uring_setup", 1, ctypes.create_string_buffer(120))


@attack("kernel", unconfined="root")
def bpf(scene: Scene) -> None:
    map_create = 0
    attributes = struct.pack("5I", 2, 4, 4, 1, 0).ljust(72, b"\0")
    call("bpf", map_create, attributes, len(attributes))


@attack("kernel", unconfined="if there")
def perf_events(scene: Scene) -> None:
    software, exclude_kernel_and_hypervisor = 1, 1 << 5 | 1 << 6
    attributes = struct.pack("=2I6Q", software, 112, 0, 0, 0, 0, exclude_kernel_and_hypervisor, 0).ljust(112, b"\0")
    call("perf_event_open", attributes, 0, -1, -1, 0)


@attack("kernel", unconfined="if there")
def userfaultfd(scene: Scene) -> None:
    """Holds the kernel up in the middle of a copy, for as long as one likes."""
    call("userfaultfd", 1)


@attack("kernel", unconfined="if there")
def keyrings(scene: Scene) -> None:
    call("add_key", b"user\0", b"attack\0", b"x", 1, -2)


@attack("kernel", unconfined="root")
def mount(scene: Scene) -> None:
    call("mount", b"none\0", os.fsencode(scene.data) + b"\0", b"tmpfs\0", 0, None)
    call("umount2", os.fsencode(scene.data) + b"\0", 2)


@attack("kernel", unconfined="root")
def chroot(scene: Scene) -> None:
    """The old way out of a chroot is another one."""
    os.chroot(scene.data)


@attack("kernel", unconfined="root")
def set_host_name(scene: Scene) -> None:
    """To the name that it has."""
    name = platform.node().encode()
    call("sethostname", name, len(name))


@attack("kernel", unconfined="root")
def read_the_kernels_log(scene: Scene) -> None:
    call("syslog", 3, ctypes.create_string_buffer(256), 256)


@attack("kernel", unconfined="harmless")
def reboot(scene: Scene) -> None:
    with in_a_form_that_is_refused():
        call("reboot", 0, 0, 0, None)


@attack("kernel", unconfined="harmless")
def set_the_time(scene: Scene) -> None:
    """By a clock that ticks every zero microseconds."""
    with in_a_form_that_is_refused():
        call("adjtimex", ctypes.create_string_buffer(struct.pack("I", 0x4000), 208))


@attack("kernel", unconfined="harmless")
def load_a_module(scene: Scene) -> None:
    with in_a_form_that_is_refused():
        call("init_module", b"no module", 9, b"\0")


@attack("kernel", unconfined="harmless")
def load_another_kernel(scene: Scene) -> None:
    with in_a_form_that_is_refused():
        call("kexec_load", 0, 10**6, None, 0xFFFF_0000)


@attack("kernel", unconfined="harmless")
def swap_to_a_file(scene: Scene) -> None:
    with in_a_form_that_is_refused():
        call("swapon", os.fsencode(scene.data / "nothing") + b"\0", 0)


@attack("kernel", unconfined="harmless")
def account_into_a_file(scene: Scene) -> None:
    with in_a_form_that_is_refused():
        call("acct", os.fsencode(scene.data / "nothing") + b"\0")


@attack("kernel", unconfined="if there")
def ports_of_devices(scene: Scene) -> None:
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, "no ports on this processor")
    call("iopl", 3)


@attack("kernel")
def take_the_filter_off(scene: Scene) -> None:
    """Another filter on top can only add; asking at all shows that the call is there."""
    get_action_available = 2
    call("seccomp", get_action_available, 0, struct.pack("I", 0x7FFF0000))


def _run(code: bytes) -> int:
    """Run machine code of this process' own."""
    pages = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    pages.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    return int(ctypes.CFUNCTYPE(ctypes.c_long)(address)())


@attack("kernel", unconfined="if there")
def int80(scene: Scene) -> None:
    """The way in of 32-bit programs, with numbers of its own: 20 is getpid there, and writev in the other table."""
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, "another processor")
    assert _run(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3") == os.getpid()


@attack("kernel", unconfined="if there")
def x32(scene: Scene) -> None:
    """The same processor's third set of numbers."""
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, "another processor")
    answer = _run(b"\xb8\x27\x00\x00\x40\x0f\x05\xc3")
    if answer < 0:
        raise OSError(-answer, os.strerror(-answer))
