"""Sending a wheel to an index, over the upload API that twine and uv speak (`/legacy/`)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from jackfield.errors import MarketError
from jackfield.inspection import WheelReport
from jackfield.market.failures import NotKnown
from jackfield.market.transport import Transport
from jackfield.market.trust import split_address

UPLOAD_SECONDS = 120.0
"""For sending one wheel and its inspection there."""


async def upload(
    url: str, wheel: Path, report: WheelReport, *, token: str = "", attestation: bytes | None = None
) -> str:
    """Publish a wheel; what the marketplace answered, a sentence.

    Args:
        url: of the marketplace.
        wheel: the file.
        report: of its inspection.
        token: of the uploader; empty for what the address or a netrc file holds.
        attestation: the publisher's signature, as `attest` makes it.

    Raises:
        MarketError: it does not answer, takes no uploads, or refuses this one; the sentence says why.
    """
    transport = Transport(_with(split_address(url)[0], token), timeout_seconds=UPLOAD_SECONDS)
    form = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "name": report.name,
        "version": report.version,
        "sha256_digest": report.sha256,
    }
    if attestation is not None:
        form["attestations"] = f"[{attestation.decode()}]"  # PEP 740
    content = (wheel.name, await asyncio.to_thread(wheel.read_bytes), "application/octet-stream")
    packed = httpx.Request("POST", transport.url, data=form, files={"content": content})
    try:
        answer = await transport.post("/legacy/", packed.read(), packed.headers["content-type"])
    except NotKnown as error:
        hint = "name a token that counts there: JACKFIELD_TOKEN, --token-file FILE, or netrc"
        raise MarketError(error.message, hint=hint) from error
    finally:
        await transport.aclose()
    if answer is None:
        raise MarketError(f"{transport.url} takes no uploads", hint="is it the address of a marketplace?")
    return answer.decode("utf-8", "replace").strip()


def _with(url: str, token: str) -> str:
    """The address with a token, which is sent to this very marketplace alone."""
    if not token:
        return url
    address = urlsplit(url)
    login = f"__token__:{quote(token, safe='')}@"
    return urlunsplit(address._replace(netloc=login + address.netloc.rpartition("@")[2]))
