"""Serving the chat: the port, the marketplace beside it, the lines that are printed, and the end."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from jackfield.errors import JackfieldError

from jackfield_chat.app.application import create_app
from jackfield_chat.app.folder import sole_use
from jackfield_chat.app.lifetime import ChatServer
from jackfield_chat.app.marketplace import Marketplace
from jackfield_chat.plugins import Bridge
from jackfield_chat.settings import Notice, Settings

logger = logging.getLogger("jackfield_chat")
LONGEST_HINT = 100  # characters
_OWNER = 'jackfield-chat: sign in as "owner" with the password {password} (it is shown this once)'


class ServeError(JackfieldError):
    """The chat cannot be served as it was asked to."""


def serve(settings: Settings, *, say: Callable[[str], None]) -> None:
    """Serve the chat until it is interrupted or terminated.

    Args:
        settings: what the command line asked for.
        say: prints a line for whoever started the server.

    Raises:
        ServeError: a port is in use.
        FolderError: another chat serves the data folder, or it cannot be written.
        JackfieldError: the database or the marketplace cannot be started.
    """
    with sole_use(settings.data):
        listener = listen(settings.host, settings.port, option="--port")
        if settings.with_marketplace and settings.market_port:
            listen(settings.host, settings.market_port, option="--market-port").close()
        asyncio.run(_serve(settings, listener, say))


def listen(host: str, port: int, *, option: str) -> socket.socket:
    """Return a socket that listens there.

    Raises:
        ServeError: the port is in use or not allowed, or the host is no address of this machine; names the option.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # With the protocol named, the loop turns Nagle off: a body would else wait 40 ms for the ACK of its head.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as exc:
        raise ServeError(f"{host} is no address to listen on", hint="choose one with --host") from exc
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(128)
    except OSError as exc:
        listener.close()
        if exc.errno == errno.EADDRINUSE:
            raise ServeError(f"port {port} is in use", hint=f"choose another with {option}") from exc
        raise ServeError(f"cannot listen on {host} port {port}: {exc.strerror}", hint=f"--host or {option}") from exc
    listener.setblocking(False)
    return listener


async def _serve(settings: Settings, listener: socket.socket, say: Callable[[str], None]) -> None:
    marketplace: Marketplace | None = None
    if settings.with_marketplace:
        if settings.market_port == 0:
            settings = replace(settings, market_port=_free_port(settings.host))
        own = _address(settings.host, settings.market_port)
        settings = replace(settings, marketplaces=(own, *settings.marketplaces))
        marketplace = Marketplace(settings, log=logger.info)
    app = create_app(settings, on_owner=lambda password: say(_OWNER.format(password=password)))
    server = ChatServer(app, say)
    bridge: Bridge = app.state.chat.bridge
    # Written before the page answers: whoever sees the page may use the command line at once.
    Notice(settings.data).write(settings.marketplaces)
    # The page answers at once; the line that says so comes when the marketplace and the plugins are there too.
    announcing = asyncio.create_task(_announce(settings, server, bridge, marketplace, listener, say))
    try:
        await server.serve(sockets=[listener])
    finally:
        announcing.cancel()
        (outcome,) = await asyncio.gather(announcing, return_exceptions=True)
        if marketplace is not None:
            await marketplace.stop()
        Notice(settings.data).remove()
    if isinstance(outcome, JackfieldError):
        raise outcome
    if not server.started:
        raise ServeError("the chat could not start", hint="its log above says why")


async def _announce(
    settings: Settings,
    server: ChatServer,
    bridge: Bridge,
    marketplace: Marketplace | None,
    listener: socket.socket,
    say: Callable[[str], None],
) -> None:
    host, port = listener.getsockname()[:2]
    try:
        if marketplace is not None:
            say(f"jackfield-chat: its marketplace is on {await marketplace.start()}")
        await server.listening.wait()
        await bridge.ready()
    except JackfieldError:
        server.should_exit = True
        raise
    # Where it fits on one line: a long path is one that a program chose, and nobody copies it.
    if len(hint := f"jackfield-chat: from a shell: jackfield-chat plugins --data {settings.data} list") <= LONGEST_HINT:
        say(hint)
    say(f"jackfield-chat: ready on {_address(host, port)}")


def _address(host: str, port: int) -> str:
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 (compared, not bound to)
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _free_port(host: str) -> int:
    with closing(listen(host, 0, option="--market-port")) as listener:
        port: int = listener.getsockname()[1]
        return port
