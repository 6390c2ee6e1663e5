"""Facets of a permission: which hosts, paths and environment variables it is limited to.

Hosts are written `name:port`. `*.example.org:443` takes every name below example.org, at any depth, and not
example.org itself; `*:443` takes every host; `:*` takes every port. Names are ASCII (IDNA's `xn--` form) and compared
without regard to case or a dot at the end; IPv6 addresses stand in brackets. Paths are absolute or begin with `~/`, and
take what lies below them; they are compared as text, so whoever opens a file resolves links first.
"""

import re

from jackfield.errors import ManifestError
from jackfield.permissions.plain import hidden_character

NAME_LIMIT_PATTERN = r"[A-Za-z_][A-Za-z0-9_]{0,126}\*?"
"""The grammar of an environment variable's name, or of its beginning and `*`, as a regular expression."""

LONGEST_TARGET = 4096
"""Characters in a path (Linux' PATH_MAX); hosts are bounded by their grammar."""

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST_PATTERN = rf"(\*|(\*\.)?{_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]+\]):(\*|[1-9][0-9]{{0,4}})"
"""The grammar of a host facet as a regular expression, for the JSON schema; ports end at 65535."""

_NAME_LIMIT = re.compile(NAME_LIMIT_PATTERN, re.ASCII)
_HOST = re.compile(HOST_PATTERN, re.ASCII)
_WILD_ADDRESS = re.compile(r"\*\.([^:]*\.)?[0-9]+:")  # "*.0.0.1" would take 127.0.0.1 and any other ending so
_LONGEST_HOST = 253 + len(":65535")  # RFC 1035, section 2.3.4
_HIGHEST_PORT = 65535
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")


def check_host(text: str, where: str) -> str:
    """Return `text` if it is a host facet.

    Args:
        text: `api.example.org:443`, `*.example.org:443`, `[::1]:8080`, `localhost:*`.
        where: the key that an error names.

    Raises:
        ManifestError: it is none.
    """
    if _is_host(text) and not _WILD_ADDRESS.match(text):
        return text
    if "://" in text:
        raise ManifestError(f"{where}: {text[:80]!r} is a URL; a host is written api.example.org:443")
    hint = f"write {text}:443" if _is_host(f"{text}:443") else "as in api.example.org:443 or *.example.org:443"
    raise ManifestError(f"{where}: {text[:80]!r} is no host with a port", hint=hint)


def check_path(text: str, where: str) -> str:
    """Return `text` if it is a path facet: absolute or `~/…`, without `..`, and nothing hidden in it.

    Raises:
        ManifestError: it is none.
    """
    if not text or len(text) > LONGEST_TARGET:
        raise ManifestError(f"{where}: {text[:80]!r} is no path")
    if hidden := hidden_character(text):  # it is shown at consent
        raise ManifestError(f"{where}: the hidden character {hidden} in {text[:80]!r}")
    if not (text.startswith(("/", "~/")) or text == "~" or _DRIVE.match(text)):
        raise ManifestError(f"{where}: {text[:80]!r} is neither absolute nor begins with ~/")
    if ".." in _parts(text):
        raise ManifestError(f"{where}: {text[:80]!r} leads out of itself by '..'")
    if "\\" in text and not _DRIVE.match(text):
        raise ManifestError(f"{where}: {text[:80]!r} has a backslash; names are separated by '/'")
    return text


def check_name(text: str, where: str) -> str:
    """Return `text` if it names an environment variable, or is the beginning of such names and `*`.

    Raises:
        ManifestError: it is neither; a `*` alone would take every secret there is.
    """
    if not _NAME_LIMIT.fullmatch(text):
        raise ManifestError(
            f"{where}: {text[:80]!r} is no environment variable", hint="as in WEATHER_TOKEN or WEATHER_*"
        )
    return text


def name_covers(granted: str, wanted: str) -> bool:
    """Tell whether every name that `wanted` takes is taken by `granted`."""
    if granted.endswith("*"):
        return wanted.startswith(granted[:-1])
    return granted == wanted


def host_covers(granted: str, wanted: str) -> bool:
    """Tell whether every host that `wanted` takes is taken by `granted`; a plain host takes itself.

    What is no host with a port, say because it carries a part of a URL, is never covered.
    """
    granted_name, _, granted_port = granted.lower().rpartition(":")
    wanted_name, _, wanted_port = wanted.rpartition(":")
    wanted_name = wanted_name.removesuffix(".")
    if not _is_host(f"{wanted_name}:{wanted_port}") or granted_port not in {"*", wanted_port}:
        return False
    wanted_name = wanted_name.lower()
    if granted_name in {"*", wanted_name}:
        return True
    # "x.example.org" and "*.x.example.org" end in ".example.org"; "example.org" does not
    return granted_name.startswith("*.") and wanted_name.removeprefix("*").endswith(granted_name[1:])


def path_covers(granted: str, wanted: str) -> bool:
    """Tell whether `wanted` is `granted` or lies below it."""
    if "\x00" in wanted or ("\\" in wanted and not _DRIVE.match(wanted)):
        return False  # a backslash separates names on one system and is part of a name on another
    above, below = _parts(granted), _parts(wanted)
    return ".." not in below and below[: len(above)] == above


def _is_host(text: str) -> bool:
    if len(text) > _LONGEST_HOST or not _HOST.fullmatch(text):
        return False
    port = text.rpartition(":")[2]
    return port == "*" or int(port) <= _HIGHEST_PORT


def _parts(path: str) -> list[str]:
    """Return the root (`/`, `~`, a drive) and the names of a path; `.` and empty names fall away."""
    text = path.replace("\\", "/") if _DRIVE.match(path) else path
    root = "/" if text.startswith("/") else ""
    return [root, *(part for part in text.split("/") if part not in {"", "."})]
