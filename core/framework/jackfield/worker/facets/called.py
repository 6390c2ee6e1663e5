"""What a host calls of the functions that a plugin's facets handed over, by their numbers."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterable
from typing import Any

from jackfield.worker.handlers import Handlers

MOST_COMPLETIONS = 50


def serve_functions(handlers: Handlers) -> None:
    """Let the host call what is kept in `handlers`, each kind by the method of its name.

    Events are served where marked listeners are, commands where marked commands are.
    """

    def setting(handler: int, key: str, value: Any) -> Any:
        return _nothing(handlers.kept(handler)(key, value))

    def render(handler: int) -> Any:
        return handlers.kept(handler)()

    def action(handler: int, action: str, values: dict[str, Any], user: str) -> Any:
        return _nothing(handlers.kept(handler)(action, values, user))

    def menu(handler: int, user: str) -> Any:
        return _nothing(handlers.kept(handler)(user))

    def complete(handler: int, prefix: str) -> Any:
        offered = handlers.kept(handler)(prefix)
        return _texts_later(offered) if inspect.isawaitable(offered) else _texts(offered)

    for function in (setting, render, action, menu, complete):
        handlers.serve(f"handler.{function.__name__}", function)


def _nothing(value: object) -> Any:
    """Nothing, after what a function returned has been awaited where it can be."""
    return _awaited(value) if inspect.isawaitable(value) else None


async def _awaited(value: Any) -> None:
    await value


def _texts(offered: Iterable[object]) -> list[str]:
    return [str(one) for one, _ in zip(offered, range(MOST_COMPLETIONS), strict=False)]


async def _texts_later(offered: Awaitable[Iterable[object]]) -> list[str]:
    return _texts(await offered)
