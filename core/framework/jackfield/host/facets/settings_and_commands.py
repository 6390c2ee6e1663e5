"""The facets of `context` that are thin: settings, commands."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from jackfield.api import CommandNode, Level, Subscription
from jackfield.errors import PermissionDenied, UsageError
from jackfield.host.commands import CommandRegistry, Handler
from jackfield.host.facets.names import require_name
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.permits import Permits
from jackfield.manifest import CommandContribution
from jackfield.runtime import Scope, fill_dataclass
from jackfield.storage import Settings

Run = Callable[..., Awaitable[Any]]
Model = TypeVar("Model")

MOST_CHANGES = 100
"""Of settings by their plugin, one after the other; the history keeps each for good."""

SECONDS_A_CHANGE = 60.0
"""After so many, how long until the next one."""


class PluginSettings:
    """`context.settings`: declared in the manifest, so they need no permission.

    Args:
        plugin: its id.
        settings: the plugin's own.
        scope: what listeners belong to.
        run: calls a listener on the plugin's behalf.
        threads: in which changes of a plugin in another process are kept.
    """

    def __init__(self, plugin: str, settings: Settings, scope: Scope, run: Run, threads: OwnThreads) -> None:
        self._plugin = plugin
        self._settings = settings
        self._scope = scope
        self._run = run
        self._threads = threads
        self._calls: set[asyncio.Task[None]] = set()
        self._allowance = float(MOST_CHANGES)
        self._filled = time.monotonic()

    def get(self, key: str) -> Any:
        """Return the user's value, or the default."""
        return self._settings.get(key)

    def set(self, key: str, value: Any) -> None:
        """Change a setting, checked against its type and bounds."""
        if not self._is(key, value):
            self._take_allowance()
            self._settings.set(key, value)

    async def set_apart(self, key: str, value: Any) -> None:
        """The same, without holding up the event loop: what is in `settings.toml` can be the work of the plugin."""
        if not self._is(key, value):
            self._take_allowance()
            await self._threads.run(self._settings.keep, {key: value})
            self._settings.refresh()

    def _is(self, key: str, value: Any) -> bool:
        """Whether it is that already: the user's own yes to what it is counts as a change, a plugin's does not."""
        return self._settings.is_set(key) and repr(self._settings.get(key)) == repr(value)

    def _take_allowance(self) -> None:
        """Count a change, also one that fails: parts of it may be kept all the same."""
        now = time.monotonic()
        self._allowance = min(MOST_CHANGES, self._allowance + (now - self._filled) / SECONDS_A_CHANGE)
        self._filled = now
        if self._allowance < 1:
            raise UsageError(
                f"{self._plugin} changed its settings {MOST_CHANGES} times: the next time in a minute",
                plugin=self._plugin,
                hint="settings are what the user wishes; what the plugin itself remembers goes into context.storage",
            )
        self._allowance -= 1

    def all(self) -> Mapping[str, Any]:
        """Return every declared setting with its value."""
        return self._settings.all()

    def typed(self, model: type[Model]) -> Model:
        """Return the settings as a dataclass: each field takes the setting of its name."""
        declared = {one.key for one in self._settings.declared}
        return fill_dataclass(model, declared, self._settings.get, plugin=self._plugin)

    def on_change(self, handler: Callable[[str, Any], Awaitable[None] | None]) -> Subscription:
        """Call `handler(key, value)` after a change, until the plugin is disabled."""
        listening = True

        def changed(key: str, value: Any) -> None:
            task = asyncio.get_running_loop().create_task(tell(key, value))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

        async def tell(key: str, value: Any) -> None:
            if not listening:  # it was ended, or its plugin disabled, in the turn of the loop in which this began
                return
            try:
                await self._run(self._plugin, f"listener of the setting {key}", handler, key, value)
            except Exception:  # noqa: BLE001  # counted and logged by run; nobody waits for a listener
                return

        take_away = self._settings.on_change(changed)

        def end() -> None:
            nonlocal listening
            listening = False
            take_away()

        return self._scope.begin("listener of settings", end)


class PluginCommands:
    """`context.commands`: roots that the manifest declares are free, others need `commands:register`.

    Args:
        plugin: its id.
        registry: the host's.
        scope: what the commands belong to.
        permits: its grant.
        declared: the manifest's commands, by name.
    """

    def __init__(
        self,
        plugin: str,
        registry: CommandRegistry,
        scope: Scope,
        permits: Permits,
        declared: Mapping[str, CommandContribution],
    ) -> None:
        self._plugin = plugin
        self._registry = registry
        self._scope = scope
        self._permits = permits
        self._declared = declared
        self._roots = {name.split()[0] for one in declared.values() for name in (one.name, *one.aliases)}

    def add(
        self,
        name: str,
        handler: Handler,
        *,
        aliases: tuple[str, ...] = (),
        help: str = "",  # noqa: A002 (the word of the manifest)
        usage: str = "",
        level: Level | str = Level.GUEST,
        needs: str = "",
    ) -> Subscription:
        """Add a command until the plugin is disabled.

        What the call leaves out the manifest says; of two levels the higher one holds, and aliases are added.
        """
        allowed = self._require_declared(name, *aliases)
        told = self._declared.get(" ".join(name.split()), CommandContribution(name))
        take_away = self._registry.add(
            self._plugin,
            name,
            handler,
            aliases=tuple(dict.fromkeys((*aliases, *told.aliases))),
            help=help or told.help,
            usage=usage or told.usage,
            level=max(Level.parse(level), Level.parse(told.level)),
            needs=needs,
            check=self._permits,
        )
        return self._scope.begin(f"command {name}", take_away, allowed=allowed)

    def add_tree(self, tree: CommandNode) -> Subscription:
        """Add a tree of commands until the plugin is disabled; of its level and the manifest's the higher one holds."""
        require_name(self._plugin, "a command", *_names_in(tree))
        allowed = self._require_declared(tree.name, *tree.aliases)
        if (told := self._declared.get(tree.name)) is not None:
            tree = replace(tree, level=max(tree.level, Level.parse(told.level)), help=tree.help or told.help)
        take_away = self._registry.add_tree(self._plugin, tree, check=self._permits)
        return self._scope.begin(f"commands below {tree.name}", take_away, allowed=allowed)

    def _require_declared(self, *names: str) -> Callable[[], bool] | None:
        """Return what says whether commands may still be called so; None for declared ones, which always may."""
        require_name(self._plugin, "a command", *names)
        roots = {text.split()[0] for text in names if text.split()}
        if roots <= self._roots:
            return None
        self._require_register(", ".join(sorted(roots - self._roots)))
        return partial(self._permits.may, "commands", "register")

    def _require_register(self, undeclared: str) -> None:
        try:
            self._permits("commands", "register")
        except PermissionDenied as error:
            # Seldom is the permission what its author wants: a command that is always there is declared, and free.
            hint = f"declare {undeclared} in plugin.toml, under [contributes] commands; or ask for commands:register"
            raise PermissionDenied(error.message, plugin=error.plugin, hint=hint) from error


def _names_in(tree: CommandNode) -> list[str]:
    """Every word that a tree of commands is made of."""
    names: list[str] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        names += (node.name, *node.aliases)
        waiting += node.children
    return names
