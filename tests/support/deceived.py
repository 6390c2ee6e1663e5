"""A user behind a mirror that lies, and what they read then: the table of attacks on a marketplace's clients."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jackfield.errors import JackfieldError, ResolutionError, TrustError
from jackfield.inspection import inspect_wheel
from jackfield.management import Management
from jackfield.manifest import bin_of, page_path, read_hostfile, target_folder
from jackfield.store import Layout

from tests.support.marketplace import RunningMarketplace
from tests.support.mirror import Answer, Mirror, signed_by, stolen
from tests.support.profiles import HOSTFILE
from tests.support.wheels import build_plugin

EVIL = "raise SystemExit('evil')\n"
NUMBERS = itertools.count(1)
TABLE: dict[str, str] = {}
"""What was done to a user -> what they read."""


@dataclass
class Deceived:
    """Somebody who installed version 1.0.0 of a plugin of their own through a mirror.

    Args:
        market: the honest marketplace, whose keys lie on this machine for who steals them.
        mirror: what stands before it.
        folder: for their profile, and for what is forged.
        urls: the marketplaces that they ask; the mirror where empty.
        id: of their plugin.
    """

    market: RunningMarketplace
    mirror: Mirror
    folder: Path
    urls: list[str] = field(default_factory=list)
    id: str = field(default_factory=lambda: f"poll{next(NUMBERS)}")

    @property
    def other(self) -> str:
        """A plugin that they do not have."""
        return f"{self.id}-other"

    @property
    def bin(self) -> str:
        """The role that signs their plugin."""
        return f"bin-{bin_of(f'chat-{self.id}')}"

    @property
    def management(self) -> Management:
        """Their plugins, as a process that begins now sees them."""
        hostfile = read_hostfile(HOSTFILE, source="host.toml")
        return Management("chat", Layout(self.folder / "profile"), self.urls or [self.mirror.url], hostfile)

    def update(self) -> None:
        """The honest update that every attack wants to change or to hide."""
        self.market.publish(self.id, "1.1.0")

    async def install(self, spec: str = "") -> None:
        """Install the update, or what is named."""
        spec = spec or f"{self.id}==1.1.0"
        management = self.management
        plan = await management.plan_install([spec], upgrade=True)
        await management.apply(plan, accept_permissions=True, by="tester")

    def installed(self) -> dict[str, str]:
        """Id -> version."""
        return {row.id: row.version for row in self.management.list()}

    async def refused(self, attack: str, kind: type[JackfieldError] = TrustError, spec: str = "") -> str:
        """Try the update; it must be refused, in a sentence with the mirror's name and something to do."""
        before, files = self.installed(), self.files()
        with pytest.raises(kind) as caught:
            await self.install(spec)
        error = caught.value
        assert self.mirror.url in error.message
        assert "\n" not in error.message
        if kind is not ResolutionError:  # which tells why each version is out, and not what to do about one
            assert error.hint is not None
            assert "nothing was changed" in error.hint or "is it running?" in error.hint
        assert self.installed() == before
        assert self.files() == files
        said = (
            str(error)
            .replace(self.mirror.url, "MARKET")
            .replace(str(self.folder / "profile"), "PROFILE")
            .replace(self.id, "poll")
            .replace(self.bin, "bin-xx")
        )
        TABLE[attack] = said
        return str(error)

    def files(self) -> dict[str, str]:
        """What is installed, as files: the store, the generations, the pointer."""
        root = self.folder / "profile"
        paths = [path for name in ("store", "generations") for path in sorted((root / name).rglob("*"))]
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (*paths, root / "current")
            if path.is_file()
        }

    def sign(self, role: str, change: Callable[[dict[str, Any]], None], *, version: int | None = None) -> bytes:
        """Metadata that a thief of the role's key has changed and signed."""
        signed = self.mirror.metadata(role, version)["signed"]
        change(signed)
        return signed_by(stolen(self.market.data, role if role in ("snapshot", "timestamp") else "bins"), signed)

    def forge(self, plugin: str, version: str = "1.1.0", *, attestation: bytes | None = None) -> None:
        """Show a release that a thief of all three online keys made: wheel, page, and metadata that signs them.

        Args:
            plugin: its id; an honest version is there.
            version: of the forged one.
            attestation: what is shown as its publisher's signature.
        """
        wheel = build_plugin(self.folder / "forged", plugin, version, code=EVIL)
        report, name, host = inspect_wheel(wheel, groups=("chat.plugins",)), f"chat-{plugin}", self.mirror
        texts = {"": wheel.read_bytes(), ".metadata": report.metadata, ".plugin.toml": report.manifest_bytes or b""}
        texts |= {".attestation": attestation} if attestation is not None else {}
        digests = {suffix: hashlib.sha256(text).hexdigest() for suffix, text in texts.items()}
        page = json.loads(host.honest(f"/simple/{name}/", accept="application/vnd.pypi.simple.v1+json").body)
        entry: dict[str, Any] = {
            "filename": wheel.name,
            "url": f"../../files/{digests['']}/{wheel.name}",
            "hashes": {"sha256": digests[""]},
            "size": len(texts[""]),
            "core-metadata": {"sha256": digests[".metadata"]},
            "_jackfield": {"plugin_toml": {"sha256": digests[".plugin.toml"]}, "id": plugin},
        }
        if attestation is not None:
            entry["_jackfield"] |= {"attestation": {"sha256": digests[".attestation"]}}
        page["files"].append(entry)
        page["versions"].append(version)
        body, folder, role = json.dumps(page).encode(), target_folder(name), f"bin-{bin_of(name)}"
        signed = {f"{folder}{wheel.name}{suffix}": text for suffix, text in texts.items()} | {page_path(name): body}
        targets = {
            path: {"length": len(text), "hashes": {"sha256": hashlib.sha256(text).hexdigest()}}
            for path, text in signed.items()
        }
        number = host.metadata("timestamp")["signed"]["meta"]["snapshot.json"]["version"]
        held = host.metadata("snapshot", number)["signed"]["meta"][f"{role}.json"]["version"]

        def in_bin(metadata: dict[str, Any]) -> None:
            metadata.update(version=held + 1, targets=metadata["targets"] | targets)

        def in_snapshot(metadata: dict[str, Any]) -> None:
            metadata["version"] = number + 1
            metadata["meta"][f"{role}.json"]["version"] = held + 1

        def in_timestamp(metadata: dict[str, Any]) -> None:
            metadata.update(version=metadata["version"] + 1, meta={"snapshot.json": {"version": number + 1}})

        host.lie(f"/tuf/{held + 1}.{role}.json", Answer(200, self.sign(role, in_bin, version=held)))
        host.lie(f"/tuf/{number + 1}.snapshot.json", Answer(200, self.sign("snapshot", in_snapshot, version=number)))
        host.lie("/tuf/timestamp.json", Answer(200, self.sign("timestamp", in_timestamp)))
        host.lie(f"/simple/{name}/", Answer(200, body, {"content-type": "application/vnd.pypi.simple.v1+json"}))
        for suffix, text in texts.items():
            host.lie(f"{wheel.name}{suffix}", Answer(200, text))
