"""From an entry point to a plugin's parts: its callbacks, marked commands and listeners, tied to its context (K2)."""

import contextlib
import importlib
import inspect
import sys
import types
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType, ModuleType
from typing import Any

from jackfield.api import CommandMark, Context, ListenerMark, command_mark, listener_marks
from jackfield.errors import PluginError

CALLBACKS = ("on_load", "on_enable", "on_disable", "on_unload", "on_migrate", "on_removed", "on_health")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin's code, ready to be enabled.

    Args:
        target: what is registered with the hook manager: an instance or a module.
        callbacks: the lifecycle callbacks that it has; a module's have `context` bound.
        commands: what `@command` marked, with the function to call.
        listeners: what `@listener` marked, with the function to call; None: `marked_listeners` finds them in `target`.
    """

    target: object
    callbacks: Mapping[str, Callable[..., Any]]
    commands: tuple[tuple[CommandMark, Callable[..., Any]], ...]
    listeners: tuple[tuple[ListenerMark, Callable[..., Any]], ...] | None = None


def resolve(plugin: str, entry_point: str) -> Any:
    """Import what an entry point names.

    Args:
        plugin: the id that is blamed.
        entry_point: `package.module:attribute`, the attribute may be missing.

    Raises:
        PluginError: it names nothing, or its code tried to end the process (K1).
        Exception: whatever the plugin's code raises.
    """
    module_name, _, attributes = entry_point.partition(":")
    try:
        target: Any = importlib.import_module(module_name.strip())
        for attribute in filter(None, attributes.strip().split(".")):
            target = getattr(target, attribute)
    except SystemExit as error:
        raise PluginError(f"{plugin} tried to end the process while it was imported", plugin=plugin) from error
    except AttributeError as error:
        if attributes and getattr(error, "obj", None) is sys.modules.get(module_name.strip()):
            raise PluginError(
                f"{plugin}: the entry point {entry_point} names nothing: {error}", plugin=plugin
            ) from error
        raise
    return target


def tie(plugin: str, entry_point: str, target: Any, context: Context) -> Loaded:
    """Tie what an entry point names to its context: a module, a class (made here, without arguments) or an object.

    Args:
        plugin: the id that is blamed.
        entry_point: as the plugin's author wrote it, for the sentence.
        target: what it names.
        context: what the plugin gets.

    Raises:
        PluginError: it is nothing that can be a plugin (K1).
        Exception: whatever the plugin's code raises.
    """
    if isinstance(target, ModuleType):
        return _of_module(target, context)
    if inspect.isclass(target):
        target = target()
    elif type(target).__module__ == "builtins":  # a function, a number, a text
        raise PluginError(
            f"{plugin}: the entry point {entry_point} names a {type(target).__name__}: "
            "a plugin is a class, a module, or an object of a class",
            plugin=plugin,
        )
    with contextlib.suppress(AttributeError):  # __slots__: it gets on without a context
        target.context = context
    callbacks = {name: value for name in CALLBACKS if callable(value := getattr(target, name, None))}
    return Loaded(target, MappingProxyType(callbacks), _commands_of(target))


def marked_listeners(
    target: object, context: object, host_events: Collection[str], *, taken: Collection[str] = ()
) -> Iterator[tuple[ListenerMark, Callable[..., Any]]]:
    """Yield the listeners of a plugin's code: those that `@listener` marks, and `on_<event>` for events of the host.

    Args:
        target: the plugin's instance or module.
        context: bound to a module's functions.
        host_events: short names of what the host sends.
        taken: names that mean something else: hooks, what the host makes of scripts' functions.
    """
    module = isinstance(target, types.ModuleType)
    defaults = {f"on_{event}": event for event in host_events if f"on_{event}" not in taken}
    for name in function_names(target):
        function = vars(target).get(name) if module else getattr(target, name, None)
        if not callable(function):
            continue
        handler = partial(function, context) if module else function
        marks = listener_marks(function)
        yield from ((mark, handler) for mark in marks)
        if not marks and name in defaults:
            yield ListenerMark(f"host:{defaults[name]}"), handler


def function_names(target: object) -> list[str]:
    """The names of a plugin's functions, in the order of their definition; properties are not run to look for them."""
    if isinstance(target, types.ModuleType):
        return list(vars(target))
    found: dict[str, None] = {}
    for kind in reversed(type(target).__mro__):
        found.update(dict.fromkeys(name for name, value in vars(kind).items() if callable(value)))
    return [name for name in found if not name.startswith("__")]


def _of_module(module: ModuleType, context: Context) -> Loaded:
    callbacks = {name: partial(value, context) for name in CALLBACKS if callable(value := getattr(module, name, None))}
    commands = tuple(
        (mark, partial(value, context))
        for value in vars(module).values()
        if (mark := command_mark(value)) is not None and callable(value)
    )
    return Loaded(module, MappingProxyType(callbacks), commands)


def _commands_of(target: object) -> tuple[tuple[CommandMark, Callable[..., Any]], ...]:
    """Marked methods in the order of their definition; properties are not run to look for them."""
    found: dict[str, None] = {}
    for kind in reversed(type(target).__mro__):
        found.update(dict.fromkeys(name for name, value in vars(kind).items() if command_mark(value) is not None))
    methods = ((name, getattr(target, name)) for name in found)
    return tuple((mark, method) for _, method in methods if (mark := command_mark(method)) is not None)
