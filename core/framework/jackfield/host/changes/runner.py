"""One plugin at a time: load, enable, disable, unload, each with what happens when the plugin fails (K16 to K21).

Nothing here raises for what a plugin does: the plugin's life tells it. C8: a failed plugin is kept with its traceback.
C10: what fails in `on_disable` or `on_unload` is logged and counted, and the plugin goes all the same.
"""

import logging
import traceback
from collections.abc import Callable
from typing import Any

from jackfield.errors import JackfieldError, PluginError
from jackfield.hooks import HookManager
from jackfield.host.changes.imports import Packages
from jackfield.host.facets import Surroundings, Wiring
from jackfield.host.lifecycle import Happening, State
from jackfield.host.loader import load, misplaced
from jackfield.host.plugins import Plugins, Record
from jackfield.host.scripts import hooks_of_script
from jackfield.manifest import Candidate
from jackfield.runtime import GRACE_SECONDS, Loaded, marked_listeners

_log = logging.getLogger("jackfield.host")

#: A plugin's code and what ties it to the host.
Brought = tuple[Wiring, Loaded]

#: What `on_unload` returned, waiting for the `on_load` of the code that replaces it.
HandedOver = dict[str, Any]


class Runner:
    """Takes single plugins through their lives.

    Args:
        plugins: where their lives are told.
        around: what their contexts share.
        manager: where their hooks are registered.
    """

    def __init__(self, plugins: Plugins, around: Surroundings, manager: HookManager) -> None:
        self._plugins = plugins
        self._around = around
        self._manager = manager
        self._handed: HandedOver = {}
        self._known: tuple[tuple[Candidate, ...], Packages] | None = None

    async def bring(self, candidate: Candidate) -> Brought:
        """Import a plugin's code and tie it to a context of its own; nothing of it has been called.

        Raises:
            PluginError: its code is not where its manifest is, it imports what it may not, or did not come to an end.
            Exception: whatever the plugin's code raises.
        """
        problem = self._packages().problem(candidate)
        if problem:
            raise PluginError(problem, plugin=candidate.id)
        return await self._bring(candidate)

    async def _bring(self, candidate: Candidate) -> Brought:
        wiring = Wiring(candidate, self._around)
        language = self._plugins.records().get(candidate.language)
        speaker = language.loaded.target if language is not None and language.loaded is not None else None
        loaded: Loaded = await self._around.guard.run(candidate.id, "import", load, candidate, wiring.context, speaker)
        return wiring, loaded

    async def load(self, record: Record, brought: Brought | None = None) -> None:
        """Import a resolved plugin and call `on_load`; afterwards it is loaded, blocked or failed.

        Args:
            record: the plugin.
            brought: its code, where it has been imported already.
        """
        candidate = record.candidate
        problem = (misplaced(candidate) or self._packages().problem(candidate)) if brought is None else ""
        if problem:
            self._plugins.tell(record, Happening.BLOCKED, problem)
            return
        record.errors, record.last_error, record.last_failure, record.refusals = 0, "", "", {}
        previous = self._handed.pop(candidate.canonical_id, None)
        try:
            record.wiring, record.loaded = brought or await self._bring(candidate)
            await self._callback(record, "on_load", previous)
        except Exception as error:  # noqa: BLE001  # whatever the plugin's code raises is its failure alone
            self._failed(record, "while it was loaded", error)
            return
        self._plugins.tell(record, Happening.LOADED)

    async def enable(self, record: Record) -> None:
        """Call `on_enable`, then open the plugin's hooks and commands; afterwards it is active or failed."""
        wiring, loaded = record.wiring, record.loaded
        if wiring is None or loaded is None:
            return
        wiring.scope.open()
        wiring.entrances.open()
        try:
            await self._migrate(record)
            await self._callback(record, "on_enable")
        except Exception as error:  # noqa: BLE001  # see load
            await self._end_scopes(record)
            self._failed(record, "in on_enable", error)
            return
        try:
            self._open_entrances(record, wiring, loaded)
        except Exception as error:  # noqa: BLE001  # see load
            self._around.blame(record.candidate.id, "hooks and commands", error)
            await self._quietly(record, "on_disable")
            await self._end_scopes(record)
            self._failed(record, "while its hooks and commands were added", error)
            return
        self._plugins.tell(record, Happening.ENABLED)

    async def disable(self, record: Record) -> None:
        """Close the plugin's hooks and commands, call `on_disable`, end all that it began; afterwards it is idle."""
        if record.wiring is not None:
            record.wiring.entrances.close()
        await self._quietly(record, "on_disable")
        await self._end_scopes(record)
        self._plugins.tell(record, Happening.DISABLED)

    async def unload(self, record: Record, *, removed: bool, replaced: bool) -> None:
        """Call `on_unload`, and `on_removed` when it was uninstalled; afterwards its code may be dropped.

        Args:
            record: a plugin that is loaded or idle.
            removed: it is not installed any more.
            replaced: the same plugin is loaded again; its new code gets what `on_unload` returns.
        """
        result = await self._quietly(record, "on_unload")
        if removed:
            await self._quietly(record, "on_removed")
        if result is None and record.loaded is not None and record.candidate.origin == "script":
            result = record.loaded.target  # what a script keeps, it keeps in its module (M36)
        if replaced and result is not None:
            self._handed[record.candidate.canonical_id] = result
        if record.wiring is not None:
            record.wiring.database.close()
        record.loaded = None
        record.wiring = None
        self._plugins.tell(record, Happening.UNLOADED)

    def handed(self) -> HandedOver:
        """Return what waits to be handed over, as a copy."""
        return dict(self._handed)

    def hand(self, cid: str, handed: HandedOver) -> None:
        """Hand over to the next `on_load` of a plugin what it handed over before."""
        if cid in handed:
            self._handed[cid] = handed[cid]

    def _packages(self) -> Packages:
        """Whose packages are whose, among all plugins that are known; the same for every plugin of one start."""
        candidates = tuple(record.candidate for record in self._plugins.records().values())
        if self._known is None or self._known[0] != candidates:
            self._known = (candidates, Packages.of(candidates))
        return self._known[1]

    def _open_entrances(self, record: Record, wiring: Wiring, loaded: Loaded) -> None:
        name = record.candidate.id
        target = loaded.target
        if record.candidate.origin == "script":
            target = hooks_of_script(target, self._manager, self._around.script_hooks)
        self._manager.register(target, name=name)
        wiring.entrances.begin("hooks", lambda: _unregister(self._manager, name))
        for mark, handler in loaded.commands:
            wiring.commands.add(
                mark.name,
                handler,
                aliases=mark.aliases,
                help=mark.help,
                usage=mark.usage,
                level=mark.level,
                needs=mark.needs,
            )
        if not record.candidate.legacy:
            events = self._around.events.host_events
            taken = {*vars(self._manager.hook), *self._around.script_hooks}
            for listened, hearer in marked_listeners(loaded.target, wiring.context, events, taken=taken):
                wiring.listeners.add_marked(listened, hearer)

    async def _migrate(self, record: Record) -> None:
        """Call `on_migrate` when the shape of the plugin's data changed since it last ran."""
        manifest = record.candidate.manifest
        if manifest is None:
            return
        key = f"data_version/{record.candidate.canonical_id}"
        known = self._around.state.get(key)
        if known == manifest.data_version:
            return
        if isinstance(known, int) and known < manifest.data_version:
            await self._callback(record, "on_migrate", known, manifest.data_version)
        self._around.state.change({key: manifest.data_version}, by="host", why=f"data of {record.candidate.id}")

    async def _callback(self, record: Record, name: str, *arguments: object) -> Any:
        callback: Callable[..., Any] | None = record.loaded.callbacks.get(name) if record.loaded is not None else None
        if callback is None:
            return None
        return await self._around.guard.run(record.candidate.id, name, callback, *arguments)

    async def _quietly(self, record: Record, name: str) -> Any:
        try:
            return await self._callback(record, name)
        except Exception:  # noqa: BLE001  # counted and logged by the guard; the way down goes on
            return None

    async def _end_scopes(self, record: Record) -> None:
        wiring = record.wiring
        if wiring is None:
            return
        wiring.entrances.close()
        wiring.scope.close()
        record.left_behind = await wiring.scheduler.end(GRACE_SECONDS)
        for name in record.left_behind:
            _log.error("%s does not end when it is told to; it is left behind", name)
        wiring.database.close()

    def _failed(self, record: Record, when: str, error: Exception) -> None:
        told = str(error) if isinstance(error, JackfieldError) else f"{type(error).__name__}: {error}"
        text = "".join(traceback.format_exception(error))
        if record.wiring is not None:
            record.wiring.database.close()
        record.loaded = None
        record.wiring = None
        if record.life.state is State.FOUND:
            self._plugins.tell(record, Happening.RESOLVED)
        self._plugins.tell(record, Happening.FAILED, f"{told} ({when})", text)


def _unregister(manager: HookManager, name: str) -> None:
    if manager.has_plugin(name):
        manager.unregister(name=name)
