"""A marketplace, seen from the installer: its plugin pages and its package index.

The index is never believed: hashes promised by a project page are checked for every byte that follows it.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import httpx
import msgspec

from jackfield.errors import MarketError, UnknownPlugin
from jackfield.manifest import File, Manifest, canonical_id, read_manifest
from jackfield.market.models import (
    Category,
    CategoryList,
    ChangelogAnswer,
    ChangelogEntry,
    Details,
    Found,
    FoundList,
    Latest,
    ProjectFile,
    ProjectPage,
)
from jackfield.market.transport import TIMEOUT_SECONDS, Progress, Transport

SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_Answer = TypeVar("_Answer")


class Marketplace:
    """The client of one marketplace; an async context manager.

    Args:
        url: its address, e.g. `https://plugins.example.org`.
        transport: another way to its bytes, for tests.
        timeout_seconds: for a whole answer; a wheel has longer, and this for each pause within.

    Raises:
        MarketError: the address is not one.
    """

    def __init__(
        self, url: str, *, transport: httpx.AsyncBaseTransport | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._transport = Transport(url, transport=transport, timeout_seconds=timeout_seconds)
        self._texts: dict[str, bytes] = {}
        self.url = self._transport.url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    async def search(
        self, query: str, category: str | None = None, app: str | None = None, *, limit: int | None = None
    ) -> FoundList:
        """Plugins that fit the words, best first (C34); no words list all."""
        asked = {"q": query, "category": category, "app": app, "limit": None if limit is None else str(limit)}
        return await self._list("/plugins/search", {key: value for key, value in asked.items() if value})

    async def featured(self) -> list[Found]:
        """The plugins that the operator shows first (C38)."""
        return (await self._list("/plugins/featured", {})).plugins

    async def categories(self) -> list[Category]:
        """The categories in use (C37)."""
        return _decode(await self._need("/categories"), CategoryList, self.url).categories

    async def plugin(self, plugin_id: str) -> Details:
        """One plugin in full (C35).

        Raises:
            UnknownPlugin: this marketplace has none of that id.
        """
        return _decode(await self._plugin(plugin_id, ""), Details, self.url)

    async def latest(self, plugin_id: str) -> Latest:
        """The newest version of a plugin, and its distribution (C40).

        Raises:
            UnknownPlugin: this marketplace has none of that id.
        """
        return _decode(await self._plugin(plugin_id, "/latest"), Latest, self.url)

    async def changelog(self, plugin_id: str, since: str | None = None) -> list[ChangelogEntry]:
        """What changed in the versions after `since`, newest first.

        Raises:
            UnknownPlugin: this marketplace has none of that id.
        """
        params = {"since": since} if since else {}
        return _decode(await self._plugin(plugin_id, "/changelog", params), ChangelogAnswer, self.url).changelog

    async def project(self, distribution: str) -> list[File]:
        """Every file of a distribution (PEP 691), in the index's order; empty if the index has no such project.

        A file that is named strangely, has no sha256 or leads from https to http is left out.
        """
        body = await self._transport.get(f"/simple/{quote(distribution, safe='')}/", accept=SIMPLE_JSON)
        if body is None:
            return []
        page = _decode(body, ProjectPage, self.url)
        base = f"{self.url}/simple/{quote(distribution, safe='')}/"
        files = (self._file(entry, base) for entry in page.files)
        return [file for file in files if file is not None]

    async def metadata(self, file: File) -> bytes:
        """The METADATA of a wheel, beside it (PEP 658 and 714), its hash checked.

        Raises:
            MarketError: it is not served, or its bytes are others than the index promised.
        """
        if file.metadata_sha256 is None:
            raise MarketError(f"{self.url} serves no metadata beside {file.filename}")
        return await self._beside(file, ".metadata", file.metadata_sha256)

    async def manifest(self, file: File) -> Manifest | None:
        """The plugin.toml of a wheel, beside it, its hash checked; None for a library.

        Raises:
            MarketError: its bytes are others than the index promised.
            ManifestError: it cannot be read.
        """
        if file.manifest_sha256 is None:
            return None
        text = await self._beside(file, ".plugin.toml", file.manifest_sha256)
        source = f"{file.filename}.plugin.toml"
        try:
            return read_manifest(text.decode("utf-8"), source=source)
        except UnicodeDecodeError as error:
            raise MarketError(f"{source} of {self.url} is not UTF-8") from error

    async def download(self, file: File, destination: Path, progress: Progress | None = None) -> Path:
        """Fetch a wheel, its size and hash checked; nothing is left at `destination` when it fails.

        Args:
            file: from `project`.
            destination: the file to write.
            progress: told as bytes come: name, bytes so far, bytes in all.
        """
        await self._transport.download(file.url, destination, sha256=file.sha256, size=file.size, progress=progress)
        return destination

    async def _list(self, path: str, params: dict[str, str]) -> FoundList:
        return _decode(await self._need(path, params), FoundList, self.url)

    async def _plugin(self, plugin_id: str, below: str, params: dict[str, str] | None = None) -> bytes:
        path = f"/plugins/{quote(canonical_id(plugin_id), safe='')}{below}"
        body = await self._transport.get(path, params=params)
        if body is None:
            raise UnknownPlugin(
                f"{self.url} has no plugin {plugin_id}", plugin=plugin_id, hint="jackfield search finds by words"
            )
        return body

    async def _need(self, path: str, params: dict[str, str] | None = None) -> bytes:
        body = await self._transport.get(path, params=params)
        if body is None:
            raise MarketError(f"{self.url} does not answer {path}", hint="is it a jackfield marketplace?")
        return body

    async def _beside(self, file: File, suffix: str, sha256: str) -> bytes:
        if sha256 not in self._texts:
            body = await self._transport.get(file.url + suffix, accept="*/*")
            if body is None or hashlib.sha256(body).hexdigest() != sha256:
                said = "nothing" if body is None else "other bytes than its index promised"
                raise MarketError(f"{self.url} serves {said} for {file.filename}{suffix}")
            self._texts[sha256] = body
        return self._texts[sha256]

    def _file(self, entry: ProjectFile, base: str) -> File | None:
        url = urljoin(base, entry.url).partition("#")[0]
        scheme = urlsplit(url).scheme
        sha256 = entry.hashes.get("sha256", "").lower()
        plain = not {"/", "\\", "\0"} & set(entry.filename) and not entry.filename.startswith(".")
        safe = scheme == "https" or (scheme == "http" and self.url.startswith("http:"))
        if not (plain and safe and _SHA256.fullmatch(sha256)):
            return None
        own = entry.own.get("plugin_toml")
        metadata = entry.core_metadata
        return File(
            filename=entry.filename,
            url=url,
            sha256=sha256,
            size=entry.size,
            requires_python=entry.requires_python,
            yanked=entry.yanked or None,
            metadata_sha256=metadata.get("sha256") if isinstance(metadata, dict) else None,
            manifest_sha256=own.get("sha256") if isinstance(own, dict) else None,
            upload_time=entry.upload_time,
        )


def _decode(body: bytes, kind: type[_Answer], url: str) -> _Answer:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MarketError(
            f"{url} answers what no marketplace answers: {error}", hint="is the address right?"
        ) from error
