"""What the owner says of updates: now, later, never, and how plugins are updated when nobody is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jackfield.errors import UsageError
from jackfield.manifest import canonical_id

from jackfield_chat.plugins.plugin_settings import by_whom
from jackfield_chat.plugins.sentences import day

if TYPE_CHECKING:
    from jackfield.management import Management, Update, UpdatePolicy

CHOICES: Mapping[str, str] = {
    "pin": "Stay as it is",
    "notify": "Tell me",
    "auto": "Update by itself",
}
"""Policy -> what its choice is called, in the order of the list."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How plugins are updated.

    Args:
        default: what holds where nothing else is said.
        own: id -> the policy, of the plugins of which something else is said.
        tells: whether marketplaces are told how versions in a rollout do here.
    """

    default: UpdatePolicy
    own: Mapping[str, UpdatePolicy]
    tells: bool


class Updating:
    """The owner's word on updates, kept in the profile's state like the command line's.

    Args:
        management: the profile's.
        on_change: called after each change.
    """

    def __init__(self, management: Management, on_change: Callable[[], None]) -> None:
        self._policies = management.policies
        self._on_change = on_change

    def ways(self) -> Ways:
        """Return how plugins are updated."""
        return Ways(self._policies.default, self._policies.own(), self._policies.tells)

    def as_said(self, updates: Sequence[Update]) -> list[Update]:
        """Return updates that were found earlier, with what was said of them since."""
        return [self._as_said(one) for one in updates]

    def _as_said(self, update: Update) -> Update:
        from jackfield.management import Wait, same_version

        cid = canonical_id(update.id)
        if update.new is None:
            return update
        if any(same_version(update.new, one) for one in self._policies.never(cid)):
            passed = Wait(update.new, "never", f"{update.new} is passed over: you said never to it")
            return replace(update, new=None, waits=passed, later=None)
        later = self._policies.later(cid)
        until = later.until if later is not None and same_version(later.version, update.new) else None
        return replace(update, later=until, policy=self._policies.of(cid).mode)

    async def later(self, plugin: str, version: str, *, who: str) -> str:
        """Put a version off for a week; return the sentence that says so."""
        from jackfield.management import parse_version

        cid, wanted = canonical_id(plugin), parse_version(version)
        later = await asyncio.to_thread(self._policies.say_later, cid, wanted, by=by_whom(who))
        self._on_change()
        return f"{plugin} {wanted} is put off until {day(later.until)}."

    async def never(self, plugin: str, version: str, *, who: str) -> str:
        """Do not offer a version any more; return the sentence that says so."""
        from jackfield.management import parse_version

        cid, wanted = canonical_id(plugin), parse_version(version)
        await asyncio.to_thread(self._policies.say_never, cid, wanted, by=by_whom(who))
        self._on_change()
        return f"{plugin} {wanted} is not offered any more. A newer version is."

    async def again(self, plugin: str, *, who: str) -> str:
        """Take back what was said of a plugin's versions; return the sentence that says so."""
        found = await asyncio.to_thread(self._policies.ask_again, canonical_id(plugin), by=by_whom(who))
        self._on_change()
        return f"{plugin} is asked about again." if found else f"Nothing was said of {plugin}."

    async def choose(self, plugin: str, mode: str, *, who: str) -> str:
        """Say how a plugin is updated, with an empty mode as every other one; return the sentence that says so.

        Raises:
            UsageError: there is no such way.
        """
        cid, by = canonical_id(plugin), by_whom(who)
        if mode:
            _require(mode)
            await asyncio.to_thread(self._policies.change, cid, {"mode": mode}, by=by)
            told = f"Updates of {plugin}: {CHOICES[mode].lower()}."
        else:
            await asyncio.to_thread(self._policies.change, cid, {"mode": None}, by=by)
            told = f"{plugin} is updated as every other plugin."
        self._on_change()
        return told

    async def choose_default(self, mode: str, *, tell: bool, who: str) -> str:
        """Say how every other plugin is updated, and whether marketplaces are told how rollouts do.

        Raises:
            UsageError: there is no such way.
        """
        _require(mode)
        changes = {"mode": mode, "tell": tell or None}
        await asyncio.to_thread(self._policies.change, None, changes, by=by_whom(who))
        self._on_change()
        told = "are told" if tell else "are not told"
        return f"Updates: {CHOICES[mode].lower()}. Marketplaces {told} how versions in a rollout do here."


def _require(mode: str) -> None:
    if mode not in CHOICES:
        raise UsageError("Choose how plugins are updated.")
