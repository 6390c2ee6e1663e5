"""Secrets among the settings: a file of their own for the user alone, so that no log, list or page can hold them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jackfield.errors import StoreError
from jackfield.places import waiting_for_nobody
from jackfield.storage.folders import write_private

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

    def set(self, key: str, value: str | None) -> None:
        """Keep a secret, or forget it where `value` is None; on return it is on disk.

        Raises:
            StoreError: the file cannot be read or written.
        """
        kept = self.all()
        if kept.get(key) == value:
            return
        if value is None:
            del kept[key]
        else:
            kept[key] = value
        self._write(kept)

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

    def _write(self, kept: Mapping[str, str]) -> None:
        try:
            write_private(self._path, json.dumps(kept, indent=1).encode())
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error
