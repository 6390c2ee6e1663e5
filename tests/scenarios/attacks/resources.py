"""Attacks by taking much of something: memory in all its guises, descriptors, objects that outlive a process."""

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import socket

from jackfield.sandbox.kernel import call

from tests.scenarios.attacks.catalogue import attack
from tests.scenarios.attacks.scene import Scene

MEBIBYTE = 1024 * 1024
IPC_PRIVATE = 0
IPC_RMID = 0
SHM_RMID = 0


@attack("resources")
def heap(scene: Scene) -> None:
    """Mapped and not touched: that is what the limit counts."""
    assert len(bytearray(2048 * MEBIBYTE))


@attack("resources")
def memory_by_memfd(scene: Scene) -> None:
    """Pages of files without a name, which the limit on address space does not count, each below that on one file."""
    for _ in range(8):
        os.ftruncate(os.memfd_create("attack"), 8 * MEBIBYTE)


@attack("resources")
def memory_in_pipes(scene: Scene) -> None:
    held = 0
    while held < 32 * MEBIBYTE:
        reading, writing = os.pipe()
        os.close(reading)
        held += fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, MEBIBYTE)


@attack("resources")
def memory_in_socket_buffers(scene: Scene) -> None:
    """What a process' memory is measured by sees none of it; a socket can ask for more of it."""
    held = 0
    pairs = []
    while held < 24 * MEBIBYTE:
        pairs.append(socket.socketpair())
        ours = pairs[-1][0]
        with contextlib.suppress(PermissionError):
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MEBIBYTE)
        ours.setblocking(False)
        try:
            while True:
                held += ours.send(bytes(65536))
        except BlockingIOError:
            continue


@attack("resources")
def descriptors(scene: Scene) -> None:
    for _ in range(500):
        os.dup(0)


@attack("resources")
def lock_memory(scene: Scene) -> None:
    """Pages that are never swapped out."""
    page = ctypes.create_string_buffer(8192)
    call("mlock", ctypes.addressof(page), 4096)


@attack("resources")
def signals_that_wait(scene: Scene) -> None:
    """As many as a user's processes may have waiting; then none of those has a timer or a real-time signal any more."""
    waiting = {signal.SIGRTMIN}
    signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    for _ in range(1000):
        os.kill(os.getpid(), signal.SIGRTMIN)
    count = 0
    while signal.sigtimedwait(waiting, 0) is not None:
        count += 1
    if count < 1000:
        raise BlockingIOError(errno.EAGAIN, f"{count} of them were kept")


@attack("resources")
def sysv_shared_memory(scene: Scene) -> None:
    segment = call("shmget", IPC_PRIVATE, MEBIBYTE, 0o600)
    call("shmctl", segment, IPC_RMID, None)


@attack("resources")
def sysv_semaphores(scene: Scene) -> None:
    call("semctl", call("semget", IPC_PRIVATE, 1, 0o600), 0, IPC_RMID, 0)


@attack("resources")
def sysv_messages(scene: Scene) -> None:
    call("msgctl", call("msgget", IPC_PRIVATE, 0o600), IPC_RMID, None)


@attack("resources")
def posix_message_queue(scene: Scene) -> None:
    name = b"attack-%d\0" % os.getpid()
    call("mq_open", name, os.O_CREAT | os.O_RDWR, 0o600, None)
    call("mq_unlink", name)
