"""`!!here` tells everyone where its giver stands: asks the server, and reads its answer among its lines."""

import re

from mcdreforged.api.all import *

PLUGIN_METADATA = {
    "id": "here",
    "version": "1.0.0",
    "name": RText("Here", RColor.gold),
    "description": "Tells everyone where you stand",
    "author": ["somebody", "somebody else"],
    "link": "https://example.org/here",
    "dependencies": {"mcdreforged": ">=1.0.0"},
}

waiting = []
ANSWER = re.compile(
    r"(?P<name>\w+) has the following entity data: \[(?P<x>[-\d.]+)d, (?P<y>[-\d.]+)d, (?P<z>[-\d.]+)d\]"
)


def on_load(server: PluginServerInterface, prev_module):
    server.register_help_message("!!here", "Tells everyone where you stand")
    server.register_command(
        Literal("!!here")
        .requires(lambda src: src.is_player, lambda: RText("only for players", color=RColor.red))
        .runs(lambda src: ask(src))
    )


def ask(source: PlayerCommandSource):
    waiting.append(source.player)
    source.get_server().execute("data get entity {} Pos".format(source.player))


def on_info(server: PluginServerInterface, info: Info):
    found = ANSWER.fullmatch(info.content or "") if not info.is_user else None
    if found and found["name"] in waiting:
        waiting.remove(found["name"])
        x, y, z = (int(float(found[axis])) for axis in "xyz")
        place = RText(f"[{x}, {y}, {z}]", RColor.green).h("click to copy").c(RAction.suggest_command, f"{x} {y} {z}")
        server.say(RTextList(RText(found["name"], RColor.yellow, RStyle.bold), " is at ", place))
