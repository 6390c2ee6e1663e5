from mcdreforged.api.all import *

PLUGIN_METADATA = {"id": "stop_vote", "version": "1.0.0"}

online = set()
votes = set()


def on_load(server, prev):
    if prev is not None:
        online.update(prev.online)
    server.register_command(Literal("!!votestop").requires(Requirements.is_player()).runs(vote))


@event_listener(MCDRPluginEvents.PLAYER_JOINED)
def came(server, player, info):
    online.add(player)


@event_listener("mcdr.player_left", priority=10)
def went(server, player):
    online.discard(player)
    votes.discard(player)


def on_server_stop(server, return_code):
    online.clear()
    votes.clear()


@spam_proof
def vote(source):
    server = source.get_server()
    votes.add(source.player)
    needed = len(online) // 2 + 1
    server.say(f"{len(votes)} of {needed} votes to stop")
    if len(votes) >= needed:
        server.stop()
