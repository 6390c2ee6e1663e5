"""What a running host answers to other terminals: one function for each command of the control socket."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, TypeVar

from jackfield.errors import PluginError, UsageError
from jackfield.host import Host, PluginStatus

ORDER_SECONDS = 50.0
"""How long an order that changes plugins may take; less than clients wait."""

FOLLOW_SECONDS = 0.5
"""How long a follower waits for a line before it looks whether anybody still reads."""

Result = TypeVar("Result")


class HostAnswers:
    """Answers about one host, and gives it orders; called in threads beside its event loop.

    Args:
        host: the running host.
        loop: the loop that runs it.
        follow: follows what others have changed; done before an order that changes plugins.
    """

    def __init__(
        self, host: Host, loop: asyncio.AbstractEventLoop, follow: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self._host = host
        self._loop = loop
        self._follow = follow
        self._commands: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "ping": self._ping,
            "list": self._list,
            "follow": self._follow_changes,
            "stats": self._stats,
            "threads": self._threads,
            "connections": self._connections,
            "temporary-key": self._temporary_key,
            "enable": lambda asked: self._change(asked, self._host.enable),
            "disable": lambda asked: self._change(asked, self._host.disable),
            "reload": lambda asked: self._change(asked, lambda plugin, by: self._host.reload(plugin)),
        }

    def __call__(self, request: Mapping[str, Any], goes_on: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        """Answer one request.

        Args:
            request: with its `command`.
            goes_on: asked whether somebody still listens.

        Raises:
            JackfieldError: it cannot be answered; the sentence says why.
        """
        command = request.get("command")
        if command == "logs":
            yield from self._logs(request, goes_on)
        elif isinstance(command, str) and command in self._commands:
            yield self._commands[command](request)
        else:
            known = ", ".join(sorted((*self._commands, "logs")))
            raise UsageError(f"the running host knows no command {command!r}; it knows {known}")

    def _ping(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"app": self._host.app, "process": os.getpid(), "safe": self._host.safe}

    def _list(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        stats = {one.plugin: one for one in self._host.observed.stats()}
        plugins = []
        for status in self._host.plugins.list():
            one = stats.get(status.id)
            plugins.append(
                {
                    **_told(status),
                    "hooks": self._host.observed.hooks_of(status.id) if status.state == "active" else None,
                    "calls": one.invocations if one is not None else 0,
                    "seconds": one.seconds if one is not None else 0.0,
                }
            )
        return {"plugins": plugins}

    def _follow_changes(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Follow what another process has installed, and tell where every plugin stands then."""
        self._on_loop(self._follow(), "what changed")
        return self._list(asked)

    def _stats(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        wanted = asked.get("plugin")
        found = self._host.observed.stats()
        if wanted is not None:
            identity = self._host.plugins.status(str(wanted)).id
            found = [one for one in found if one.plugin == identity]
        return {"plugins": [one.to_mapping() for one in found]}

    def _threads(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"process": os.getpid(), **self._host.observed.threads()}

    def _connections(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        gate = self._host.gate
        return {"port": gate.port, "connections": [one.to_mapping() for one in gate.connections.all().values()]}

    def _temporary_key(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        plugin, by = str(asked.get("plugin")), str(asked.get("by") or "another terminal")[:200]

        async def made() -> str:
            return self._host.gate.new_temporary_key(plugin, by=by)

        return {"key": self._on_loop(made(), plugin)}

    def _logs(self, asked: Mapping[str, Any], goes_on: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        plugin = str(asked.get("plugin"))
        lines = self._host.logs.lines(plugin)
        if not lines:  # else it may have been taken out since, because it failed: its lines say how
            plugin = self._host.plugins.status(plugin).id
        yield {"level": self._host.logs.level(plugin), "lines": [line.to_mapping() for line in lines]}
        last = lines[-1].number if lines else 0
        while asked.get("follow") and goes_on():
            lines = self._host.logs.lines(plugin, last, wait_seconds=FOLLOW_SECONDS)
            if lines:
                last = lines[-1].number
                yield {"lines": [line.to_mapping() for line in lines]}

    def _change(
        self, asked: Mapping[str, Any], order: Callable[..., Coroutine[Any, Any, PluginStatus]]
    ) -> dict[str, Any]:
        plugin = str(asked.get("plugin"))
        by = str(asked.get("by") or "another terminal")[:200]

        async def carried_out() -> PluginStatus:
            await self._follow()  # it may have been installed a moment ago, and that may have ended safe mode
            return await order(plugin, by=by)

        return {"plugin": _told(self._on_loop(carried_out(), plugin))}

    def _on_loop(self, coroutine: Coroutine[Any, Any, Result], plugin: str) -> Result:
        carried_out = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return carried_out.result(ORDER_SECONDS)
        except TimeoutError as error:
            carried_out.cancel()
            raise PluginError(
                f"{plugin}: the running host did not come to it within {ORDER_SECONDS:g} s",
                plugin=plugin,
                hint="see what it is at: jackfield debug threads",
            ) from error


def _told(status: PluginStatus) -> dict[str, Any]:
    return {
        "id": status.id,
        "version": status.version,
        "state": str(status.state),
        "problem": status.problem or None,
        "failure": status.error.strip().splitlines()[-1] if status.error.strip() else None,
        "errors": status.errors,
        "blocked": status.blocked,
        "blocked_seconds": status.blocked_seconds,
        "note": status.note or None,
    }
