"""All routes of the page, and what answers when one fails."""

import logging
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from jackfield_chat.web import (
    chatroom,
    entrance,
    figures_page,
    health,
    plugin_page,
    process_page,
    settings_page,
    socket,
)
from jackfield_chat.web.guard import Guard
from jackfield_chat.web.rendering import page

_LOGGER = logging.getLogger(__name__)
_TITLES = {403: "Not for you", 404: "Not found", 405: "Not possible here", 413: "Too long"}


async def _problem(request: Request, exc: Exception) -> Response:
    status, detail = (exc.status_code, exc.detail) if isinstance(exc, HTTPException) else (500, "")
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"message": detail}, status_code=status)
    sentence = detail if detail and detail != "Not Found" else "There is no such page in this chat."
    return page("problem.html", status_code=status, title=_TITLES.get(status, "That did not work"), message=sentence)


async def _broken_off(request: Request, exc: Exception) -> Response:
    """Nobody is there to read an answer, and nothing has failed here."""
    _LOGGER.debug("%s %s was broken off by who asked", request.method, request.url.path)
    return Response(status_code=400)


async def _failure(request: Request, exc: Exception) -> Response:
    return page(
        "problem.html",
        status_code=500,
        title="The chat failed here",
        message="The server's log says why. What you did was perhaps not done.",
    )


def routes() -> list[BaseRoute]:
    """Return every route of the page."""
    static = Mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    return [
        *entrance.ROUTES,
        *chatroom.ROUTES,
        *plugin_page.ROUTES,
        *settings_page.ROUTES,
        *process_page.ROUTES,
        *figures_page.ROUTES,
        *socket.ROUTES,
        *health.ROUTES,
        static,
    ]


def middleware(names: Collection[str]) -> list[Middleware]:
    """Return what stands before every request; `names` are those by which the chat may be called."""
    return [Middleware(Guard, names=names)]


def handlers() -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """Return what answers for errors."""
    return {HTTPException: _problem, ClientDisconnect: _broken_off, Exception: _failure}
