import threading

from mcdreforged.api.all import *

PLUGIN_METADATA = {"id": "timed_restart", "version": "2.0.0-beta.1"}

timer = None


def on_load(server: PluginServerInterface, prev):
    node = Literal("!!restart-in").requires(Requirements.has_permission(PermissionLevel.ADMIN))
    node.then(Float("seconds").in_range(0, 60).runs(lambda src, ctx: begin(src, ctx["seconds"])))
    node.then(Literal("abort").runs(abort))
    node.on_child_error(NumberOutOfRange, lambda src, err: src.reply("between 0 and 60"), handled=True)
    server.register_command(node)


def on_unload(server):
    if timer is not None:
        timer.cancel()


def begin(source, seconds):
    global timer
    server = source.get_server()
    timer = threading.Timer(seconds, server.restart)
    timer.start()
    server.say(RText("the server restarts in {:g} s".format(seconds), RColor.red))


def abort(source):
    global timer
    if timer is None:
        source.reply("no restart is planned")
        return
    timer.cancel()
    timer = None
    source.get_server().broadcast("the restart is called off")
