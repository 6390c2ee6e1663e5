"""What the owner does with plugins: the same steps for the room and for the page.

Whatever asks for a yes is first a question that shows what the yes is about; the answer applies exactly what was shown.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from jackfield.errors import JackfieldError, UsageError
from jackfield.manifest import canonical_id
from jackfield.permissions import CHOICES

from jackfield_chat.plugins.advice import advised
from jackfield_chat.plugins.figures import Figures
from jackfield_chat.plugins.listed import Installed, Offer
from jackfield_chat.plugins.news import News
from jackfield_chat.plugins.placing import Placing
from jackfield_chat.plugins.plugin_settings import PluginSettings, by_whom
from jackfield_chat.plugins.running import Running
from jackfield_chat.plugins.sentences import OF_A_FILE, done, headline, rolled_back, runs_in
from jackfield_chat.plugins.updating import Updating

if TYPE_CHECKING:
    from jackfield.application import Application
    from jackfield.management import ConsentRequest, FailedVersion, HistoryEntry, Management, Plan, Update

QUESTION_SECONDS = 600.0
Action = Literal["install", "update", "enable", "move"]


@dataclass(frozen=True, slots=True)
class Question:
    """What needs a yes.

    Args:
        action: what shall be done.
        plugin: the id of the plugin that was named.
        requests: what the yes is about, for each plugin.
        plan: what is applied after a yes; None to enable what is installed.
        token: names this question and no other.
        expires_at: until when it can be answered, on the monotonic clock.
    """

    action: Action
    plugin: str
    requests: tuple[ConsentRequest, ...]
    plan: Plan | None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    expires_at: float = field(default_factory=lambda: time.monotonic() + QUESTION_SECONDS)

    @property
    def title(self) -> str:
        """The question in one line."""
        if self.action == "move" and self.plan is not None:
            return f"{self.plan.what[0].upper()}{self.plan.what[1:]}?"
        verb = {"install": "Install and enable", "update": "Update", "enable": "Enable"}[self.action]
        asked = [headline(request) for request in self.requests]
        return f"{verb} {', '.join(asked or self._changed)}?"

    @property
    def _changed(self) -> list[str]:
        """What changes, where nothing is asked for and the plan itself needs the yes."""
        changed = self.plan.changed if self.plan is not None else ()
        return [f"{one.id} {one.old_version} → {one.new_version}" for one in changed if one.id is not None]


class Operations:
    """Installing, enabling, disabling, updating and rolling back.

    Args:
        application: the running plugins and their management.
        news: keeps what a look for updates finds.
        on_change: called after each change.
        name_of: what a plugin that the host knows is called, by its id.

    Attributes:
        running: what is asked of single plugins for as long as the chat runs.
    """

    def __init__(
        self, application: Application, *, news: News, on_change: Callable[[], None], name_of: Callable[[str], str]
    ) -> None:
        self._application = application
        self._host = application.host
        self._news = news
        self._on_change = on_change
        self._name_of = name_of
        self._questions: dict[str, tuple[str, Question]] = {}
        self._turn = asyncio.Lock()
        self.running = Running(application.host, on_change)

    @cached_property
    def _management(self) -> Management:
        return self._application.management  # loaded when it is first asked for: it brings the network library

    async def installed(self) -> list[Installed]:
        """Return every plugin, by id."""
        statuses = {status.id: status for status in self._host.plugins.list()}
        rows, settable = await asyncio.to_thread(
            lambda: (self._management.list(), self._management.kept.with_settings())
        )
        names = {row.id: self._name_of(row.id) if row.id in statuses else row.name or row.id for row in rows}
        return [Installed(row, statuses.get(row.id), names[row.id], canonical_id(row.id) in settable) for row in rows]

    @cached_property
    def settings(self) -> PluginSettings:
        """What plugins let the owner set."""
        return PluginSettings(self._management, self._follow)

    @cached_property
    def placing(self) -> Placing:
        """Where plugins run, and what they may use there."""
        return Placing(self._management, self._follow)

    @cached_property
    def updating(self) -> Updating:
        """What the owner says of updates."""
        return Updating(self._management, self._on_change)

    @cached_property
    def figures(self) -> Figures:
        """What the plugins did since the chat started."""
        return Figures(self._host, self._name_of)

    async def search(self, query: str) -> list[Offer]:
        """Return what the marketplaces hold; with an empty query, everything.

        Raises:
            JackfieldError: no marketplace is configured, or none of them answered.
        """
        here = {one.row.id: (one.row.version, one.row.source == "file") for one in await self.installed()}
        return [
            Offer(one.id, one.name or one.id, one.version, one.summary, one.publisher or "", *here.get(one.id, ()))
            for one in await self._management.search(query)
        ]

    async def updates(self) -> list[Update]:
        """Return what is newer in the marketplaces; what could not be checked says why (C42)."""
        found = list(await self._management.check_updates())
        self._news.hear(found)
        return self.updating.as_said(found)

    def known_updates(self, installed: Sequence[Installed]) -> list[Update]:
        """Return what the last look for updates found, by timer or on demand, and still holds."""
        return self.as_said(self._news.updates({one.row.id: one.row.version for one in installed}))

    def as_said(self, updates: Sequence[Update]) -> list[Update]:
        """Return updates with what was said of them since they were found."""
        return self.updating.as_said(updates)

    async def ask_again(self, plugin: str, *, who: str) -> str:
        """Take back what was said of a plugin's versions, and look at once; return the sentence that says so."""
        told = await self.updating.again(plugin, who=who)
        with suppress(JackfieldError):  # what the last look found is shown all the same
            await self.updates()
        return told

    async def history(self) -> list[HistoryEntry]:
        """Return what was changed, newest first."""
        entries = await asyncio.to_thread(self._management.history)
        return [replace(one, why=advised(one.why)) if one.why else one for one in entries]

    async def propose(self, action: Action, plugin: str, *, who: str, shown: str = "") -> Question | str:
        """Find out what an action needs; do it at once where nothing has to be asked.

        Args:
            action: what shall be done.
            plugin: the id; for an install also `id==version` or `id@requirement`.
            who: the member who asks.
            shown: the version whose plan they have read; where it is another one by now, that is asked first.

        Returns:
            a question, or the sentence that says what was done.

        Raises:
            JackfieldError: it cannot be done; the sentence says why.
        """
        if "/" in plugin or "\\" in plugin or plugin.endswith(".whl"):
            # Whoever owns the chat need not own the machine: its files are for the command line.
            raise UsageError("In the chat, plugins come from a marketplace only. Name one by its id.")
        if action == "enable":
            return await self._propose_enable(plugin, who=who)
        plan = await (
            self._management.plan_install([plugin]) if action == "install" else self._management.plan_update([plugin])
        )
        if not plan:
            notes = " ".join(plan.notes)
            nothing = "is installed already" if action == "install" else "is at its newest version"
            rows = [one.row for one in await self.installed()] if action == "update" else []
            if any(row.source == "file" and canonical_id(row.id) == canonical_id(plugin) for row in rows):
                nothing = OF_A_FILE
            return notes or f"{plugin} {nothing}."
        if not plan.consent and not plan.going_back and _brings(plan, plugin, shown):
            return await self._apply(plan, plugin, who=who, accept=False)
        return self._ask(Question(action, plugin, tuple(plan.consent), plan), who)

    async def move(self, plugin: str, choice: str, *, who: str) -> Question | str:
        """Find out what it needs to run a plugin elsewhere; do it at once where nothing has to be asked.

        Args:
            plugin: its id.
            choice: worker, inline or process.
            who: the member who asks.

        Raises:
            UsageError: there is no such choice for the plugin.
            JackfieldError: it cannot be done; the sentence says why.
        """
        found = next((one for one in CHOICES if one == choice), None)
        if found is None:
            raise UsageError("Choose where it shall run.")
        plan = await self._management.plan_isolation(plugin, found)
        if not plan:
            return "Nothing was changed."
        if not plan.consent:
            return await self._move(plan, plugin, who=who, accept=False)
        return self._ask(Question("move", plugin, tuple(plan.consent), plan), who)

    async def _move(self, plan: Plan, plugin: str, *, who: str, accept: bool) -> str:
        async with self._turn:
            await self._management.apply(plan, accept_permissions=accept, by=by_whom(who))
            await self._follow()
        placement = (await asyncio.to_thread(self._management.isolation, plugin)).placement
        return f"{plugin} runs in {runs_in(placement.isolation, placement.grade)} now.{self._trouble(plugin)}"

    async def _propose_enable(self, plugin: str, *, who: str) -> Question | str:
        request = await asyncio.to_thread(self._management.enable_request, plugin)
        if request.growth:
            return self._ask(Question("enable", plugin, (request,), None), who)
        return await self._enable(plugin, who=who)

    def _ask(self, question: Question, who: str) -> Question:
        now = time.monotonic()
        self._questions = {token: kept for token, kept in self._questions.items() if kept[1].expires_at > now}
        self._questions[question.token] = (who, question)
        return question

    def asked(self, action: Action, plugin: str, *, who: str) -> Question | None:
        """Return the newest question of that kind that a member was shown and has not answered."""
        for owner, question in reversed(self._questions.values()):
            if (owner, question.action, question.plugin) == (who, action, plugin):
                return question if question.expires_at > time.monotonic() else None
        return None

    async def accept(self, token: str, *, who: str) -> str:
        """Say yes to a question; return the sentence that says what was done.

        Raises:
            UsageError: there is no such question, or it was asked too long ago.
            JackfieldError: it cannot be done any more; the sentence says why.
        """
        owner, question = self._questions.pop(token, ("", None))
        if question is None or owner != who or question.expires_at <= time.monotonic():
            raise UsageError("This question is not open any more. Ask for it again.")
        if question.plan is None:
            return await self._enable(question.plugin, who=who, shown=question.requests[0])
        if question.action == "move":
            return await self._move(question.plan, question.plugin, who=who, accept=True)
        return await self._apply(question.plan, question.plugin, who=who, accept=True)

    def decline(self, token: str, *, who: str) -> None:
        """Say no to a question; nothing was and nothing will be changed."""
        if self._questions.get(token, ("", None))[0] == who:
            del self._questions[token]

    async def disable(self, plugin: str, *, who: str) -> str:
        """Disable a plugin; return the sentence that says so."""
        async with self._turn:
            await asyncio.to_thread(self._management.disable, plugin, by=by_whom(who))
            await self._follow()
        return f"{plugin} was disabled. Its data is kept."

    async def remove(self, plugin: str, *, who: str) -> str:
        """Remove a plugin; return the sentence that says so. A rollback brings it back."""
        plan = await asyncio.to_thread(self._management.plan_remove, [plugin])
        return await self._apply(plan, plugin, who=who, accept=False)

    async def rollback(self, *, who: str, to: int | None = None) -> str:
        """Undo the last change, or go back to a generation of the history; return the sentence that says so."""
        async with self._turn:
            report = await self._management.rollback(to=to, by=by_whom(who))
            await self._follow()
        return rolled_back(report)

    async def _enable(self, plugin: str, *, who: str, shown: ConsentRequest | None = None) -> str:
        async with self._turn:
            yes, failed = shown is not None, self._failed(plugin)
            enable = self._management.enable
            await asyncio.to_thread(enable, plugin, accept_permissions=yes, shown=shown, by=by_whom(who))
            await self._follow()
            if failed and self._failed(plugin):  # nothing changed that the host would follow: it is asked to try again
                with suppress(JackfieldError):  # told below, from its status
                    await self._host.enable(plugin, by=by_whom(who))
                self._on_change()
        return f"{plugin} was enabled.{self._trouble(plugin)}"

    async def _apply(self, plan: Plan, plugin: str, *, who: str, accept: bool) -> str:
        async with self._turn:
            await self._management.apply(plan, accept_permissions=accept, by=by_whom(who))
            await self._follow()
            came = {item.id: item.new_version for item in (*plan.added, *plan.changed)}
            back = [one.outcome for one in await self.failed() if came.get(one.plugin) == one.version]
        if back:
            return f"{'. '.join(back)}."
        return f"{done(plan)}{self._trouble(plugin.partition('==')[0].partition('@')[0])}"

    async def _follow(self) -> None:
        # The running host would follow by itself within half a second; whoever asked sees it at once.
        await self._application.reload()
        self._on_change()

    def _failed(self, plugin: str) -> bool:
        try:
            return self._host.plugins.status(plugin).state == "failed"
        except JackfieldError:
            return False

    async def failed(self) -> list[FailedVersion]:
        """Return the versions that were rolled back by themselves and are held back, the newest failure first."""
        return [replace(one, why=advised(one.why)) for one in await asyncio.to_thread(self._management.failed)]

    async def release(self, plugin: str, *, who: str) -> str:
        """Let what failed of a plugin be taken again; return the sentence that says so."""
        released = await asyncio.to_thread(self._management.release, plugin, by=by_whom(who))
        return f"{plugin} can be tried again." if released else f"Nothing of {plugin} is held back."

    def _trouble(self, plugin: str) -> str:
        try:
            status = self._host.plugins.status(plugin)
        except JackfieldError:
            return ""
        if status.state in {"failed", "blocked", "pending restart"}:
            return f" It is {status.state}: {status.problem}"
        return ""


def _brings(plan: Plan, plugin: str, shown: str) -> bool:
    """Whether a plan brings a plugin in the version that was shown; nothing was shown where that is empty."""
    return not shown or any(item.id == plugin and item.new_version == shown for item in (*plan.added, *plan.changed))
