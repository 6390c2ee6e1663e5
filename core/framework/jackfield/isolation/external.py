"""Where external plugins connect: a TCP port and a unix socket, opened while the host runs (J3 to J5).

The TCP port is one of this machine alone unless somebody names another address, and then it speaks TLS and nothing
else: a key that travels in the clear is everybody's.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import socket
import ssl
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jackfield.errors import UsageError
from jackfield.isolation.keepalive import watch_silence
from jackfield.isolation.key_uses import write_whole
from jackfield.isolation.user_sockets import listen_for_user

#: Connections that the system may hold before they are taken.
BACKLOG = 64
#: What is read of a file with a certificate and its chain, or a key.
MOST_PEM_BYTES = 1 << 20
PAUSE_SECONDS = 0.2
"""How long nobody is received after the system refused to give a connection."""

_log = logging.getLogger("jackfield.isolation")

#: Takes a connection that was accepted, and the words for where it comes from.
Received = Callable[[socket.socket, str], None]


@dataclass(frozen=True, slots=True)
class External:
    """Where external plugins may connect.

    Args:
        address: the IP address at which TCP is spoken; the loopback address by default.
        port: the TCP port; None: the one in `storage/requested-plugin-port`, else any that is free (J3).
        certificate: a PEM file with the certificate chain; with it TCP is TLS, and it has to be for every address but
            loopback ones.
        private_key: the PEM file with its key; None: it is in the same file.

    Raises:
        UsageError: the address is none, or one that others reach and there is no certificate for it.
    """

    address: str = "127.0.0.1"
    port: int | None = None
    certificate: Path | None = None
    private_key: Path | None = None

    def __post_init__(self) -> None:
        try:
            loopback = ipaddress.ip_address(self.address).is_loopback
        except ValueError as error:
            raise UsageError(
                f"{self.address!r} is no IP address at which plugins could connect", hint="127.0.0.1, ::1, 0.0.0.0 …"
            ) from error
        if not loopback and self.certificate is None:
            raise UsageError(
                f"plugins cannot connect at {self.address} without TLS: others could read their keys",
                hint="give a certificate and its private key, or leave it at 127.0.0.1",
            )
        if self.private_key is not None and self.certificate is None:
            raise UsageError("there is a private key and no certificate", hint="give both files")

    def tls(self) -> ssl.SSLContext | None:
        """What TLS needs; None where plugins connect without.

        Raises:
            UsageError: the files are no certificate and key, or do not belong together.
        """
        if self.certificate is None:
            return None
        key = self.private_key or self.certificate
        _require_pem(self.certificate, "certificate", b"CERTIFICATE-----")
        _require_pem(key, "private key", b"PRIVATE KEY-----")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION  # who has shown no key could have that worked out again and again
        try:
            context.load_cert_chain(self.certificate, self.private_key, self._passphrase)
        except (OSError, ssl.SSLError) as error:
            if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
                raise UsageError(
                    f"the private key in {key} is not that of the certificate in {self.certificate}"
                ) from error
            raise UsageError(
                f"the certificate in {self.certificate} and the private key in {key} cannot be used: "
                f"{error.strerror or error}"
            ) from error
        return context

    def _passphrase(self) -> str:
        """Refuse; without this it would be asked for at a terminal, and the application would wait."""
        raise UsageError(
            f"the private key in {self.private_key or self.certificate} is locked with a passphrase",
            hint="unlock it: openssl pkey -in LOCKED -out UNLOCKED",
        )


def _require_pem(file: Path, what: str, label: bytes) -> None:
    """Return if a file may hold it; OpenSSL says of none which file it means, and waits for a pipe.

    Raises:
        UsageError: it does not.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UsageError(f"{file} is no file, and the {what} was to be in it")
        with file.open("rb") as opened:
            content = opened.read(MOST_PEM_BYTES)
    except (OSError, ValueError) as error:  # such a name there cannot be, say
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{file} cannot be read, and the {what} was to be in it: {reason}") from error
    if label not in content:
        raise UsageError(f"there is no {what} in {file}", hint="a PEM file: -----BEGIN …")


