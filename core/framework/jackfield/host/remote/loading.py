"""A plugin in another process, brought up: what it says of itself, made into what a host enables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from functools import partial
from types import MappingProxyType
from typing import Any

from jackfield.api import CommandMark, Level, ListenerMark
from jackfield.errors import PluginError, RemoteError, UsageError
from jackfield.hooks import HookManager
from jackfield.host.remote.facets import Commanding, hearing
from jackfield.host.remote.hooks import proxy_of, spec_places
from jackfield.host.remote.plugin import RemotePlugin
from jackfield.host.remote.sources import Sources
from jackfield.rpc import CallCodec, Served, in_one_line, set_in, without_controls
from jackfield.runtime import (
    CALLBACKS,
    CommandData,
    Description,
    Guard,
    ListenerData,
    Loaded,
)

MOST_TOLD = 12_000
"""Characters that are kept of what a plugin tells of a failure beside its calls."""


TIMER = "timer "
"""What a plugin counts by itself: how its host calls it the host knows better."""

MOST_RUNS = 1000
LONGEST_RUN_NANOSECONDS = 86_400 * 10**9

MOST_DESCRIBED = 1000
"""Listeners, and as many commands, that the code of one plugin marks: as many as it may begin later."""


async def load_remote(
    remote: RemotePlugin,
    manager: HookManager,
    *,
    commanding: Commanding,
    events: Collection[str],
    seconds: float,
) -> Loaded:
    """Have a plugin's process load its code, and return what a host enables of it.

    Args:
        remote: the plugin.
        manager: knows the specs of its hooks.
        commanding: makes and calls the functions of its commands.
        events: short names of what the host sends.
        seconds: what loading and `on_migrate` may take; other callbacks and all else have the plugin's own limit.

    Raises:
        PluginError: it did not answer, or implements what cannot be called from another process.
        Exception: whatever its code raised.
    """
    told = {"hooks": spec_places(manager), "events": list(events)}
    described: Description = await remote.call("plugin.load", told, Description, timeout_seconds=seconds)
    for what, many in (("listeners", described.listeners), ("commands", described.commands)):
        if len(many) > MOST_DESCRIBED:
            raise PluginError(
                f"{remote.plugin} marks {len(many)} {what}, and at most {MOST_DESCRIBED} are possible",
                plugin=remote.plugin,
            )
    # What converts all that a plugin keeps has as long there as in the host, and longer where its user lets it.
    longer = {"on_migrate": {"timeout_seconds": seconds}}
    callbacks = {
        name: partial(remote.callback, name, **longer.get(name, {}))
        for name in described.callbacks
        if name in CALLBACKS
    }
    return Loaded(
        proxy_of(remote, described.hooks, manager),
        MappingProxyType(callbacks),
        tuple(_command(remote, one, commanding) for one in described.commands),
        tuple(_listener(remote, one) for one in described.listeners),
    )


def served_life(plugin: str, sources: Sources, guard: Guard) -> dict[str, Served]:
    """Return what a plugin calls beside its context: sources of its commands, its failures, what its timers did.

    Args:
        plugin: its id.
        sources: of its commands.
        guard: told of its failures, and counts what ran.
    """

    def failed(what: str, kind: str, message: str, traceback: str = "") -> None:
        what, kind = in_one_line(what[:200]), in_one_line(kind[:200])
        said, where = set_in(message[:MOST_TOLD]), without_controls(traceback[-MOST_TOLD:])
        error = RemoteError(said, kind=kind, remote_traceback=where, plugin=plugin)
        if where:
            error.add_note(f"raised in the process of {plugin}:\n    {set_in(where)}")
        guard.blame(plugin, what, error)

    def used(use: str, nanoseconds: list[int]) -> None:
        if not use.startswith(TIMER) or len(nanoseconds) > MOST_RUNS:
            raise UsageError(f"{plugin} tells of what is no timer, or of more than {MOST_RUNS} runs at once")
        use = in_one_line(use[:200])
        guard.count(plugin, use, (min(max(took, 0), LONGEST_RUN_NANOSECONDS) for took in nanoseconds))

    functions: dict[str, Callable[..., Any]] = {
        "source.reply": sources.reply,
        "source.may": sources.may,
        "plugin.failed": failed,
        "plugin.used": used,
    }
    return {
        name: Served(function, CallCodec(inspect.signature(function, eval_str=True)))
        for name, function in functions.items()
    }


def _command(remote: RemotePlugin, data: CommandData, commanding: Commanding) -> tuple[CommandMark, Callable[..., Any]]:
    try:
        level = Level(data.level)
    except ValueError:
        raise PluginError(
            f"{remote.plugin} marks the command {in_one_line(data.name[:100])} for the level {data.level}"
        ) from None
    mark = CommandMark(data.name, data.aliases, data.help, data.usage, level, data.needs)
    return mark, commanding.restoring.function(data.function, commanding.running(data.handler, data.name))


def _listener(remote: RemotePlugin, data: ListenerData) -> tuple[ListenerMark, Callable[..., Any]]:
    return ListenerMark(data.event, data.priority), hearing(remote, data.handler)
