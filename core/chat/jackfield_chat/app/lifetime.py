"""uvicorn, started and ended as the chat wants it."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

LARGEST_FRAME = 64 * 1024  # bytes of one WebSocket message
GRACE_SECONDS = 3  # for open requests when the server ends


class ChatServer(uvicorn.Server):
    """A uvicorn server that tells when it listens, and ends without ending the whole process.

    uvicorn raises the signal anew after it has stopped, which would end the process before the marketplace beside the
    chat was stopped; here the signal only asks the server to stop.

    Args:
        app: what it serves.
        say: prints a line for whoever started the server.
    """

    def __init__(self, app: ASGIApp, say: Callable[[str], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                lifespan="on",
                ws="websockets-sansio",
                ws_max_size=LARGEST_FRAME,
                timeout_graceful_shutdown=GRACE_SECONDS,
                server_header=False,
            )
        )
        self.listening = asyncio.Event()
        self._say = say

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let an interrupt or a termination end the server, once: `timeout`, make and a terminal may each forward one.

        A second one hurries nothing: open requests have three seconds and plugins ten, and a server that left its
        lifespan behind would end in tracebacks, with the plugins' data as it happened to be.
        """
        loop = asyncio.get_running_loop()

        def end() -> None:
            first, self.should_exit = not self.should_exit, True
            if first:
                with suppress(OSError):  # whoever read what is printed may be gone
                    self._say("jackfield-chat: stopping")

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
