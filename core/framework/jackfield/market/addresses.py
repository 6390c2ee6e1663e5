"""One marketplace has one address, however it is spelled: what is known, demanded and revoked goes by it."""

from __future__ import annotations

from urllib.parse import SplitResult, urlunsplit

_PORTS = {"http": 80, "https": 443}


def canonical_address(address: SplitResult) -> str:
    """An address as it is compared: scheme and host in lower case, no port that goes without saying (RFC 3986, 6.2).

    Credentials are left out, and slashes at the end.

    Args:
        address: of a marketplace, without a fragment.

    Raises:
        ValueError: its port is none.
    """
    port = address.port
    host = address.hostname or ""
    host = f"[{host}]" if ":" in host else host
    netloc = host if port is None or port == _PORTS.get(address.scheme) else f"{host}:{port}"
    return urlunsplit(address._replace(netloc=netloc, path=address.path.rstrip("/")))
