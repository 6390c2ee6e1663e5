"""What was asked of plugins for this run of the host alone: the user's wish stays what it is (J15, J17, J20 to J23)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from jackfield.host.judgement import Wishes

SAFE_MODE = "is not started: safe mode"


@dataclass(frozen=True, slots=True)
class Presence:
    """How one plugin shall be present until the host stops, or until the user's wish of it changes.

    Args:
        what: `active`: run, as if it were enabled; `loaded`: its code loaded and nothing more (K21); `out`: neither.
        by: who asked, as sentences name them.
        wished: the user's wish at that time.
        parent: the canonical id of the plugin in whose scope it runs; empty where nobody's scope holds it.
    """

    what: Literal["active", "loaded", "out"]
    by: str
    wished: bool = False
    parent: str = ""


class Presences:
    """All of them, by canonical id."""

    def __init__(self) -> None:
        self._asked: dict[str, Presence] = {}
        self._released: list[str] = []

    def copy(self) -> Mapping[str, Presence]:
        """Return what was asked, as it is now."""
        return dict(self._asked)

    def ask(self, cid: str, presence: Presence) -> None:
        """Ask something of a plugin, in place of what was asked before."""
        self._asked[cid] = presence

    def forget(self, cid: str) -> None:
        """Let the user's wish alone count."""
        self._asked.pop(cid, None)

    def keep(self, wished: Collection[str]) -> None:
        """Forget what was asked under another wish than the present one: the user has spoken since."""
        self._asked = {cid: one for cid, one in self._asked.items() if one.wished == (cid in wished)}

    def clear(self) -> None:
        """Forget everything: the host starts anew."""
        self._asked.clear()
        self._released.clear()

    def release(self, cid: str, *, parent: str, by: str) -> None:
        """End what a parent asked for: its child shall be out, unless somebody else has a say in it by now."""
        asked = self._asked.get(cid)
        if asked is not None and asked.parent == parent and asked.what != "out":
            self._asked[cid] = replace(asked, what="out", by=by, parent="")
            self._released.append(cid)

    def take_released(self) -> bool:
        """Say whether children were released since the last time this was asked."""
        released, self._released = self._released, []
        return bool(released)


def with_presences(wishes: Wishes, presences: Mapping[str, Presence], *, safe: bool = False) -> Wishes:
    """Return the wishes as they count in this run.

    Args:
        wishes: the user's.
        presences: what was asked; what was asked under another wish than the present one counts no more.
        safe: whether what the user enabled stays out, and only what is asked for comes up.
    """
    enabled = set() if safe else set(wishes.enabled)
    out = dict.fromkeys(wishes.enabled, SAFE_MODE) if safe else {}
    for cid, presence in presences.items():
        if presence.wished != (cid in wishes.enabled):
            continue
        if presence.what == "out":
            enabled.discard(cid)
            out[cid] = f"was unloaded by {presence.by}"
        else:
            enabled.add(cid)
            out.pop(cid, None)
    loads_only = frozenset(cid for cid in enabled if cid in presences and presences[cid].what == "loaded")
    return replace(wishes, enabled=frozenset(enabled), out=out, loads_only=loads_only)
