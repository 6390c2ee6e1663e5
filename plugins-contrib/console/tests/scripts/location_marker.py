import json
import os
from typing import List

from mcdreforged.api.all import *

PLUGIN_METADATA = {"id": "location_marker", "version": "1.3.0", "description": {"en_us": "marks", "zh_cn": "路标"}}


class Location(Serializable):
    name: str
    pos: List[int]


class Point(ArgumentNode):
    """Three whole numbers: a node of the script's own."""

    def parse(self, text: str) -> ParseResult:
        read, values = 0, []
        for _ in range(3):
            rest = text[read:]
            read += len(rest) - len(command_builder_util.remove_divider_prefix(rest))
            value, taken = command_builder_util.get_int(text[read:])
            read += taken
            if value is None:
                raise IllegalPoint(read)
            values.append(value)
        return ParseResult(values, read)


class IllegalPoint(CommandSyntaxError):
    def __init__(self, char_read: int):
        super().__init__("three whole numbers are wanted", char_read)


locations: List[Location] = []


def on_load(server: PluginServerInterface, prev):
    path = os.path.join(server.get_data_folder(), "locations.json")
    if os.path.isfile(path):
        with open(path, "r", encoding="utf8") as file:
            locations.extend(deserialize(json.load(file), List[Location]))

    def save():
        with open(path, "w", encoding="utf8") as file:
            json.dump(serialize(locations), file, ensure_ascii=False)

    def add(source, context):
        locations.append(Location(name=context["name"], pos=context["pos"]))
        save()
        source.reply(RTextList("marked ", RText(context["name"], RColor.green)))

    def search(source, context=None):
        word = context.get("word", "") if context else ""
        found = [one for one in locations if word in one.name]
        for one in found:
            source.reply("{} {}".format(one.name, one.pos))
        source.reply(RText("{} found".format(len(found)), styles=[RStyle.italic]))

    root = Literal("!!loc").runs(lambda src: search(src))
    root.then(Literal("add").then(QuotableText("name").then(Point("pos").runs(add))))
    root.then(Literal("search").then(GreedyText("word").runs(search)))
    server.register_command(root)
