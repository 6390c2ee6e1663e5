"""Processes that nothing confines, one started for each plugin, on any system: by the user's choice alone.

Linux forks workers from a zygote, and holds them by descriptors that other systems do not have. Here a process is a
fresh Python, its link a socket that it inherits, or where none can be inherited a connection on this machine for which
it shows a key that was made for this one start. Its host holds its stdin, which is closed at the host's end.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
import socket
import subprocess
import sys
from base64 import b64encode
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from jackfield.errors import SandboxError
from jackfield.isolation.packages import Packages, packages_of
from jackfield.isolation.plain_child import PlainChild
from jackfield.isolation.spec import WorkerSpec
from jackfield.sandbox import Grade

START_SECONDS: Final = 30.0
"""For a process to be there and connected, on a machine that is busy."""

KEY_SECONDS: Final = 5.0
"""For whoever connects to show the key."""

MOST_KNOCKING: Final = 32
"""Of those that have connected and not shown it; who comes beyond that takes the place of the first of them."""

KEPT_VARIABLES: Final = ("SYSTEMROOT", "LANG", "LC_ALL")
"""Of the host's environment: without the first nothing runs on Windows. Its secrets stay with it."""

_FILE: Final = Path(__file__).parents[1] / "worker" / "plain_start.py"


class PlainProcesses:
    """Starts a process for each plugin; stands where a `Zygote` stands on Linux.

    Args:
        published: what of the host's every worker can import; None: jackfield, pluggy and msgspec.
        loopback: whether the link is a connection on this machine; by default where no socket can be inherited.
        executable: the Python to run; None is the one that runs now.

    Attributes:
        pid: None: nothing is forked from anything.
    """

    def __init__(
        self,
        published: Packages | None = None,
        *,
        loopback: bool = os.name == "nt",
        executable: str | None = None,
    ) -> None:
        self.pid: int | None = None
        self._published = published or packages_of()
        self._loopback = loopback
        self._executable = executable or sys.executable
        self._children: set[PlainChild] = set()

    async def fork(self, spec: WorkerSpec, *, name: str = "") -> PlainChild:
        """Start a process, and return when it is connected.

        Args:
            spec: of the worker; its grade must be the one that confines nothing.
            name: the plugin's id as its author writes it, under which its log stands.

        Raises:
            SandboxError: it should be confined, or did not come up.
        """
        if spec.grade is not Grade.PROCESS:
            raise SandboxError(
                f"{spec.plugin} cannot be confined: that needs Linux, and this is {sys.platform}",
                plugin=spec.plugin,
                hint=f"jackfield isolation {spec.plugin} process runs it in a process of its own that is not confined",
            )
        try:
            async with asyncio.timeout(START_SECONDS):
                child = await (self._by_loopback if self._loopback else self._by_socket)(spec, name)
        except (OSError, TimeoutError) as error:
            why = str(error) or f"it did not connect within {START_SECONDS:g} s"
            raise SandboxError(f"{spec.plugin} has no process: {why}", plugin=spec.plugin) from error
        self._children = {one for one in self._children if one.ended is None} | {child}
        return child

    async def close(self) -> None:
        """End every process that is left."""
        children, self._children = self._children, set()
        for child in children:
            child.close()
        await asyncio.gather(*(child.wait() for child in children))

    async def _by_socket(self, spec: WorkerSpec, name: str) -> PlainChild:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                descriptor = theirs.fileno()
                process = self._start(spec, descriptor)
        except BaseException:
            ours.close()
            raise
        child = PlainChild(spec, ours, process, name=name)
        try:
            await self._tell(process, spec, descriptor=descriptor)
        except BaseException:
            child.close()
            raise
        return child

    async def _by_loopback(self, spec: WorkerSpec, name: str) -> PlainChild:
        """Let it connect; who shows no key, or another one, is nobody, and keeps nobody out."""
        key = secrets.token_hex(32)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            process = self._start(spec)
            try:
                await self._tell(process, spec, port=listener.getsockname()[1], key=key)
                connection = await _whoever_shows(key.encode("ascii"), listener)
            except BaseException:
                PlainChild(spec, None, process, name=name).close()
                raise
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return PlainChild(spec, connection, process, name=name)

    def _start(self, spec: WorkerSpec, descriptor: int | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._executable, "-I", "-S", "-X", "utf8", str(_FILE)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
            cwd=spec.data_dir, env={name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
            start_new_session=True, pass_fds=() if descriptor is None else (descriptor,),
        )  # fmt: skip

    async def _tell(
        self,
        process: subprocess.Popen[bytes],
        spec: WorkerSpec,
        *,
        descriptor: int | None = None,
        port: int | None = None,
        key: str = "",
    ) -> None:
        """Write to a process what it is to be: in a thread, for a pipe takes 64 KiB before somebody reads them."""
        told: dict[str, Any] = {
            "named": dict(self._published.named),
            "metadata": self._published.metadata,
            "spec": b64encode(msgspec.msgpack.encode(asdict(spec))).decode("ascii"),
            "descriptor": descriptor,
            "port": port,
            "key": key,
        }
        assert process.stdin is not None  # noqa: S101 (a pipe was asked for)
        await asyncio.to_thread(_write, process.stdin, json.dumps(told).encode() + b"\n")


def _write(pipe: IO[bytes], data: bytes) -> None:
    """Write all of it, unless who reads has ended, which its wait tells; the pipe may be closed then."""
    rest = memoryview(data)
    with suppress(BrokenPipeError, ValueError):
        while rest:
            rest = rest[pipe.write(rest) :]


async def _whoever_shows(key: bytes, listener: socket.socket) -> socket.socket:
    """Return the connection over which the key came."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[socket.socket] = loop.create_future()
    knocking: dict[asyncio.Task[None], socket.socket] = {}  # in the order in which they came

    async def look(connection: socket.socket) -> None:
        shown = b""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(KEY_SECONDS):
                while len(shown) < len(key) and (more := await loop.sock_recv(connection, len(key) - len(shown))):
                    shown += more
        if hmac.compare_digest(shown, key) and not found.done():
            found.set_result(connection)

    def looked(task: asyncio.Task[None]) -> None:
        """Close it unless it is the one; here, for a task that is cancelled early never runs."""
        connection = knocking.pop(task)
        if not found.done() or found.cancelled() or found.result() is not connection:
            connection.close()

    async def accept() -> None:
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setblocking(False)
            if sum(not task.cancelling() for task in knocking) >= MOST_KNOCKING:
                next(task for task in knocking if not task.cancelling()).cancel()
            task = loop.create_task(look(connection))
            knocking[task] = connection
            task.add_done_callback(looked)

    accepting = loop.create_task(accept())
    try:
        return await found
    finally:
        accepting.cancel()
        left = [accepting, *knocking]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
