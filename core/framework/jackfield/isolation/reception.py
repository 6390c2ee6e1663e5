"""Who comes to the doors: greeted, asked for a key, and let in or sent away (J6 to J8).

Rules that this module keeps; who has not shown a key is nobody, and costs as little as can be:

- Its first frame is read alone, at most 4096 bytes of it, within five seconds however slowly it drips.
- At most `MOST_UNKNOWN` of them are held at once; who comes beyond that takes the place of the one who has been silent
  longest, of those from the network with most of them. Whoever has a key shows it as soon as the way to here lets it,
  and is not kept out by a flood from another network.
- A wrong key, a revoked one, one that was used up: the same words, after the same time. At most `MOST_REFUSED` wait for
  these words; who shows a wrong key beyond that, or from an address that has failed `ATTEMPTS` times within a minute,
  is closed without any, and without a line in the log.
- No key is left unlooked at for what others did: nobody guesses 256 bits, however often, and on one machine all who
  come by TCP have the same address.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from jackfield.errors import LinkClosed
from jackfield.isolation.keys import Key
from jackfield.rpc import Hello, Link
from jackfield.rpc.loop import LoopConnection

if TYPE_CHECKING:
    from jackfield.isolation.tls import Terminator

INVALID_KEY = "invalid key"
"""What is said to who shows none that holds, whatever is wrong with it."""

GREETING_SECONDS = 5.0
REFUSAL_SECONDS = 0.5
MOST_UNKNOWN = 32
MOST_REFUSED = 64
ATTEMPTS = 20
ATTEMPTS_SECONDS = 60.0
#: Addresses that are remembered for their failures; an attacker may have more, and each costs him a connection.
MOST_ADDRESSES = 10_000

_TLS = b"\x16\x03"  # how a TLS handshake begins (RFC 8446, 5.1)

_log = logging.getLogger("jackfield.isolation")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who has shown a key, and waits to hear whether it is let in.

    Args:
        key: the key that it showed.
        address: where it comes from, in words.
        told: what else its greeting tells, e.g. its manifest.
        link: its connection; nothing drives it, and what comes after its greeting is not read yet.
    """

    key: Key
    address: str
    told: Mapping[str, str]
    link: Link

    async def welcome(self, told: Mapping[str, str]) -> Link:
        """Greet it and hand over its connection, for whoever drives it.

        Raises:
            LinkClosed: it is gone.
        """
        await _send(self.link, self.link.writer.frame(self.link.hello_of_ours(told)))
        self.link.socket.setblocking(True)  # as both drivers want it
        return self.link

    async def refuse(self, reason: str) -> None:
        """Greet it, say goodbye with this reason, and close."""
        with contextlib.suppress(LinkClosed):
            await self.welcome({})
            LoopConnection(self.link).close(reason)


