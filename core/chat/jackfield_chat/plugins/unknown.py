"""What is said of a command that nobody answers: its plugin does not run now, or there is none of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield.errors import PluginError

from jackfield_chat.plugins.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from jackfield.api import CommandSource
    from jackfield.host import Host, PluginStatus


def unknown_command(host: Host | None, word: str, source: CommandSource, *, name_of: Callable[[str], str]) -> Answer:
    """Return what whoever gave the command is told; the line is sent as a message.

    Args:
        host: runs the plugins; None where there are none.
        word: the first word of the line, without its `!`.
        source: who gave it.
        name_of: what a plugin is called, by its id.

    Raises:
        PluginError: its plugin comes up, for the first time or after its process ended; the line is for nobody else.
    """
    there = "!help lists those there are"
    if host is None:
        return Answer.of(f"No plugin has the command !{word}, so this was sent as a message", there)
    down = _away(host, word)
    if down is not None:
        name = name_of(down.id)
        if down.comes_back or down.state == "loaded":
            raise PluginError(f"{name} is being started. Say it once more in a moment.", plugin=down.id)
        title = f"!{word} is a command of {name}, which does not run ({down.state}), so this was sent as a message"
        return Answer.of(title, "The chat's owner sees why on the page of plugins.")
    near = host.commands.nearest(word, source)
    hint = f"Did you mean !{near}? {there}" if near else there
    return Answer.of(f"No plugin has the command !{word}, so this was sent as a message", hint)


def _away(host: Host, word: str) -> PluginStatus | None:
    """The plugin that says it has this command, is wanted and does not run."""
    for status in host.plugins.list():
        manifest = host.plugins.record(status.id).candidate.manifest
        if manifest is None or not status.enabled or status.state == "active":
            continue
        for one in manifest.contributes.commands:
            if word in {name.partition(" ")[0] for name in (one.name, *one.aliases)}:
                return status
    return None
