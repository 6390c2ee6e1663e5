"""Calls under way go on without whoever leaves meanwhile: what was disabled is not called any more, by nobody.

pluggy calls everyone who was there when a call began, and between two implementations of a synchronous call nothing
can happen. A call that is awaited can take seconds: meanwhile a plugin of its later places may have been disabled, with
its database closed, or revoked.
"""

import threading
import weakref
from collections.abc import Sequence
from typing import Any

import pluggy

from jackfield.hooks.outside import outside_of
from jackfield.hooks.specs import is_asynchronous


class _Awaited:
    """The names that the source of one awaited call is bound to, for as long as a call of it is under way."""

    __slots__ = ("__weakref__", "implementations", "names")

    def __init__(self, implementations: Sequence[pluggy.HookImpl], names: dict[str, Any]) -> None:
        self.implementations = implementations
        self.names = names


_awaited: "weakref.WeakSet[_Awaited]" = weakref.WeakSet()
_guard = threading.Lock()


def note_awaited(implementations: Sequence[pluggy.HookImpl], names: dict[str, Any]) -> None:
    """Remember what a compiled call is bound to, while it is used.

    Args:
        implementations: in the order of their places.
        names: the globals of the compiled function, in which `_jf_call0` is the first of them.
    """
    noted = names["_jf_noted"] = _Awaited(implementations, names)
    with _guard:
        _awaited.add(noted)


def leave_calls(plugin: object) -> None:
    """Have awaited calls that have not come to a plugin yet go on without it, as if it had nothing to say.

    Wrappers have begun with the call, and end with it.

    Args:
        plugin: what was registered.
    """
    with _guard:
        awaited = tuple(_awaited)
    for one in awaited:
        for place, each in enumerate(one.implementations):
            if each.plugin is plugin and not (each.wrapper or each.hookwrapper):
                inside = outside_of(each.function) is None and is_asynchronous(each.function)
                one.names[f"_jf_call{place}"] = _nothing_awaited if inside else _nothing


def _nothing(*_: object, **__: object) -> None:
    return None


async def _nothing_awaited(*_: object, **__: object) -> None:
    return None
