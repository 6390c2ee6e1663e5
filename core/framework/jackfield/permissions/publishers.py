"""Who published something, in words: the name that a marketplace says, and the key that its publisher signed with.

The two are kept apart wherever they are compared: a name is the marketplace's word, a key is nobody's but its holder's.
"""

from __future__ import annotations

import re

_STRANGE = re.compile(r"[^\w.@+-]+")


def key_in_words(key: str) -> str:
    """The beginning of a publisher's key, as people compare it: four groups of four.

    Args:
        key: sha256 of the public key, 64 hexadecimal digits.
    """
    return " ".join(key[start : start + 4] for start in range(0, 16, 4))


def publisher_in_words(name: str | None, key: str | None) -> str | None:
    """`alice, key 34f3 c0eb 2699 8ed8`, `alice`; None where nobody says anything.

    Args:
        name: as a marketplace says it; what no account can be called is left out, so that no name looks like a key.
        key: sha256 of the public key that signed, None where none did.
    """
    said = _STRANGE.sub("_", name) if name else None
    if key is None:
        return said
    return f"{said or 'somebody'}, key {key_in_words(key)}"
