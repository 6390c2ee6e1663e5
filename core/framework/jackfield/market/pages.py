"""Project pages (PEP 691), read with suspicion."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import msgspec

from jackfield.errors import MarketError
from jackfield.manifest import File
from jackfield.market.models import ProjectFile, ProjectPage

SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
_LONGEST_SENTENCE = 300
_LONGEST_NAME = 255  # as on the usual file systems
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLAIN = re.compile(r"\.\./\.\./[A-Za-z0-9_-][A-Za-z0-9_./+-]*")
_Answer = TypeVar("_Answer")


def page_address(distribution: str) -> str:
    """Where a marketplace has the page of a project, below its own address."""
    return f"/simple/{quote(distribution, safe='')}/"


def read_page(body: bytes, url: str, name: str) -> list[File]:
    """The files of a project page, without those that are named strangely, have no sha256 or leave https.

    Args:
        body: the JSON document.
        url: where it came from; the addresses of its files are relative to it.
        name: the project that was asked for, normalised.

    Raises:
        MarketError: it is no project page, another project's, or of a version that nobody here can read.
    """
    page = decode(body, ProjectPage, url)
    if page.meta.api_version.partition(".")[0] != "1":  # PEP 629: another major version may mean anything
        said = page.meta.api_version[:100]
        raise MarketError(f"{url} is written in version {said!r} of the simple API", hint="this jackfield reads 1.x")
    if re.sub(r"[-_.]+", "-", page.name).lower() != re.sub(r"[-_.]+", "-", name).lower():
        raise MarketError(f"{url} is the page of {page.name[:100]!r}, not of {name}")
    above = _above(url.rstrip("/").rpartition("/")[0] + "/")
    files = (_file(entry, _address(entry.url, url, above)) for entry in page.files)
    return [file for file in files if file is not None]


def decode(body: bytes, kind: type[_Answer], url: str) -> _Answer:
    """A JSON answer as what it should be.

    Raises:
        MarketError: it is something else.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MarketError(
            f"{url} answers what no marketplace answers: {error}", hint="is the address right?"
        ) from error


@lru_cache(64)
def _above(folder: str) -> str:
    """The folder above one: of all pages of a marketplace it is the same."""
    return urljoin(folder, "../")


def _address(relative: str, base: str, above: str) -> str | None:
    """The address of a file, without fragment and credentials; None where it is none or leaves https."""
    if _PLAIN.fullmatch(relative) and "/." not in relative[6:]:
        return above + relative[6:]  # as our own marketplaces write it, and quicker than to take it apart
    try:
        address = urlsplit(urljoin(base, relative))
        _ = address.port
    except ValueError:
        return None
    if address.scheme != "https" and not (address.scheme == "http" and base.startswith("http:")):
        return None
    # Some indexes put credentials into the addresses of files; a lock is no place for them, netrc is.
    return urlunsplit(address._replace(netloc=address.netloc.rpartition("@")[2], fragment=""))


def _file(entry: ProjectFile, url: str | None) -> File | None:
    sha256 = entry.hashes.get("sha256", "").lower()
    plain = not {"/", "\\", "\0"} & set(entry.filename) and not entry.filename.startswith(".")
    plain = plain and len(entry.filename) <= _LONGEST_NAME  # it stands for up to the cube of its length in tags
    if url is None or not plain or not _SHA256.fullmatch(sha256):
        return None
    own = entry.own.get("plugin_toml")
    signature = entry.own.get("attestation")
    metadata = entry.core_metadata
    return File(
        filename=entry.filename,
        url=url,
        sha256=sha256,
        size=None if entry.size is None or entry.size < 0 else entry.size,
        requires_python=entry.requires_python,
        yanked=entry.yanked or None,
        metadata_sha256=metadata.get("sha256") if isinstance(metadata, dict) else None,
        manifest_sha256=own.get("sha256") if isinstance(own, dict) else None,
        attestation_sha256=signature.get("sha256") if isinstance(signature, dict) else None,
        upload_time=entry.upload_time,
        **_staged(entry.own),
    )


def _staged(own: dict[str, Any]) -> dict[str, Any]:
    """How far a version is rolled out, and what it mends; what is no such word is left out.

    A share that cannot be read is none at all: rather nobody gets the version than everybody.
    """
    if "rollout" not in own and "security" not in own:
        return {}
    told: dict[str, Any] = {}
    rollout, security = own.get("rollout"), own.get("security")
    if rollout is not None:
        share = rollout.get("percent") if isinstance(rollout, dict) else None
        told["rollout"] = share if type(share) is int and 0 <= share <= 100 else 0
        halted = rollout.get("halted") if isinstance(rollout, dict) else None
        told["halted"] = str(halted)[:_LONGEST_SENTENCE] if halted else None
    if isinstance(security, dict) and security.get("text"):
        told["security"] = str(security["text"])[:_LONGEST_SENTENCE]
        told["security_confirmed"] = security.get("confirmed") is True
    return told
