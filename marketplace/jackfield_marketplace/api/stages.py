"""Rollouts: publishers say how far, and installations whose users agreed say what became of it."""

from __future__ import annotations

import logging
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import blake2b
from ipaddress import ip_network
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter
from jackfield.errors import UnknownPlugin, UsageError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from jackfield_marketplace.accounts import Identity, Limit, network_of, still_counts
from jackfield_marketplace.api.models import Problem
from jackfield_marketplace.catalog import (
    Outcome,
    Refusal,
    count_outcome,
    find_project,
    mark_security,
    roll_out,
    stage_of,
)
from jackfield_marketplace.db import Database, Direct, Project, Stage, now
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.trust import Signing

_LARGEST_BODY = 4096  # bytes
_OF_A_BODY = (400, 413)
_MOST_REMEMBERED = 100_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LOGGER = logging.getLogger(__name__)


class StageChange(BaseModel):
    """What a publisher says of a version; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)
    rollout: int | None = Field(None, ge=0, le=100, description="The share of installations it shall reach, per cent.")
    security: str | None = Field(None, max_length=300, description="What hole it mends; empty takes that back.")


class StageState(BaseModel):
    """How a version stands, for its publisher."""

    version: str
    rollout: int
    halted: str | None = Field(description="Why nobody else gets it; null while it goes on.")
    security: str | None
    confirmed: bool = Field(description="Whether the operator confirmed that it mends a security hole.")
    kept: int = Field(description="Installations that tell, where it proved itself.")
    failed: int = Field(description="Installations that tell, where it was rolled back.")


class Told(BaseModel):
    """What became of a version in one installation: all that is ever sent."""

    model_config = ConfigDict(extra="forbid", strict=True)
    version: str = Field(max_length=64)
    sha256: str = Field(pattern=_SHA256.pattern, max_length=64)
    outcome: Outcome


class StageApi:
    """Both addresses.

    Args:
        settings: how often one address may tell, and when a rollout is halted.
        database: the catalogue.
        signing: signs the page that says so, in the same transaction.
        identify: says who sends a request with credentials, or refuses them.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        signing: Signing,
        identify: Callable[[Request], Awaitable[Identity]],
    ) -> None:
        self._settings = settings
        self._database = database
        self._signing = signing
        self._identify = identify
        self._by_address = Limit(settings.outcomes)
        self._heard = _Heard()

    def router(self) -> APIRouter:
        """The routes, with their place in the OpenAPI document."""
        refused: dict[int | str, dict[str, Any]] = {
            status: {"model": Problem, "description": sentence}
            for status, sentence in {
                400: "The document broke off.",
                401: "There is no token, or a wrong one.",
                403: "The plugin is another's, or the token is for another project.",
                404: "No plugin has that id.",
                413: f"The document has more than {_LARGEST_BODY} bytes.",
                422: "The document says something else.",
                429: "Too many at once; Retry-After says when to come back.",
            }.items()
        }
        router = APIRouter(tags=["plugins"])
        router.add_api_route(
            "/plugins/{plugin_id}/stages/{version}",
            self._change,
            methods=["PUT"],
            summary="Roll a version out in stages, or mark it as a security fix",
            description="For its publisher, with an upload token. It may be said before the version is uploaded.",
            response_model=StageState,
            responses=refused,
            openapi_extra=_takes(StageChange),
        )
        router.add_api_route(
            "/plugins/{plugin_id}/stages/{version}",
            self._show,
            methods=["GET"],
            summary="How a version stands",
            description="For its publisher, with an upload token.",
            response_model=StageState,
            responses={status: told for status, told in refused.items() if status not in _OF_A_BODY},
        )
        router.add_api_route(
            "/plugins/{plugin_id}/outcomes",
            self._tell,
            methods=["POST"],
            status_code=204,
            summary="Tell what became of a version",
            description="Anonymous, and counted only while the version is being rolled out.",
            responses={status: told for status, told in refused.items() if status in (404, 422, 429, *_OF_A_BODY)},
            openapi_extra=_takes(Told),
        )
        return router

    async def _change(self, plugin_id: str, version: str, request: Request) -> Response:
        try:
            identity = await self._identify(request)
            wanted = StageChange.model_validate_json(await _body(request))
            return await run_sync(self._write, plugin_id, version, wanted, identity)
        except Refusal as refusal:
            return _refused(refusal)
        except ValidationError as error:
            return _refused(_unreadable(error))

    async def _show(self, plugin_id: str, version: str, request: Request) -> Response:
        try:
            identity = await self._identify(request)
            return await run_sync(self._read, plugin_id, version, identity)
        except Refusal as refusal:
            return _refused(refusal)

    def _read(self, plugin_id: str, version: str, identity: Identity) -> Response:
        with _told(), self._database.read() as session:
            stage = stage_of(session, _own(session, plugin_id, identity), version)
        if stage is None:
            stage = Stage(spelled=version, percent=100, confirmed=False, kept=0, failed=0)
        return JSONResponse(_state(stage).model_dump(), headers={"Cache-Control": "no-store"})

    def _write(self, plugin_id: str, version: str, wanted: StageChange, identity: Identity) -> Response:
        with _told(), self._database.write() as session:
            if not still_counts(Direct.beside(session), identity):  # who sends a document may take long
                raise Refusal(401, "the token was revoked, or ran out, before the document was read")
            project = _own(session, plugin_id, identity)
            stage = None
            if wanted.rollout is not None:
                stage = roll_out(session, project, version, wanted.rollout)
            if wanted.security is not None:
                stage = mark_security(session, project, version, wanted.security or None, confirmed=False)
            if stage is None:
                raise Refusal(422, "say rollout, or security, or both")
            session.flush()
            self._signing.sign_changes(Direct.beside(session))
            return JSONResponse(_state(stage).model_dump())

    async def _tell(self, plugin_id: str, request: Request) -> Response:
        address = network_of(request.client.host if request.client is not None else "")
        wait = self._by_address.wait(address)
        if wait:
            return _refused(Refusal(429, f"too many at once; try again in {wait} s", retry_after_seconds=wait))
        self._by_address.take(address)
        try:
            told = Told.model_validate_json(await _body(request))
        except Refusal as refusal:
            return _refused(refusal)
        except ValidationError as error:
            return _refused(_unreadable(error))
        try:
            return await run_sync(self._count, plugin_id, told, address)
        except Refusal as refusal:
            return _refused(refusal)

    def _count(self, plugin_id: str, told: Told, address: str) -> Response:
        if not self._heard.first_of_the_day(address, told.sha256):
            return Response(status_code=204)  # one installation counts once, however often it restarts
        # A rollout is halted by few failures, and some addresses in one network are easily had.
        if told.outcome == "failed" and not self._heard.first_of_the_day(f"{_neighbours(address)}:", told.sha256):
            return Response(status_code=204)
        with _told(), self._database.write() as session:
            project = find_project(session, plugin_id)
            arguments = told.version, told.sha256, told.outcome, self._settings.halting
            stage = count_outcome(session, project, *arguments)
            if stage is not None and stage.halted is not None:
                _LOGGER.warning("the rollout of %s %s was halted: %s", project.name, stage.spelled, stage.halted)
                session.flush()
                self._signing.sign_changes(Direct.beside(session))
        return Response(status_code=204)


