"""What every request meets first: index and uploads answer by themselves, the rest goes through the framework."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from jackfield_marketplace.api import Answer, FilePages, Headers, MetadataPages, Signatures, SimpleIndex, UploadApi
from jackfield_marketplace.stats import DownloadCounter


class Front:
    """The whole application. The framework's routing and middleware cost ten times what an answer of the index does.

    Args:
        simple: answers below `/simple`.
        files: answers below `/files`.
        metadata: answers below `/tuf`.
        uploads: answers at `/legacy/`.
        signatures: of what was just uploaded are waited for before the rest tells of it.
        rest: the framework's application, which also has the lifespan.
        downloads: counted and not yet written.
        problems: of host files that could not be read, a line each.
    """

    def __init__(
        self,
        simple: SimpleIndex,
        files: FilePages,
        metadata: MetadataPages,
        uploads: UploadApi,
        signatures: Signatures,
        rest: ASGIApp,
        downloads: DownloadCounter,
        problems: tuple[str, ...],
    ) -> None:
        self._simple = simple
        self._files = files
        self._metadata = metadata
        self._uploads = uploads
        self._signatures = signatures
        self._rest = rest
        self.downloads = downloads
        self.problems = problems

    def ready(self, target: bytes, headers: Headers) -> Answer | None:
        """The answer to a GET if it lies ready, without any waiting.

        Args:
            target: as the request names it.
            headers: of the request, names in lower case.
        """
        if target.startswith(b"/simple/"):
            return self._simple.ready(target, headers)
        if target.startswith(b"/files/"):
            return self._files.ready(target)
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to whom it concerns."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith("/simple/") or path == "/simple":
                await self._simple(scope, receive, send)
                return
            if path.startswith("/files/"):
                await self._files(scope, receive, send)
                return
            if path.startswith("/tuf/"):
                await self._metadata(scope, receive, send)
                return
            if path in ("/legacy/", "/legacy"):
                await self._uploads(scope, receive, send)
                return
            await self._signatures.tried()
            if scope["method"] == "HEAD":
                # FastAPI's routes know the methods that they were made for alone. The server, which has the scope of
                # its own, leaves the body away.
                scope = {**scope, "method": "GET"}
        await self._rest(scope, receive, send)
