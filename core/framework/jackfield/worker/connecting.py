"""Being an external plugin: connect to a host, show the key, serve until the host goes, and come back when it does.

Any Python process can do so; the host knows the plugin by its key and gives it what its user granted.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from jackfield.errors import CannotCross, LinkClosed, LinkError, PermissionDenied, UsageError
from jackfield.isolation import Terminator, WorkerSpec, reachable, watch_silence
from jackfield.manifest import canonical_id
from jackfield.rpc import BlockingConnection, Link
from jackfield.worker.calls import FROM_HOST
from jackfield.worker.serving import live
from jackfield.worker.small_files import small_text

#: Between two attempts to connect: doubled each time, from the first to the second number of seconds.
LEAST_WAIT_SECONDS, MOST_WAIT_SECONDS = 0.5, 30.0
CONNECT_SECONDS = 10.0
#: A key has 57 characters, a port five; whatever is longer is another file.
MOST_KEY_CHARACTERS, MOST_PORT_BYTES = 200, 100

_log = logging.getLogger("jackfield.worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAddress:
    """Where a host lets external plugins in; one of `port`, `port_file` and `unix_socket` is needed.

    Args:
        host: the name or IP address of its machine.
        port: its TCP port.
        port_file: the file into which it writes its port, `storage/plugin-port` in its profile's folder.
        unix_socket: its unix socket, `run/plugins.sock` in its profile's folder.
        tls: whether TLS is spoken, as it has to be with every machine but this one.
        authority: a PEM file with the certificates that are trusted; None: those of the system.

    Raises:
        UsageError: none or several of them are given.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    port_file: Path | None = None
    unix_socket: Path | None = None
    tls: bool = False
    authority: Path | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.port, self.port_file, self.unix_socket)) != 1:
            raise UsageError("say where the host is: a port, a file with the port, or a socket")

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """Connect for as long as the `with` lasts; with TLS, the socket is that of its plain bytes.

        Raises:
            OSError: nobody listens there.
            UsageError: the file holds no port, or no certificates; or it is another machine, and there is no TLS.
            LinkClosed: TLS could not be agreed on; the certificate is for another name, say.
        """
        with self._connection() as connection:
            if not self.tls or self.unix_socket is not None:
                yield connection
                return
            terminator = Terminator(self._context(), self.host)
            try:
                with terminator.connect(connection) as plain:
                    yield plain
            except LinkClosed as error:
                if terminator.problem:
                    raise LinkClosed(f"TLS could not be agreed on: {terminator.problem}") from error
                raise
            finally:
                terminator.close()

    def _connection(self) -> socket.socket:
        if self.unix_socket is not None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                with reachable(self.unix_socket) as address:
                    connection.connect(address)
            except OSError:
                connection.close()
                raise
            return connection
        connection = self._connected_by_tcp(self._port())
        watch_silence(connection)
        return connection

    def _connected_by_tcp(self, port: int) -> socket.socket:
        """Connect to the first address of the host that answers, to none but this machine's without TLS.

        Names are looked up once: they could mean this machine when it is asked, and another one a moment later.
        """
        found = socket.getaddrinfo(self.host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        if not self.tls and not all(map(_is_loopback, addresses)):
            raise UsageError(
                f"the key would go to {self.host} in the clear, where others can read it",
                hint="--tls, or --authority FILE: tls=True, authority=FILE",
            )
        for address in addresses[:-1]:
            with suppress(OSError):
                return socket.create_connection((address, port), timeout=CONNECT_SECONDS)
        return socket.create_connection((addresses[-1], port), timeout=CONNECT_SECONDS)

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.authority)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"{self.authority} holds no certificates that could be trusted: {error}") from error

    def _port(self) -> int:
        if self.port is not None:
            return self.port
        assert self.port_file is not None  # noqa: S101 (one of the three is there)
        text = small_text(self.port_file, "a file with a port", MOST_PORT_BYTES).strip()
        if not text.isdecimal():
            raise UsageError(f"{self.port_file} holds no port: {text[:100]!r}")
        return int(text)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def connect(
    entry_point: str,
    *,
    key: str,
    address: HostAddress,
    manifest: str | None = None,
    data: Path | None = None,
    again: bool = True,
) -> None:
    """Be an external plugin until the host sends it away for good; the calling thread serves.

    The code is that of any plugin: a class, a module or an object. It is made anew for each connection.

    Args:
        entry_point: what is the plugin, `module:object` or `module`; imported when the host lets it in.
        key: as `jackfield keys new` shows it.
        address: where the host is.
        manifest: the text of its plugin.toml, told to the host with the key. What it asks for beyond what was granted
            has to be agreed to by the host's user first.
        data: the folder of its own files, `context.data_dir` and `context.config_dir`; None: `<id>-data` in the folder
            where it runs.
        again: whether to connect again when the connection is lost, or was not to be had.

    Raises:
        PermissionDenied: the host does not know the key.
        LinkError: the connection was lost, or refused with a reason; only where `again` is False.
        OSError: nobody listens there; only where `again` is False.
        UsageError: the key is none, the manifest is too long to be told, or the module holds nothing of the name.
    """
    if not is_short(key):
        raise UsageError("that is no key", hint="as jackfield keys new shows it: jfk_…")
    wait = LEAST_WAIT_SECONDS
    while True:
        began = time.monotonic()
        try:
            with address.connected() as connection:
                _serve(connection, address, entry_point, key, manifest, data)
            reason = "the host went away"
        except (OSError, LinkError) as error:
            if not again:
                raise
            reason = str(error)
        if not again:
            return
        _require_named(entry_point)
        if time.monotonic() - began > MOST_WAIT_SECONDS:
            wait = LEAST_WAIT_SECONDS
        _log.warning("not connected: %s; again in %g s", reason, wait)
        time.sleep(wait)
        wait = min(wait * 2, MOST_WAIT_SECONDS)


