"""What the host's side of a plugin in another process needs of the way there."""

from collections.abc import Mapping
from typing import Any, Protocol


class PluginCalls(Protocol):
    """Calls methods of one plugin; `RemotePlugin` does."""

    async def call(
        self,
        method: str,
        arguments: Mapping[str, Any],
        answer: Any = Any,
        *,
        timeout_seconds: float | None = None,
        what: str = "",
    ) -> Any:
        """Call a method of the plugin and return its answer.

        Args:
            method: its name, e.g. `handler.render`.
            arguments: by name; plain data, dataclasses or msgspec structs.
            answer: the type of what is answered.
            timeout_seconds: for all of it; None: what the plugin's limits say.
            what: is called, in the words of who asked: `the command roll`; empty: what the method says of itself.

        Raises:
            CannotCross: an argument is no data, or too large; nothing was sent.
            CallTimeout: no answer in time.
            LinkClosed: the plugin's process is gone.
            Exception: what the method raised.
        """
        ...
