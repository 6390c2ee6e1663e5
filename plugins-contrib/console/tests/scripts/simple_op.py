from mcdreforged.api.decorator import new_thread
from mcdreforged.api.command import Literal

PLUGIN_METADATA = {"id": "simple_op", "version": "1.0.0", "author": "somebody"}


def on_load(server, old):
    server.register_help_message("!!op", "makes you an operator")
    server.register_help_message("!!again", "restarts the server", permission=3)
    server.register_command(Literal("!!op").runs(give))
    server.register_command(Literal("!!again").requires(lambda src: src.has_permission(3)).runs(again))


def give(source):
    if source.is_player:
        source.get_server().execute("op " + source.player)
    else:
        source.reply("the console is one already")


@new_thread("restart of simple_op")
def again(source):
    server = source.get_server()
    for left in (2, 1):
        server.broadcast("restart in {}".format(left))
    server.stop()
    server.wait_until_stop()
    server.start()
