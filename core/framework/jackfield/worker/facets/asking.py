"""How the facets of a worker's context ask the host: values of any size, subscriptions, what the host calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from jackfield.errors import CannotCross, LinkError
from jackfield.runtime import PART_BYTES, Whole
from jackfield.worker.calls import HostCalls
from jackfield.worker.handlers import Handlers

_encode = msgspec.msgpack.Encoder().encode


class Asking:
    """What every facet asks through.

    Args:
        plugin: its id as its author writes it.
        calls: to the host.
        handlers: keeps what the host calls.

    Attributes:
        call, now, notify: ways to call a method of the host: awaited, waited for, and without an answer.
    """

    def __init__(self, plugin: str, calls: HostCalls, handlers: Handlers) -> None:
        self.plugin = plugin
        self.handlers = handlers
        self.call = calls.call
        self.now = calls.call_now
        self.notify = calls.notify

    async def whole(self, method: str, arguments: Mapping[str, Any], answer: Any = Any) -> Any:
        """Call a method whose answer may be larger than a frame."""
        came: Whole = await self.call(method, arguments, Whole)
        if came.parcel is None:
            return came.value if answer is Any else msgspec.convert(came.value, answer)
        parts = bytearray()
        while len(parts) < came.size:
            part: bytes = await self.call("parcel.fetch", {"parcel": came.parcel, "offset": len(parts)}, bytes)
            if not part:
                raise CannotCross(f"the answer of {method} broke off", plugin=self.plugin)
            parts += part
        await self.call("parcel.drop", {"parcel": came.parcel})
        return msgspec.msgpack.decode(parts, type=answer)

    async def sized(self, name: str, value: Any) -> dict[str, Any]:
        """Return an argument that may be larger than a frame as the arguments that say so: it, or its parcel.

        Raises:
            CannotCross: it is no data.
        """
        try:
            encoded = _encode(value)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise CannotCross(f"{name} is no data: {error}", plugin=self.plugin) from None
        if len(encoded) <= PART_BYTES:
            return {name: value}
        parcel: int | None = None
        for offset in range(0, len(encoded), PART_BYTES):
            part = encoded[offset : offset + PART_BYTES]
            parcel = await self.call("parcel.add", {"parcel": parcel, "part": part}, int)
        return {name: None, "parcel": parcel}

    def begun(self, method: str, arguments: Mapping[str, Any], *kept: int) -> RemoteSubscription:
        """Begin something at the host, and return what ends it.

        Args:
            method: which returns the number of a subscription.
            arguments: by name.
            *kept: numbers of handlers that are let go with it, or at once if it does not begin.
        """
        try:
            return RemoteSubscription(self, self.now(method, arguments, int), kept)
        except BaseException:
            for number in kept:
                self.handlers.forget(number)
            raise


class RemoteSubscription:
    """Something that the plugin began at the host; see `jackfield.api.Subscription`.

    Args:
        asking: leads to the host.
        number: its number there.
        kept: the handlers that belong to it.
    """

    def __init__(self, asking: Asking, number: int, kept: tuple[int, ...]) -> None:
        self._asking = asking
        self._number = number
        self._kept: tuple[int, ...] | None = kept

    def close(self) -> None:
        """End it now; closing twice is no error."""
        kept, self._kept = self._kept, None
        if kept is None:
            return
        try:
            self._asking.now("subscription.close", {"subscription": self._number})
        except LinkError:
            return  # with the link everything has ended
        finally:
            for number in kept:
                self._asking.handlers.forget(number)
