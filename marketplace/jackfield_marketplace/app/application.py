"""Every part of the marketplace, joined into one ASGI application."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio.to_thread import run_sync
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from jackfield.errors import JackfieldError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from jackfield_marketplace import __version__
from jackfield_marketplace.api import (
    Batch,
    FilePages,
    MetadataPages,
    PluginAnswers,
    Signatures,
    SimpleIndex,
    StageApi,
    UploadApi,
    plugin_router,
)
from jackfield_marketplace.app.front import Front
from jackfield_marketplace.app.headers import SecurityHeaders
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import Contents, Hosts
from jackfield_marketplace.db import Database
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.stats import DownloadCounter
from jackfield_marketplace.trust import Signing, Waiting
from jackfield_marketplace.uploads import Uploads
from jackfield_marketplace.web import Pages

SIGNING_SECONDS = 2.0
"""How often the server looks whether there is something to sign; that costs it microseconds."""

_LOGGER = logging.getLogger(__name__)
_DESCRIPTION = (
    "A Python package index that knows plugins. The index itself is at `/simple/` (PEPs 503, 691, 658, 592, 700, 792), "
    "uploads go to `/legacy/` as twine and uv send them; this document describes the plugin API beside it."
)


def create_app(settings: Settings, database: Database, hostfiles: tuple[Path, ...] = ()) -> Front:
    """Put the application together over an open database.

    Args:
        settings: folders and bounds.
        database: from `open_database`; closed when the application ends.
        hostfiles: host files to hold besides those in the data folder.

    Raises:
        ManifestError: a host file cannot be read.
    """
    # What an upload left behind when the server was killed.
    shutil.rmtree(settings.incoming, ignore_errors=True)
    settings.make_folders()
    hosts = Hosts(settings.hosts, hostfiles)
    blobs = DiskBlobs(settings.blobs)
    blobs.clear()
    contents = Contents(database, blobs)
    contents.sweep()

    downloads = DownloadCounter(database)
    signing = Signing(database, settings.keys, settings.blobs)
    waiting = Waiting(database, signing)
    signatures = Signatures(waiting)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        writing = asyncio.create_task(_write_often(downloads, settings.count_seconds))
        fresh = asyncio.create_task(_sign_often(signing, waiting))
        try:
            yield
        finally:
            writing.cancel()
            fresh.cancel()
            await run_sync(downloads.write)
            await run_sync(uploads.close)
            await run_sync(waiting.sign)
            database.close()

    app = FastAPI(
        title=settings.title,
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # Starlette's leads to an address made of the Host header, which the asker chooses
        telemetry={"tracing": False, "metrics": False, "logs": False},  # nothing is reported to anyone
    )
    simple = SimpleIndex(database, signatures, upstream=settings.upstream)
    plugins = PluginAnswers(database, hosts)
    uploads = UploadApi(settings, database, Uploads(settings, database, contents, hosts, waiting), signatures)
    routes = [
        *Batch(database, contents, simple, plugins).routes(),
        Route("/healthz", _healthz),
    ]
    app.router.routes.extend(routes)
    app.include_router(uploads.router())
    app.include_router(StageApi(settings, database, signing, uploads.uploader).router())
    app.include_router(plugin_router(database, plugins))
    pages = Pages(settings, database, hosts)
    app.router.routes.extend(pages.routes())
    app.add_exception_handler(404, pages.not_found)
    app.add_exception_handler(RequestValidationError, _out_of_bounds)
    app.add_exception_handler(ClientDisconnect, _broken_off)
    app.add_middleware(SecurityHeaders)
    files = FilePages(database, contents, downloads)
    metadata = MetadataPages(database, simple, files, signatures)
    return Front(simple, files, metadata, uploads, signatures, app, downloads, tuple(hosts.problems))


async def _write_often(downloads: DownloadCounter, seconds: float) -> None:
    """Write the counts again and again, until cancelled."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await run_sync(downloads.write)
        except SQLAlchemyError as exc:  # a full disk, a lock that is held: the counts are kept for the next time
            _LOGGER.warning("downloads could not be written: %s", exc)


async def _sign_often(signing: Signing, waiting: Waiting) -> None:
    """Sign what a command changed, what is about to expire and what could not be signed, again and again."""
    told = ""
    while True:
        try:
            await run_sync(signing.keep_fresh)
            told = ""
            if waiting.failure is not None:
                await run_sync(waiting.sign)
        except (JackfieldError, OSError, SQLAlchemyError, sqlite3.Error) as exc:
            if str(exc) != told:  # once, and not every two seconds until somebody has brought the keys
                told = str(exc)
                _LOGGER.warning("the metadata could not be signed: %s", exc)
        await asyncio.sleep(SIGNING_SECONDS)


async def _out_of_bounds(request: Request, exc: Exception) -> Response:
    """One sentence, as every other refusal of the plugin API."""
    errors = exc.errors() if isinstance(exc, RequestValidationError) else []
    said = [f"{each['loc'][-1]}: {each['msg']}" for each in errors]
    return JSONResponse({"detail": "; ".join(said) or "a parameter is out of its bounds"}, 422)


async def _broken_off(request: Request, exc: Exception) -> Response:
    """Nobody is there to read an answer, and nothing has failed here."""
    _LOGGER.debug("%s %s was broken off by who asked", request.method, request.url.path)
    return Response(status_code=400)


async def _healthz(request: Request) -> Response:
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})
