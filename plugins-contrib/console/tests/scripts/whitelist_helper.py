from mcdreforged.api.command import GreedyText, Requirements, SimpleCommandBuilder, Text
from mcdreforged.api.types import CommandSource, PluginServerInterface

PLUGIN_METADATA = {"id": "whitelist_helper", "version": "1.2.3", "dependencies": {"mcdreforged": "^2.6"}}


def on_load(server: PluginServerInterface, prev_module):
    builder = SimpleCommandBuilder()
    builder.command("!!wl", lambda src: src.reply("!!wl add <player> [reason], !!wl list"))
    builder.command("!!wl list", lambda src: server.execute("whitelist list"))
    builder.command("!!wl add <player>", add)
    builder.command("!!wl add <player> <reason>", add)
    builder.arg("player", Text).suggests(lambda: ["Alex", "Steve"])
    builder.arg("reason", GreedyText)
    builder.literal("add").requires(Requirements.has_permission(2), lambda: "ask a helper")
    builder.register(server)


def add(source: CommandSource, context: dict):
    source.get_server().execute(f"whitelist add {context['player']}")
    source.reply(f"added {context['player']}: {context.get('reason', 'no reason')}")
