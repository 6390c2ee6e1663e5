"""An application that asks one plugin, which asks it, which asks another plugin; both have a second for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LIMITS = '[limits]\ncall = "1s"\n'


class Api:
    """What the application offers its plugins.

    Attributes:
        call: its `host.call`, once it has started.
    """

    def __init__(self) -> None:
        self.call: Any = None

    async def ask(self, what: str) -> str:
        """Call a hook, which workers implement."""
        return ", ".join(await self.call.answered(what=what)) or "nothing"


async def started(start: Callable[..., Any], specs: object, plugins: str = "ab") -> Any:
    """Return a host that was started with this API, and whose plugins are active.

    Args:
        start: takes the options of a host, starts it and returns it.
        specs: its hooks.
        plugins: their ids, a letter each.
    """
    api = Api()
    host = await start(specs=specs, api=lambda _plugin, _check: api)
    api.call = host.call
    for name in plugins:
        assert host.plugins.status(name).state == "active", host.plugins.status(name)
    return host
