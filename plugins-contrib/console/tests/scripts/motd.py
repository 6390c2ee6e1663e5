"""Greets whoever joins, with the day that another script counts, and a list of servers to click."""

from mcdreforged.api.rtext import *
from mcdreforged.api.types import PluginServerInterface, ServerInterface

PLUGIN_METADATA = {"id": "motd", "version": "1.1", "dependencies": {"day_counter": ">=0.2"}}

DEFAULT = {"name": "the server", "others": ["creative", "mirror"]}
config = DEFAULT.copy()


def message(server: ServerInterface, player: str):
    counter = server.get_plugin_instance("day_counter")
    links = [RText(f"[{name}]").set_click_event(RAction.run_command, f"/server {name}") for name in config["others"]]
    return RTextList(
        RText(f"welcome to {config['name']}, {player}", RColor.gold), "\n",
        RTextBase.format("day {}", RText(counter.days(), RColor.yellow)), "\n",
        RTextBase.join(" ", links),
    )  # fmt: skip


def on_load(server: PluginServerInterface, old):
    config.update(server.load_config_simple("motd.json", DEFAULT, in_data_folder=False))
    server.register_help_message("!!motd", {"en_us": "Shows the greeting", "de_de": "Zeigt den Gruß"})


def on_player_joined(server: PluginServerInterface, player, info):
    for line in [message(server, player)]:
        server.tell(player, line)


def on_user_info(server, info):
    if info.content == "!!motd" and info.is_player:
        server.reply(info, message(server, info.player))
