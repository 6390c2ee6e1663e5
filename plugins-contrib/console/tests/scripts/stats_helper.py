import json
import os
from enum import Enum

from mcdreforged.api.all import *

PLUGIN_METADATA = {"id": "stats_helper", "version": "7.0"}

FOLDER = "server/world/stats"


class Kind(Enum):
    mined = "minecraft:mined"
    killed = "minecraft:killed"


def on_load(server, prev):
    query = Enumeration("kind", Kind).then(Text("what").runs(lambda src, ctx: rank(src, **ctx)))
    server.register_command(Literal("!!stats").then(Literal("rank").then(query)))


def rank(source, kind, what):
    found = []
    for name in os.listdir(FOLDER):
        with open(os.path.join(FOLDER, name)) as file:
            stats = json.load(file)["stats"]
        found.append((stats.get(kind.value, {}).get("minecraft:" + what, 0), name[:-5]))
    for number, (amount, player) in enumerate(sorted(found, reverse=True), 1):
        source.reply(RText(f"#{number} ", RColor.gray) + RText(player) + f" {amount}")
