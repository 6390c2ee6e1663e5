"""From a candidate to a plugin that is loaded in another process, and tied to its context in this one."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from jackfield.api import ApiFactory
from jackfield.errors import PluginError
from jackfield.hooks import HookManager
from jackfield.host.facets import Surroundings, Wiring
from jackfield.host.remote.asking import asking, leading_on
from jackfield.host.remote.facets import Commanding, Lasting, served_context
from jackfield.host.remote.loading import load_remote, served_life
from jackfield.host.remote.plugin import RemotePlugin
from jackfield.host.remote.sources import Sources
from jackfield.host.remote.words import command_in_words
from jackfield.host.remote.workers import Starter, Workers
from jackfield.manifest import Candidate, HostFile
from jackfield.permissions import Placement
from jackfield.rpc import DescriptorSender, Served
from jackfield.runtime import Call, Loaded, Restoring, things_by_name
from jackfield.store import Generation


class Elsewhere:
    """Brings up plugins in processes of their own.

    Args:
        around: what the contexts of all plugins share.
        manager: knows the specs of hooks.
        hostfile: the host's own.
        generation_of: returns the generation that a plugin of the store was found in, by its canonical id and its tree.
        connected: has the processes that connected by themselves.
    """

    def __init__(
        self,
        around: Surroundings,
        manager: HookManager,
        hostfile: HostFile,
        generation_of: Callable[[str, Path], Generation],
        connected: Starter,
    ) -> None:
        self._around = around
        self._manager = manager
        self._api_type = _published_api(around.api)
        self._workers = Workers(hostfile, around.layout, around.state, generation_of, api_type=api_place(around.api))
        self._starters: dict[str, Starter] = {
            "worker": self._workers,
            "process": self._workers,
            "external": connected,
        }
        self._finishing: set[asyncio.Task[None]] = set()
        self._lasting: dict[str, Lasting] = {}

    async def finish(self, remotes: Iterable[RemotePlugin]) -> None:
        """End processes whose successors are at work, each as soon as it has answered.

        Where a plugin asks for this, nobody waits for it: one of them may have to hear first what came of it.

        Args:
            remotes: the ways to them.
        """
        tasks = {asyncio.create_task(remote.finish()) for remote in remotes}
        self._finishing |= tasks
        for task in tasks:
            task.add_done_callback(self._finishing.discard)
        asked = asking.get()
        if asked is None or not asked.plugin:
            await asyncio.gather(*tasks)

    def rest_seconds(self, cid: str) -> float:
        """Note that a plugin's worker ended though nobody wanted it to; return how long its next one waits at least.

        Args:
            cid: the plugin, by its canonical id.
        """
        return self._workers.rest_seconds(cid)

    async def close(self) -> None:
        """End every process that is left."""
        await self._workers.close()
        await asyncio.gather(*self._finishing)

    async def bring(self, candidate: Candidate, placement: Placement, wiring: Wiring) -> tuple[Loaded, RemotePlugin]:
        """Return a plugin's code, loaded in a process of its own, and the way there.

        Args:
            candidate: the plugin.
            placement: where it shall run.
            wiring: its context in this process, which serves what it calls.

        Raises:
            JackfieldError: there is no process for it, or it cannot run in one.
            Exception: whatever the plugin's code raises.
        """
        starter = self._starters.get(placement.isolation)
        if starter is None:
            raise PluginError(f"{candidate.id} cannot run as {placement} here", plugin=candidate.id)
        around = self._around
        served: dict[str, Served] = {}
        started = await starter.start(candidate, placement, served.get)
        remote = RemotePlugin(candidate.id, started.line, started.process, call_seconds=started.limits.call_seconds)
        sources = Sources()
        running = partial(_running, remote, sources)
        restoring = Restoring(things_by_name(around.commands.sources), partial(_complete, remote))
        peer = f"the worker of {candidate.id}"
        served |= served_life(candidate.id, sources, around.guard)
        served |= served_context(
            wiring,
            remote,
            Commanding(restoring, running),
            descriptors=DescriptorSender(started.files, peer=peer) if started.files is not None else None,
            api_type=self._api_type,
            limits=started.limits,
            lasting=self._lasting_of(candidate, placement),
        )
        served |= leading_on(served, candidate.id, started.line.own_time, lambda: remote.led_by, remote.waited)
        load = partial(
            load_remote,
            commanding=Commanding(restoring, running),
            events=tuple(around.events.host_events),
            seconds=around.guard.timeout_seconds,
        )
        began = perf_counter()
        try:
            loaded: Loaded = await around.guard.run(candidate.id, "import", load, remote, self._manager)
        except Exception as error:
            told = await remote.in_place_of(error)
            await remote.end(f"it failed: {told}")
            if told is error:
                raise
            raise told from told.__cause__
        except BaseException:
            await remote.end("it is not started any more")
            raise
        remote.import_seconds = perf_counter() - began
        return loaded, remote

    def _lasting_of(self, candidate: Candidate, placement: Placement) -> Lasting | None:
        """Return what all connections of an external plugin have together; None for a worker.

        Whoever connects by themselves may do so four times a second, and each time do as much as those before.
        A worker is replaced with patience, and the code that follows it waits for nothing of the one before.
        """
        if placement.isolation != "external":
            return None
        cid = candidate.canonical_id
        if cid not in self._lasting:
            self._lasting[cid] = Lasting(candidate.id, self._around.logger(candidate.id).warning)
        return self._lasting[cid]


def _running(remote: RemotePlugin, sources: Sources, handler: int, name: str) -> Call:
    """Return what calls the handler of a command of this name."""
    what = command_in_words(name)

    async def call(source: Any, arguments: list[Any], keywords: dict[str, Any]) -> None:
        with sources.known(source) as known:
            asked = {"handler": handler, "source": known, "arguments": arguments, "keywords": keywords}
            await remote.call("handler.command", asked, None, what=what)

    return call


async def _complete(remote: RemotePlugin, handler: int, prefix: str) -> list[str]:
    found: list[str] = await remote.call("handler.complete", {"handler": handler, "prefix": prefix}, list[str])
    return found


def api_place(api: ApiFactory | None) -> str:
    """Return where plugins find the protocol of a host's own API, `module:name`; empty where it publishes none."""
    found = _published_api(api)
    return f"{found.__module__}:{found.__qualname__}" if found is not None else ""


def _published_api(api: ApiFactory | None) -> type[Any] | None:
    """Return the protocol that a host's factory says it returns: what plugins in other processes can be told of it."""
    function: Any = getattr(api, "__func__", api)
    try:
        found = inspect.get_annotations(function, eval_str=True).get("return")
    except Exception:  # noqa: BLE001  # no function, or a name that is imported for type checkers only
        return None
    return found if getattr(found, "_is_protocol", False) else None
