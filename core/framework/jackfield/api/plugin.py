"""What a plugin is made of: an optional class to derive from, and the marker for commands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from jackfield.api.context import Context
from jackfield.api.sources import Level
from jackfield.errors import UsageError

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_MARK = "_jackfield_command"


class Plugin:
    """What a plugin's entry point may name: a class of this kind, made once by the host without arguments.

    Every callback is optional and may be `def` or `async def`. In the host it has ten seconds, in a process of its own
    the plugin's limit `call`, five; `on_migrate` ten there too. To be found, it only needs its name (a plugin need not
    derive from this class, and a module's functions of these names take `context` first):

    - `on_load(previous)`: once, before anything is enabled; `previous` is what the code before returned from
      `on_unload` when it was replaced in a running host, else None (M36).
    - `on_enable()`, `on_disable()`: as often as the user likes (K21). Whatever was begun through `context` ends by
      itself after `on_disable`.
    - `on_unload()`: before the code is dropped; what it returns is handed to the next version's `on_load` (M37).
    - `on_migrate(old, new)`: the manifest's `data_version` was raised; called before `on_enable`.
    - `on_removed()`: the plugin was uninstalled from a running host; after `on_unload` (M38).
    - `on_health()`: called after an install or update, at once and every half minute until the version has proved
      itself: raise, or return a sentence, where something does not work, and the change is rolled back (C46).

    Attributes:
        context: all that the plugin gets from the host; set before `on_load`.
    """

    context: Context


@dataclass(frozen=True, slots=True)
class CommandMark:
    """What `@command` leaves on a function, for the host to read.

    Args:
        name: one word, or a root and literals below it (`poll close`).
        aliases: other names for the whole of `name`.
        help: one line for the list of commands; empty: the first line of the docstring.
        usage: how it is called; empty: made from the function's parameters.
        level: who may use it.
        needs: the permission that a user must have for it; empty: none.
    """

    name: str
    aliases: tuple[str, ...] = ()
    help: str = ""
    usage: str = ""
    level: Level = Level.GUEST
    needs: str = ""


def command(
    name: str,
    *,
    aliases: tuple[str, ...] = (),
    help: str = "",  # noqa: A002 (the word of the manifest)
    usage: str = "",
    level: Level | str = Level.GUEST,
    needs: str = "",
) -> Callable[[FunctionT], FunctionT]:
    """Mark a method, or a module's function, as a command; it is there while the plugin is enabled.

    The function takes the source and then its arguments, each read as its annotation says: `int`, `float`, `bool`,
    `timedelta`, `Literal["a", "b"]`, an enum, the host's own things (`Member`), or `Annotated[int, Integer(1, 6)]` with
    any type of `jackfield.api`. `str` is one word or quoted text; as the last parameter it takes the rest of the line;
    `*words` takes all that is left. A module's function takes `context` before the source. See
    docs/reference/commands.md (M43, U13, U26).

    Args:
        name: one word, or words with a space between (`poll close`); the first is the root and unique in the host.
        aliases: other names for it.
        help: one line; empty: the first line of the docstring.
        usage: how it is called; empty: made from the parameters.
        level: who may use it: guest (whoever may give commands at all), user, helper, admin or owner (U17).
        needs: a permission that the user must have besides, in the host's words (`messages:send`); empty: none.

    Raises:
        UsageError: the name or an alias is empty, or there is no such level.
    """
    for text in (name, *aliases):
        if not text.split():
            raise UsageError("a command needs a name")
    names = [" ".join(text.split()) for text in (name, *aliases)]
    mark = CommandMark(names[0], tuple(names[1:]), help, usage, Level.parse(level), needs)

    def decorate(function: FunctionT) -> FunctionT:
        setattr(function, _MARK, mark)
        return function

    return decorate


def command_mark(function: object) -> CommandMark | None:
    """Return what `@command` left on a function or bound method, or None."""
    try:
        mark = getattr(function, _MARK, None)
    except Exception:  # noqa: BLE001 (not one of ours: a proxy for what is not there yet, say)
        return None
    return mark if isinstance(mark, CommandMark) else None
