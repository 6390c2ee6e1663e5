# Old style: no metadata beyond the id, commands read by hand, and another script calls `days`.
import datetime

PLUGIN_METADATA = {"id": "day_counter", "version": "0.3"}

START = datetime.date(2019, 1, 1)


def days():
    return (datetime.date(2019, 3, 1) - START).days


def on_user_info(server, info):
    if info.content == "!!day":
        server.reply(info, "day {} of this server".format(days()))
