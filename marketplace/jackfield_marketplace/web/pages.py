"""The pages."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from jackfield_marketplace.catalog import Hosts
from jackfield_marketplace.db import Database
from jackfield_marketplace.settings import Settings


class Pages:
    """Home, search, plugin page."""

    def __init__(self, settings: Settings, database: Database, hosts: Hosts) -> None:
        self._settings = settings
        self._database = database
        self._hosts = hosts

    def routes(self) -> list[BaseRoute]:
        """The addresses of the pages."""
        return []

    async def not_found(self, request: Request, exc: Exception) -> Response:
        """What an unknown address answers."""
        return JSONResponse({"detail": getattr(exc, "detail", "not found")}, 404)
