"""python-tuf's own client with python-tuf's own transport: what we sign must hold for any TUF client."""

from __future__ import annotations

from pathlib import Path

import httpx
from tuf.ngclient.updater import Updater


class PlainTufClient:
    """A client of one marketplace that knows nothing of jackfield.

    Args:
        url: the marketplace's address.
        folder: where it keeps what it has seen.
        root: the root that it trusts; the marketplace's first one if None.
    """

    def __init__(self, url: str, folder: Path, root: bytes | None = None) -> None:
        self.url = url
        self.folder = folder
        (folder / "metadata").mkdir(parents=True, exist_ok=True)
        (folder / "targets").mkdir(exist_ok=True)
        self._root = root or httpx.get(f"{url}/tuf/1.root.json").content

    def refreshed(self) -> Updater:
        """An updater with the newest metadata."""
        updater = Updater(
            str(self.folder / "metadata"),
            f"{self.url}/tuf/",
            str(self.folder / "targets"),
            f"{self.url}/tuf/targets/",
            bootstrap=self._root,
        )
        updater.refresh()
        return updater

    def is_target(self, path: str) -> bool:
        """Whether a path is signed at all."""
        return self.refreshed().get_targetinfo(path) is not None

    def download(self, path: str) -> bytes:
        """The bytes of a target, verified."""
        updater = self.refreshed()
        info = updater.get_targetinfo(path)
        assert info is not None, f"{path} is no target"
        return Path(updater.download_target(info)).read_bytes()
