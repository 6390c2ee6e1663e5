"""How a user wants plugins to be updated: a default, what differs for single plugins, and what was said of versions.

Kept in the state, so that the history tells who said what, and a rollback leaves it alone:

updates/default          {"mode", "delay_seconds", "pre", "tell"}: what holds where nothing else is said
updates/of/<plugin>      the same, as far as it differs for one plugin
updates/never/<plugin>   {version: at}: versions that its user does not want
updates/later/<plugin>   {"version", "until"}: the version that its user wants to be told of again, and when
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from jackfield.errors import UsageError
from jackfield.storage import State

Mode = Literal["pin", "notify", "auto"]
MODES: tuple[Mode, ...] = get_args(Mode)

DEFAULT = "updates/default"
OF = "updates/of/"
NEVER = "updates/never/"
LATER = "updates/later/"

LATER_SECONDS = 7 * 86400.0
"""How long a version that was put off is not spoken of."""

LONGEST_DELAY_SECONDS = 365 * 86400.0

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SPAN = re.compile(r"([0-9]{1,9})([smhdw]?)")
_MOST_NEVER = 20  # versions of one plugin; who says never more often means pin


@dataclass(frozen=True, slots=True)
class UpdatePolicy:
    """How one plugin is updated.

    Args:
        mode: `pin`: it stays; `notify`: its user is told; `auto`: the running application takes what asks for no more.
        delay_seconds: how old a version has to be before it is offered; confirmed security fixes pass.
        pre: whether pre-releases are offered.
    """

    mode: Mode = "notify"
    delay_seconds: float = 0.0
    pre: bool = False

    @property
    def delay(self) -> str:
        """The delay in words: `3 days`, `no delay`."""
        return span_words(self.delay_seconds) if self.delay_seconds else "no delay"

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Later:
    """A version that its user put off.

    Args:
        version: as its index spells it.
        until: ISO 8601 in UTC.
    """

    version: str
    until: str

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"version": self.version, "until": self.until}


class Policies:
    """What a profile's user says of updates; reads the state at each question.

    Args:
        state: where it is kept.
        clock: seconds since the epoch.
    """

    def __init__(self, state: State, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self.clock = clock

    @property
    def default(self) -> UpdatePolicy:
        """What holds for plugins of which nothing else is said."""
        return _policy(UpdatePolicy(), self._state.get(DEFAULT))

    def of(self, cid: str) -> UpdatePolicy:
        """What holds for one plugin, by its canonical id."""
        return _policy(self.default, self._state.get(f"{OF}{cid}"))

    def own(self) -> dict[str, UpdatePolicy]:
        """Canonical id -> what holds, of the plugins of which something of their own is said."""
        default = self.default
        found = self._state.items(OF)
        return {key.removeprefix(OF): _policy(default, said) for key, said in found.items()}

    @property
    def tells(self) -> bool:
        """Whether marketplaces are told what became of versions in a rollout; off until somebody says yes."""
        said = self._state.get(DEFAULT)
        return isinstance(said, dict) and said.get("tell") is True

    def held(self, cid: str, installed: str | None) -> str | None:
        """The requirement that a plugin is held to, by its pin or its policy; None for any newer version.

        Args:
            cid: its canonical id.
            installed: the version that is installed, as a manifest spells it; None for what pip or a user put there.
        """
        pinned = self._state.get(f"pin/{cid}")
        if pinned is not None:
            return str(pinned)
        return f"=={installed}" if installed is not None and self.of(cid).mode == "pin" else None

    def holding(self, cids: Collection[str]) -> frozenset[str]:
        """Those of some plugins that are held to a version: `held` tells which. The state is read once for all.

        Args:
            cids: canonical ids, of plugins of the store.
        """
        pinned = {key.removeprefix("pin/") for key in self._state.items("pin/")}
        default, own = self.default, self.own()
        return frozenset(cid for cid in cids if cid in pinned or own.get(cid, default).mode == "pin")

    def never(self, cid: str) -> dict[str, str]:
        """Version -> when that was said, of the versions of a plugin that its user does not want."""
        said = self._state.get(f"{NEVER}{cid}")
        return dict(said) if isinstance(said, dict) else {}

    def later(self, cid: str) -> Later | None:
        """The version that its user put off, while its time has not come."""
        said = self._state.get(f"{LATER}{cid}")
        try:
            found = Later(str(said["version"]), str(said["until"]))
            return found if datetime.fromisoformat(found.until).timestamp() > self.clock() else None
        except (TypeError, KeyError, ValueError):  # nothing was said, or it is damaged: then it is asked again
            return None

    def change(self, cid: str | None, changes: Mapping[str, Any], *, by: str) -> None:
        """Say how a plugin, or with None every other one, is updated; what is None falls back to the default.

        Args:
            cid: its canonical id.
            changes: of `mode`, `delay_seconds`, `pre`, and for the default `tell`.
            by: who says so.

        Raises:
            UsageError: no such mode, or a delay out of bounds.
        """
        mode, delay = changes.get("mode"), changes.get("delay_seconds")
        if mode is not None and mode not in MODES:
            raise UsageError(f"{mode} is no policy", hint=f"one of {', '.join(MODES)}")
        if delay is not None and not 0 <= delay <= LONGEST_DELAY_SECONDS:
            raise UsageError("a delay is at most a year")
        key = DEFAULT if cid is None else f"{OF}{cid}"
        before = self._state.get(key)
        kept = {**(before if isinstance(before, dict) else {}), **changes}
        kept = {name: value for name, value in kept.items() if value is not None}
        if kept != (before or {}):
            whose = cid or "every plugin"
            self._state.change({key: kept or None}, by=by, why=f"change how {whose} is updated")

    def unpin(self, cid: str, *, by: str) -> None:
        """Let a plugin go whose policy is `pin`: as every other one, or told of where those stay too."""
        if self.of(cid).mode == "pin":
            self.change(cid, {"mode": "notify" if self.default.mode == "pin" else None}, by=by)

    def reset(self, cid: str | None, *, by: str) -> None:
        """Let a plugin go by the default, or with None the default by what is built in."""
        key = DEFAULT if cid is None else f"{OF}{cid}"
        if self._state.get(key) is not None:
            whose = cid or "every plugin"
            self._state.change({key: None}, by=by, why=f"let the updates of {whose} go by the default")

    def say_never(self, cid: str, version: str, *, by: str) -> None:
        """Do not offer a version of a plugin any more."""
        said = {**self.never(cid), version: self._now(0)}
        newest = dict(sorted(said.items(), key=lambda one: one[1])[-_MOST_NEVER:])
        changes: dict[str, Any] = {f"{NEVER}{cid}": newest}
        if self._state.get(f"{LATER}{cid}") is not None:
            changes[f"{LATER}{cid}"] = None
        self._state.change(changes, by=by, why=f"never take {cid} {version}")

    def say_later(self, cid: str, version: str, *, by: str, seconds: float = LATER_SECONDS) -> Later:
        """Do not speak of a version of a plugin for a while."""
        later = Later(version, self._now(seconds))
        self._state.change({f"{LATER}{cid}": later.to_mapping()}, by=by, why=f"put off {cid} {version}")
        return later

    def ask_again(self, cid: str, *, by: str) -> bool:
        """Take back what was said of versions of a plugin; returns whether there was anything."""
        keys = [key for key in (f"{NEVER}{cid}", f"{LATER}{cid}") if self._state.get(key) is not None]
        self._state.change(dict.fromkeys(keys), by=by, why=f"ask for {cid} again")
        return bool(keys)

    def _now(self, seconds: float) -> str:
        return datetime.fromtimestamp(self.clock() + seconds, UTC).isoformat(timespec="seconds")


def _policy(default: UpdatePolicy, said: Any) -> UpdatePolicy:
    """What is said over a default; a value that a later version wrote, or nobody, is the default's."""
    found = said if isinstance(said, dict) else {}
    mode, delay, pre = found.get("mode"), found.get("delay_seconds"), found.get("pre")
    return UpdatePolicy(
        mode if mode in MODES else default.mode,
        float(delay) if isinstance(delay, int | float) and delay >= 0 else default.delay_seconds,
        pre if isinstance(pre, bool) else default.pre,
    )


def same_version(one: str, other: str) -> bool:
    """Whether two versions, as indexes spell them, are one: `2.0` and `2.0.0` are."""
    from packaging.utils import canonicalize_version

    return canonicalize_version(one) == canonicalize_version(other)


def parse_version(text: str) -> str:
    """A version as indexes spell it, from either spelling.

    Raises:
        UsageError: it is none.
    """
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(text.strip()))
    except InvalidVersion as exc:
        raise UsageError(f"{text!r} is not a version") from exc


def parse_span(text: str) -> float:
    """Seconds of a span as people write it: `3d`, `12h`, `0`.

    Raises:
        UsageError: it is none.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(f"{text!r} is no span of time", hint="such as 3d, 12h or 0")
    return float(int(match[1]) * _UNITS[match[2]])


def span_words(seconds: float) -> str:
    """A span in its largest unit that keeps it whole enough: `3 days`, `36 hours`, `2 minutes`."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        number = round(seconds / size)
        if number and (seconds >= 3 * size or abs(number * size - seconds) <= 0.02 * seconds):
            return f"{number} {unit}{'' if number == 1 else 's'}"
    number = round(seconds)
    return f"{number} second{'' if number == 1 else 's'}"
