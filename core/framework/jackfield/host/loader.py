"""From a candidate to something that can be enabled: import, find the parts, tie them to the context (K2)."""

import contextlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from jackfield.api import CommandMark, Context, command_mark
from jackfield.errors import PluginError
from jackfield.host.scripts import load_script, run_foreign
from jackfield.manifest import Candidate

CALLBACKS = ("on_load", "on_enable", "on_disable", "on_unload", "on_migrate", "on_removed")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin's code, ready to be enabled.

    Args:
        target: what is registered with the hook manager: an instance or a module.
        callbacks: the lifecycle callbacks that it has; a module's have `context` bound.
        commands: what `@command` marked, with the function to call.
    """

    target: object
    callbacks: Mapping[str, Callable[..., Any]]
    commands: tuple[tuple[CommandMark, Callable[..., Any]], ...]


def misplaced(candidate: Candidate) -> str:
    """Say why a plugin's code would not come from its manifest's folder; empty when it would. Runs no plugin code.

    Without this, a package of the same name earlier on the path would run under the manifest, and the grants, of
    another.
    """
    if candidate.folder is None:
        return ""
    name = candidate.entry_point.partition(":")[0].partition(".")[0].strip()
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError) as error:
        return f"its package {name} cannot be found: {error}"
    if spec is None:
        return f"its package {name} cannot be found"
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    if spec.submodule_search_locations is None and spec.origin:
        places = [Path(spec.origin).parent]
    if any(_same_folder(place, candidate.folder) for place in places):
        return ""
    found = ", ".join(map(str, places)) or spec.origin
    return f"its package {name} would be loaded from {found}, its manifest lies in {candidate.folder}"


def load(candidate: Candidate, context: Context, language: object = None) -> Loaded:
    """Import a plugin and tie it to its context.

    The entry point may name a module, a class (made here, without arguments) or an object.

    Args:
        candidate: the plugin.
        context: what it gets.
        language: the plugin that runs scripts of this kind (U38), where it is one that is no Python.

    Raises:
        PluginError: the code is not where the manifest is, or the entry point names nothing that can be a plugin (K1).
        Exception: whatever the plugin's code raises.
    """
    problem = misplaced(candidate)
    if problem:
        raise PluginError(f"{candidate.id}: {problem}", plugin=candidate.id)
    target: Any = _resolve(candidate) if candidate.origin != "script" else _script(candidate, context, language)
    if isinstance(target, ModuleType) and not candidate.legacy:
        return _of_module(target, context)
    if candidate.legacy:
        return Loaded(target, MappingProxyType({}), ())  # an ordinary pluggy plugin: its hooks and nothing else
    if inspect.isclass(target):
        target = target()
    elif type(target).__module__ == "builtins":  # a function, a number, a text
        raise PluginError(
            f"{candidate.id}: the entry point {candidate.entry_point} names a {type(target).__name__}: "
            "a plugin is a class, a module, or an object of a class",
            plugin=candidate.id,
        )
    with contextlib.suppress(AttributeError):  # __slots__: it gets on without a context
        target.context = context
    callbacks = {name: value for name in CALLBACKS if callable(value := getattr(target, name, None))}
    return Loaded(target, MappingProxyType(callbacks), _commands_of(target))


def _resolve(candidate: Candidate) -> Any:
    module_name, _, attributes = candidate.entry_point.partition(":")
    try:
        target: Any = importlib.import_module(module_name.strip())
        for attribute in filter(None, attributes.strip().split(".")):
            target = getattr(target, attribute)
    except SystemExit as error:
        raise PluginError(f"{candidate.id} tried to end the process while it was imported") from error
    except AttributeError as error:
        if attributes and getattr(error, "obj", None) is sys.modules.get(module_name.strip()):
            raise PluginError(
                f"{candidate.id}: the entry point {candidate.entry_point} names nothing: {error}", plugin=candidate.id
            ) from error
        raise
    return target


def _script(candidate: Candidate, context: Context, language: object) -> object:
    try:
        if candidate.language:
            return run_foreign(candidate, context, language)
        return load_script(candidate)
    except SystemExit as error:
        raise PluginError(f"{candidate.id} tried to end the process while it was imported") from error


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


def _same_folder(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve()
    except OSError:
        return False
