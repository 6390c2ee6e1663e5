"""Tells other scripts what players say, and lets them speak; what goes over a network is another script's."""

from mcdreforged.api.event import LiteralEvent
from mcdreforged.api.types import Info, PluginServerInterface

PLUGIN_METADATA = {"id": "chat_bridge", "version": "1.0.0"}

SAID = LiteralEvent("chat_bridge.said")


def on_user_info(server: PluginServerInterface, info: Info):
    if info.is_player and not info.content.startswith("!!"):
        server.dispatch_event(SAID, (info.player, info.content))


def speak(name: str, text: str):
    PluginServerInterface.psi().say(f"[{name}] {text}")
