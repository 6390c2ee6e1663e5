"""The plugins of the contract suite, as wheels, and the host's own capability that they use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from jackfield.api import Check
from jackfield.manifest import read_manifest_file
from jackfield.permissions import Permission

from tests.support.wheels import WheelSource

HERE = Path(__file__).parent.parent / "contract"


@dataclass
class Lobby:
    """The host's own capability, as a host makes one for each plugin."""

    plugin: str
    check: Check
    said: list[tuple[str, str]]

    async def send(self, room: str, text: str) -> None:
        self.check("messages", "send")
        self.said.append((self.plugin, text))


def wheel(name: str, attribute: str, folder: Path) -> Path:
    """The wheel of a plugin whose source lies beside this file."""
    package = f"chat_{name}"
    source = HERE / name / package
    files: dict[str, str | bytes] = {
        f"{package}/{path.relative_to(source).as_posix()}": path.read_text(encoding="utf-8")
        for path in sorted(source.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    entry = f"{package}:{attribute}" if attribute else package
    return WheelSource(f"chat-{name}", files=files, entry_points={"chat.plugins": {name: entry}}).build(folder)


def asked_permissions(name: str) -> tuple[Permission, ...]:
    """What the plugin's manifest asks, taken apart into single actions."""
    manifest = read_manifest_file(HERE / name / f"chat_{name}" / "plugin.toml")
    return tuple(replace(one, actions=(action,)) for one in manifest.permissions for action in one.actions)
