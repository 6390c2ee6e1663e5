"""What an attack finds: folders of others, a host process, servers, descriptors that were left open."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jackfield.sandbox.kernel import PR_SET_PDEATHSIG, control

from tests.support.confined import become, fork

SECRET = b"the host's secret"
HELD_IN_MEMORY = ctypes.create_string_buffer(SECRET, 64)
"""In the host and in the attacker at one address: both are forked from this process."""

_PR_SET_PTRACER = 0x59616D61
_ANYBODY = -1


@dataclass(frozen=True)
class Scene:
    """Where an attack takes place.

    Args:
        home: a person's folder, with `secret.txt`.
        other: another plugin's data, with `secret.txt`.
        outside: a folder that the user can write and the sandbox was not given; holds `file.txt`.
        code: the plugin's own code, readable: `plugin.py`.
        packaged: a module among the packages of the host's Python, which lie below its standard library, readable.
        data: the plugin's own data, writable; holds a library, `native.so`.
        inherited: a descriptor of the home's secret that was left open.
        host: the process to protect, of the same user.
        tcp, udp: ports of servers on loopback.
        brokered: a connection to `tcp` that the host made and kept open for the plugin.
        granted: a descriptor of a file of the user's that the host opened for the plugin to read.
        sockets: a folder with `stream.sock` and `datagram.sock`.
        abstract: the name of an abstract socket, without its leading zero.
    """

    home: Path
    other: Path
    outside: Path
    code: Path
    packaged: Path
    data: Path
    inherited: int
    host: int
    tcp: int
    udp: int
    brokered: int
    granted: int
    sockets: Path
    abstract: str


@contextlib.contextmanager
def staged(uid: int | None) -> Iterator[Scene]:
    """Set everything up for one attack, owned by the user who attacks, and take it away again."""
    with tempfile.TemporaryDirectory(prefix="attack-") as name, contextlib.ExitStack() as stack:
        top = Path(name)
        folders = {part: top / part for part in ("home", "other", "outside", "code", "data", "sockets")}
        for folder in folders.values():
            folder.mkdir()
        for owner in ("home", "other"):
            (folders[owner] / "secret.txt").write_bytes(SECRET)
        (folders["outside"] / "file.txt").write_text("untouched")
        (folders["code"] / "plugin.py").write_text("VERSION = 1\n")
        packaged = top / "library" / "site-packages" / "hosts_tool.py"
        packaged.parent.mkdir(parents=True)
        packaged.write_text("SECRET = 1\n")
        shutil.copy(_a_library(), folders["data"] / "native.so")
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        datagrams = _bound(stack, socket.SOCK_DGRAM, ("127.0.0.1", 0), socket.AF_INET)
        _bound(stack, socket.SOCK_STREAM, str(folders["sockets"] / "stream.sock")).listen()
        _bound(stack, socket.SOCK_DGRAM, str(folders["sockets"] / "datagram.sock"))
        abstract = f"attack-{os.getpid()}-{top.name}"
        _bound(stack, socket.SOCK_STREAM, f"\0{abstract}").listen()
        brokered = stack.enter_context(socket.create_connection(listener.getsockname()))
        inherited = stack.enter_context((folders["home"] / "secret.txt").open("rb"))
        granted = stack.enter_context((folders["outside"] / "file.txt").open("rb"))
        for path in (top, *top.rglob("*")):
            if uid is not None:
                os.chown(path, uid, uid)
            path.chmod(0o755 if path.is_dir() else 0o700 if path.suffix == ".sock" else 0o644)
        host = stack.enter_context(_host(uid))
        yield Scene(
            **folders,
            packaged=packaged,
            inherited=inherited.fileno(),
            host=host,
            tcp=listener.getsockname()[1],
            udp=datagrams.getsockname()[1],
            brokered=brokered.fileno(),
            granted=granted.fileno(),
            abstract=abstract,
        )


def _bound(stack: contextlib.ExitStack, kind: int, address: object, family: int = socket.AF_UNIX) -> socket.socket:
    one = stack.enter_context(socket.socket(family, kind))
    one.bind(address)  # type: ignore[arg-type]  # a path or a pair, as the family has it
    return one


def _a_library() -> str:
    """A shared library that this process has mapped: one that is there on every system."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return next(path for line in lines if (path := line.split()[-1]).startswith("/") and "libm." in path)


@contextlib.contextmanager
def _host(uid: int | None) -> Iterator[int]:
    """A process of the same user that waits, open to whom its user is."""
    parent = os.getpid()
    child = fork()
    if child == 0:
        try:
            if uid:
                become(uid)
            control(PR_SET_PDEATHSIG, signal.SIGKILL)
            with contextlib.suppress(OSError):  # kernels without Yama do not know it
                control(_PR_SET_PTRACER, _ANYBODY)
            while os.getppid() == parent:
                signal.pause()
        finally:
            os._exit(0)
    _wait_until_it_is(child, uid)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _wait_until_it_is(child: int, uid: int | None) -> None:
    """The host is ready once it waits, as its user."""
    wanted = str(os.getuid() if uid is None else uid)
    while True:
        status = Path(f"/proc/{child}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        if fields["Uid"].split()[0] == wanted and fields["State"].startswith("S"):
            return
