"""Uploads: `/legacy/` as twine and uv speak it, `/plugins/submit` for everyone else."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from jackfield_marketplace.accounts import (
    Credentials,
    Identity,
    Limit,
    authenticate,
    network_of,
    note_use,
    read_credentials,
)
from jackfield_marketplace.api.answers import Answer, text_answer
from jackfield_marketplace.api.models import Problem, Submission
from jackfield_marketplace.api.signed import Signatures
from jackfield_marketplace.catalog import Refusal
from jackfield_marketplace.db import Database, NotKept
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.uploads import Accepted, Body, Uploads, read_form

REASON_HEADER = "X-Reason"
"""Carries a refusal's sentence; the server puts it into the status line too, which is all that twine shows."""

_LOGGER = logging.getLogger(__name__)
_THREADS = 2
_WRITABLE_AGAIN_SECONDS = 60
_NOT_ALLOWED = Answer(405, b"uploads are sent by POST\n", "text/plain; charset=utf-8", {"allow": "POST"})

_FORM = {
    "required": ["content"],
    "properties": {
        "content": {"type": "string", "format": "binary", "description": "The wheel or source distribution."}
    },
    "additionalProperties": {"type": "string"},
}
_REFUSALS = {
    400: "The file is not what it should be; the sentence names the culprit.",
    401: "There is no token, or a wrong one.",
    403: "The name belongs to somebody else, or takes no uploads.",
    409: "Other bytes of that version are published.",
    413: "The form is too large.",
    429: "Too many uploads, or too many wrong tokens; Retry-After says when to come back.",
    503: "The marketplace cannot sign at the moment, and takes nothing that it could not sign; or it cannot write.",
}