def _require_named(entry_point: str) -> None:
    """Refuse to come again for what a module that was imported does not hold: it is not read a second time.

    Raises:
        UsageError: there is nothing of that name in it.
    """
    module_name, _, attributes = entry_point.partition(":")
    target = sys.modules.get(module_name.strip())
    if target is None:  # not let in yet, or not to be imported, which may be another time
        return
    for attribute in filter(None, attributes.strip().split(".")):
        target = getattr(target, attribute, None)
        if target is None:
            raise UsageError(
                f"{entry_point} names nothing: {module_name.strip()} has no {attributes.strip()}",
                hint="name the plugin's class as module:Class, and start it again",
            )


def is_short(key: str) -> bool:
    """Say whether a text is short and plain enough to be a key; the host alone knows whether it is one."""
    return len(key) <= MOST_KEY_CHARACTERS and key.isascii()


def _serve(
    connection: socket.socket,
    address: HostAddress,
    entry_point: str,
    key: str,
    manifest: str | None,
    data: Path | None,
) -> None:
    """Show the key and serve over one connection until the host goes away.

    Raises:
        PermissionDenied: the host does not know the key.
        LinkError: the connection was refused or lost, with the reason.
    """
    link = Link(connection, lambda _: None, peer="the host", limits=FROM_HOST, tell_tracebacks=True)
    blocking = BlockingConnection(link)
    told = {"key": key} if manifest is None else {"key": key, "manifest": manifest}
    try:
        greeting = blocking.greet(told, timeout_seconds=CONNECT_SECONDS).details
    except CannotCross as error:
        raise UsageError(
            "the manifest is too long to be told to the host",
            hint="give it when the key is made: jackfield keys new --manifest",
        ) from error
    except LinkClosed as error:
        if address.tls or address.unix_socket is not None:
            raise
        raise LinkClosed(error.message, hint="where TLS is spoken: --tls, or --authority FILE") from error
    plugin = greeting.get("plugin")
    if plugin is None:  # no welcome: what comes next is the reason
        blocking.serve()
        reason = link.ended.message if link.ended is not None else "the host went away"
        if "invalid key" in reason:
            raise PermissionDenied("the host does not know the key", hint="make a new one: jackfield keys new")
        raise LinkClosed(reason)
    _log.info("connected to %s as %s", greeting.get("app", "the host"), plugin)
    cid = canonical_id(plugin)
    own = (data or Path(f"{cid}-data")).absolute()
    for folder in (own / "files", own / "config"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{cid}-") as temporary:
        spec = WorkerSpec(
            plugin=cid,
            project=greeting.get("app", ""),
            entry_point=entry_point,
            paths=(),
            manifest=manifest if manifest is not None else f'schema = 1\nid = "{plugin}"\n',
            data_dir=str(own / "files"),
            config_dir=str(own / "config"),
            temporary=temporary,
            api_type=greeting.get("api", ""),
        )
        live(spec, link, blocking)
        if link.ended is not None:
            raise LinkClosed(link.ended.message)
