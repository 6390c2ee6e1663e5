"""Whether a marketplace signs, what it signs of a file, and since when it is known: asked once for each plan."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.errors import MarketError, MarketUnreachable, TrustError
from jackfield.manifest import role_of
from jackfield.market.batch import Batcher
from jackfield.market.transport import Transport
from jackfield.market.trust.anchor import Anchor, digest, fingerprint, folder_of, note_look
from jackfield.market.trust.lock import Alone
from jackfield.market.trust.verified import Target, Verified, kept, now

if TYPE_CHECKING:  # python-tuf is loaded where something is new
    from jackfield.market.trust.updates import Updates

TIMESTAMP_BYTES = 16_384
ROOT_BYTES = 512_000
BIN_BYTES = 5_000_000
TRIES = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """How a marketplace stands.

    Args:
        url: its address.
        root: the fingerprint of the root that it is known by; None for one that signs nothing.
        first: whether it was met just now, and nobody had named its root.
    """

    url: str
    root: str | None
    first: bool = False

    @property
    def sentence(self) -> str | None:
        """What a user has to be told, None for nothing."""
        if self.root is None:
            return f"{self.url} signs nothing: only the hashes of its own pages hold its files"
        if self.first:
            return f"{self.url} is known by its root from now on; compare it with what its operator says: {self.root}"
        return None


class Witness:
    """Answers what one marketplace signs.

    Args:
        transport: the way to it.
        trust: the folder in which all marketplaces are remembered.
        root: how the sha256 of its root begins, where the user named it; else empty.
        clock: tells the time.
        batcher: asks what else is asked of the marketplace in the same moment; one of its own by default.

    Attributes:
        looks: how often was looked anew.
        met: how it stood at first contact, where that was now; it stays so, whatever comes of the next look.
    """

    def __init__(
        self,
        transport: Transport,
        trust: Path,
        root: str = "",
        *,
        clock: Callable[[], datetime] = now,
        batcher: Batcher | None = None,
    ) -> None:
        self._transport = transport
        self._batcher = batcher or Batcher(transport)
        self._url = transport.url
        self._root = root
        self._clock = clock
        self.looks = 0
        self.met: Standing | None = None
        self.folder = folder_of(trust, transport.url)
        self._metadata = self.folder / "metadata"
        self._updates: Updates | None = None
        self._verified: Verified | None = None
        self._standing: asyncio.Task[Standing] | None = None
        self._turn = asyncio.Lock()
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._expected: set[str] = set()
        self._fetched: dict[str, tuple[int, bytes | None]] = {}
        self._verifying: asyncio.Task[dict[str, MarketError]] | None = None

    async def standing(self) -> Standing:
        """See how the marketplace stands; the first call looks for what is new, and all wait for it.

        Raises:
            TrustError: it signed once and does no more, or what it says does not hold.
            MarketError: it does not answer.
        """
        if self._standing is None:
            self._standing = asyncio.ensure_future(self._look())
        return await asyncio.shield(self._standing)

    async def again(self, looks: int) -> None:
        """Look anew: something was published since.

        Args:
            looks: how often had been looked by then; who comes later waits for the look of the first.
        """
        async with self._turn:
            if looks == self.looks:
                self.looks += 1
                self._updates, self._loading = None, {}
                self._standing = asyncio.ensure_future(self._look())
        await self.standing()

    async def targets(self, paths: Collection[str]) -> dict[str, Target]:
        """What is signed of some paths; those of which nothing is are left out.

        Raises:
            TrustError, MarketError: as for `standing`.
        """
        await self.standing()
        roles = {role_of(path) for path in paths}
        for _ in range(TRIES):
            for loading in [self._begin(role) for role in roles]:
                await asyncio.shield(loading)
            try:
                found = {path: self._signed().target(role_of(path), path) for path in paths}
            except (LookupError, ValueError, OSError):
                self._loading.clear()  # something newer came between; it holds for all of them
                continue
            return {path: target for path, target in found.items() if target is not None}
        raise TrustError(f"{self._url} changes faster than it can be read", hint="nothing was changed; try again")

    def expect(self, path: str) -> None:
        """Begin to load what signs a path, beside whatever else is asked now; what fails is told to who needs it."""
        if self._verified is not None:
            self._begin(role_of(path))
        else:
            self._expected.add(role_of(path))

    def version_of(self, path: str) -> int:
        """The version of what signs a path, as of the last answer; it only grows."""
        return self._signed().version(role_of(path))

    async def aclose(self) -> None:
        """Give up what is under way."""
        tasks = [task for task in (self._standing, self._verifying, *self._loading.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._batcher.aclose()

    def _begin(self, role: str) -> asyncio.Task[None]:
        """The loading of a role, which may be done."""
        loading = self._loading.get(role)
        if loading is None:
            self._loading[role] = loading = asyncio.ensure_future(self._load(role))
            loading.add_done_callback(_note_failure)
        return loading

    def _signed(self) -> Verified:
        if self._verified is None:
            raise RuntimeError(f"{self._url} signs nothing")
        return self._verified

    async def _look(self) -> Standing:
        standing = await self._seen()
        if standing.root is not None:
            note_look(self.folder)
            for role in self._expected:
                self._begin(role)
        return standing

    async def _seen(self) -> Standing:
        anchor = Anchor.load(self.folder)
        if anchor is None:
            return await self._meet()
        self._require_same(anchor)
        root = fingerprint(anchor.sha256)
        known = kept(self._metadata, self._url, anchor.sha256, self._clock())
        if known is not None:
            # Nothing new in two short answers is what is true most of the time; they come with the first page.
            newer, timestamp = await asyncio.gather(
                self._asked(f"/tuf/{known.root_version + 1}.root.json", ROOT_BYTES),
                self._asked("/tuf/timestamp.json", TIMESTAMP_BYTES),
            )
            if timestamp is None:
                raise self._silent()
            if newer is None and timestamp == known.timestamp:
                self._verified = known
                return Standing(self._url, root)
        elif await self._transport.get("/tuf/timestamp.json", most_bytes=TIMESTAMP_BYTES) is None:
            raise self._silent()
        await self._refresh(None)
        return Standing(self._url, root)

    async def _meet(self) -> Standing:
        """First contact: believe the root that is named, or the one that is shown."""
        root = await self._first_root()
        if root is None and not self._root:
            return Standing(self._url, None)
        if root is not None and self._root and not digest(root).startswith(self._root):
            root = await self._transport.get(
                "/tuf/root.json", most_bytes=ROOT_BYTES
            )  # the newest may be meant, after a recovery
        if root is None:
            raise TrustError(
                f"{self._url} signs nothing, and its address names a root",
                hint="nothing was changed; is it the right marketplace? else ask its operator",
            )
        sha256 = digest(root)
        if not sha256.startswith(self._root):
            raise TrustError(
                f"{self._url} has the root {fingerprint(sha256)}, and its address names {fingerprint(self._root)}",
                hint="nothing was changed; somebody may speak in its name: ask its operator",
            )
        async with Alone(self.folder):
            is_first = Anchor.load(self.folder) is None
            if is_first:
                await self._refresh_alone(root)
                since = f"{self._clock():%Y-%m-%dT%H:%M:%SZ}"
                Anchor(sha256, since, configured=bool(self._root), url=self._url).save(self.folder)
        if not is_first:  # another process has met it meanwhile: it is known by what that one was shown
            return await self._seen()
        self.met = Standing(self._url, fingerprint(sha256), first=not self._root)
        return self.met

    async def _first_root(self) -> bytes | None:
        """The root that a marketplace began with; None where an index knows nothing of roots, however it says so."""
        try:
            return await self._asked("/tuf/1.root.json", ROOT_BYTES)
        except MarketUnreachable:
            raise
        except MarketError:
            return None

    async def _asked(self, path: str, most_bytes: int) -> bytes | None:
        return await self._batcher.get(path, accept="application/json", most_bytes=most_bytes)

    async def _refresh(self, root: bytes | None) -> None:
        async with Alone(self.folder):
            await self._refresh_alone(root)

    async def _refresh_alone(self, root: bytes | None) -> None:
        from jackfield.market.trust.updates import Updates

        updates = Updates(self._transport, asyncio.get_running_loop(), self._metadata)
        anchor = Anchor.load(self.folder)
        await asyncio.to_thread(updates.refresh, root, anchor.sha256 if anchor is not None else "")
        self._updates = updates
        try:
            self._verified = Verified(self._metadata, self._clock())
        except (LookupError, ValueError, OSError) as error:
            raise TrustError(f"what is known of {self._url} cannot be read: {error}") from error

    async def _load(self, role: str) -> None:
        """See to it that a role's metadata is here and verified."""
        verified = self._signed()
        try:
            verified.target(role, "")
        except (LookupError, ValueError, OSError):
            pass
        else:
            return
        if not verified.signs(role):
            raise TrustError(f"{self._url} does not sign {role}", hint="nothing was changed; ask its operator")
        version = verified.version(role)
        self._fetched[role] = version, await self._asked(f"/tuf/{version}.{role}.json", BIN_BYTES)
        if self._verifying is None:
            self._verifying = asyncio.ensure_future(self._verify())
        failed = (await asyncio.shield(self._verifying)).get(role)
        if failed is not None:
            raise failed

    async def _verify(self) -> dict[str, MarketError]:
        """Verify what was fetched so far, of which a set of plugins asks for dozens of bins in one moment.

        Returns:
            dict: role -> the error, of those that do not hold.
        """
        async with self._turn:
            self._verifying = None  # what comes from now on is for the next one
            fetched, self._fetched = self._fetched, {}
            try:
                if self._updates is None:
                    await self._refresh(None)
                async with Alone(self.folder):
                    return await asyncio.to_thread(self._verified_now, fetched)
            except MarketError as error:
                return dict.fromkeys(fetched, error)

    def _verified_now(self, fetched: Mapping[str, tuple[int, bytes | None]]) -> dict[str, MarketError]:
        """Verify roles, of which the version and the bytes are given; the role -> the error, of those that do not hold.

        What was not there, or is not the version that is current by now, is fetched once more.
        """
        updates, failed, verified = self._updates_now(), dict[str, MarketError](), self._signed()
        for role, (version, body) in fetched.items():
            try:
                if body is not None and verified.signs(role) and version == verified.version(role):
                    updates.take(role, _any_path(role), body)
                    with contextlib.suppress(LookupError, ValueError):  # whoever asks for it is told
                        verified.know(role, body)
                else:
                    updates.load(_any_path(role))
            except MarketError as error:
                failed[role] = error
        return failed

    def _updates_now(self) -> Updates:
        if self._updates is None:
            raise RuntimeError("nothing was refreshed")
        return self._updates

    def _require_same(self, anchor: Anchor) -> None:
        if self._root and not anchor.sha256.startswith(self._root):
            raise TrustError(
                f"{self._url} is known by the root {fingerprint(anchor.sha256)}, "
                f"and its address names {fingerprint(self._root)}",
                hint=f"once its operator has said which holds: jackfield trust pin {self._url}#root=…",
            )

    def _silent(self) -> TrustError:
        return TrustError(
            f"{self._url} signed what it offers, and does no more",
            hint="nothing was changed; somebody may speak in its name. "
            f"If its operator has said why: jackfield trust forget {self._url}",
        )


def _any_path(role: str) -> str:
    """A path that a role, and no other one, may sign."""
    return f"{role.removeprefix('bin-')}/-/-" if role.startswith("bin-") else f"{role}.json"


def _note_failure(task: asyncio.Task[None]) -> None:
    """Mark a failure as seen: of what was expected only, nobody may ever ask."""
    if not task.cancelled():
        task.exception()
