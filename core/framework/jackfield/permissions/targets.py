"""Facets of a permission: which hosts and which paths it is limited to.

Hosts are written `name:port`. `*.example.org:443` takes every name below example.org, at any depth, and not
example.org itself; `*:443` takes every host; `:*` takes every port. Names are ASCII (IDNA's `xn--` form) and compared
without regard to case or a dot at the end; IPv6 addresses stand in brackets. Paths are absolute or begin with `~/`, and
take what lies below them; they are compared as text, so whoever opens a file resolves links first.
"""

import re

from jackfield.errors import ManifestError

LONGEST_TARGET = 4096
"""Characters in a path (Linux' PATH_MAX); hosts are bounded by their grammar."""

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST_PATTERN = rf"(\*|(\*\.)?{_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]+\]):(\*|[1-9][0-9]{{0,4}})"
"""The grammar of a host facet as a regular expression, for the JSON schema; ports end at 65535."""

_HOST = re.compile(HOST_PATTERN, re.ASCII)
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")


def check_host(text: str, where: str) -> str:
    """Return `text` if it is a host facet.

    Args:
        text: `api.example.org:443`, `*.example.org:443`, `[::1]:8080`, `localhost:*`.
        where: the key that an error names.

    Raises:
        ManifestError: it is none.
    """
    if _HOST.fullmatch(text) and len(text) <= 260 and (text.endswith(":*") or int(text.rpartition(":")[2]) <= 65535):
        return text
    if "://" in text:
        raise ManifestError(f"{where}: {text[:80]!r} is a URL; a host is written api.example.org:443")
    hint = f"write {text}:443" if _HOST.fullmatch(f"{text}:443") else "as in api.example.org:443 or *.example.org:443"
    raise ManifestError(f"{where}: {text[:80]!r} is no host with a port", hint=hint)


def check_path(text: str, where: str) -> str:
    """Return `text` if it is a path facet: absolute or `~/…`, without `..`.

    Raises:
        ManifestError: it is none.
    """
    if not text or len(text) > LONGEST_TARGET or "\x00" in text:
        raise ManifestError(f"{where}: {text[:80]!r} is no path")
    if not (text.startswith(("/", "~/")) or text == "~" or _DRIVE.match(text)):
        raise ManifestError(f"{where}: {text[:80]!r} is neither absolute nor begins with ~/")
    if ".." in _parts(text):
        raise ManifestError(f"{where}: {text[:80]!r} leads out of itself by '..'")
    return text


def host_covers(granted: str, wanted: str) -> bool:
    """Tell whether every host that `wanted` takes is taken by `granted`; a plain host is a facet that takes itself."""
    granted_name, _, granted_port = granted.lower().rpartition(":")
    wanted_name, _, wanted_port = wanted.lower().rpartition(":")
    if not wanted_name or granted_port not in {"*", wanted_port}:
        return False
    granted_name, wanted_name = granted_name.removesuffix("."), wanted_name.removesuffix(".")
    if granted_name in {"*", wanted_name}:
        return True
    if not granted_name.startswith("*."):
        return False
    # "x.example.org" and "*.x.example.org" end in ".example.org" and have something before it
    return wanted_name.removeprefix("*").endswith(granted_name[1:]) and len(wanted_name) > len(granted_name) - 1


def path_covers(granted: str, wanted: str) -> bool:
    """Tell whether `wanted` is `granted` or lies below it."""
    above, below = _parts(granted), _parts(wanted)
    return ".." not in below and "\x00" not in wanted and below[: len(above)] == above


def _parts(path: str) -> list[str]:
    """Return the root (`/`, `~`, a drive) and the names of a path; `.` and empty names fall away."""
    text = path.replace("\\", "/") if _DRIVE.match(path) else path
    root = "/" if text.startswith("/") else ""
    return [root, *(part for part in text.split("/") if part not in {"", "."})]