@contextmanager
def _told() -> Iterator[None]:
    """What the catalogue refuses, as an answer."""
    try:
        yield
    except UnknownPlugin as error:
        raise Refusal(404, error.message) from error
    except UsageError as error:
        raise Refusal(422, error.message) from error


def _own(session: Session, plugin_id: str, identity: Identity) -> Project:
    """A project of the one who asks.

    Raises:
        UnknownPlugin: there is none.
        Refusal: 403; it is another's, or the token is for another one.
    """
    project = find_project(session, plugin_id)
    if project.owner_id != identity.user_id:
        raise Refusal(403, f"{project.name} belongs to somebody else")
    if identity.project not in (None, project.name):
        raise Refusal(403, f"this token is for {identity.project} alone")
    return project


def _neighbours(address: str) -> str:
    """The networks that one customer of a provider often has whole: 24 bits of IPv4, 48 of IPv6."""
    try:
        return str(ip_network(f"{address}/{24 if '.' in address else 48}", strict=False))
    except ValueError:
        return address  # of a unix socket


class _Heard:
    """Which address told of which file today, as keyed hashes in memory alone: nobody can read addresses from them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day: date | None = None
        self._key = b""
        self._hashes: OrderedDict[bytes, None] = OrderedDict()

    def first_of_the_day(self, address: str, sha256: str) -> bool:
        today = now().date()
        with self._lock:
            if today != self._day:
                self._day, self._key = today, secrets.token_bytes(32)
                self._hashes.clear()
            digest = blake2b(f"{address}\n{sha256}".encode(), key=self._key, digest_size=16).digest()
            if digest in self._hashes:
                return False
            self._hashes[digest] = None
            if len(self._hashes) > _MOST_REMEMBERED:
                self._hashes.popitem(last=False)
            return True


async def _body(request: Request) -> bytes:
    """The request's body, bounded.

    Raises:
        Refusal: 413, or 400 where it broke off.
    """
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_BODY:
                raise Refusal(413, f"at most {_LARGEST_BODY} bytes are read here")
    except ClientDisconnect as exc:
        raise Refusal(400, "the document broke off") from exc
    return body


def _takes(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _unreadable(error: ValidationError) -> Refusal:
    said = [f"{'.'.join(str(part) for part in one['loc']) or 'the document'}: {one['msg']}" for one in error.errors()]
    return Refusal(422, "; ".join(said[:3]))


def _refused(refusal: Refusal) -> Response:
    headers = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds else {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="jackfield"'
    return JSONResponse({"detail": refusal.message}, refusal.status, headers=headers)


def _state(stage: Stage) -> StageState:
    return StageState(
        version=stage.spelled,
        rollout=stage.percent,
        halted=stage.halted,
        security=stage.security,
        confirmed=stage.confirmed,
        kept=stage.kept,
        failed=stage.failed,
    )
