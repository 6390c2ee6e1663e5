"""TLS for plugins of other machines, spoken by a thread of its own: links live on plain sockets.

A link is driven by an event loop or by a thread that waits, in turns, and both read its socket themselves. So TLS ends
here, and the link gets one end of a socket pair.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections import deque

HANDSHAKE_SECONDS = 5.0
GOODBYE_SECONDS = 1.0
#: Of what could not be agreed on, so many lines a minute: strangers must not fill the log.
MOST_LINES = 20
LINES_SECONDS = 60.0
#: What is read at once, and what may wait on either side.
PORTION_BYTES = 1 << 16

_log = logging.getLogger("jackfield.isolation")


class Terminator:
    """Speaks TLS for any number of connections.

    Args:
        context: the certificate and its key; at the side that connects, whom it trusts.
        name: at the side that connects, the name or address that the other side's certificate has to be for.

    Attributes:
        problem: why TLS could not be agreed on the last time it could not; empty before.
    """

    def __init__(self, context: ssl.SSLContext, name: str | None = None) -> None:
        self._context = context
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: deque[float] = deque(maxlen=MOST_LINES)
        self.problem = ""
        self._thread = threading.Thread(target=self._run, name="jackfield: TLS", daemon=True)
        self._thread.start()

    def connect(self, connection: socket.socket) -> socket.socket:
        """Speak TLS over a connection from now on.

        Returns:
            The socket over which its plain bytes go; it ends when the connection does, or is no TLS. Who closes it
            before TLS was agreed on ends the connection.
        """
        ours, inner = socket.socketpair()
        self._loop.call_soon_threadsafe(self._begin, connection, inner)
        return ours

    def close(self) -> None:
        """End every connection and the thread; another time does nothing."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(2.0)

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(2):  # a transport that was closed lets its socket go in a later turn of the loop
            await asyncio.sleep(0)

    def _begin(self, connection: socket.socket, inner: socket.socket) -> None:
        task = self._loop.create_task(self._carry(connection, inner))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, connection: socket.socket, inner: socket.socket) -> None:
        """Carry bytes both ways until one side ends."""
        connection.setblocking(False)
        inner.setblocking(False)
        reader = asyncio.StreamReader(limit=PORTION_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport = await self._agreed(connection, protocol, inner)
        except BaseException as error:
            failed = isinstance(error, (OSError, ssl.SSLError))
            if failed:
                self._tell(error)  # before anybody finds that it has ended
            connection.close()
            inner.close()
            if not failed:
                raise  # it is stopped meanwhile
            return
        await self._between(reader, asyncio.StreamWriter(transport, protocol, reader, self._loop), inner)

    async def _agreed(
        self, connection: socket.socket, protocol: asyncio.BaseProtocol, inner: socket.socket
    ) -> asyncio.Transport:
        """Agree on TLS, as long as somebody waits for it: who is let go at the other end must not stay at this one.

        Raises:
            OSError: the connection is no TLS, or nobody waits for it any more.
        """
        agreeing = self._loop.create_task(self._handshake(connection, protocol))
        left = self._loop.create_future()
        self._loop.add_reader(inner, self._look, inner, left)
        try:
            await asyncio.wait({agreeing, left}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._loop.remove_reader(inner)
            if is_over := not agreeing.done():
                # Its connection is ended, and not the task: asyncio leaves one open that is cancelled before it begins.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                await asyncio.wait({agreeing})
                if agreeing.exception() is None:
                    agreeing.result().abort()
        if is_over:
            raise ConnectionAbortedError("nobody waited for it any more")
        return agreeing.result()

    def _look(self, inner: socket.socket, left: asyncio.Future[None]) -> None:
        """Tell when nobody waits any more; what is said already waits until it can be carried."""
        try:
            is_over = not inner.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            is_over = True
        if is_over and not left.done():
            left.set_result(None)
        self._loop.remove_reader(inner)

    def _tell(self, error: BaseException) -> None:
        """Log why TLS could not be agreed on, so many times a minute."""
        if isinstance(error, ConnectionAbortedError):
            return
        self.problem = str(error) or type(error).__name__
        now = self._loop.time()
        if len(self._told) == MOST_LINES and now - self._told[0] < LINES_SECONDS:
            return
        self._told.append(now)
        _log.warning("TLS could not be agreed on: %s", self.problem)

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inner: socket.socket) -> None:
        """Carry between the two streams; both are closed at the end, come what may."""
        ways: list[asyncio.Task[None]] = []
        ends = [writer]
        try:
            inner_reader, inner_writer = await asyncio.open_connection(sock=inner, limit=PORTION_BYTES)
            ends.append(inner_writer)
            ways += [
                self._loop.create_task(_pump(reader, inner_writer)),
                self._loop.create_task(_pump(inner_reader, writer)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            if len(ends) == 1:
                inner.close()
            for end in ends:
                end.close()
            try:
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await asyncio.gather(*ways, *(end.wait_closed() for end in ends), return_exceptions=True)
            except TimeoutError:
                pass
            finally:
                for end in ends:
                    end.transport.abort()  # the other side does not say goodbye, or nobody waits for it any more

    async def _handshake(self, connection: socket.socket, protocol: asyncio.BaseProtocol) -> asyncio.Transport:
        if self._name is None:
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )
        else:
            transport, _ = await self._loop.create_connection(
                lambda: protocol,
                sock=connection,
                ssl=self._context,
                server_hostname=self._name,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        return transport


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while portion := await reader.read(PORTION_BYTES):
            writer.write(portion)
            await writer.drain()
