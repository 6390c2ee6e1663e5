"""Plugins whose manifest says `activation = "demand"`: their code is loaded when something they declare is first used.

Until then what they declare is shown for them: commands in help, components on the page, items in menus. A use of it
brings the plugin up and then goes on, so that the plugin has a part in it. The names of hooks, events and services are
watched by whoever calls them.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping

from jackfield.api import Level, MenuItem
from jackfield.errors import PluginError, UnknownPlugin
from jackfield.hooks import HookManager
from jackfield.host.commands import CommandRegistry
from jackfield.host.facets import UiRegistry
from jackfield.host.hearing import Hearing
from jackfield.host.uses import Kind, uses
from jackfield.manifest import Candidate, Contributions


class Demand:
    """The plugins of one host that are asleep, and what wakes them.

    Args:
        manager: calls hooks.
        hearing: who may hear which.
        commands: shows their commands.
        ui: shows their components and menu items.
    """

    def __init__(
        self,
        *,
        manager: HookManager,
        hearing: Hearing,
        commands: CommandRegistry,
        ui: UiRegistry,
    ) -> None:
        self._manager = manager
        self._hearing = hearing
        self._commands = commands
        self._ui = ui
        self._asleep: dict[str, Candidate] = {}
        self._by_use: dict[tuple[Kind, str], tuple[str, ...]] = {}
        self._shown: dict[str, list[Callable[[], None]]] = {}

    def wake_by(self, wake: Callable[[str], Awaitable[None]], wake_now: Callable[[Collection[str], str], None]) -> None:
        """Set what brings plugins up.

        Args:
            wake: brings one up, by its canonical id; returns when it is up or could not be brought up.
            wake_now: brings some up before it returns, where that can be done without awaiting.
        """
        self._wake, self._wake_now = wake, wake_now

    def follow(self, asleep: Mapping[str, Candidate]) -> None:
        """Show what these plugins declare, and nothing of others any more.

        Args:
            asleep: by canonical id.
        """
        for cid in [cid for cid, candidate in self._asleep.items() if asleep.get(cid) is not candidate]:
            del self._asleep[cid]
            for take_away in self._shown.pop(cid, ()):
                take_away()
        for cid, candidate in asleep.items():
            if cid not in self._asleep:
                self._asleep[cid] = candidate
                self._shown[cid] = self._show(cid, candidate)
        by_use: dict[tuple[Kind, str], list[str]] = {}
        for cid, candidate in self._asleep.items():
            for kind, names in uses(candidate).items():
                for name in names:
                    by_use.setdefault((kind, name), []).append(cid)
        self._by_use = {use: tuple(cids) for use, cids in by_use.items()}
        hooks = {name for kind, name in self._by_use if kind == "hooks" and self._hearers(name)}
        self._manager.wake_before(hooks, self)

    async def use(self, kind: Kind, name: str) -> None:
        """Bring up every plugin that declares this, before it is used; one that fails is left out, as its status says.

        Args:
            kind: what is used.
            name: as the manifest has it; an event's with its `plugin:<id>:`.
        """
        for cid in self._by_use.get((kind, name), ()):
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

    def _hearers(self, hook_name: str) -> list[str]:
        """Return who waits for a hook and may hear it."""
        needs = self._manager.options(hook_name).needs
        waiting = self._by_use.get(("hooks", hook_name), ())
        if needs is None:
            return list(waiting)
        resource, _, action = needs.partition(":")
        return [cid for cid in waiting if self._hearing.may(cid, resource, action)]

    def _show(self, cid: str, candidate: Candidate) -> list[Callable[[], None]]:
        adds = candidate.manifest.contributes if candidate.manifest is not None else Contributions()
        grant = self._hearing.grant(cid)
        shown: list[Callable[[], None]] = []
        for command in adds.commands:

            async def load() -> None:
                await self._wake(cid)

            try:
                shown.append(
                    self._commands.declare(
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
        if grant is not None and grant.allows("ui", "component"):
            shown += (
                self._ui.announce_component(candidate.id, component, lambda: self._wake(cid))
                for component in adds.components
            )
        if grant is not None and grant.allows("ui", "menu"):
            for item in adds.menu:
                offered = MenuItem(item.id, item.label, item.position)
                shown.append(self._ui.add_menu_item(candidate.id, offered, self._chooser(cid, candidate.id, item.id)))
        return shown

    def _chooser(self, cid: str, plugin: str, item: str) -> Callable[[str], Awaitable[None]]:
        async def choose(user: str) -> None:
            await self._wake(cid)
            try:
                await self._ui.choose(f"{plugin}:{item}", user)
            except UnknownPlugin as error:
                raise PluginError(
                    f"{plugin} declares the menu item {item} and does not add it", plugin=plugin
                ) from error

        return choose
