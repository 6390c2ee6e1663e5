"""Publishing: look at a wheel as the marketplace will, sign it with the publisher's own key, send it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jackfield.errors import WheelError
from jackfield.inspection import attest, inspect_wheel, read_attestation


@dataclass(frozen=True, slots=True)
class Published:
    """One wheel that a marketplace took.

    Args:
        file: its name.
        plugin: the plugin's id; None for a library.
        version: of it.
        sha256: of its bytes.
        key: sha256 of the publisher's key that signed it, None where none did.
        answer: what the marketplace said.
    """

    file: str
    plugin: str | None
    version: str
    sha256: str
    key: str | None
    answer: str

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


async def publish(wheel: Path, url: str, *, key: Path | None = None, token: str = "") -> Published:
    """Inspect a wheel, sign it, and upload it; nothing is sent of one that would be refused.

    Args:
        wheel: the file.
        url: of the marketplace.
        key: the file of the publisher's key, from `make_publisher_key`; None to sign nothing.
        token: of the uploader; empty for what the address or a netrc file holds.

    Raises:
        WheelError: it cannot be read or would be refused, or the key cannot be read.
        MarketError: the marketplace does not answer, or refuses it.
    """
    from jackfield.market import upload

    report = inspect_wheel(wheel, strict=True)
    refusals = [finding.message for finding in report.findings if finding.severity == "refuse"]
    if refusals:
        raise WheelError(f"{wheel.name} would be refused: {'; '.join(refusals)}", plugin=report.plugin_id)
    signature = attest(wheel.name, report.sha256, key) if key is not None else None
    signed_by = read_attestation(signature, wheel.name, report.sha256).key if signature is not None else None
    answer = await upload(url, wheel, report, token=token, attestation=signature)
    return Published(wheel.name, report.plugin_id, report.version, report.sha256, signed_by, answer)
