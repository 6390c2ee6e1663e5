"""New metadata, verified by python-tuf before anything of it is kept; every refusal becomes one sentence.

The rules are those of the TUF specification, 5.3 to 5.6: no version goes back, nothing has expired, each is signed by
as many keys as the one above it asks for, all belong to one snapshot.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

from tuf.api import exceptions
from tuf.api.metadata import Targets  # type: ignore[attr-defined]  # documented there, and named in no __all__
from tuf.api.serialization import DeserializationError
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.updater import Updater

from jackfield.errors import MarketError, TrustError
from jackfield.market.failures import not_kept
from jackfield.market.transport import Transport
from jackfield.market.trust.cache import clear, newest_root, read_metadata, sweep
from jackfield.market.trust.fetcher import TransportFetcher

CONFIG = UpdaterConfig(
    max_root_rotations=256,
    root_max_length=512_000,
    timestamp_max_length=16_384,
    snapshot_max_length=2_000_000,
    targets_max_length=5_000_000,
)
"""The largest metadata of each kind in bytes, unpacked."""


class _Updater(Updater):
    """python-tuf's own, which waits for no file, and can also be handed a role that was fetched already."""

    def _load_local_metadata(self, rolename: str) -> bytes:
        """As python-tuf's own, for whatever lies there since the folder was cleared."""
        return read_metadata(Path(self._dir, f"{quote(rolename, '')}.json"))

    def take(self, role: str, path: str, data: bytes) -> None:
        """Verify a role as `get_targetinfo` does, without the search for it.

        That search compares a path with each delegation and asks for a file, a request and two temporary files; of two
        hundred roles it takes longer than everything that verifies them. What decides is the same trusted set.

        Args:
            role: delegated to by the targets themselves.
            path: one that the role must be allowed to sign.
            data: as it was fetched.
        """
        trusted = self._trusted_set
        if trusted.contains(role, Targets.type):
            return
        delegations = trusted.targets.delegations
        delegated = delegations.roles.get(role) if delegations is not None and delegations.roles is not None else None
        if delegated is None or not delegated.is_delegated_path(path):
            raise exceptions.RepositoryError(f"{role} may not sign {path}")
        trusted.update_delegated_targets(data, role, Targets.type)
        self._persist_metadata(role, data)


