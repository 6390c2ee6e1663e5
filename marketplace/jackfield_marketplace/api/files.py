"""Files under addresses that never change: the bytes behind one are those of its hash."""

from __future__ import annotations

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from jackfield_marketplace.api.negotiation import conditional
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import file_served
from jackfield_marketplace.db import Database
from jackfield_marketplace.stats import count_download

_CACHE = "public, max-age=31536000, immutable"


class FilePages:
    """`/files/<sha256>/<filename>`, with `.metadata` (PEP 658) and `.plugin.toml` beside each.

    Args:
        database: knows which files are published.
        blobs: holds their bytes.
    """

    def __init__(self, database: Database, blobs: DiskBlobs) -> None:
        self._database = database
        self._blobs = blobs

    def routes(self) -> list[Route]:
        """The one address."""
        return [Route("/files/{sha256}/{filename}", self._file)]

    async def _file(self, request: Request) -> Response:
        sha256, filename = request.path_params["sha256"], request.path_params["filename"]
        name, part = filename, ""
        for suffix in (".metadata", ".plugin.toml"):
            if filename.endswith(suffix):
                name, part = filename.removesuffix(suffix), suffix
        with self._database.read() as session:
            served = file_served(session, name, sha256)
        blob, media_type = None, "application/octet-stream"
        if served is not None:
            if part == ".metadata":
                blob, media_type = served.metadata_sha256, "text/plain; charset=utf-8"
            elif part == ".plugin.toml":
                blob, media_type = served.manifest_sha256, "application/toml"
            else:
                blob = served.sha256
        path = self._blobs.path(blob) if blob is not None else None
        if served is None or blob is None or path is None:
            return PlainTextResponse(f"no file here is called {filename}", status_code=404)
        headers = {"Cache-Control": _CACHE, "X-Content-Type-Options": "nosniff"}
        response = FileResponse(path, media_type=media_type, headers=headers)
        answer = conditional(request, f'"{blob}"', response)
        whole = request.method == "GET" and "range" not in request.headers and answer is response
        if whole and not part and served.kind == "wheel":
            response.background = BackgroundTask(self._count, served.project_id, served.version)
        return answer

    def _count(self, project_id: int, version: str) -> None:
        with self._database.write() as session:
            count_download(session, project_id, version)
