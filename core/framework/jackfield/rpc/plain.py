"""Bounds on data whose type nobody has declared, checked before it is decoded.

Python hashes numbers, and tuples of them, the same way in every process, so whoever chooses them can let the keys of a
map fall on one place after the other: 50 000 tuples in a frame of 1 MiB stop a decoder for a minute, 87 000 numbers,
chosen for the way on which a full place is passed by, for 17 s. Text and bytes are hashed with a secret of the process;
but workers have one and the same, of the process that they are forked from. So keys are scalars, a map holds no more of
them than can do harm, and nothing is nested deeper than anyone needs. A set comes as an array, and its bytes do not
tell that it is one: within a type that holds a set no array has more members than a map has keys.
"""

from typing import Final

from jackfield.errors import ProtocolViolation

DEPTH = 128
#: Values within one, of whatever kind. Each costs a byte on the way, and up to 70 in memory, and a microsecond or more
#: wherever the whole is looked at: a million of them would hold an event loop for seconds.
VALUES = 200_000
#: Keys of one map: chosen with care they take a processor a fifth of a second, as the square of their number.
KEYS = 10_000
#: The squares of the numbers of keys of all maps within a value, together.
KEYS_SQUARED = KEYS * KEYS
#: Below it the worst that keys can do is a few milliseconds, and looking at each value would cost more than decoding.
UNCHECKED_BYTES = 8192

#: First bytes of texts, and in their UTF-8 those of characters beyond U+FFFF (RFC 3629).
_TEXTS: Final = frozenset((*range(0xA0, 0xC0), 0xD9, 0xDA, 0xDB))
_WIDEST: Final = tuple(bytes((byte,)) for byte in range(0xF0, 0xF5))
_PART_BYTES: Final = 1 << 20

_SCALAR: Final = 0
_ARRAY: Final = 1
_MAP: Final = 2
_EXTENSION: Final = 3


def _lengths() -> list[tuple[int, int, int, int]]:
    """For each first byte: what it begins, the bytes of its length, bytes that follow anyway, a length within it."""
    table = [(_SCALAR, 0, 0, 0)] * 256
    for byte in range(0x80, 0x90):
        table[byte] = (_MAP, 0, 0, byte & 0x0F)
    for byte in range(0x90, 0xA0):
        table[byte] = (_ARRAY, 0, 0, byte & 0x0F)
    for byte in range(0xA0, 0xC0):
        table[byte] = (_SCALAR, 0, byte & 0x1F, 0)
    for first, size in ((0xC4, 1), (0xC5, 2), (0xC6, 4), (0xD9, 1), (0xDA, 2), (0xDB, 4)):  # bytes and text
        table[first] = (_SCALAR, size, 0, 0)
    for first, size in ((0xC7, 1), (0xC8, 2), (0xC9, 4)):
        table[first] = (_EXTENSION, size, 1, 0)
    for place in range(5):
        table[0xD4 + place] = (_EXTENSION, 0, 1 + (1 << place), 0)
    for first, size in ((0xCA, 4), (0xCB, 8), (0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)):
        table[first] = (_SCALAR, 0, size, 0)
    for first, size in ((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8)):
        table[first] = (_SCALAR, 0, size, 0)
    for first, size, kind in ((0xDC, 2, _ARRAY), (0xDD, 4, _ARRAY), (0xDE, 2, _MAP), (0xDF, 4, _MAP)):
        table[first] = (kind, size, 0, 0)
    return table


_TABLE = _lengths()


def check_plain(data: memoryview | bytes, *, with_sets: bool = False) -> int:
    """Look at one encoded value without decoding it, in time that is bounded by `VALUES`; return how many it holds.

    Bytes that are no msgpack pass, for the decoder refuses them.

    Args:
        data: the value.
        with_sets: whether an array in it may become a set, so that each counts as a map.

    Raises:
        ProtocolViolation: a key is no scalar, a map or all maps together have too many keys, values are nested deeper
            than `DEPTH`, or there are more than `VALUES`.
    """
    data = bytes(data)
    position, end = 0, len(data)
    left, keyed = 1, False  # items still to come in this container; whether every second one is a key
    seen = squared = 0  # what the containers up to here say that they hold; the squares of keys
    outer: list[tuple[int, bool]] = []
    while True:
        while not left:
            if not outer:
                return seen
            left, keyed = outer.pop()
        if position >= end:
            return seen
        kind, size, following, count = _TABLE[data[position]]
        position += 1
        if size:
            count = int.from_bytes(data[position : position + size], "big")
            position += size
        is_key = keyed and not left & 1
        left -= 1
        if kind == _SCALAR:
            position += following + count
            continue
        if is_key:
            raise ProtocolViolation(
                "a key of a map is an array, a map or an extension; keys are text, bytes or numbers"
            )
        if kind == _EXTENSION:
            position += following + count
            continue
        if len(outer) >= DEPTH:
            raise ProtocolViolation(f"values are nested more than {DEPTH} deep")
        outer.append((left, keyed))
        left, keyed = (count * 2, True) if kind == _MAP else (count, False)
        seen += left
        squared += squared_keys(count if keyed or with_sets else 0, squared)
        if seen > VALUES:
            raise ProtocolViolation(f"a value holds more than {VALUES} others")


def wide_text_bytes(data: bytes) -> int:
    """Return how many bytes more than on its way the text within one encoded value may take in memory, or about that.

    Python keeps each character of a text in as many bytes as the widest one in it needs: one emoji lets every letter
    take four. What lies beyond `VALUES` is not looked at, for the decoder refuses it.
    """
    position, end, more = 0, len(data), 0
    for _ in range(VALUES + 1):
        if position >= end:
            break
        first = data[position]
        kind, size, following, count = _TABLE[first]
        position += 1
        if size:
            count = int.from_bytes(data[position : position + size], "big")
            position += size
        if kind not in (_SCALAR, _EXTENSION):
            continue  # what is in it follows
        length = following + count
        if first in _TEXTS:
            more += (_width(data, position, position + length) - 1) * length
        position += length
    return more


def _width(data: bytes, start: int, end: int) -> int:
    """Return how many bytes of memory each character of a text may take, one or more; it is not decoded."""
    if all(data[at : min(at + _PART_BYTES, end)].isascii() for at in range(start, end, _PART_BYTES)):
        return 1
    return 4 if any(data.find(lead, start, end) >= 0 for lead in _WIDEST) else 2


def squared_keys(keys: int, squared: int) -> int:
    """The square of how many keys a map has, or members a set, if it may have them beside the others.

    Raises:
        ProtocolViolation: it may not.
    """
    if squared + keys * keys > KEYS_SQUARED:
        raise ProtocolViolation(
            f"a map of {KEYS} keys is the largest, as is a set of as many, and many large ones are as good as one"
        )
    return keys * keys
