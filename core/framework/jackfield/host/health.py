"""Asks plugins whether they work (C46): their `on_health`, which only they can answer."""

from jackfield.errors import JackfieldError
from jackfield.host.lifecycle import State
from jackfield.host.plugins import Plugins
from jackfield.runtime import Guard

LONGEST_CHARACTERS = 500
"""Of what a plugin says of itself."""


class Health:
    """What the plugins of one host say of themselves.

    Args:
        plugins: where their code is kept.
        guard: calls it, and blames them where it fails.
    """

    def __init__(self, plugins: Plugins, guard: Guard) -> None:
        self._plugins = plugins
        self._guard = guard

    async def trouble(self, plugin: str) -> str:
        """Ask a plugin that is active; return why it does not work, empty where all is well or nobody can tell.

        Args:
            plugin: its id, in any spelling.

        Raises:
            UnknownPlugin: none of that id was found.
        """
        record = self._plugins.record(plugin)
        callback = record.loaded.callbacks.get("on_health") if record.loaded is not None else None
        if callback is None or record.life.state is not State.ACTIVE:
            return ""
        try:
            told = await self._guard.run(record.candidate.id, "on_health", callback)
        except Exception as error:  # noqa: BLE001  # whatever the plugin's code raises says that it does not work
            text = str(error) if isinstance(error, JackfieldError) else f"{type(error).__name__}: {error}"
            return f"{text} (in on_health)"[:LONGEST_CHARACTERS]
        if told is False:
            return "its on_health says that it does not work"
        return str(told)[:LONGEST_CHARACTERS] if told is not None and told is not True else ""
