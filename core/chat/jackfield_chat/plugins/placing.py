"""Where a plugin runs and what it may use there, for the owner of the chat: shown, and changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jackfield.errors import GrammarError
from jackfield.manifest import canonical_id

from jackfield_chat.plugins.plugin_settings import by_whom
from jackfield_chat.plugins.sentences import runs_in

if TYPE_CHECKING:
    from jackfield.management import IsolationReport, LimitReport, Management
    from jackfield.manifest import Limit

_PREFIX = "limit-"
_BACK = "default"  # what `PluginLimits.change` takes for a limit that nobody sets any more

OF_EXTERNAL = ("memory", "call", "log", "requests", "traffic")
"""The limits that can hold for a program which somebody else started: nobody here can measure the others."""

#: What each choice means, for who has to choose.
CHOICES: Mapping[str, tuple[str, str]] = {
    "worker": ("A confined process of its own", "It can do what it was granted, and nothing else."),
    "inline": ("The chat itself", "With all the chat's rights: nothing holds it back and nothing limits it."),
    "process": ("A process of its own, not confined", "It can do what the chat's own user can do on this machine."),
}

#: What each grade of confinement means; the word alone says nothing to who never read of it.
_GRADES: Mapping[str, str] = {
    "full": "What it was not granted does not exist for it.",
    "base": "What it was not granted it can neither read nor write nor reach; that a file exists it can see.",
}


@dataclass(frozen=True, slots=True)
class LimitField:
    """One limit in the form.

    Args:
        report: the limit, and what holds.
        text: what stands in the field: the owner's value, or what was typed and did not fit; empty for none.
        problem: why it did not fit; empty when it does.
    """

    report: LimitReport
    text: str
    problem: str = ""

    @property
    def name(self) -> str:
        """Its name in what the form sends."""
        return f"{_PREFIX}{self.report.limit.name}"

    @property
    def title(self) -> str:
        """What stands above the field."""
        name = self.report.limit.name
        return "CPU" if name == "cpu" else name.capitalize()

    @property
    def otherwise(self) -> str:
        """What holds where the owner says nothing."""
        limit, asked = self.report.limit, self.report.manifest
        return limit.shown(limit.default if asked is None else min(limit.default, asked))

    @property
    def hint(self) -> str:
        """What it is, and where the value comes from that holds without the owner's word."""
        asked = self.report.manifest
        whose = "as its author asks" if asked is not None and asked < self.report.limit.default else "the default"
        told = self.report.limit.description
        return f"{told[0].upper()}{told[1:]}. Empty: {self.otherwise}, {whose}."


@dataclass(frozen=True, slots=True)
class Place:
    """Where one plugin runs.

    Args:
        report: where, and what may be chosen.
        libraries: those that it has for itself, with their versions.
        fields: the limits that hold for it; none where nothing can.
        changed: names of the limits that were just changed.
    """

    report: IsolationReport
    libraries: Mapping[str, str]
    fields: tuple[LimitField, ...]
    changed: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Where it runs, or why it does not."""
        placement = self.report.placement
        if placement.problem:
            return f"It does not run: it {placement.problem}."
        means = _GRADES.get(placement.grade or "", "") if placement.isolation == "worker" else ""
        return f"It runs in {runs_in(placement.isolation, placement.grade)}. {means}".rstrip()

    @property
    def choices(self) -> tuple[tuple[str, str, str], ...]:
        """What may be chosen, each with a title and what it means; none where there is nothing to choose."""
        return tuple((choice, *CHOICES[choice]) for choice in self.report.choices)

    @property
    def problems(self) -> int:
        """How many fields do not fit."""
        return sum(bool(one.problem) for one in self.fields)


class Placing:
    """The owner's way to the processes of plugins.

    Args:
        management: knows where they run, and keeps their limits.
        follow: lets the running plugins follow a change.
    """

    def __init__(self, management: Management, follow: Callable[[], Awaitable[None]]) -> None:
        self._management = management
        self._follow = follow

    async def place(self, plugin: str) -> Place:
        """Return where a plugin runs.

        Raises:
            UnknownPlugin: it is not installed.
        """
        return await asyncio.to_thread(self._place, plugin)

    async def save_limits(self, plugin: str, sent: Mapping[str, str], *, who: str) -> Place:
        """Keep what was typed, all of it or nothing; what does not fit is told at its field, with what was typed.

        Args:
            plugin: its id.
            sent: what the form sent; an empty field lets the manifest or the default hold.
            who: the member who sent it.

        Raises:
            UnknownPlugin: it is not installed.
            StoreError: nothing can be written.
        """
        place = await self.place(plugin)
        read = tuple(_read(one, sent.get(one.name)) for one in place.fields)
        if any(one.problem for one in read):
            return replace(place, fields=read)
        written = {
            one.report.limit.name: one.text or _BACK
            for one, before in zip(read, place.fields, strict=True)
            if _value(one.report.limit, one.text) != before.report.user
        }
        if written:
            await asyncio.to_thread(self._management.kept.limits(plugin).change, written, by=by_whom(who))
            await self._follow()
            place = await self.place(plugin)
        return replace(place, changed=tuple(written))

    def _place(self, plugin: str) -> Place:
        report = self._management.isolation(plugin)
        isolation = report.placement.isolation
        limits = () if isolation == "inline" else self._management.kept.limits(plugin).report().limits
        if isolation == "external":
            limits = tuple(one for one in limits if one.limit.name in OF_EXTERNAL)
        fields = tuple(LimitField(one, "" if one.user is None else one.limit.shown(one.user)) for one in limits)
        return Place(report, self._management.inventory().own_libraries(canonical_id(plugin)), fields)


def _read(field: LimitField, typed: str | None) -> LimitField:
    """The field with what was typed into it; one that was not sent is left as it is."""
    if typed is None:
        return field
    text = typed.strip()
    try:
        _value(field.report.limit, text)
    except GrammarError as error:
        return replace(field, text=text, problem=error.message[0].upper() + error.message[1:])
    return replace(field, text=text)


def _value(limit: Limit, text: str) -> float | None:
    return limit.read(text) if text else None
