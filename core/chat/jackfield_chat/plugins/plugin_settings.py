"""What plugins let the owner of the chat set: one form for all of it on the page, one line each in a room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jackfield.errors import UsageError

if TYPE_CHECKING:
    from jackfield.management import Management, SettingReport, SettingsReport

_PREFIX = "set-"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form.

    Args:
        report: the setting, with what holds now.
        text: what stands in the field: the value, or what was typed and did not fit.
        problem: why it did not fit; empty when it does.
        is_gone: whether a secret was typed and not saved, so that it has to be typed again: it is never shown.
    """

    report: SettingReport
    text: str
    problem: str = ""
    is_gone: bool = False

    @property
    def name(self) -> str:
        """Its name in what the form sends."""
        return f"{_PREFIX}{self.report.setting.key}"

    @property
    def before(self) -> str:
        """What holds now, as text: a field that is sent unchanged is not touched."""
        return _text(self.report)

    @property
    def is_long(self) -> bool:
        """Whether it needs several lines: a list has an entry in each, and one line would swallow line ends."""
        return self.report.setting.type == "list" or "\n" in self.text

    @property
    def hint(self) -> str:
        """What fits; for a type whose field cannot hold anything else, nothing."""
        setting = self.report.setting
        if (
            setting.type in {"boolean", "choice", "text", "secret"}
            and setting.minimum is None
            and setting.maximum is None
        ):
            return ""
        told = setting.expected
        if setting.type in {"integer", "number"} and not setting.secret:
            return f"{told[0].upper()}{told[1:]}. Empty: {self.report.to_mapping()['default']}."
        if setting.type == "list":
            return f"{told[0].upper()}{told[1:]}, one in each line."
        return f"{told[0].upper()}{told[1:]}."


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one plugin.

    Args:
        report: what there is to set.
        fields: one for each setting, in the manifest's order.
        changed: labels of what was just changed.
    """

    report: SettingsReport
    fields: tuple[Field, ...]
    changed: tuple[str, ...] = ()

    @property
    def problems(self) -> int:
        """How many fields do not fit."""
        return sum(bool(one.problem) for one in self.fields)


@dataclass(slots=True)
class _Read:
    """What a form sent, taken apart.

    Attributes:
        values: what is to be set.
        typed: what stands in the fields that the sender changed.
        problems: why some do not fit.
    """

    values: dict[str, Any] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


class PluginSettings:
    """The owner's way to the settings of every installed plugin.

    Args:
        management: keeps them.
        follow: lets the running plugins follow a change.
    """

    def __init__(self, management: Management, follow: Callable[[], Awaitable[None]]) -> None:
        self._management = management
        self._follow = follow

    async def form(self, plugin: str) -> Form:
        """Return the form as it stands.

        Raises:
            UnknownPlugin: it is not installed.
        """
        report = await asyncio.to_thread(self._report, plugin)
        return Form(report, tuple(Field(one, _text(one)) for one in report.settings))

    async def save(self, plugin: str, sent: Mapping[str, str], *, who: str) -> Form:
        """Keep what was typed, all of it or nothing; what does not fit is told at its field, with what was typed.

        A field that the sender left as it was is not touched, so that nobody takes back what another one set meanwhile.

        Args:
            plugin: its id.
            sent: what the form sent.
            who: the member who sent it.

        Raises:
            UnknownPlugin: it is not installed.
            StoreError: the settings file is broken, or nothing can be written.
        """
        report = await asyncio.to_thread(self._report, plugin)
        read = _read(report, sent)
        if read.problems:
            fields = tuple(
                Field(
                    one,
                    read.typed.get(key, _text(one)),
                    read.problems.get(key, ""),
                    is_gone=one.setting.secret and read.values.get(key) is not None,
                )
                for one in report.settings
                for key in [one.setting.key]
            )
            return Form(report, fields)
        if read.values:
            await self._change(plugin, read.values, who)
        form = await self.form(plugin)
        names = {one.setting.key: one.setting.title for one in report.settings}
        return Form(form.report, form.fields, tuple(names[key] for key in read.values))

    async def set_one(self, plugin: str, key: str, text: str, *, who: str) -> str:
        """Set one setting from what was typed in a room; return the sentence that says so.

        Raises:
            UsageError: there is no such setting, the value does not fit, or it is a secret.
        """
        report = await asyncio.to_thread(self._report, plugin)
        one = next((one for one in report.settings if one.setting.key == key), None)
        if one is None:
            known = ", ".join(one.setting.key for one in report.settings) or "none"
            raise UsageError(f"{report.plugin} has no setting {key}. There are: {known}.")
        if one.setting.secret:
            raise UsageError(f"{key} is a secret. Set it on the page of plugins, where it is not shown.")
        await self._change(plugin, {key: one.read(text)}, who)
        return f"{key} of {report.plugin} was set to {text.strip()}."

    async def lines(self, plugin: str) -> tuple[str, list[str]]:
        """Return a title, and a line for each setting."""
        report = await asyncio.to_thread(self._report, plugin)
        if not report.settings:
            return f"{report.plugin} has nothing to set", []
        return f"Settings of {report.plugin}", [*map(_line, report.settings), *report.problems]

    async def offering(self) -> list[str]:
        """Return the ids of the plugins that let something be set."""

        def find() -> list[str]:
            kept = self._management.kept
            return [row.id for row in self._management.list() if kept.settings(row.id).declared]

        return await asyncio.to_thread(find)

    def _report(self, plugin: str) -> SettingsReport:
        from jackfield.management import describe_settings

        return describe_settings(self._management.kept.settings(plugin))

    async def _change(self, plugin: str, values: Mapping[str, Any], who: str) -> None:
        def change() -> None:
            self._management.kept.settings(plugin).change(values, by=by_whom(who))

        await asyncio.to_thread(change)
        await self._follow()


def by_whom(who: str) -> str:
    """Return how the history names a member."""
    return f"{who} in the chat"


def _read(report: SettingsReport, sent: Mapping[str, str]) -> _Read:
    read = _Read()
    for one in report.settings:
        setting, name = one.setting, f"{_PREFIX}{one.setting.key}"
        if setting.secret and f"forget-{setting.key}" in sent:
            read.values[setting.key] = None
            continue
        # A browser sends nothing for a box that is not ticked; `was-` says that the box was there.
        typed = sent.get(name, "false" if setting.type == "boolean" and f"was-{setting.key}" in sent else None)
        if typed is None or (setting.secret and not typed):
            continue
        typed = typed.replace("\r\n", "\n")
        before = sent.get(f"was-{setting.key}", "").replace("\r\n", "\n")
        if not setting.secret and typed in (before, _text(one)):
            continue
        if not setting.secret:
            read.typed[setting.key] = typed
        try:
            blank = setting.type in {"integer", "number"} and not typed.strip()
            read.values[setting.key] = None if blank else one.read(typed)
        except UsageError as error:
            problem = error.message.removeprefix(f"the setting {setting.key}: ")
            read.problems[setting.key] = problem[0].upper() + problem[1:]
    return read


def _text(one: SettingReport) -> str:
    """As it stands in the form: of a list one entry in each line, where that is read as the same list."""
    if one.setting.type == "list" and isinstance(one.value, list) and len(one.value) > 1:
        lines = "\n".join(one.value)
        return lines if one.read(lines) == one.value else one.text
    return one.text


def _line(one: SettingReport) -> str:
    setting = one.setting
    if setting.secret:
        value = "set" if one.is_set else "not set"
    else:
        value = one.text if setting.type == "list" else _text(one)
    told = f": {setting.label}" if setting.label else ""
    return f"{setting.key} = {value or 'empty'} ({setting.expected}){told}"
