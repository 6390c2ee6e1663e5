"""Who we are to a server: the marketplace's address, or netrc; never a file that we write."""

from __future__ import annotations

import netrc
import os
import sys
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

Login = tuple[str, str]

_PORTS = {"http": 80, "https": 443}


class Credentials:
    """User names and passwords by origin.

    Args:
        address: the marketplace's, as the user wrote it; what it holds is sent to its own origin alone.
    """

    def __init__(self, address: SplitResult) -> None:
        self._origin = _origin(address)
        named = address.username is not None
        self._login = (unquote(address.username or ""), unquote(address.password or "")) if named else None
        self._netrc: netrc.netrc | None = None
        self._read = False

    def login(self, url: str) -> Login | None:
        """What to send with a request to `url`, None for nothing.

        A netrc file that cannot be read counts as none: it is another program's, and the server will say what it lacks.
        """
        address = urlsplit(url)
        if self._login is not None and _origin(address) == self._origin:
            return self._login
        if not self._read:
            self._read, self._netrc = True, _read_netrc()
        found = self._netrc.authenticators(address.hostname or "") if self._netrc is not None else None
        return (found[0], found[2] or "") if found is not None else None


def _origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    return address.scheme, address.hostname, address.port or _PORTS.get(address.scheme)


def _read_netrc() -> netrc.netrc | None:
    given = os.environ.get("NETRC")
    path = Path(given) if given else Path.home() / ("_netrc" if sys.platform == "win32" else ".netrc")
    try:
        return netrc.netrc(path)
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return None
