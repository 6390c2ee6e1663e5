"""Rich text as the server reads it, and translations as each person reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.console import console
from tests.support.sources import imported


@pytest.fixture(scope="module")
def rich() -> Iterator[SimpleNamespace]:
    """Everything that `from mcdreforged.api.rtext import *` gives."""
    with imported(Path(__file__).parents[1], "chat_console.shim") as module:
        shim = module.ShimFinder()
        shim.install()
        names: dict[str, Any] = {}
        try:
            exec("from mcdreforged.api.rtext import *", names)
            yield SimpleNamespace(**names)
        finally:
            shim.remove()


def test_a_text_carries_colour_styles_click_and_hover(rich):
    text = rich.RText("go", rich.RColor.red, [rich.RStyle.bold, rich.RStyle.italic])
    text.c(rich.RAction.run_command, "/go").h("now", rich.RText("!", rich.RColor.gold))
    assert text.to_json_object() == {
        "text": "go",
        "color": "red",
        "bold": True,
        "italic": True,
        "clickEvent": {"action": "run_command", "value": "/go"},
        "hoverEvent": {
            "action": "show_text",
            "value": ["", {"text": "now"}, {"text": "!", "color": "gold"}],
        },
    }
    assert (str(text), text.to_legacy_text()) == ("go", "§c§l§ogo§r")
    assert text.to_colored_text() == "\x1b[91m\x1b[1m\x1b[3mgo\x1b[0m"


def test_texts_are_joined_added_and_formatted(rich):
    made = "a " + rich.RText("b", rich.RColor.blue) + " c"
    assert made.to_plain_text() == "a b c"
    assert made.to_json_object()[2] == {"text": " c"}
    assert str(rich.RTextBase.join(", ", [1, rich.RText("two"), 3])) == "1, two, 3"
    formatted = rich.RTextBase.format("{} and {name:>3}", rich.RText("x", rich.RColor.red), name="y")
    assert formatted.to_plain_text() == "x and   y"
    assert formatted.to_json_object()[1] == {"text": "x", "color": "red"}


def test_a_list_hands_its_colour_on(rich):
    made = rich.RTextList("a", rich.RText("b")).set_color(rich.RColor.green)
    assert made.to_json_object()[0] == {"text": "", "color": "green"}
    assert rich.RTextList().is_empty()
    copied = made.copy().append("c")
    assert (str(copied), str(made)) == ("abc", "ab")


def test_what_was_written_is_read_again(rich):
    text = rich.RTextList(rich.RText("a", rich.RColor.red, rich.RStyle.underlined), "b")
    assert str(rich.RTextBase.from_json_object(text.to_json_object())) == "ab"
    read = rich.RTextBase.from_json_object({"text": "x", "color": "#FF8800", "bold": True, "extra": ["y"]})
    assert (str(read), read.to_json_object()[1]["color"]) == ("xy", "#FF8800")
    assert rich.RTextTranslation("item.stick").arg("n").to_json_object() == {"translate": "item.stick", "with": ["n"]}
    assert rich.RColorRGB.from_rgb(255, 136, 0).name == "#FF8800"
    assert rich.RColor.red in list(rich.RColor)


def test_a_script_logs_into_a_file_of_its_own_that_is_closed_with_it(tmp_path):
    text = """
def on_load(server, old):
    server.logger.set_file('logs/own.log')
    server.logger.warning('kept')
"""
    with console(tmp_path, {"writer.py": text}) as bench:
        (handler,) = bench.engine.scripts.find("writer").logger.handlers
        assert bench.type("!!MCDR plugin unload writer") == ["writer is unloaded"]
        assert handler.stream is None
    assert (tmp_path / "logs" / "own.log").read_text(encoding="utf-8") == "kept\n"


@pytest.mark.feature("U14")
def test_each_reads_the_language_that_they_prefer(tmp_path):
    text = """
from mcdreforged.api.all import *
PLUGIN_METADATA = {'id': 'polite'}

def on_load(server, old):
    server.register_translation('en_us', {'polite': {'hello': 'hello {}', 'only': 'only here'}})
    server.register_translation('de_de', {'polite.hello': 'hallo {}'})

def on_user_info(server, info):
    if info.content == 'greet':
        server.reply(info, server.rtr('polite.hello', info.player or 'console').set_color(RColor.gold))
    elif info.content == 'here':
        with info.get_command_source().preferred_language_context():
            server.reply(info, server.tr('polite.hello', 'x') + ', ' + server.tr('polite.only'))
    elif info.content == 'rich':
        server.reply(info, server.tr('polite.hello', RText('y', RColor.red)))
"""
    with console(tmp_path, {"polite.py": text}) as bench:
        bench.start()
        server = bench.engine.server
        preference = server.get_preference("Alex")
        preference.language = "de_de"
        server.set_preference("Alex", preference)
        bench.chat("Alex", "greet")
        bench.until("to Alex: hallo Alex")
        bench.chat("Steve", "greet")
        bench.until("to Steve: hello Steve")
        bench.chat("Alex", "here")
        bench.until("to Alex: hallo x, only here")
        assert bench.type("greet") == ["hello console"]
        assert bench.type("rich") == ["hello y"]
        assert server.tr("nobody.registered.this") == "nobody.registered.this"
        assert server.tr("polite.hello", "z", _mcdr_tr_language="de_de") == "hallo z"
        for unfit in ("{1}", "{name}", "{0.name}", "{0[0]}", "{0:d}", "{"):
            bench.engine.translations.register("test", "en_us", {"unfit": unfit})
            assert server.tr("unfit", None) == unfit
        assert not server.has_translation("polite.only", language="de_de", no_auto_fallback=True)
    with console(tmp_path, {}) as bench:
        assert bench.engine.server.get_preference("Alex").language == "de_de"
