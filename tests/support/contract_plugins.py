"""The plugins of the contract suite, as wheels, and the host's own capability that they use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from jackfield.api import Check
from jackfield.manifest import read_manifest_file
from jackfield.permissions import Permission
from jackfield_chat_api import Message, Room

from tests.support.wheels import WheelSource

HERE = Path(__file__).parent.parent / "contract"

PLUGINS = {"probe": "Probe", "peer": "", "friend": ""}
"""Each by its id, with what its entry point names in its package; empty: the package itself."""


@dataclass
class Lobby:
    """The host's own capability, as a host makes one for each plugin: of `ChatApi` what the probe uses.

    Args:
        plugin: whose it is.
        check: asks for its permissions.
        said: what was sent, by whom.
    """

    plugin: str
    check: Check
    said: list[tuple[str, str]]

    @property
    def messages(self) -> LobbyMessages:
        """Reading and writing in rooms."""
        return LobbyMessages(self)


@dataclass
class LobbyMessages:
    """The messages of the one room."""

    lobby: Lobby

    async def send(self, room: Room | str, text: str) -> Message:
        """Keep what is sent."""
        self.lobby.check("messages", "send")
        self.lobby.said.append((self.lobby.plugin, text))
        return Message(len(self.lobby.said), str(room), self.lobby.plugin, text)

    async def recent(self, room: Room | str, limit: int = 50) -> list[Message]:
        """Return what was sent last."""
        kept = list(enumerate(self.lobby.said, start=1))[-limit:]
        return [Message(number, str(room), plugin, text) for number, (plugin, text) in kept]


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
