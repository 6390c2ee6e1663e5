"""The application's own commands: `help`, and for its owner `debug commands` and `debug threads` (M44, U19)."""

import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import Annotated

from jackfield.api import CommandSource, Level
from jackfield.host.commands.help import HelpPage
from jackfield.host.commands.reading import FromHost
from jackfield.host.commands.registry import CommandRegistry

_FRAMES = 6  # of each thread: where it is now and how it came there


#: Shows a page of help to a source.
ShowHelp = Callable[[CommandSource, HelpPage], Awaitable[None]]


async def _in_text(source: CommandSource, page: HelpPage) -> None:
    await source.reply(str(page))


class _Topics:
    """What there is help about, for whoever asks: the commands that they may use, and whose these are."""

    label = "a command, a plugin or a page's number"
    permission = ""

    def __init__(self, registry: CommandRegistry) -> None:
        self._registry = registry

    def resolve(self, text: str, source: CommandSource) -> str:
        """Return the text: what it means is seen when the page is made."""
        return text

    def complete(self, prefix: str, source: CommandSource) -> list[str]:
        """Return names of commands and plugins."""
        commands = self._registry.all(source)
        return sorted({one.name for one in commands} | {one.plugin for one in commands if one.plugin})


def add_own_commands(registry: CommandRegistry, *, show: ShowHelp = _in_text) -> None:
    """Add `help [topic]`, `debug commands [part]` and `debug threads` to an application's registry.

    They belong to the application: no plugin can take these roots, and `registry.owner` returns an empty text for them.

    Args:
        registry: the application's.
        show: how a page of help is shown; as text, unless the application has more to offer than text.

    Raises:
        PluginError: a plugin holds one of the roots already; add them before the host starts.
    """

    async def help_command(
        source: CommandSource, about: Annotated[str, FromHost(_Topics(registry), rest=True)] = ""
    ) -> None:
        """List the commands that you may use, or tell all of one."""
        await show(source, registry.help_page(about, source))

    async def commands(source: CommandSource, part: str = "") -> None:
        """Show the command tree, or a part of it."""
        await source.reply(registry.dump(part))

    async def threads(source: CommandSource) -> None:
        """Show what each thread of the application does now."""
        await source.reply("\n".join(_threads()))

    registry.add("", "help", help_command)
    registry.add("", "debug commands", commands, level=Level.OWNER)
    registry.add("", "debug threads", threads, level=Level.OWNER)


def _threads() -> list[str]:
    frames = sys._current_frames()  # documented; nothing else tells what other threads do
    lines = []
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        lines.append(thread.name + (" (daemon)" if thread.daemon else ""))
        if frame is not None:
            stack = traceback.extract_stack(frame)[-_FRAMES:]
            lines += [f"  {one.filename}:{one.lineno} {one.name}" for one in stack]
    return lines
