"""Plugins whose manifest says `activation = "demand"`: their code is loaded when something they declare is first used.

Until then what they declare is shown for them: commands in help, components on the page, items in menus. A use of it
brings the plugin up and then goes on, so that the plugin has a part in it. The names of hooks, events and services are
watched by whoever calls them. All of this stays until the plugin is up, or could not be brought up: a use that comes
while it is on its way waits like the one that woke it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from jackfield.api import Level, MenuItem
from jackfield.errors import PluginError
from jackfield.hooks import HookManager
from jackfield.host.commands import CommandRegistry
from jackfield.host.facets import UiRegistry
from jackfield.host.hearing import Hearing
from jackfield.host.lifecycle import State
from jackfield.host.plugins import Plugins
from jackfield.host.remote import Start
from jackfield.host.uses import Kind, uses
from jackfield.manifest import Candidate, Contributions


class Sleeper:
    """A plugin that is asleep, or on its way up.

    Args:
        candidate: what its manifest declares.
        take_away: each takes one of its declared commands away.

    Attributes:
        start: in which it comes up; None while it is asleep.
        up: done when it is up, could not be brought up, or is not to be woken any more.
    """

    __slots__ = ("candidate", "start", "take_away", "up")

    def __init__(self, candidate: Candidate, take_away: list[Callable[[], None]]) -> None:
        self.candidate = candidate
        self.take_away = take_away
        self.start: Start | None = None
        self.up: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Demand:
    """The plugins of one host that are asleep, and what wakes them.

    Args:
        plugins: where they stand.
        manager: calls hooks.
        hearing: who may hear which.
        commands: shows their commands.
        ui: shows their components and menu items.

    Attributes:
        commands: as given.
    """

    def __init__(
        self, plugins: Plugins, manager: HookManager, hearing: Hearing, commands: CommandRegistry, ui: UiRegistry
    ) -> None:
        self._plugins = plugins
        self._manager = manager
        self._hearing = hearing
        self.commands = commands
        self._ui = ui
        self._sleepers: dict[str, Sleeper] = {}
        self._failed: dict[str, Sleeper] = {}
        self._by_use: dict[tuple[Kind, str], tuple[str, ...]] = {}

    def wake_by(self, wake: Callable[[str], Awaitable[None]], wake_now: Callable[[Collection[str], str], None]) -> None:
        """Set what brings plugins up.

        Args:
            wake: brings one up, by its canonical id; returns when it is up or could not be brought up.
            wake_now: brings some up before it returns, where that can be done without awaiting.
        """
        self._wake, self._wake_now = wake, wake_now

    def follow(self, asleep: Mapping[str, Candidate], failed: Mapping[str, Candidate]) -> None:
        """Show what these plugins declare and those that are on their way up, and nothing of others any more.

        Args:
            asleep: by canonical id.
            failed: could not be brought up; whoever gives one of their commands is told why.
        """
        for cid, sleeper in list(self._sleepers.items()):
            if sleeper.start is None and asleep.get(cid) is not sleeper.candidate:
                self._drop(cid)
        for cid, sleeper in list(self._failed.items()):
            if failed.get(cid) is not sleeper.candidate:
                _undeclare(self._failed.pop(cid))
        for cid, candidate in asleep.items():
            if cid not in self._sleepers:
                self._add(cid, candidate)
        for cid, candidate in failed.items():
            if cid not in self._failed and cid not in self._sleepers:
                self._failed[cid] = Sleeper(candidate, self._declare(cid, candidate))
        self._watch()

    def sleeper(self, cid: str) -> Sleeper | None:
        """Return a plugin that is asleep or on its way up; None for any other."""
        return self._sleepers.get(cid)

    def come_up(self, cids: Collection[str], start: Start) -> None:
        """Let who uses these plugins wait for them, as far as they are asleep or have failed: they come up now.

        Args:
            cids: canonical ids.
            start: in which they do.
        """
        for cid in self._failed.keys() & set(cids):
            _undeclare(failed := self._failed.pop(cid))
            self._add(cid, failed.candidate)
        for cid in self._sleepers.keys() & set(cids):
            self._sleepers[cid].start = start

    def arrive(self, cids: Collection[str]) -> bool:
        """Let those go on who wait for these plugins: they are up, or could not be brought up.

        Returns:
            Whether one of them was on its way.
        """
        arrived = [cid for cid, sleeper in self._sleepers.items() if cid in cids and sleeper.start is not None]
        for cid in arrived:
            self._drop(cid)
        if arrived:
            self._watch()
        return bool(arrived)

    async def use(self, kind: Kind, name: str, among: Collection[str] | None = None) -> None:
        """Bring up every plugin that declares this, before it is used; one that fails is left out, as its status says.

        Args:
            kind: what is used.
            name: as the manifest has it; an event's with its `plugin:<id>:`.
            among: canonical ids of those that may be brought up by it; None: all.
        """
        for cid in self._by_use.get((kind, name), ()):
            if among is None or cid in among:
                await self._wake(cid)

    def wants(self, kind: Kind, name: str) -> bool:
        """Say whether a plugin is asleep that declares this."""
        return (kind, name) in self._by_use

    def now(self, hook_name: str) -> None:
        """Bring up who hears a hook that is called without awaiting (`jackfield.hooks.Waker`)."""
        self._wake_now(self._hearers(hook_name), f"hook {hook_name}")

    async def first(self, hook_name: str) -> None:
        """Bring up who hears a hook that is awaited (`jackfield.hooks.Waker`)."""
        for cid in self._hearers(hook_name):
            await self._wake(cid)

    def _add(self, cid: str, candidate: Candidate) -> None:
        self._sleepers[cid] = Sleeper(candidate, self._declare(cid, candidate))
        self._announce(cid, candidate)

    def _drop(self, cid: str) -> None:
        sleeper = self._sleepers.pop(cid)
        _undeclare(sleeper)
        self._ui.release(sleeper.candidate.id)
        if not sleeper.up.done():
            sleeper.up.set_result(None)

    def _watch(self) -> None:
        """Have whoever calls hooks, sends events or asks for services know what wakes somebody."""
        by_use: dict[tuple[Kind, str], list[str]] = {}
        for cid, sleeper in self._sleepers.items():
            for kind, names in uses(sleeper.candidate).items():
                for name in names:
                    by_use.setdefault((kind, name), []).append(cid)
        self._by_use = {use: tuple(cids) for use, cids in by_use.items()}
        hooks = {name for kind, name in self._by_use if kind == "hooks" and self._hearers(name)}
        self._manager.wake_before(hooks, self)

    def _problem(self, cid: str) -> str:
        """Say why a plugin could not be brought up; empty for any other."""
        life = self._plugins.record(cid).life
        return life.problem if life.state in (State.FAILED, State.BLOCKED) else ""

    def _hearers(self, hook_name: str) -> list[str]:
        """Return who waits for a hook and may hear it."""
        needs = self._manager.options(hook_name).needs
        waiting = self._by_use.get(("hooks", hook_name), ())
        if needs is None:
            return list(waiting)
        resource, _, action = needs.partition(":")
        return [cid for cid in waiting if self._hearing.may(cid, resource, action)]

    def _declare(self, cid: str, candidate: Candidate) -> list[Callable[[], None]]:
        """Show a plugin's commands, and return what takes each away again."""

        async def load() -> None:
            await self._wake(cid)
            if problem := self._problem(cid):
                raise PluginError(problem, plugin=candidate.id)

        declared = []
        for command in _declared_by(candidate).commands:
            try:
                declared.append(
                    self.commands.declare(
                        candidate.id,
                        command.name,
                        load,
                        aliases=command.aliases,
                        help=command.help,
                        usage=command.usage,
                        level=Level.parse(command.level),
                    )
                )
            except PluginError:
                continue  # its root is taken: the plugin fails by name when it adds the command itself
        return declared

    def _announce(self, cid: str, candidate: Candidate) -> None:
        """Show a plugin's components and menu items, as far as it may show any."""
        adds, grant = _declared_by(candidate), self._hearing.grant(cid)
        components = adds.components if grant is not None and grant.allows("ui", "component") else ()
        items = adds.menu if grant is not None and grant.allows("ui", "menu") else ()

        async def there(coming: "asyncio.Future[bool]") -> bool:
            await self._wake(cid)
            if not coming.done():
                raise PluginError(f"{candidate.id} is still being loaded, and waits for itself", plugin=candidate.id)
            if not coming.result():
                why = self._problem(cid)
                told = f"could not be started: {why}" if why else "declares it and does not show it"
                raise PluginError(f"{candidate.id} {told}", plugin=candidate.id)
            return True

        if components or items:
            offered = [MenuItem(item.id, item.label, item.position) for item in items]
            self._ui.announce(candidate.id, components, offered, there)


def _declared_by(candidate: Candidate) -> Contributions:
    return candidate.manifest.contributes if candidate.manifest is not None else Contributions()


def _undeclare(sleeper: Sleeper) -> None:
    for take_away in sleeper.take_away:
        take_away()
