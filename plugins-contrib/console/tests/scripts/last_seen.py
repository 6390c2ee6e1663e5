import time
from typing import Dict

from mcdreforged.api.utils import Serializable
from mcdreforged.api.command import *

PLUGIN_METADATA = {"id": "last_seen", "version": "1.0.0"}


class Times(Serializable):
    left: Dict[str, float] = {}
    joined: Dict[str, float] = {}


times = Times()
psi = None


def on_load(server, prev):
    global times, psi
    psi = server
    times = server.load_config_simple("times.json", target_class=Times, echo_in_console=False, failure_policy="raise")
    server.register_command(Literal("!!seen").then(Text("player").runs(seen)))


def keep():
    psi.save_config_simple(times, "times.json")


def on_player_joined(server, player, info):
    times.joined[player] = time.time()
    keep()


def on_player_left(server, player):
    times.left[player] = time.time()
    keep()


def seen(source, context):
    player = context["player"]
    if times.joined.get(player, 0) > times.left.get(player, 0):
        source.reply(f"{player} plays now")
    elif player in times.left:
        source.reply(f"{player} left {time.time() - times.left[player]:.0f} s ago")
    else:
        source.reply(f"nobody has seen {player}")
