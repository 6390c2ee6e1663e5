"""What a plugin in another process says of itself when it is loaded, as data (docs/protocol.md, Plugin methods)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from jackfield.runtime.signatures import FunctionData


class HookData(Struct, frozen=True, omit_defaults=True):
    """One hook that the plugin implements.

    Args:
        name: the hook's.
        arguments: those that the implementation takes, in its order.
        optional: those of them that have a default.
        asynchronous: it is `async def`.
        tryfirst, trylast, optionalhook: pluggy's options.
        wrapper: it wraps the call of others; such a one cannot be called from another process.
    """

    name: str
    arguments: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    asynchronous: bool = False
    tryfirst: bool = False
    trylast: bool = False
    optionalhook: bool = False
    wrapper: bool = False


class ListenerData(Struct, frozen=True, omit_defaults=True):
    """One listener that the code marks, or names after an event of the host.

    Args:
        event: its full or short name, or a wildcard.
        handler: the number of the function.
        priority: lower ones hear it earlier.
    """

    event: str
    handler: int
    priority: int = 0


class CommandData(Struct, frozen=True, omit_defaults=True):
    """One command that the code marks; see `jackfield.api.command`.

    Args:
        name: the literals, one space between.
        handler: the number of the function.
        function: its signature.
        aliases, help, usage, level, needs: as the mark says them; the level by its rank.
    """

    name: str
    handler: int
    function: FunctionData
    aliases: tuple[str, ...] = ()
    help: str = ""
    usage: str = ""
    level: int = 0
    needs: str = ""


class SourceData(Struct, frozen=True, omit_defaults=True):
    """Who gave a command.

    Args:
        source: the number by which the host knows it while the command runs.
        user, room, level: as in `jackfield.api.CommandSource`; the level by its rank.
    """

    source: int
    user: str
    room: str | None = None
    level: int = 0


class Description(Struct, frozen=True, omit_defaults=True):
    """All that a host needs to know of a plugin's code.

    Args:
        callbacks: the lifecycle callbacks that it has.
        hooks: what it implements.
        listeners: what it hears.
        commands: those it marks.
    """

    callbacks: tuple[str, ...] = ()
    hooks: tuple[HookData, ...] = ()
    listeners: tuple[ListenerData, ...] = ()
    commands: tuple[CommandData, ...] = ()


class CallbackAnswer(Struct, frozen=True, omit_defaults=True):
    """What a callback left behind.

    Args:
        state: what `on_unload` hands over to the next code, as plain data; what `on_health` says.
        problem: why there is none although something was returned.
    """

    state: Any = None
    problem: str = ""