class UploadApi:
    """Both ways to send a file in.

    Args:
        settings: bounds of a form.
        database: accounts.
        uploads: takes the file.
        signatures: are made for it a moment later.
    """

    def __init__(self, settings: Settings, database: Database, uploads: Uploads, signatures: Signatures) -> None:
        self._settings = settings
        self._database = database
        self._uploads = uploads
        self._signatures = signatures
        # Threads of their own: a password takes 19 MiB to check, and waiting uploads must not hold up the pages. An
        # executor hands over in half the time that anyio takes, which passwords do not mind.
        self._threads = ThreadPoolExecutor(_THREADS, "upload")
        self._limiter = CapacityLimiter(_THREADS)
        self._by_user = Limit(settings.uploads)
        self._by_address = Limit(settings.wrong_credentials)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to `/legacy/`, as an ASGI application of its own."""
        if scope["method"] != "POST":
            await _NOT_ALLOWED.send_to(scope, send)
            return
        request = Request(scope, receive)
        body = Body(request, self._settings)
        try:
            accepted = await self._take(request, body, legacy=True)
        except Refusal as refusal:
            await body.drop()
            headers = {name.lower(): value for name, value in _refusal_headers(refusal).items()}
            answer = text_answer(refusal.status, refusal.message, headers)
        else:
            answer = text_answer(200, accepted.sentence)
        await answer.send_to(scope, send)

    def close(self) -> None:
        """Wait for the uploads that are being taken."""
        self._threads.shutdown()

    def router(self) -> APIRouter:
        """`/plugins/submit`, with its place in the OpenAPI document."""
        refusals: dict[int | str, dict[str, Any]] = {
            status: {"model": Problem, "description": sentence} for status, sentence in _REFUSALS.items()
        }
        router = APIRouter(tags=["plugins"])
        router.add_api_route(
            "/plugins/submit",
            self._submit,
            methods=["POST"],
            summary="Submit a plugin",
            description="Takes one file, inspects it without running it, and publishes it, holds it or says why not.",
            response_model=Submission,
            responses=refusals,
            openapi_extra={
                "requestBody": {
                    "required": True,
                    "content": {"multipart/form-data": {"schema": {"type": "object", **_FORM}}},
                },
            },
        )
        return router

    async def _submit(self, request: Request) -> Response:
        body = Body(request, self._settings)
        try:
            accepted = await self._take(request, body, legacy=False)
        except Refusal as refusal:
            await body.drop()
            told = {"detail": refusal.message} | ({"code": refusal.code} if refusal.code is not None else {})
            return JSONResponse(told, refusal.status, headers=_refusal_headers(refusal))
        return JSONResponse(
            {
                "status": accepted.outcome,
                "distribution": accepted.name,
                "version": accepted.version,
                "id": accepted.plugin_id,
                "message": accepted.sentence,
                "findings": [
                    {"code": one.code, "severity": one.severity, "message": one.message, "path": one.path}
                    for one in accepted.findings
                ],
            }
        )

    async def _take(self, request: Request, body: Body, *, legacy: bool) -> Accepted:
        try:
            return await self._taken(request, body, legacy=legacy)
        except NotKept as exc:
            _LOGGER.warning("an upload may not outlast a power cut: %s", exc)
            raise Refusal(
                503,
                "the upload is here, but the marketplace's disk failed: send it again later, and see that it is listed",
                retry_after_seconds=_WRITABLE_AGAIN_SECONDS,
            ) from exc
        except (OSError, sqlite3.Error, SQLAlchemyError) as exc:  # a full disk, a lock that somebody keeps
            _LOGGER.warning("an upload could not be written: %s", exc)
            raise Refusal(
                503,
                "the marketplace cannot write at the moment, and nothing was taken: try again later",
                retry_after_seconds=_WRITABLE_AGAIN_SECONDS,
            ) from exc

    async def _taken(self, request: Request, body: Body, *, legacy: bool) -> Accepted:
        uploader = await self.uploader(request)
        form = await read_form(request, body, self._settings)
        try:
            if legacy and form.fields.get(":action") != "file_upload":
                raise Refusal(400, "the only action here is file_upload")
            arguments = form.content, form.filename, form.fields, uploader
            loop = asyncio.get_running_loop()
            accepted = await loop.run_in_executor(self._threads, self._uploads.accept, *arguments)
            self._signatures.soon()
            return accepted
        finally:
            form.close()

    async def uploader(self, request: Request) -> Identity:
        """Who sends the request, held against both limits.

        Raises:
            Refusal: 401 for nobody, 429 for one who has tried or uploaded too often.
        """
        address = network_of(request.client.host if request.client is not None else "")
        uploader = await self._identify(request.headers.get("authorization"), address)
        if uploader is None:
            self._require_few_guesses(address)
            self._by_address.take(address)
            raise Refusal(401, "an upload needs a token: user __token__, the token as password")
        _require_now(self._by_user.wait(uploader.user_id), f"{uploader.name} has uploaded too often")
        self._by_user.take(uploader.user_id)
        return uploader

    async def _identify(self, authorization: str | None, address: str) -> Identity | None:
        credentials = read_credentials(authorization)
        if credentials is None:
            return None
        if not credentials.is_token:
            # Before the password is looked at: to check one costs what a guess must not. To look a token up costs
            # nothing, and nobody guesses one: those who share the address of who tries do not wait for that.
            self._require_few_guesses(address)
            return await self._identify_by_password(credentials, address)
        identity = authenticate(self._database, credentials)
        if identity is not None and identity.unnoted_token is not None:
            await run_sync(self._note_use, identity, limiter=self._limiter)
        return identity

    async def _identify_by_password(self, credentials: Credentials, address: str) -> Identity | None:
        async with self._limiter:
            self._require_few_guesses(address)  # others may have been wrong while this one waited
            return await run_sync(authenticate, self._database, credentials)

    def _require_few_guesses(self, address: str) -> None:
        _require_now(self._by_address.wait(address), "too many wrong credentials came from this address")

    def _note_use(self, identity: Identity) -> None:
        with self._database.write() as session:
            note_use(session, identity)


def _require_now(wait_seconds: int, what: str) -> None:
    if wait_seconds:
        sentence = f"{what}; try again in {wait_seconds} second{'' if wait_seconds == 1 else 's'}"
        raise Refusal(429, sentence, retry_after_seconds=wait_seconds)


def _refusal_headers(refusal: Refusal) -> dict[str, str]:
    # The message may quote what was sent; a header holds printable ASCII and nothing that ends it.
    reason = "".join(one if " " <= one <= "~" else "?" for one in refusal.message[:500])
    headers = {REASON_HEADER: reason}
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="jackfield"'
    return headers
