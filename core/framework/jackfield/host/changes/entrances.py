"""The ways into a plugin that its code names: hooks, marked commands and marked listeners. They open last."""

from collections.abc import Callable, Iterable
from typing import Any

from jackfield.api import ListenerMark
from jackfield.hooks import HookManager, leave_calls
from jackfield.host.facets import Surroundings, Wiring
from jackfield.host.missing_hooks import instead_of, missing_hooks
from jackfield.host.plugins import Record
from jackfield.host.remote import StandIns
from jackfield.host.scripts import hooks_of_script
from jackfield.runtime import Loaded, marked_listeners


def open_entrances(
    record: Record, wiring: Wiring, loaded: Loaded, around: Surroundings, manager: HookManager, stand_ins: StandIns
) -> None:
    """Let a plugin be called: register its hooks, add its commands and listeners, all until its entrances close.

    Args:
        record: the plugin.
        wiring: keeps what is opened.
        loaded: its code.
        around: what all plugins share.
        manager: where hooks are registered.
        stand_ins: one that stood in for the plugin gives way to it; then whoever waited for it goes on.

    Raises:
        Exception: pluggy's, or a registry's, for what does not fit or is another plugin's.
    """
    name, target = record.candidate.id, loaded.target
    if record.candidate.origin == "script":
        target = hooks_of_script(target, manager, around.script_hooks)
    with manager.exchanging():
        stand_ins.give_way(name, target)
        manager.register(target, name=name)
    wiring.entrances.begin("hooks", lambda: _unregister(manager, name))
    for missing in missing_hooks(target, manager):
        told = "%s implements hook %s, which the application does not have, so that it is never called (%s)"
        around.logger(name).warning(told, name, missing, instead_of(missing, manager))
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
        for listened, hearer in _listeners(wiring, loaded, around, manager):
            wiring.listeners.add_marked(listened, hearer)
    stand_ins.over(name)


def leave(record: Record, wiring: Wiring, manager: HookManager) -> None:
    """Close the ways into a plugin, also to the hook calls that are under way and have not come to it.

    Args:
        record: the plugin.
        wiring: has its entrances.
        manager: where its hooks are registered.
    """
    implements = manager.get_plugin(record.candidate.id)
    wiring.entrances.close()
    if implements is not None:
        leave_calls(implements)


def _listeners(
    wiring: Wiring, loaded: Loaded, around: Surroundings, manager: HookManager
) -> Iterable[tuple[ListenerMark, Callable[..., Any]]]:
    if loaded.listeners is not None:
        return loaded.listeners
    taken = {*vars(manager.hook), *around.script_hooks}
    return marked_listeners(loaded.target, wiring.context, around.events.host_events, taken=taken)


def _unregister(manager: HookManager, name: str) -> None:
    if manager.has_plugin(name):
        manager.unregister(name=name)