class Reception:
    """Receives connections; on the event loop's thread.

    Args:
        find: returns the key that a text is, or None; a temporary one is used up by it.
        admit: takes who has shown a key; it ends the link or keeps it.
        terminator: speaks TLS for those that come by TCP; None where they speak without.

    """

    def __init__(
        self,
        find: Callable[[str], Key | None],
        admit: Callable[[Arrival], Awaitable[None]],
        terminator: Terminator | None = None,
    ) -> None:
        self._find = find
        self._admit = admit
        self._terminator = terminator
        self._silent: dict[asyncio.Task[None], str] = {}  # who has not greeted, in the order of coming, and from where
        self._refused = 0
        self._failures: dict[str, deque[float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: set[asyncio.Task[None]] = set()

    def receive(self, connection: socket.socket, address: str) -> None:
        """Take a connection; returns at once."""
        if len(self._silent) >= MOST_UNKNOWN:
            self._make_room()
        if self._terminator is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection = self._terminator.connect(connection)
        link = Link(connection, lambda _: None, peer=f"the program at {address}")
        connection.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._receive(link, address), name="jackfield: arrival")
        self._tasks.add(task)
        self._silent[task] = _network(_host(address))
        task.add_done_callback(lambda task: self._silent.pop(task, None))
        task.add_done_callback(lambda task: _close_cancelled(task, link))
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self._known.discard)

    def _make_room(self) -> None:
        """Send one away who has not greeted, of the network from which most are: of several, from the first."""
        counts = Counter(self._silent.values())
        crowd = counts.most_common(1)[0][0]
        silent = next(task for task, network in self._silent.items() if network == crowd)
        del self._silent[silent]
        silent.cancel()

    @property
    def unknown(self) -> int:
        """How many are here who have not shown a key that is known."""
        return len(self._silent) + self._refused

    async def close(self) -> None:
        """Send everybody away who has not shown a key, and wait for those that are being let in."""
        for task in self._tasks - self._known:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _receive(self, link: Link, address: str) -> None:
        try:
            arrival = await self._greeted(link, address)
            if arrival is not None:
                if (task := asyncio.current_task()) is not None:
                    self._known.add(task)
                await self._admit(arrival)
        except Exception:  # noqa: BLE001  # whatever one of them brings about, the others are received
            _log.exception("a plugin that connected from %s could not be taken in", address)
            link.close(LinkClosed("the host could not take it in"))

    async def _greeted(self, link: Link, address: str) -> Arrival | None:
        """Read the greeting and look at the key; None for who was sent away."""
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                hello = await _hello(link)
        except TimeoutError:
            await self._send_away(link, address, f"no greeting within {GREETING_SECONDS:g} s")
            return None
        except LinkClosed as error:
            speaks_tls = bytes(link.reader.view[: len(_TLS)]) == _TLS
            reason = "it speaks TLS, which is not spoken here" if speaks_tls else error.message
            await self._send_away(link, address, reason)
            return None
        self._greets()
        key = self._find(hello.details.get("key", ""))
        if key is None:
            await self._refuse(link, address)
            return None
        return Arrival(key, address, {name: text for name, text in hello.details.items() if name != "key"}, link)

    def _greets(self) -> None:
        """Note that the one whose task this is has greeted, and so is not one of the silent."""
        if (task := asyncio.current_task()) is not None:
            self._silent.pop(task, None)

    async def _refuse(self, link: Link, address: str) -> None:
        """Send somebody with a wrong key away, after a while, so that nothing can be told from the time."""
        if self._refused >= MOST_REFUSED or self._has_failed_often(_host(address)):
            self._count(_host(address))
            link.close(LinkClosed("too many came with wrong keys"))
            return
        self._refused += 1
        try:
            await asyncio.sleep(REFUSAL_SECONDS)
            await self._send_away(link, address, INVALID_KEY, greet=True)
        finally:
            self._refused -= 1

    async def _send_away(self, link: Link, address: str, reason: str, *, greet: bool = False) -> None:
        self._greets()
        if not self._has_failed_often(_host(address)):
            _log.warning("a program at %s was sent away: %s", address, reason)
        self._count(_host(address))
        if link.ended is None:
            with contextlib.suppress(LinkClosed):
                if greet:
                    await _send(link, link.writer.frame(link.hello_of_ours({})))
                LoopConnection(link).close(reason)

    def _has_failed_often(self, host: str) -> bool:
        failures = self._failures.get(host)
        if failures is None:
            return False
        while failures and failures[0] < monotonic() - ATTEMPTS_SECONDS:
            failures.popleft()
        if not failures:
            del self._failures[host]
        return len(failures) >= ATTEMPTS

    def _count(self, host: str) -> None:
        if host not in self._failures and len(self._failures) >= MOST_ADDRESSES:
            del self._failures[next(iter(self._failures))]
        self._failures.setdefault(host, deque(maxlen=ATTEMPTS)).append(monotonic())


def _close_cancelled(task: asyncio.Task[None], link: Link) -> None:
    """Close the link of a task that was cancelled, also before its first step."""
    if task.cancelled():
        link.close(LinkClosed("nobody waits for its greeting any more"))


async def _hello(link: Link) -> Hello:
    """Read the first frame and not a byte of sense beyond it.

    Raises:
        LinkClosed: nobody is there any more; the link has ended.
        ProtocolViolation: it is no greeting of this protocol.
    """
    loop = asyncio.get_running_loop()
    while (message := link.next_message()) is None:
        try:
            count = await loop.sock_recv_into(link.socket, link.reader.room())
        except OSError as error:
            link.lose(error, may_read=False)
            raise LinkClosed(f"{link.peer} went away") from error
        if not count:
            link.lose(None, may_read=False)
            link.check()
        link.reader.received(count)
    return link.greeted(message)


async def _send(link: Link, frame: bytes) -> None:
    """Send one frame of a handshake.

    Raises:
        LinkClosed: nobody is there any more, or nobody reads.
    """
    link.check()
    try:
        async with asyncio.timeout(link.limits.send_seconds):
            await asyncio.get_running_loop().sock_sendall(link.socket, frame)
    except (OSError, TimeoutError) as error:
        link.close(LinkClosed(f"{link.peer} went away: {error}"))
        raise LinkClosed(f"{link.peer} went away") from error


def _host(address: str) -> str:
    """The address without its port; every connection has another one."""
    return address.rpartition(":")[0]


def _network(host: str) -> str:
    """What one person has of addresses: one of IPv4, and of IPv6 all that share its first 64 bits (RFC 6177)."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
            return str(address.packed[:8])
    return host
