# -*- coding: utf-8 -*-
# The oldest style: everything by hand, and a file below `config`.
import json
import os

from utils.rtext import *

PATH = "config/bots.json"
bots = []
HELP = """
--- bots ---
§7!!bot add <name>§r one more
§7!!bot list§r all of them
"""


def on_load(server, old_module):
    server.add_help_message("!!bot", "keeps a list of bots")
    if os.path.exists(PATH):
        with open(PATH) as file:
            bots.extend(json.load(file))


def save():
    with open(PATH, "w") as file:
        json.dump(bots, file)


def on_info(server, info):
    if not info.is_user or not info.content.startswith("!!bot"):
        return
    info.cancel_send_to_server()
    words = info.content.split()
    if len(words) == 1:
        for line in HELP.strip().splitlines():
            server.reply(info, line)
    elif words[1] == "add" and len(words) == 3:
        if server.get_permission_level(info) < 2:
            server.reply(info, "§cnot for you")
            return
        bots.append(words[2])
        save()
        server.execute("player {} spawn".format(words[2]))
    elif words[1] == "list":
        server.reply(info, RTextList(*[RText(name + " ", RColor.aqua) for name in bots]))
    else:
        server.reply(info, "§cunknown, see !!bot")