class Updates:
    """One look at a marketplace's metadata: root, timestamp, snapshot, targets, and the bins that are asked for.

    Blocks; call it from a thread, with the event loop running, and hold the lock of the folder (`Alone`).

    Args:
        transport: the way to the marketplace.
        loop: the event loop.
        folder: where verified metadata is kept.
        metadata_url: where the metadata is; below the marketplace's address if None.
    """

    def __init__(
        self,
        transport: Transport,
        loop: asyncio.AbstractEventLoop,
        folder: Path,
        metadata_url: str | None = None,
    ) -> None:
        self._url = transport.url
        self._folder = folder
        self._metadata_url = metadata_url or f"{transport.url}/tuf/"
        self._fetcher = TransportFetcher(transport, loop)
        self._updater: _Updater | None = None

    def refresh(self, root: bytes | None, pinned: str = "") -> None:
        """Fetch and verify what is new of root, timestamp, snapshot and targets.

        Args:
            root: to begin with, at first contact; else the newest that was verified.
            pinned: the sha256 of the root that the newest comes after; empty where none was pinned.

        Raises:
            TrustError: something does not hold, or the root that was kept is damaged; what was known before is kept.
            MarketError: the network, or the server, failed; or the disk does not take it.
        """
        try:
            sweep(self._folder)
            clear(self._folder, first=root is not None)
            self._updater = _Updater(
                str(self._folder),
                self._metadata_url,
                str(self._folder),
                f"{self._metadata_url}targets/",
                self._fetcher,
                CONFIG,
                bootstrap=root if root is not None else newest_root(self._folder, self._url, pinned),
            )
            self._updater.refresh()
        except (exceptions.RepositoryError, exceptions.DownloadError) as error:
            raise self._refused(error) from error
        except OSError as error:
            raise not_kept(f"what is known of {self._url}", error) from error

    def load(self, path: str) -> bool:
        """Fetch and verify the role that signs a path, if it is not here; whether the path is a target.

        Raises:
            TrustError, MarketError: as for `refresh`, which must have been called.
        """
        if self._updater is None:
            raise RuntimeError("refresh first")
        try:
            return self._updater.get_targetinfo(path) is not None
        except (exceptions.RepositoryError, exceptions.DownloadError) as error:
            raise self._refused(error) from error
        except OSError as error:
            raise not_kept(f"what is known of {self._url}", error) from error

    def take(self, role: str, path: str, data: bytes) -> None:
        """Verify a role that was fetched already, and keep it.

        Args:
            role: its name.
            path: one that it must be allowed to sign.
            data: as it was fetched; of the version that is current.

        Raises:
            TrustError: it does not hold, or the targets do not delegate to it.
        """
        if self._updater is None:
            raise RuntimeError("refresh first")
        try:
            self._updater.take(role, path, data)
        except exceptions.RepositoryError as error:
            raise self._refused(error) from error
        except OSError as error:
            raise not_kept(f"what is known of {self._url}", error) from error

    def download(self, path: str, folder: Path, target_url: str) -> Path | None:
        """Fetch a target into a folder, verified, unless it lies there; None where the path is none.

        Raises:
            TrustError, MarketError: as for `refresh`, which must have been called.
        """
        if self._updater is None:
            raise RuntimeError("refresh first")
        try:
            info = self._updater.get_targetinfo(path)
            if info is None:
                return None
            self._updater.target_dir = str(folder)
            known = self._updater.find_cached_target(info)
            return Path(known or self._updater.download_target(info, target_base_url=target_url))
        except (exceptions.RepositoryError, exceptions.DownloadError) as error:
            raise self._refused(error) from error
        except OSError as error:
            raise not_kept(f"{path} of {self._url}", error) from error

    def _refused(self, error: Exception) -> MarketError:
        """What a failure of python-tuf means for a person."""
        if isinstance(error, exceptions.DownloadError) and self._fetcher.failure is not None:
            return self._fetcher.failure
        return refusal(self._url, error)


_KINDS: tuple[tuple[type[Exception], str, str], ...] = (
    (
        exceptions.ExpiredMetadataError,
        "{url} has signed nothing new for too long: {detail}",
        "somebody may hold back its updates, or this machine's clock is wrong; try another network, ask its operator",
    ),
    (
        exceptions.BadVersionNumberError,
        "{url} says less than it did before: {detail}",
        "somebody may show you an older state of it; try another network, or ask its operator",
    ),
    (
        exceptions.UnsignedMetadataError,
        "{url} is not signed by the keys that it is known by: {detail}",
        "somebody may speak in its name: ask its operator. Only if it was set up anew: jackfield trust forget {url}",
    ),
    (
        DeserializationError,
        "{url} answers with something that is no signed metadata",
        "does this network ask for a sign-in first? else ask its operator",
    ),
    (
        exceptions.DownloadLengthMismatchError,
        "{url} sends more than signed metadata may hold: {detail}",
        "somebody may want to fill this machine; try another network, or ask its operator",
    ),
    (exceptions.DownloadHTTPError, "{url} does not have metadata that it signed: {detail}", "try again later"),
    (
        Exception,
        "{url} does not answer with what it signed: {detail}",
        "somebody may have changed it on the way; try another network, or ask its operator",
    ),
)


def refusal(url: str, error: Exception) -> TrustError:
    """The sentence for what does not hold.

    Args:
        url: of the marketplace.
        error: of python-tuf.
    """
    said, hint = next((said, hint) for kind, said, hint in _KINDS if isinstance(error, kind))
    return TrustError(
        said.format(url=url, detail=str(error).rstrip(".")), hint=f"nothing was changed; {hint.format(url=url)}"
    )