def _made_at(path: Path) -> tuple[int, int] | None:
    """What tells a file apart from another one in its place; None where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns  # a number alone may be given to the next one


@dataclass(frozen=True, slots=True)
class Places:
    """The files of a profile that belong to the connecting of plugins.

    Args:
        requested_port: where the user writes the port that is wanted (J3).
        port: where the port is written that is used (J4).
        socket: where the unix socket lies.
    """

    requested_port: Path
    port: Path
    socket: Path

    def wanted_port(self) -> int:
        """The port that the user wants; 0 where the file is not there.

        Raises:
            UsageError: what is in the file is no port.
        """
        try:
            # To open a pipe would wait for somebody who writes into it.
            descriptor = os.open(self.requested_port, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(descriptor, "rb") as file:
                text = file.read(100).decode("ascii", "replace").strip()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise UsageError(f"{self.requested_port} cannot be read: {error.strerror}") from error
        if not text.isdecimal() or not 0 < int(text) < 1 << 16:
            raise UsageError(f"{self.requested_port} holds no port: {text!r}", hint="a number from 1 to 65535")
        return int(text)

    def forget_port(self) -> None:
        """Delete what a host wrote that ended without a word: by now another program may have that port.

        A plugin would show its key there.
        """
        with contextlib.suppress(OSError):  # what stands there is no file of ours
            self.port.unlink(missing_ok=True)


class Doors:
    """The sockets at which plugins connect; on the event loop's thread.

    A door that cannot be opened is told in the log, and the host runs on without it.

    Args:
        external: where.
        places: the profile's files.
        received: called with each connection.
    """

    def __init__(self, external: External, places: Places, received: Received) -> None:
        self._external = external
        self._places = places
        self._received = received
        self._sockets: list[socket.socket] = []
        self._socket_made: tuple[int, int] | None = None
        self.port: int | None = None

    def open(self) -> None:
        """Open the port and the socket, and write down which port it is."""
        self._places.forget_port()
        for what, opened in (("a port", self._tcp), ("a socket", self._unix)):
            try:
                listener = opened()
            except (OSError, UsageError) as error:
                _log.error("external plugins have no %s at which to connect: %s", what[2:], error)
                continue
            if listener is not None:
                listener.setblocking(False)
                self._sockets.append(listener)
                self._listen(listener)

    def close(self) -> None:
        """Close them; connections that were received live on."""
        for listener in self._sockets:
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()
        if self._socket_made is not None and _made_at(self._places.socket) == self._socket_made:
            with contextlib.suppress(OSError):
                self._places.socket.unlink(missing_ok=True)
        self._socket_made = None  # else somebody else stands there by now
        self._sockets.clear()
        if self.port is not None:
            self.port = None
            self._places.forget_port()

    def _tcp(self) -> socket.socket:
        """The listening TCP socket; its port is written down whichever way it was chosen.

        Raises:
            OSError: the port is taken, or is none for this user.
            UsageError: what was asked for is no port.
        """
        wanted = self._external.port if self._external.port is not None else self._places.wanted_port()
        family = socket.AF_INET6 if ":" in self._external.address else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name == "posix":  # elsewhere it means that another program may take the port over
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._external.address, wanted))
            listener.listen(BACKLOG)
            port = int(listener.getsockname()[1])
        except OSError as error:
            listener.close()
            raise OSError(f"port {wanted} at {self._external.address}: {error.strerror}") from error
        try:
            write_whole(self._places.port, f"{port}\n")
        except OSError as error:
            listener.close()
            raise OSError(f"{self._places.port} cannot be written: {error.strerror}") from error
        self.port = port
        return listener

    def _unix(self) -> socket.socket | None:
        """The listening unix socket, which only the user's own processes reach; None where the system has none.

        Raises:
            OSError: it cannot be made.
        """
        place = self._places.socket
        try:
            place.parent.mkdir(mode=0o700, exist_ok=True)
            listener = listen_for_user(place, BACKLOG)
        except OSError as error:
            raise OSError(f"{place}: {error.strerror or error}") from error
        self._socket_made = _made_at(place)
        return listener

    def _listen(self, listener: socket.socket) -> None:
        if listener in self._sockets:  # it may have been closed while it paused
            asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        """Take one connection. No task awaits it: one that is cancelled at that moment would lose it open."""
        loop = asyncio.get_running_loop()
        try:
            connection, address = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # whoever it was has gone again
        except OSError as error:  # too many open files, say: it may pass
            _log.warning("a plugin could not connect: %s", error)
            loop.remove_reader(listener)
            loop.call_later(PAUSE_SECONDS, self._listen, listener)
            return
        if listener.family in (socket.AF_INET, socket.AF_INET6):
            watch_silence(connection)
            self._received(connection, f"{address[0]}:{address[1]}")
        else:
            self._received(connection, "this machine")
