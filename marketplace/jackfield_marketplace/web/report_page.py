"""The form with which anyone reports a plugin to the operator (U12)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from jackfield_marketplace.accounts import Limit, network_of
from jackfield_marketplace.catalog import plugin_details
from jackfield_marketplace.db import Database
from jackfield_marketplace.review import REASONS, Incomplete, file_report
from jackfield_marketplace.settings import Settings

_LARGEST_FORM = 64 * 1024  # bytes; a report's words are bounded more tightly once they are read
_FIELDS = ("reason", "details", "contact")

#: Renders a template: request, name, status, values.
Render = Callable[..., Response]


class ReportPage:
    """The form and what becomes of it.

    Args:
        settings: how often one address may report.
        database: where reports are kept.
        render: makes a page.
        missing: the page for a plugin that is not there.
    """

    def __init__(
        self, settings: Settings, database: Database, render: Render, missing: Callable[[Request, str], Response]
    ) -> None:
        self._database = database
        self._render = render
        self._missing = missing
        self._by_address = Limit(settings.reports)

    def routes(self) -> list[Route]:
        """The one address, to read and to send."""
        return [
            Route("/plugin/{plugin_id}/report", self._form, methods=["GET"]),
            Route("/plugin/{plugin_id}/report", self._send, methods=["POST"]),
        ]

    def _form(self, request: Request) -> Response:
        return self._page(request, typed={})

    async def _send(self, request: Request) -> Response:
        if not _comes_from_here(request):
            return self._page(request, typed={}, status=403, problem=("", "This form was sent from another site."))
        typed = await _typed(request)
        if typed is None:
            return self._page(request, typed={}, status=413, problem=("details", "That is more than a report holds."))
        address = network_of(request.client.host if request.client is not None else "")
        wait = self._by_address.wait(address)
        if wait:
            late = f"You have reported several times just now. Try again in {wait} seconds."
            answer = self._page(request, typed=typed, status=429, problem=("", late))
            answer.headers["Retry-After"] = str(wait)
            return answer
        self._by_address.take(address)
        return await run_sync(self._take, request, typed)

    def _take(self, request: Request, typed: dict[str, str]) -> Response:
        plugin_id = request.path_params["plugin_id"]
        try:
            with self._database.write() as session:
                number = file_report(session, plugin_id, *(typed[name] for name in _FIELDS))
        except Incomplete as incomplete:
            return self._page(request, typed=typed, status=400, problem=(incomplete.field, incomplete.message))
        if number is None:
            return self._missing(request, f"No plugin is called {plugin_id}.")
        return self._page(request, typed={}, number=number)

    def _page(
        self,
        request: Request,
        *,
        typed: dict[str, str],
        status: int = 200,
        problem: tuple[str, str] | None = None,
        number: int | None = None,
    ) -> Response:
        plugin_id = request.path_params["plugin_id"]
        with self._database.read() as session:
            details = plugin_details(session, plugin_id)
        if details is None:
            return self._missing(request, f"No plugin is called {plugin_id}.")
        return self._render(
            request,
            "report.html",
            status=status,
            plugin=details.plugin,
            reasons=REASONS,
            typed={name: typed.get(name, "") for name in _FIELDS},
            problem=problem or ("", ""),
            number=number,
        )


def _comes_from_here(request: Request) -> bool:
    """Say whether a browser sent the form from our own page; a program names no origin."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


async def _typed(request: Request) -> dict[str, str] | None:
    """What was typed; None where it is more than any report holds."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_FORM:
                return None
    except ClientDisconnect:
        return None
    try:
        found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return None
    return {name: found.get(name, [""])[0] for name in _FIELDS}
