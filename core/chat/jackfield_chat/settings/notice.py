"""What a running chat leaves in its data folder, so that the command line finds its marketplaces."""

import contextlib
import json
import os
from pathlib import Path


class Notice:
    """`run/serving.json`: `{"process": 4711, "marketplaces": ["http://127.0.0.1:8001"]}`, while the chat runs.

    Args:
        data: the chat's data folder.
    """

    def __init__(self, data: Path) -> None:
        self._file = data / "run" / "serving.json"

    def write(self, marketplaces: tuple[str, ...]) -> None:
        """Say that this process serves the chat, and which marketplaces it asks, first one first."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.unlink(missing_ok=True)  # its mode would stay as it was
        with open(fresh, "x", encoding="utf-8", opener=_for_oneself) as file:  # an address may hold a password
            json.dump({"process": os.getpid(), "marketplaces": marketplaces}, file)
        fresh.replace(self._file)

    def remove(self) -> None:
        """Say nothing any more."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def marketplaces(self) -> tuple[str, ...]:
        """Return the marketplaces of the chat that runs on this folder; empty where none runs."""
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            process, addresses = int(told["process"]), told["marketplaces"]
        except (OSError, ValueError, KeyError, TypeError):
            return ()
        if not _runs(process) or not isinstance(addresses, list):
            return ()  # it was killed before it could take the notice away
        return tuple(address for address in addresses if isinstance(address, str))


def _for_oneself(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True
