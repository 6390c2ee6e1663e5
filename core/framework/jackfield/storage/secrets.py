"""Secrets among the settings: a file of their own for the user alone, so that no log, list or page can hold them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from jackfield.errors import StoreError
from jackfield.places import sync_folder, waiting_for_nobody
from jackfield.storage.folders import draft_private, remove_drafts

LARGEST_FILE = 1 << 20
"""Bytes; a larger one is none of ours."""


class Secrets:
    """The secrets of one plugin: text by key, in one file with mode 0600.

    They are kept as they are: a key that could decrypt them would have to lie beside them. Whoever can read the user's
    files can read them, and nobody else.

    Args:
        path: the file; made at the first secret.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, key: str) -> str | None:
        """Return one secret; None where there is none."""
        return self.all().get(key)

    def all(self) -> dict[str, str]:
        """Return every secret, by key.

        Raises:
            StoreError: the file cannot be read or is not one of ours.
        """
        try:
            with open(self._path, "rb", opener=waiting_for_nobody) as file:
                content = file.read(LARGEST_FILE + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error.strerror}") from error
        try:
            kept: Any = json.loads(content) if len(content) <= LARGEST_FILE else None
        except ValueError:
            kept = None
        if not isinstance(kept, dict):
            raise StoreError(f"{self._path} is damaged", hint="delete it and set the secrets again")
        return {str(key): str(value) for key, value in kept.items()}

    @contextmanager
    def changing(self, values: Mapping[str, str | None]) -> Iterator[None]:
        """Keep and forget secrets, all or none; what they were before returns where what is done within fails.

        Within they are on disk and can be read: whoever is told of a change finds it. The old ones lie beside them
        until it is done, so that their return needs no room.

        Args:
            values: key to secret; None to forget it.

        Raises:
            StoreError: the file cannot be read or written.
        """
        before = self.all() if values else {}
        after = {key: value for key, value in {**before, **values}.items() if value is not None}
        if after == before:
            yield
            return
        with ExitStack() as drafts:
            try:
                remove_drafts(self._path)  # of whoever was killed: what was to be forgotten is in them
                old = self._draft(before, drafts)
                self._draft(after, drafts).replace(self._path)
                sync_folder(self._path.parent)
            except OSError as error:
                raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error
            try:
                yield
            except BaseException:
                with suppress(OSError):  # what refused the change is to be told
                    old.replace(self._path)
                raise

    def stamp(self) -> tuple[int, int]:
        """A value that differs after every change."""
        try:
            status = self._path.stat()
        except OSError:
            return (0, 0)
        return (status.st_ino, status.st_mtime_ns)

    def delete(self) -> None:
        """Forget all of them."""
        self._path.unlink(missing_ok=True)
        remove_drafts(self._path)

    def _draft(self, kept: Mapping[str, str], drafts: ExitStack) -> Path:
        draft = draft_private(self._path, json.dumps(dict(kept), indent=1).encode())
        drafts.callback(draft.unlink, missing_ok=True)
        return draft
