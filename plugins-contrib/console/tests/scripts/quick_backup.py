"""Copies the world into slots, and brings one back: stops the server, exchanges the folder, starts it again."""

import os
import shutil
from threading import Event

from mcdreforged.api.all import *

PLUGIN_METADATA = {"id": "quick_backup", "version": "1.0.0", "name": "Quick backup"}


class Config(Serializable):
    server_path: str = "./server"
    backup_path: str = "./backups"
    worlds: list = ["world"]
    saved: str = "Saved the game"


config = Config()
game_saved = Event()
wanted = None


def on_load(server: PluginServerInterface, old):
    global config
    config = server.load_config_simple(target_class=Config, echo_in_console=False)
    root = Literal("!!qb").runs(lambda src: src.reply("!!qb make, !!qb back <slot>, !!qb confirm, !!qb list"))
    root.then(Literal("make").then(GreedyText("comment").runs(lambda src, ctx: make(src, ctx["comment"]))))
    root.then(Literal("back").then(Integer("slot").at_min(1).runs(lambda src, ctx: back(src, ctx["slot"]))))
    root.then(Literal("confirm").runs(lambda src: restore(src)))
    root.then(Literal("list").runs(show))
    server.register_command(root)


def on_info(server, info):
    if not info.is_user and info.content == config.saved:
        game_saved.set()


def slots():
    if not os.path.isdir(config.backup_path):
        return []
    return sorted(os.listdir(config.backup_path))


@new_thread("backup")
def make(source, comment):
    server = source.get_server()
    game_saved.clear()
    server.execute("save-off")
    server.execute("save-all flush")
    game_saved.wait(10)
    place = os.path.join(config.backup_path, str(len(slots()) + 1))
    for world in config.worlds:
        shutil.copytree(os.path.join(config.server_path, world), os.path.join(place, world))
    with open(os.path.join(place, "comment.txt"), "w", encoding="utf8") as file:
        file.write(comment)
    server.execute("save-on")
    server.broadcast(RTextList(RText("[QB] ", RColor.aqua), "saved: ", comment))


def back(source, slot):
    global wanted
    if str(slot) not in slots():
        source.reply("there is no slot {}".format(slot))
        return
    wanted = slot
    source.reply(RText("!!qb confirm", RColor.gold).c(RAction.run_command, "!!qb confirm"))


@new_thread("restore")
def restore(source):
    global wanted
    server, slot, wanted = source.get_server(), wanted, None
    if slot is None:
        source.reply("nothing is to be confirmed")
        return
    server.stop()
    server.wait_for_start()
    for world in config.worlds:
        target = os.path.join(config.server_path, world)
        shutil.rmtree(target)
        shutil.copytree(os.path.join(config.backup_path, str(slot), world), target)
    server.start()


def show(source):
    for slot in slots():
        with open(os.path.join(config.backup_path, slot, "comment.txt"), encoding="utf8") as file:
            source.reply("{}: {}".format(slot, file.read()))
