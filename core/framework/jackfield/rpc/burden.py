"""What the requests of the other side take in memory while they wait for their answers, and that it is not too much.

A request is small on its way and large where it is read: an empty list is one byte, and 64 in memory. So its values are
counted, and who has asked for much that is not answered yet is refused more of it.
"""

from __future__ import annotations

from typing import Final

from jackfield.errors import CannotCross, ProtocolViolation, UsageError
from jackfield.rpc.codec import CallCodec, Encoded
from jackfield.rpc.plain import check_plain

VALUE_BYTES: Final = 64
"""Of one value in memory, beside what it takes on its way."""

LIGHT_BYTES: Final = 1024
"""A request of no more is not weighed: as many as may be open are no burden, whatever is in them."""


class Burden:
    """What waits on one link.

    Args:
        peer: what the other side is called in sentences.
        most_bytes: that its open requests may take together; one alone may take more.
    """

    __slots__ = ("_most_bytes", "_peer", "held_bytes")

    def __init__(self, peer: str, most_bytes: int) -> None:
        self._peer = peer
        self._most_bytes = most_bytes
        self.held_bytes = 0

    def weigh(self, encoded: Encoded, codec: CallCodec) -> int:
        """Return about how many bytes arguments take in memory, as they were looked at and may be decoded.

        Args:
            encoded: of one call, or of all of a batch.
            codec: of the method.

        Raises:
            CannotCross: what may be anything is nested too deep, or could make keys collide.
            UsageError: too much waits already.
        """
        try:
            values = check_plain(memoryview(encoded), with_sets=codec.takes_sets)
        except ProtocolViolation as error:
            if codec.is_loose:
                raise CannotCross(f"does not fit what is declared: {error}") from error
            values = len(encoded)  # what is declared says how deep it can be; how much it is nobody has counted
        weight = len(encoded) + values * VALUE_BYTES
        if self.held_bytes and self.held_bytes + weight > self._most_bytes:
            raise UsageError(
                f"{self._peer} asks for more while what it asked before takes {self.held_bytes >> 20} of "
                f"{self._most_bytes >> 20} MiB and is not answered yet",
                hint="wait for some answers before asking for more",
            )
        return weight
