"""Project pages and files, held to what their marketplace signed."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from jackfield.errors import TrustError
from jackfield.manifest import File, page_path, plugin_document, plugin_path, target_folder
from jackfield.market.batch import Batcher
from jackfield.market.failures import Redirected, not_kept
from jackfield.market.revoked import SignedRevocations
from jackfield.market.transport import Transport
from jackfield.market.trust import Standing, Witness, keep_upstream
from jackfield.market.word import Word, paths_of
from jackfield.revocation import KeptList

Page = bytes | Redirected | None
"""What a marketplace answers for a project: its page, the way to its upstream, or that it has none."""


class SignedPages:
    """The pages of one marketplace, which may sign or not.

    Args:
        transport: the way to it.
        batcher: asks it for small texts, many at a time.
        trust: the folder in which marketplaces are remembered.
        root: how the sha256 of its root begins, where the user named it; else empty.
    """

    def __init__(self, transport: Transport, batcher: Batcher, trust: Path, root: str) -> None:
        self._url = transport.url
        self._witness = Witness(transport, trust, root, batcher=batcher)
        self._revocations = SignedRevocations(transport, self._witness)
        self._revoked: asyncio.Task[KeptList | None] | None = None

    @property
    def met(self) -> Standing | None:
        """How the marketplace stood at first contact, where that was now."""
        return self._witness.met

    async def aclose(self) -> None:
        """Give up what is under way."""
        if self._revoked is not None:
            self._revoked.cancel()
            await asyncio.gather(self._revoked, return_exceptions=True)
        await self._witness.aclose()

    async def standing(self) -> Standing:
        """How the marketplace stands; see `Witness.standing`."""
        return await self._witness.standing()

    def expect(self, name: str) -> None:
        """Begin to ask what is signed of a project, and what was revoked, beside the question for its page.

        Args:
            name: of the project.
        """
        self._witness.expect(page_path(_canonical(name)))
        self._begin_revocations()

    async def revocations(self) -> KeptList | None:
        """What the marketplace has revoked, asked once; see `SignedRevocations.current`."""
        return await asyncio.shield(self._begin_revocations())

    def _begin_revocations(self) -> asyncio.Task[KeptList | None]:
        if self._revoked is None:
            self._revoked = asyncio.ensure_future(self._revocations.current())
        return self._revoked

    async def verified(self, name: str, page: Page, again: Callable[[], Awaitable[Page]]) -> Page:
        """The page as it was signed; that there is none is signed too.

        What was published between two answers is no attack: where the two differ, both are asked for once more.

        Args:
            name: of the project.
            page: as it was answered.
            again: asks for it anew.

        Raises:
            TrustError: it is another page than was signed.
            MarketError: the marketplace does not answer.
        """
        if (await self.standing()).root is None:
            return page
        looks = self._witness.looks
        problem = await self._problem(name, page)
        if problem is not None:
            await self._witness.again(looks)
            page = await again()
            problem = await self._problem(name, page)
        if problem is not None:
            raise TrustError(
                f"{self._url} {problem}",
                hint="nothing was changed; somebody may have changed it on the way: try another network, "
                "or ask its operator",
            )
        return page

    async def require(self, name: str, files: Sequence[File]) -> None:
        """Hold every wheel of a verified page, and the texts beside it, to its own target: hash and length.

        Raises:
            TrustError: one of them was not signed so.
        """
        if (await self.standing()).root is None:
            return
        folder = target_folder(_canonical(name))
        promised = {
            f"{folder}{file.filename}{suffix}": (file, sha256, size)
            for file in files
            if file.is_wheel
            for suffix, sha256, size in (
                ("", file.sha256, file.size),
                (".metadata", file.metadata_sha256, None),
                (".plugin.toml", file.manifest_sha256, None),
                (".attestation", file.attestation_sha256, None),
            )
            if sha256 is not None
        }
        targets = await self._witness.targets(promised.keys())
        for path, (file, sha256, size) in promised.items():
            target = targets.get(path)
            if target is None or target.sha256 != sha256 or (size is not None and target.length != size):
                raise TrustError(
                    f"{self._url} promises other bytes for {path.removeprefix(folder)} than it signed",
                    hint=f"nothing was changed; ask its operator about {file.filename}",
                )

    async def word_on(self, name: str, file: File) -> Word | None:
        """What is signed of a name and of a file that is said to be its; None where nothing is signed at all.

        Args:
            name: of the project.
            file: one of its wheels, somebody says.

        Raises:
            TrustError, MarketError: as for `verified`.
        """
        if (await self.standing()).root is None:
            return None
        canonical = _canonical(name)
        targets = await self._witness.targets(paths_of(canonical, file))
        return Word.of_targets(canonical, file, {path: target.sha256 for path, target in targets.items()})

    async def require_named(self, plugin: str, distribution: str | None) -> None:
        """Hold what the marketplace says of an id to what it signed: which project has it, or that none has.

        Args:
            plugin: the canonical id.
            distribution: the name of the project that it says; None for none.

        Raises:
            TrustError: it signed something else.
            MarketError: the marketplace does not answer.
        """
        if (await self.standing()).root is None:
            return
        path = plugin_path(plugin)
        for last in (False, True):
            looks = self._witness.looks
            target = (await self._witness.targets([path])).get(path)
            said = None if distribution is None else plugin_document(plugin, _canonical(distribution))
            if (target and target.sha256) == (said and hashlib.sha256(said).hexdigest()):
                return
            if not last:  # it may have been published between the two answers
                await self._witness.again(looks)
        if distribution is None:
            raise TrustError(
                f"{self._url} says that it has no plugin {plugin}, and signed that it has",
                hint="nothing was changed; it may be held back there, as in quarantine, and comes from nowhere else; "
                "or somebody changed the answer on the way: ask its operator",
            )
        raise TrustError(
            f"{self._url} says that {plugin} is in {distribution}, and signed something else",
            hint="nothing was changed; somebody may have changed it on the way: try another network, "
            "or ask its operator",
        )

    async def require_upstream(self, url: str) -> None:
        """Hold the marketplace to the upstream that it named first: which one that is, nobody signs.

        Whoever stands on the way could else send every name that is not held to an index of their own.

        Args:
            url: of the one that it names now.

        Raises:
            TrustError: it named another one before, or another program keeps what is known of it to itself.
            MarketError: the marketplace does not answer, or what it named cannot be kept.
        """
        root = (await self.standing()).root
        if root is None:
            return
        try:
            before = await keep_upstream(self._witness.folder, url)
        except OSError as error:
            raise not_kept(f"the upstream of {self._url}", error) from error
        if before != url:
            raise TrustError(
                f"{self._url} sends us to {url} for libraries, and sent us to {before} before",
                hint="nothing was changed; somebody may have changed it on the way. "
                f"If its operator has said why: jackfield trust pin {self._url}#root={root.replace(' ', '')}",
            )

    async def _problem(self, name: str, page: Page) -> str | None:
        path = page_path(_canonical(name))
        target = (await self._witness.targets([path])).get(path)
        if not isinstance(page, bytes):
            done = "says that it has no such project" if page is None else "sends us to another index for it"
            return None if target is None else f"signed a page of {name}, and {done}"
        if target is None:
            return f"shows a page of {name}, which it did not sign"
        if len(page) != target.length or hashlib.sha256(page).hexdigest() != target.sha256:
            return f"shows another page of {name} than it signed"
        return None


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
