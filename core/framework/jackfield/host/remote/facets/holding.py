"""What a plugin in another process holds at its host, by number: all of it bounded, and gone with the plugin's scope.

A plugin that runs here holds objects, and pays for them with what the process has. One that is elsewhere holds numbers,
and could ask for ever more at the cost of its host.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar

import msgspec

from jackfield.api import Subscription
from jackfield.errors import CannotCross, PluginError, UsageError
from jackfield.host.facets import Allowance, OwnThreads
from jackfield.rpc import UNCHECKED_BYTES, CallCodec, check_answer, wide_text_bytes
from jackfield.runtime import MOST_READ_BYTES, PART_BYTES, Scope, Whole

T = TypeVar("T")

MOST_SUBSCRIPTIONS = 1000
MOST_BEGUN_BYTES = 16 << 20
"""Of what a plugin said of all that it began: names, helps, components."""
MOST_FILES = 64
MOST_TABLES = 100
MOST_PARCELS = 256
MOST_PARCEL_BYTES = 80 << 20
"""Of all parcels of one plugin, and of what lay in them until its calls are answered: one answer of the largest size,
with its headers."""
FETCH_SECONDS = 5.0
"""How long an answer waits for room, before the plugin is told that it lets too much wait."""

_encoder = msgspec.msgpack.Encoder()


class Held(Generic[T]):
    """Things of one kind by their numbers, which are never used twice.

    Args:
        plugin: whose they are.
        what: the word for them, in the plural.
        most: how many there can be at one time.
    """

    def __init__(self, plugin: str, what: str, most: int) -> None:
        self._plugin = plugin
        self._what = what
        self._most = most
        self._number = 0
        self._kept: dict[int, T] = {}

    def require_room(self) -> None:
        """Return if one more can be kept.

        Raises:
            PluginError: there are too many.
        """
        if len(self._kept) >= self._most:
            raise PluginError(
                f"{self._plugin} holds {self._most} {self._what}, and no more are possible",
                plugin=self._plugin,
                hint="close those that are not needed any more",
            )

    def keep(self, one: T) -> int:
        """Keep one and return its number.

        Raises:
            PluginError: there are too many.
        """
        self.require_room()
        self._number += 1
        self._kept[self._number] = one
        return self._number

    def get(self, number: int) -> T:
        """Return one.

        Raises:
            UsageError: there is none of that number.
        """
        try:
            return self._kept[number]
        except KeyError:
            raise UsageError(
                f"{self._plugin} names {number} of its {self._what}, and there is none", plugin=self._plugin
            ) from None

    def __contains__(self, number: int) -> bool:
        return number in self._kept

    def has_been(self, number: int) -> bool:
        """Say whether there was one of that number."""
        return 0 < number <= self._number

    def take(self, number: int) -> T | None:
        """Take one out; None where there is none of that number."""
        return self._kept.pop(number, None)

    def items(self) -> list[tuple[int, T]]:
        """Return all of them with their numbers."""
        return list(self._kept.items())

    def clear(self) -> None:
        """Let go of all of them."""
        self._kept.clear()


class Holding:
    """All that one plugin holds.

    Args:
        plugin: its id.
        scope: with which it ends.
        threads: in which the host works for it.

    Attributes:
        subscriptions: what it began.
        on_end: called when the scope closes, after all that was begun has ended.
    """

    def __init__(self, plugin: str, scope: Scope, threads: OwnThreads) -> None:
        self.plugin = plugin
        self._threads = threads
        self.scope = scope
        self.subscriptions: Held[Subscription] = Held(plugin, "subscriptions", MOST_SUBSCRIPTIONS)
        self._parcels: Held[bytearray] = Held(plugin, "parcels", MOST_PARCELS)
        self.on_end: tuple[Callable[[], None], ...] = ()
        self._parcel_bytes = 0
        self._used_bytes = 0  # of arguments of calls that are not answered, and of answers that are looked at
        self._sizes: dict[int, int] = {}  # of what was told of each subscription
        self._begun_bytes = 0
        self._ends = False
        self._answers = Allowance(MOST_READ_BYTES)
        self._fetched = asyncio.Event()

    def begin(self, begin: Callable[[], Subscription], told: object = None) -> int:
        """Begin something and return the number of its subscription.

        Args:
            begin: begins it.
            told: what the plugin said of it, as data; kept as long as it lasts, and so bounded.

        Raises:
            PluginError: too much was begun.
            Exception: what `begin` raises.
        """
        self.subscriptions.require_room()
        size = len(msgspec.msgpack.encode(told))
        if self._begun_bytes + size > MOST_BEGUN_BYTES:
            raise PluginError(
                f"{self.plugin} lets its host keep more than {MOST_BEGUN_BYTES >> 20} MiB of what it began",
                plugin=self.plugin,
            )
        self.follow_scope()
        number = self.subscriptions.keep(begin())
        self._sizes[number] = size
        self._begun_bytes += size
        return number

    def follow_scope(self) -> None:
        """Let go of everything when the scope that is open now closes."""
        if not self._ends and self.scope.is_open:
            self._ends = True
            self.scope.begin("what it holds by number", self._end)

    def close(self, subscription: int) -> None:
        """End something; closing twice is no error, and neither is a number that was never told."""
        begun = self.subscriptions.take(subscription)
        if begun is not None:
            self._begun_bytes -= self._sizes.pop(subscription)
            begun.close()

    @asynccontextmanager
    async def answering(self, most_bytes: int) -> AsyncIterator[None]:
        """Hold room for an answer within the block, in which it is made and packed.

        Who asks for more at once than there is room for waits until what was asked for before was fetched; the host has
        it in memory until then.

        Args:
            most_bytes: its size, at most `MOST_READ_BYTES` at one time.
        """
        if most_bytes <= PART_BYTES:
            yield
            return
        most_bytes = min(most_bytes, MOST_READ_BYTES)
        async with self._answers.taken(most_bytes):
            with suppress(TimeoutError):  # nobody fetches: that there is no room is said then
                async with asyncio.timeout(FETCH_SECONDS):
                    while self._parcel_bytes + self._used_bytes + most_bytes > MOST_PARCEL_BYTES:
                        self._fetched.clear()
                        await self._fetched.wait()
            yield

    async def whole(self, value: object) -> Whole:
        """Return an answer of any size: itself, or the parcel that it lies in.

        To look at all that is in one takes ten times as long as to encode it, and a few bytes ask for it. So that is
        done in the plugin's own threads, whose time is counted; what was looked at is sent as it is.

        Raises:
            CannotCross: there is more in it, or deeper, than is taken on the other side.
            PluginError: too many parcels wait to be fetched, or too large ones.
        """
        if isinstance(value, bytes):
            self._require_bytes(len(value) if len(value) > PART_BYTES else 0)
        is_one = isinstance(value, bytes | str)
        buffer = bytearray()
        _encoder.encode_into(value, buffer)
        del value
        if len(buffer) > PART_BYTES:
            return Whole(None, self._pack(buffer), len(buffer))
        encoded = bytes(buffer)
        if len(encoded) > UNCHECKED_BYTES and not is_one:
            self._require_bytes(len(encoded))
            self._used_bytes += len(encoded)
            size = len(encoded)
            try:
                await self._threads.run(check_answer, encoded)
            except asyncio.CancelledError:
                self._threads.after_given_up(partial(self._give_back, size))
                size = 0
                raise
            finally:
                self._give_back(size)
        return Whole(msgspec.Raw(encoded))

    def add(self, parcel: int | None, part: bytes) -> int:
        """Take a part of an argument that is larger than a frame; return the number of its parcel."""
        if parcel is None:
            return self._pack(bytearray(part))
        self._require_bytes(len(part))
        kept = self._parcels.get(parcel)
        kept += part
        self._parcel_bytes += len(part)
        return parcel

    def fetch(self, parcel: int, offset: int) -> bytes:
        """Return the part of a parcel that begins at a byte."""
        return bytes(self._parcels.get(parcel)[max(0, offset) : max(0, offset) + PART_BYTES])

    def drop(self, parcel: int) -> None:
        """Let go of a parcel."""
        kept = self._parcels.take(parcel)
        self._parcel_bytes -= len(kept) if kept is not None else 0
        self._fetched.set()

    @contextmanager
    def argument(
        self, value: Any, parcel: int | None, kind: Any, *, most_bytes: int = MOST_PARCEL_BYTES
    ) -> Iterator[Any]:
        """Give an argument of any size: itself, or what lies in the parcel that it names.

        What lay there counts until the end of the block: it is in memory as long as its call is not answered. Where the
        call was given up meanwhile it counts until no thread of the plugin has it any more.

        Args:
            value: what came with the call.
            parcel: where it lies; None: it came with the call.
            kind: its type.
            most_bytes: of a parcel that can be one: a larger one is not read.

        Raises:
            UsageError: there is no such parcel, or it is too large.
            TypeError: what lies in it is of another type.
        """
        if parcel is None:
            yield value
            return
        size = len(self._parcels.get(parcel))
        if size > most_bytes:
            self.drop(parcel)
            raise UsageError(f"what was sent in parts has {size} bytes, and at most {most_bytes} are taken here")
        encoded = bytes(self._parcels.get(parcel))
        self.drop(parcel)
        size += wide_text_bytes(encoded)
        if self._parcel_bytes + self._used_bytes + size > MOST_PARCEL_BYTES:
            raise UsageError(
                f"text that was sent in parts takes {size >> 20} MiB in memory, and {MOST_PARCEL_BYTES >> 20} are "
                "possible, with what waits besides",
                hint="send it as bytes: one character beyond ASCII makes two or four bytes of each",
            )
        self._used_bytes += size
        try:
            try:
                given = _codec_of(kind).answer(encoded)
            except CannotCross as error:
                raise TypeError(f"what was sent in parts {error.message}") from None
            del encoded
            yield given
        except asyncio.CancelledError:
            self._threads.after_given_up(partial(self._give_back, size))
            size = 0
            raise
        finally:
            self._give_back(size)

    def _give_back(self, used_bytes: int) -> None:
        self._used_bytes -= used_bytes
        self._fetched.set()

    def _pack(self, content: bytearray) -> int:
        self._require_bytes(len(content))
        number = self._parcels.keep(content)
        self._parcel_bytes += len(content)
        return number

    def _require_bytes(self, more: int) -> None:
        if self._parcel_bytes + self._used_bytes + more > MOST_PARCEL_BYTES:
            raise PluginError(
                f"{self.plugin} lets more than {MOST_PARCEL_BYTES >> 20} MiB wait between it and its host",
                plugin=self.plugin,
            )

    def _end(self) -> None:
        self._ends = False
        self.subscriptions.clear()
        self._sizes.clear()
        self._begun_bytes = 0
        self._parcels.clear()
        self._parcel_bytes = 0
        self._fetched.set()
        for act in self.on_end:
            act()


@lru_cache(maxsize=16)
def _codec_of(kind: Any) -> CallCodec:
    """Return what reads a value of one type, with the bounds that hold for what comes in a frame."""
    return CallCodec(inspect.Signature(return_annotation=kind))
