"""Runs the application with uvicorn, on a socket that is bound before anything else is tried."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn
from jackfield.errors import UsageError

from jackfield_marketplace.app.application import create_app
from jackfield_marketplace.app.database import open_database
from jackfield_marketplace.app.first_keys import make_keys
from jackfield_marketplace.app.folder import sole_use
from jackfield_marketplace.app.protocol import IndexProtocol
from jackfield_marketplace.app.seed import seed
from jackfield_marketplace.settings import Settings

_GRACE_SECONDS = 5
_GARBAGE = 20_000, 10, 10
"""After how many objects, and how often, cycles are looked for: an answer makes hundreds, and hardly a cycle."""


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    say: Callable[[str], None],
    warn: Callable[[str], None],
    seed_folder: Path | None = None,
    hostfiles: tuple[Path, ...] = (),
    offline_keys: Path | None = None,
    proxy: str | None = None,
) -> None:
    """Serve until a signal ends it. Makes what is missing of the data folder.

    Args:
        settings: folders and bounds.
        host: the address to listen on.
        port: the port; 0 picks a free one.
        say: is given the one line that says that the server answers and, with a seed, that the seed is published.
        warn: is given a line for each host file that cannot be read and each wheel of the seed that was not taken.
        seed_folder: holds wheels to publish after the start.
        hostfiles: host files to hold besides those in the data folder.
        offline_keys: where the keys of root and targets are made if there are none yet; beside the data folder if None.
        proxy: address of a proxy whose `X-Forwarded-For` is believed; None for no one's.

    Raises:
        UsageError: the address cannot be listened on.
        JackfieldError: the data folder cannot be used, or another server has it.
    """
    with sole_use(settings), _listen(host, port) as listener:
        database = open_database(settings)
        for line in make_keys(settings, database, offline_keys):
            warn(line)
        app = create_app(settings, database, hostfiles)
        for problem in app.problems:
            warn(problem)
        port = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(
            app,
            http=IndexProtocol,
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=proxy is not None,
            forwarded_allow_ips=proxy,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )

        def fill() -> None:
            if seed_folder is not None:
                for line in seed(database, seed_folder, port):
                    warn(line)

        async def run() -> None:
            server = _Server(config)
            running = asyncio.create_task(server.serve(sockets=[listener]))
            started = asyncio.create_task(server.answering.wait())
            await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
            if server.answering.is_set():
                gc.collect()
                gc.freeze()  # what a server is made of stays: no need to look through it for garbage again
                gc.set_threshold(*_GARBAGE)
                await asyncio.to_thread(fill)
                say(f"jackfield-marketplace: ready on http://{shown}:{port}")
            started.cancel()
            await running

        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run())


class _Server(uvicorn.Server):
    """uvicorn, with an event for the moment from which requests are answered."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self.answering.set()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop, where it exists: an answer costs half as much."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off: a head and a body would else wait 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as exc:
        listener.close()
        raise UsageError(f"{host}:{port} cannot be listened on: {exc}", hint="choose another with --port") from exc
    listener.set_inheritable(False)
    return listener
