"""A marketplace, seen from the installer: its plugin pages and its package index.

The index is never believed: hashes promised by a project page are checked for every byte that follows it.
"""

from __future__ import annotations

import hashlib
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

import httpx
import msgspec

from jackfield.errors import MarketError, UnknownPlugin
from jackfield.inspection import Attestation, read_attestation
from jackfield.manifest import File, Manifest, canonical_id, read_manifest
from jackfield.market.batch import Batcher
from jackfield.market.download import Download, Progress
from jackfield.market.failures import Redirected
from jackfield.market.models import (
    Category,
    CategoryList,
    ChangelogAnswer,
    ChangelogEntry,
    Details,
    Found,
    FoundList,
    Latest,
)
from jackfield.market.pages import SIMPLE_JSON, decode, page_address, read_page
from jackfield.market.signed import Page, SignedPages
from jackfield.market.transport import TIMEOUT_SECONDS, Transport
from jackfield.market.trust import Standing, split_address
from jackfield.market.upstream import Upstream
from jackfield.market.word import Word
from jackfield.revocation import KeptList


class Marketplace:
    """The client of one marketplace; an async context manager.

    Args:
        url: its address, e.g. `https://plugins.example.org`; `#root=…` behind it names the root that it must have.
        transport: another way to its bytes, for tests.
        timeout_seconds: for the beginning of an answer, and for each of its parts; a wheel may have more of them.
        partials: the folder in which interrupted downloads wait for the next try; None to keep nothing.
        trust: the folder in which marketplaces are remembered by their roots; None to look only, and to install
            nothing: what is signed is not verified then.

    Raises:
        MarketError: the address is not one.
        UsageError: what follows `#` is no root.
    """

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        partials: Path | None = None,
        trust: Path | None = None,
    ) -> None:
        url, root = split_address(url)
        self._transport = Transport(url, transport=transport, timeout_seconds=timeout_seconds)
        self._batcher = Batcher(self._transport)
        self._signed = SignedPages(self._transport, self._batcher, trust, root) if trust is not None else None
        self._other = transport
        self._upstream: Upstream | None = None
        self._partials = partials
        self._texts: dict[str, bytes] = {}
        self._held: set[str] = set()
        self._manifests: dict[str, Manifest] = {}
        self.url = self._transport.url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection, also if this is cancelled meanwhile."""
        async with AsyncExitStack() as closing:  # the last one first
            if self._upstream is not None:
                closing.push_async_callback(self._upstream.aclose)
            closing.push_async_callback(self._transport.aclose)
            closing.push_async_callback(self._batcher.aclose)
            if self._signed is not None:
                closing.push_async_callback(self._signed.aclose)

    async def sent(self) -> None:
        """Wait until the first of what is asked for is on its way, as long as it takes to connect."""
        await self._batcher.sent()

    @property
    def met(self) -> Standing | None:
        """How the marketplace stood at first contact, where this client was the first; asks nobody."""
        return self._signed.met if self._signed is not None else None

    async def standing(self) -> Standing | None:
        """How the marketplace stands: by which root it is known, or that it signs nothing; None where nobody asks.

        Raises:
            TrustError: what it says does not hold.
            MarketError: it does not answer.
        """
        return await self._signed.standing() if self._signed is not None else None

    async def revocations(self) -> KeptList | None:
        """What the marketplace has revoked, as it is signed now; None where nothing is signed, or nobody asks.

        It comes with every project page, too: whoever plans from one knows of it.

        Raises:
            TrustError: it withholds the list that it signed, or shows another one.
            MarketError: it does not answer.
        """
        return await self._signed.revocations() if self._signed is not None else None

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
        return decode(await self._need("/categories"), CategoryList, self.url).categories

    async def plugin(self, plugin_id: str) -> Details:
        """One plugin in full (C35).

        Raises:
            UnknownPlugin: this marketplace has none of that id.
        """
        return decode(await self._plugin(plugin_id, ""), Details, self.url)

    async def latest(self, plugin_id: str) -> Latest:
        """The newest version of a plugin, and its distribution (C40).

        Raises:
            UnknownPlugin: this marketplace has none of that id.
        """
        return decode(await self._plugin(plugin_id, "/latest"), Latest, self.url)

    async def require_named(self, plugin_id: str, distribution: str | None) -> None:
        """Hold what was answered for an id to what is signed of it; where nothing is signed, nothing holds it.

        Args:
            plugin_id: the plugin's id.
            distribution: the project that was answered; None where it was said that there is no such plugin.

        Raises:
            TrustError: something else is signed.
            MarketError: it does not answer.
        """
        if self._signed is not None:
            await self._signed.require_named(canonical_id(plugin_id), distribution)

    async def changelog(self, plugin_id: str, since: str | None = None) -> list[ChangelogEntry]:
        """What changed in the versions after `since`, newest first.

        Raises:
            UnknownPlugin: this marketplace has none of that id.
        """
        below = f"/changelog?since={quote(since, safe='')}" if since else "/changelog"
        return decode(await self._plugin(plugin_id, below), ChangelogAnswer, self.url).changelog

    async def tell_outcome(self, plugin_id: str, version: str, sha256: str, outcome: Literal["kept", "failed"]) -> None:
        """Tell what became of a version here, anonymously: all that is sent stands in the arguments.

        Args:
            plugin_id: the plugin's id.
            version: as its index spells it.
            sha256: of the wheel.
            outcome: `kept`: it proved itself; `failed`: it was rolled back.

        Raises:
            MarketError: nobody answered, or it is not wanted.
        """
        said = {"version": version, "sha256": sha256, "outcome": outcome}
        path = f"/plugins/{quote(canonical_id(plugin_id), safe='')}/outcomes"
        await self._transport.tell(path, msgspec.json.encode(said))

    async def project(self, distribution: str) -> list[File]:
        """Every file of a distribution (PEP 691), in the index's order; empty if the index has no such project.

        A file that is named strangely, has no sha256 or leads from https to http is left out. For a name that the
        marketplace does not hold it may send us to its upstream; such files are libraries, whatever is in them, and
        carry the upstream's address.

        Raises:
            TrustError: the page is not the one that the marketplace signed.
            MarketError: the answer is no project page, or leads to another place than the announced upstream.
        """
        page = await self._page(distribution)
        if self._signed is not None:
            page = await self._signed.verified(distribution, page, lambda: self._page(distribution))
        if isinstance(page, Redirected):
            if self._upstream is None:
                self._upstream = Upstream(
                    self.url, page, transport=self._other, timeout_seconds=self._transport.timeout_seconds
                )
            if self._signed is not None:
                await self._signed.require_upstream(self._upstream.transport.url)
            return await self._upstream.project(distribution, page)
        if page is None:
            return []
        self._held.add(distribution)
        files = read_page(page, f"{self.url}{page_address(distribution)}", distribution)
        if self._signed is not None:
            await self._signed.require(distribution, files)
        return files

    def holds(self, distribution: str) -> bool:
        """Whether the name is this marketplace's, as `project` has seen, though there may be no file of it now."""
        return distribution in self._held

    async def word_on(self, distribution: str, file: File) -> Word:
        """What the marketplace says of a name, and of one file that somebody else says is that distribution's.

        Raises:
            MarketError: it does not answer, or what it says does not hold.
        """
        signed = await self._signed.word_on(distribution, file) if self._signed is not None else None
        if signed is not None and signed.holds:
            return signed
        files = await self.project(distribution)
        if files and files[0].upstream is not None:
            return Word(sends=any((one.sha256, one.upstream) == (file.sha256, file.upstream) for one in files))
        return Word.of_page(files, file) if files else Word(holds=self.holds(distribution))

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
        if (known := self._manifests.get(file.manifest_sha256)) is not None:
            return known
        text = await self._beside(file, ".plugin.toml", file.manifest_sha256)
        source = f"{file.filename}.plugin.toml"
        try:
            manifest = read_manifest(text.decode("utf-8"), source=source)
        except UnicodeDecodeError as error:
            raise MarketError(f"{source} of {self.url} is not UTF-8") from error
        self._manifests[file.manifest_sha256] = manifest
        return manifest

    async def attestation(self, file: File) -> Attestation | None:
        """The publisher's own signature on a wheel, verified; None where it has none.

        Raises:
            MarketError: its bytes are others than the index promised.
            WheelError: it does not hold for this file.
        """
        if file.attestation_sha256 is None:
            return None
        data = await self._beside(file, ".attestation", file.attestation_sha256)
        return read_attestation(data, file.filename, file.sha256)

    async def download(self, file: File, destination: Path, progress: Progress | None = None) -> Path:
        """Fetch a wheel, its size and hash checked; nothing is left at `destination` when it fails.

        What came before an interruption is asked for no more, in this call or, with `partials`, in the next.

        Args:
            file: from `project`.
            destination: the file to write.
            progress: told as bytes come: name, bytes so far, bytes in all.
        """
        await Download(self._way(file), file, progress).to(destination, self._partials)
        return destination

    async def _page(self, distribution: str) -> Page:
        """What is answered for a project; the first question also looks at what the marketplace signs and revoked."""
        if self._signed is not None:
            self._signed.expect(distribution)
        page: Page
        try:
            page = await self._batcher.get(page_address(distribution), accept=SIMPLE_JSON)
        except Redirected as redirect:
            page = redirect
        if self._signed is not None:
            await self._signed.revocations()
        return page

    def _way(self, file: File) -> Transport:
        return self._upstream.transport if file.upstream and self._upstream is not None else self._transport

    async def _list(self, path: str, params: dict[str, str]) -> FoundList:
        return decode(await self._need(path, params), FoundList, self.url)

    async def _plugin(self, plugin_id: str, below: str) -> bytes:
        path = f"/plugins/{quote(canonical_id(plugin_id), safe='')}{below}"
        return _known(await self._batcher.get(path, accept="application/json"), plugin_id, self.url)

    async def _need(self, path: str, params: dict[str, str] | None = None) -> bytes:
        body = await self._transport.get(path, params=params)
        if body is None:
            raise MarketError(f"{self.url} does not answer {path}", hint="is it a jackfield marketplace?")
        return body

    async def _beside(self, file: File, suffix: str, sha256: str) -> bytes:
        if sha256 not in self._texts:
            body = await self._text(file, suffix)
            if body is None or hashlib.sha256(body).hexdigest() != sha256:
                said = "nothing" if body is None else "other bytes than its index promised"
                raise MarketError(f"{self.url} serves {said} for {file.filename}{suffix}")
            self._texts[sha256] = body
        return self._texts[sha256]

    async def _text(self, file: File, suffix: str) -> bytes | None:
        way, url = self._way(file), file.url + suffix
        if way is self._transport and url.startswith(self.url + "/"):
            return await self._batcher.get(url.removeprefix(self.url), accept="*/*")
        return await way.get(url, accept="*/*")


def _known(body: bytes | None, plugin_id: str, url: str) -> bytes:
    if body is None:
        raise UnknownPlugin(
            f"{url} has no plugin {plugin_id}", plugin=plugin_id, hint="jackfield search finds by words"
        )
    return body
