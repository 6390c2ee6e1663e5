"""The hooks that a plugin's code implements, described for the host and served to it."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, Optional

import pluggy

from jackfield.errors import PluginError
from jackfield.hooks import is_asynchronous
from jackfield.rpc import CallCodec, can_cross
from jackfield.runtime import HookData
from jackfield.worker.handlers import Handlers

_EMPTY = inspect.Parameter.empty


def serve_hooks(
    target: object, plugin: str, project: str, specs: Mapping[str, str], handlers: Handlers
) -> list[HookData]:
    """Find a plugin's hook implementations, serve each as `hook.<name>`, and describe them.

    Args:
        target: the plugin's instance or module.
        plugin: its id.
        project: the name of the markers.
        specs: the host's hooks, each with the place of its spec, `module:qualname`.
        handlers: where they are served.
    """
    # pluggy itself reads the marks: which names count, which arguments are taken, what a spec's name is.
    manager = pluggy.PluginManager(project)
    manager.register(target, name=plugin)
    described = []
    for caller in manager.get_hookcallers(target) or ():
        for hookimpl in caller.get_hookimpls():
            _refuse_what_cannot_cross(plugin, caller.name, hookimpl)
            described.append(_described(caller.name, hookimpl))
            if not (hookimpl.wrapper or hookimpl.hookwrapper):
                _serve(caller.name, hookimpl, _spec(specs.get(caller.name, "")), handlers)
    return described


def _refuse_what_cannot_cross(plugin: str, name: str, hookimpl: pluggy.HookImpl) -> None:
    """Refuse what each call would fail with, and its description does not tell; a wrapper is its host's to refuse."""
    function, wraps = hookimpl.function, hookimpl.wrapper or hookimpl.hookwrapper
    why, hint = "", ""
    if inspect.isasyncgenfunction(function) or (inspect.isgeneratorfunction(function) and not wraps):
        why, hint = "it is a generator, which is no data", "return a list"
    elif any(one.kind is one.POSITIONAL_ONLY for one in inspect.signature(function).parameters.values()):
        why, hint = "its arguments come by name, and it has some that cannot", "leave out the / in its parameters"
    if why:
        told = f"{plugin} cannot implement hook {name} in a process of its own: {why}"
        raise PluginError(told, plugin=plugin, hint=hint)


def _described(name: str, hookimpl: pluggy.HookImpl) -> HookData:
    return HookData(
        name,
        tuple(hookimpl.argnames),
        tuple(hookimpl.kwargnames),
        asynchronous=is_asynchronous(hookimpl.function),
        tryfirst=hookimpl.tryfirst,
        trylast=hookimpl.trylast,
        optionalhook=hookimpl.optionalhook,
        wrapper=bool(hookimpl.wrapper or hookimpl.hookwrapper),
    )


def _serve(name: str, hookimpl: pluggy.HookImpl, spec: Callable[..., Any] | None, handlers: Handlers) -> None:
    function = hookimpl.function
    codec = CallCodec(_signature(hookimpl, spec))
    method = f"hook.{name}"
    if not is_asynchronous(function) and (spec is None or not is_asynchronous(spec)):
        handlers.serve_at_once(method, function, codec)
    else:  # a plain implementation of an `async def` spec may answer with something to await
        handlers.serve(method, function, codec=codec)


def _signature(hookimpl: pluggy.HookImpl, spec: Callable[..., Any] | None) -> inspect.Signature:
    """The implementation's arguments, typed by the spec where there is one and else by its own annotations.

    What neither types, or nobody can carry, comes as plain data: the host holds its calls to its own spec.
    """
    types = [_annotations(one) for one in (spec, hookimpl.function) if one is not None]

    def typed(name: str) -> Any:
        for known in types:
            found = known.get(name, _EMPTY)
            one = inspect.Parameter("value", inspect.Parameter.KEYWORD_ONLY, annotation=found)
            if found is not _EMPTY and not can_cross(inspect.Signature([one], return_annotation=None)):
                return found
        return Any

    defaults = dict.fromkeys(hookimpl.kwargnames)
    parameters = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=typed(name), default=defaults.get(name, _EMPTY)
        )
        for name in (*hookimpl.argnames, *hookimpl.kwargnames)
    ]
    answer = typed("return")
    answer = answer if answer is Any else Optional[answer]  # noqa: UP045 (None | None is an error)
    return inspect.Signature(parameters, return_annotation=answer)


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return inspect.get_annotations(inspect.unwrap(getattr(function, "__func__", function)), eval_str=True)
    except Exception:  # noqa: BLE001  # a name that is imported for type checkers only, or whatever an author wrote
        return {}


def _spec(place: str) -> Callable[..., Any] | None:
    """Return the host's spec, where its module is one that can be imported here."""
    module, _, path = place.partition(":")
    if not module:
        return None
    try:
        found: Any = sys.modules.get(module) or importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError):
        return None
    return found if callable(found) else None
