"""All methods of a context together, for one plugin in another process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from jackfield.errors import JackfieldError
from jackfield.host.facets import Wiring
from jackfield.host.remote.calls import PluginCalls
from jackfield.host.remote.facets.api import api_served
from jackfield.host.remote.facets.holding import Holding
from jackfield.host.remote.facets.keeping import ServedSettings, ServedStorage, ServedTables
from jackfield.host.remote.facets.reaching import (
    ServedEnvironment,
    ServedFile,
    ServedFiles,
    ServedHttp,
    ServedNetwork,
)
from jackfield.host.remote.facets.services import ServedServices, end_services
from jackfield.host.remote.facets.serving import methods_of
from jackfield.host.remote.facets.speaking import ServedCommands, ServedEvents, ServedUi
from jackfield.host.remote.facets.telling import ServedLogger, ServedPlugins, ServedTranslations
from jackfield.host.remote.facets.turns import Turns
from jackfield.isolation import LineRate, WorkerLimits
from jackfield.rpc import DescriptorSender, Served
from jackfield.runtime import Call, Restoring


@dataclass(frozen=True, slots=True)
class Commanding:
    """How the functions of commands that a plugin describes are made and called.

    Args:
        restoring: makes functions of signatures.
        running: gives for a handler's number, and the name of its command, what calls it.
    """

    restoring: Restoring
    running: Callable[[int, str], Call]


class Lasting:
    """What all connections of one plugin have together, so that who connects anew has no more than who stays.

    Args:
        plugin: its id.
        say: takes a sentence about its lines of log.

    Attributes:
        turns: of the events that it sends.
        lines: of its log, of which so many are kept.
        lines_per_second: so many.
    """

    def __init__(self, plugin: str, say: Callable[[str], object]) -> None:
        self.turns = Turns()
        self.lines_per_second = 0
        self.lines = LineRate(plugin, lambda: self.lines_per_second, say)


def served_context(
    wiring: Wiring,
    calls: PluginCalls,
    commanding: Commanding,
    *,
    descriptors: DescriptorSender | None = None,
    api_type: type[Any] | None = None,
    limits: WorkerLimits = WorkerLimits(),  # noqa: B008 (nothing of it can change)
    lasting: Lasting | None = None,
) -> Mapping[str, Served]:
    """Return what a plugin in another process may ask of its context, by method.

    Args:
        wiring: the plugin's context, and what the host keeps behind it.
        calls: to the plugin.
        commanding: makes and calls the functions of its commands.
        descriptors: hands it open files and connections; None: nothing can be handed to it.
        api_type: the protocol of `context.api` that the host publishes; None: there is none.
        limits: what the plugin may use.
        lasting: what it has together with the connections before this one; None: this one has its own.
    """
    context = wiring.context
    holding = Holding(context.plugin_id, wiring.scope, wiring.threads)
    storage = ServedStorage(context, holding)
    files = ServedFiles(context, holding, descriptors)
    services = ServedServices(context, holding, calls)
    lasting = lasting or Lasting(context.plugin_id, context.logger.warning)
    # Twice what the plugin's side lets through, which counts seconds that begin at other moments.
    lasting.lines_per_second = 2 * limits.log_lines_per_second
    logger = ServedLogger(context, lasting.lines)
    telling = _Telling(calls)
    holding.on_end = (partial(end_services, services), files.opened.clear)
    wiring.settings.on_change(lambda _key, _value: telling.tell("settings.changed", {}))
    wiring.around.on_level(context.plugin_id, lambda: telling.tell("logger.set_level", {"level": logger.level()}))
    facets: dict[str, object] = {
        "storage": storage,
        "table": ServedTables(storage, holding),
        "settings": ServedSettings(wiring, holding, calls),
        "commands": ServedCommands(context, holding, commanding.restoring, commanding.running),
        "events": ServedEvents(context, holding, calls, wiring.around.events, lasting.turns),
        "ui": ServedUi(context, holding, calls),
        "plugins": ServedPlugins(context, holding),
        "services": services,
        "files": files,
        "file": ServedFile(files, holding),
        "environment": ServedEnvironment(context),
        "http": ServedHttp(context, holding),
        "network": ServedNetwork(context, descriptors),
        "translations": ServedTranslations(wiring),
        "subscription": _Subscriptions(holding),
        "parcel": _Parcels(holding),
        "logger": logger,
    }
    served = {name: one for facet, target in facets.items() for name, one in methods_of(facet, target).items()}
    served["log"] = served.pop("logger.log")
    return {**served, **api_served(context, holding, api_type)}


class _Subscriptions:
    """`subscription.…`: what the plugin began through any facet."""

    def __init__(self, holding: Holding) -> None:
        self._holding = holding

    def close(self, subscription: int) -> None:
        """End it; closing twice is no error."""
        self._holding.close(subscription)


class _Parcels:
    """`parcel.…`: values that are larger than a frame, in parts."""

    def __init__(self, holding: Holding) -> None:
        self._holding = holding

    def add(self, part: bytes, parcel: int | None = None) -> int:
        """Send a part of an argument; the first one makes the parcel, whose number the call then gives."""
        return self._holding.add(parcel, part)

    def fetch(self, parcel: int, offset: int = 0) -> bytes:
        """The part of an answer's msgpack that begins at a byte; empty at the end."""
        return self._holding.fetch(parcel, offset)

    def drop(self, parcel: int) -> None:
        """Let go of a parcel."""
        self._holding.drop(parcel)


class _Telling:
    """Tells the plugin what has changed, in the order in which it did, and waits for nothing."""

    def __init__(self, calls: PluginCalls) -> None:
        self._calls = calls
        self._open: set[asyncio.Task[None]] = set()

    def tell(self, method: str, arguments: Mapping[str, Any]) -> None:
        task = asyncio.get_running_loop().create_task(self._tell(method, arguments))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _tell(self, method: str, arguments: Mapping[str, Any]) -> None:
        with suppress(JackfieldError):  # a process that is gone, or never asked for what has changed
            await self._calls.call(method, arguments)
