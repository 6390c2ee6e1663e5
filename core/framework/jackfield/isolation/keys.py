"""Keys by which external plugins prove who they are: made, kept as hashes, compared, revoked (J1, J2, J6 to J8, J27).

Rules that this module keeps:

- A key is 256 random bits behind a number that is no secret. It is shown once, when it is made; what is kept is the
  SHA-256 of it. With 256 random bits nothing can be guessed, so a slow hash would only slow down who is welcome.
- A key belongs to one plugin id and says nothing else: what that plugin may do is its grant.
- Looking a key up takes the same time whether or not its number is known, and compares in constant time.
- A temporary key is held in the memory of the process that made it, works once and for thirty seconds (J27).

Nothing here is read or written: whoever keeps the profile's state puts `kept` under `state_key` and hands it back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, NamedTuple

from jackfield.errors import UsageError

#: Before the numbers of keys in the profile's state.
KEYS = "keys/"
#: How long a temporary key may wait to be used.
TEMPORARY_SECONDS = 30.0
#: Temporary keys that wait at the same time; each is a program that was started and has not connected yet.
MOST_TEMPORARY = 1000

_WORD = "jfk"
_TEXT = re.compile(_WORD + r"_([0-9a-f]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept; the key itself is not in it.

    Args:
        number: eight hexadecimal digits which name it, no secret.
        plugin: the id of the one plugin that it lets in.
        digest: SHA-256 of the key, hexadecimal.
        made: when, ISO 8601 in UTC.
        by: who made it.
        name: what its owner calls it, e.g. the machine where it lies; empty for none (J1).
        temporary: whether it works once, and for thirty seconds only.
    """

    number: str
    plugin: str
    digest: str
    made: str
    by: str = ""
    name: str = ""
    temporary: bool = False

    @property
    def state_key(self) -> str:
        """Where it is kept in the profile's state."""
        return f"{KEYS}{self.number}"

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values for the profile's state."""
        return {
            "number": self.number,
            "plugin": self.plugin,
            "digest": self.digest,
            "made": self.made,
            "by": self.by,
            "name": self.name,
        }


class NewKey(NamedTuple):
    """A key that was just made: what is kept, and the text that its owner gets, once."""

    key: Key
    text: str


def new_key(plugin: str, *, by: str, name: str = "", temporary: bool = False) -> NewKey:
    """Make a key (J2).

    Args:
        plugin: the id of the plugin that it lets in.
        by: who asks for it.
        name: what its owner calls it.
        temporary: whether it is one that works once.
    """
    number = secrets.token_hex(4)
    text = f"{_WORD}_{number}_{secrets.token_urlsafe(32)}"
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return NewKey(Key(number, plugin, _digest(text), made, by, name, temporary), text)


def kept_keys(items: Mapping[str, Any]) -> dict[str, Key]:
    """Read the keys of a profile; a record that is damaged lets nobody in.

    Args:
        items: what the profile's state has under `KEYS`.

    Returns:
        The keys by their numbers.
    """
    found = (_key(value) for name, value in items.items() if name.startswith(KEYS))
    return {key.number: key for key in found if key is not None}


def find_key(text: str, kept: Mapping[str, Key]) -> Key | None:
    """Find the key that somebody shows; None for one that is not known (J7, J8).

    Args:
        text: what was shown.
        kept: the keys that let somebody in, by their numbers.
    """
    parts = _TEXT.fullmatch(text)
    key = kept.get(parts.group(1)) if parts is not None else None
    # Hashed and compared also where there is nothing to compare with: the time tells nothing about numbers.
    same = hmac.compare_digest(_digest(text), key.digest if key is not None else _NOBODY)
    return key if same else None


class TemporaryKeys:
    """The keys of programs that were just started; used by one thread.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._waiting: dict[str, tuple[Key, float]] = {}

    def new(self, plugin: str, *, by: str) -> str:
        """Make a key that lets the plugin in once, within `TEMPORARY_SECONDS`.

        Raises:
            UsageError: too many wait to be used.
        """
        self._forget_old()
        if len(self._waiting) >= MOST_TEMPORARY:
            raise UsageError(
                f"{MOST_TEMPORARY} temporary keys wait to be used",
                hint=f"each is given up after {TEMPORARY_SECONDS:g} s",
            )
        key, text = new_key(plugin, by=by, temporary=True)
        self._waiting[key.number] = (key, self._clock() + TEMPORARY_SECONDS)
        return text

    def take(self, text: str) -> Key | None:
        """Use a key up; None for one that is not known, was used, or is too old."""
        self._forget_old()
        key = find_key(text, {number: key for number, (key, _) in self._waiting.items()})
        if key is not None:
            del self._waiting[key.number]
        return key

    def keep(self, plugins: Collection[str]) -> None:
        """Forget those of other plugins: with all that one has, what waits to be used is revoked.

        Args:
            plugins: ids as they were given to `new`.
        """
        self._waiting = {number: one for number, one in self._waiting.items() if one[0].plugin in plugins}

    @property
    def plugins(self) -> frozenset[str]:
        """The plugins of those that wait."""
        return frozenset(key.plugin for key, _ in self._waiting.values())

    def _forget_old(self) -> None:
        now = self._clock()
        self._waiting = {number: one for number, one in self._waiting.items() if now < one[1]}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _key(value: object) -> Key | None:
    if not isinstance(value, Mapping):
        return None
    fields = {name: value.get(name, "") for name in ("number", "plugin", "digest", "made", "by", "name")}
    whole = all(isinstance(one, str) for one in fields.values())
    return Key(**fields) if whole and fields["plugin"] and len(fields["digest"]) == len(_NOBODY) else None
