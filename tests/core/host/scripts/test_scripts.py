"""Folders of scripts in a running host: plain functions, full trust, one id one plugin, reload with what was kept."""

from __future__ import annotations

import json
import logging
import sys
import zipfile

import pytest
from jackfield.host import State, load_plugins_from_dir

from tests.support.script_folder import write


@pytest.mark.feature("S1", "S3", "S5", "M1", "M2")
async def test_every_script_of_the_folder_runs_and_its_functions_are_hooks(folder, start):
    write(folder, "shout.py", "def on_message_sent(text):\n    return text.upper()\n")
    write(folder, "quiet.py", "import types\nseen = []\n\ndef on_load(server, previous):\n    seen.append(server)\n")
    host = await start()
    assert {one.id: (one.state, one.origin) for one in host.plugins} == {
        "shout": (State.ACTIVE, "script"),
        "quiet": (State.ACTIVE, "script"),
    }
    assert host.hook.on_message_sent(text="hello") == "HELLO"
    module = sys.modules["jackfield_script_quiet"]
    assert module.__spec__ is not None
    assert module.__file__ == str(folder / "quiet.py")
    assert module.seen[0].plugin_id == "quiet"


ODD = """
import xmlrpc.client
remote = xmlrpc.client.ServerProxy('http://127.0.0.1:9')  # has every attribute

class Unbound:
    def __call__(self): ...
    def __getattr__(self, name): raise RuntimeError('working outside of a request')

request = Unbound()

def on_message_sent(text):
    return text.upper()
"""


@pytest.mark.feature("S5")
async def test_objects_that_answer_to_any_name_or_to_none_are_no_hooks(folder, start):
    write(folder, "odd.py", ODD)
    host = await start()
    assert host.plugins.status("odd").state is State.ACTIVE, host.plugins.status("odd")
    assert host.hook.on_message_sent(text="hello") == "HELLO"
    assert host.observed.hooks_of("odd") == 1


@pytest.mark.feature("S6", "S8", "S9")
async def test_filters_are_a_chain_that_neither_none_nor_an_exception_breaks(folder, start):
    write(folder, "a.py", "def on_message_sent(text):\n    return text + ' c'\n")
    write(folder, "b.py", "def on_message_sent(text):\n    raise ValueError('no')\n")
    write(folder, "c.py", "def on_message_sent(text):\n    return None\n")
    write(folder, "d.py", "def on_message_sent(text):\n    return text + ' a'\n")
    host = await start()
    assert host.hook.on_message_sent(text="words") == "words a c"
    assert host.plugins.status("b").errors == 1


@pytest.mark.feature("M6")
async def test_a_script_without_metadata_loads_and_is_warned_about(folder, start, caplog):
    write(folder, "Plain One.py", "def asked():\n    return 'here'\n")
    with caplog.at_level(logging.WARNING, logger="jackfield.host"):
        host = await start()
    assert "Plain One.py has no PLUGIN_METADATA: it is called plain_one 0.0.0" in caplog.text
    assert host.hook.asked() == ["here"]


@pytest.mark.feature("M8")
async def test_of_two_scripts_with_one_id_the_second_does_not_load(folder, start):
    write(folder, "a.py", "PLUGIN_METADATA = {'id': 'same_id', 'version': '1.0'}\ndef asked():\n    return 'first'\n")
    write(folder, "b.py", "PLUGIN_METADATA = {'id': 'same-id', 'version': '2.0'}\ndef asked():\n    return 'second'\n")
    host = await start()
    assert host.hook.asked() == ["first"]
    told = {one.version: (one.state, one.problem) for one in host.plugins}
    assert told["1.0"] == (State.ACTIVE, "")
    assert told["2.0"] == (State.SHADOWED, f"same_id 1.0 of {folder / 'a.py'} wins")


async def test_an_installed_plugin_wins_over_a_script_of_its_id(profile, build, folder, start):
    profile.install(build("climate"))
    profile.enable("climate")
    write(folder, "climate.py", "def asked():\n    return 'script'\n")
    host = await start()
    assert {one.origin: one.state for one in host.plugins} == {"store": State.ACTIVE, "script": State.SHADOWED}
    assert host.hook.asked() == []


async def test_a_script_may_do_everything_and_its_user_can_disable_it(profile, folder, start):
    write(
        folder,
        "keeper.py",
        "async def on_enable(context):\n    await context.storage.set('a', 1)\n"
        "    context.commands.add('any', print)\n",
    )
    host = await start()
    assert host.plugins.status("keeper").state is State.ACTIVE
    assert host.commands.has("any")
    profile.disable("keeper")
    await host.reload_changes()
    assert host.plugins.status("keeper").state is State.IDLE
    assert not host.commands.has("any")
    profile.state.change({"wish/keeper": True}, by="test")
    await host.reload_changes()
    assert host.plugins.status("keeper").state is State.ACTIVE


async def test_safe_mode_runs_no_script(folder, start):
    write(folder, "a.py", "raise RuntimeError\n")
    host = await start(safe=True)
    assert host.plugins.status("a").state is State.FOUND


@pytest.mark.feature("M26", "C8")
async def test_a_script_whose_import_is_missing_fails_by_name_and_hurts_nobody(folder, start):
    write(folder, "bad.py", "import nowhere_to_be_found\n")
    write(folder, "ends.py", "raise SystemExit\n")
    write(folder, "good.py", "def asked():\n    return 'good'\n")
    write(folder, "needs.py", "PLUGIN_METADATA = {'id': 'needs', 'dependencies': {'good': '>=1.0'}}\n")
    write(folder, "lacks.py", "PLUGIN_METADATA = {'id': 'lacks', 'dependencies': {'absent': '*'}}\n")
    write(folder, "foreign.py", "PLUGIN_METADATA = {'id': 'foreign', 'dependencies': {'mcdreforged': '>=1'}}\n")
    host = await start()
    told = {one.id: one for one in host.plugins}
    assert host.hook.asked() == ["good"]
    assert "No module named 'nowhere_to_be_found'" in told["bad"].problem
    assert str(folder / "bad.py") in told["bad"].error
    assert "tried to end the process" in told["ends"].problem
    assert "needs good >=1.0, found 0.0.0" in told["needs"].problem
    assert "needs absent, which is missing" in told["lacks"].problem
    assert told["foreign"].problem == "is made for mcdreforged, not for chat"
    write(folder, "bad.py", "def asked():\n    return 'mended'\n")
    await host.reload_changes()
    assert sorted(host.hook.asked()) == ["good", "mended"]


@pytest.mark.feature("U1", "U31")
async def test_a_packed_plugin_runs_is_exchanged_and_its_traceback_names_the_file(folder, start):
    def pack(answer: str) -> None:
        with zipfile.ZipFile(folder / "box.mcdr", "w") as archive:
            archive.writestr("mcdreforged.plugin.json", json.dumps({"id": "boxed", "entrypoint": "boxed.entry"}))
            archive.writestr("boxed/__init__.py", "")
            archive.writestr("boxed/words.py", f"WORD = {answer!r}\n")
            archive.writestr(
                "boxed/entry.py", "from boxed.words import WORD\ndef asked():\n    return WORD[0] + WORD\n"
            )

    pack("first")
    host = await start()
    assert host.hook.asked() == ["ffirst"]
    pack("another")
    await host.reload_changes()
    assert host.hook.asked() == ["aanother"]
    pack("")
    await host.reload_changes()
    host.hook.asked()
    assert "box.mcdr" in host.plugins.status("boxed").error
    (folder / "box.mcdr").unlink()
    await host.reload_changes()
    assert not any(name == "boxed" or name.startswith("boxed.") for name in sys.modules)
    assert str(folder / "box.mcdr") not in sys.path


async def test_a_directory_plugin_runs(folder, start):
    package = folder / "dir_plugin" / "dirplug"
    package.mkdir(parents=True)
    (package.parent / "mcdreforged.plugin.json").write_text('{"id": "dirplug"}', encoding="utf-8")
    (package / "__init__.py").write_text("def asked():\n    return 'from a folder'\n", encoding="utf-8")
    host = await start()
    assert host.hook.asked() == ["from a folder"]
    await host.stop()
    assert "dirplug" not in sys.modules


async def test_a_packed_plugin_hides_no_module_that_is_there(folder, start):
    with zipfile.ZipFile(folder / "json.mcdr", "w") as archive:
        archive.writestr("mcdreforged.plugin.json", '{"id": "json"}')
        archive.writestr("json/__init__.py", "")
    host = await start()
    assert "its package json would hide behind" in host.plugins.status("json").problem
    assert json.loads("1") == 1


async def test_an_application_says_what_plain_functions_mean(folder, start):
    def asked(function):
        def asked():
            return function("name")

        return asked

    write(folder, "old.py", "def on_asked(who):\n    return 'asked by ' + who\n")
    host = await start(hooks={"on_asked": asked})
    assert host.hook.asked() == ["asked by name"]


@pytest.mark.feature("S2", "S3", "S4", "S9")
def test_a_folder_is_loaded_as_a_list_of_modules_in_order(tmp_path, caplog):
    write(tmp_path, "b.py", "NAME = 'b'\n")
    write(tmp_path, "a.py", "NAME = 'ä'\n")
    write(tmp_path, "broken.py", "1 / 0\n")
    modules = load_plugins_from_dir(tmp_path)
    assert [module.NAME for module in modules] == ["ä", "b"]
    assert "the script broken.py could not be loaded" in caplog.text


SAYINGS = """
from jackfield import Plugin

class Main(Plugin):
    def load_script(self, file, context):
        return Sayings(file.read_text(encoding="utf-8"))

class Sayings:
    previous = None

    def __init__(self, text):
        self.answers = dict(line.split(" = ") for line in text.splitlines())
        self.words = self.answers["asked"]

    def on_load(self, previous):
        self.previous = previous

    def on_enable(self):
        for name, answer in self.answers.items():
            self.context.commands.add(name, self.answering(answer))

    def answering(self, answer):
        async def say(source):
            await source.reply(answer)
        return say

    def asked(self):
        return self.words if self.previous is None else f"{self.words}, before: {self.previous.words}"
"""


class Source:
    user, room = "bea", "lobby"

    def __init__(self) -> None:
        self.replies: list[str] = []

    async def reply(self, text: str) -> None:
        self.replies.append(text)


@pytest.mark.feature("U38")
@pytest.mark.parametrize("enabled", [False, True])
async def test_a_newcomer_takes_no_scripts_from_the_plugin_that_runs_them(profile, build, folder, start, enabled):
    says = '[contributes]\nlanguages = [".say"]\n'
    profile.install(build("aaa", more=says), build("sayings", code=SAYINGS, more=says))
    write(folder, "greet.say", "asked = good day\nhello = hello to you\n")
    profile.enable("sayings")
    if enabled:
        profile.enable("aaa")
    host = await start()
    assert host.plugins.status("greet").state == State.ACTIVE, host.plugins.status("greet").problem
    assert host.hook.asked() == ["good day"]


@pytest.mark.slow
@pytest.mark.feature("U38")
async def test_a_plugin_brings_a_language_for_scripts(profile, build, folder, start):
    profile.install(build("sayings", code=SAYINGS, more='[contributes]\nlanguages = [".say"]\n'))
    write(folder, "greet.say", "asked = good day\nhello = hello to you\n")
    host = await start()
    assert host.plugins.status("greet").problem.startswith("needs sayings, which is disabled")
    profile.enable("sayings")
    await host.reload_changes()
    assert (host.plugins.status("greet").state, host.plugins.status("greet").origin) == (State.ACTIVE, "script")
    assert host.hook.asked() == ["good day"]
    source = Source()
    await host.commands.dispatch("hello", source)
    assert source.replies == ["hello to you"]
    write(folder, "greet.say", "asked = good night\n")
    write(folder, "broken.say", "no such thing\n")
    await host.reload_changes()
    assert host.hook.asked() == ["good night, before: good day"]
    assert not host.commands.has("hello")
    assert "ValueError" in host.plugins.status("broken").problem
    profile.disable("sayings")
    await host.reload_changes()
    assert host.hook.asked() == []


@pytest.mark.feature("U38")
async def test_a_plugin_that_declares_a_language_and_cannot_run_it_is_named(profile, build, folder, start):
    profile.install(build("mute", more='[contributes]\nlanguages = [".mute"]\n'))
    profile.enable("mute")
    write(folder, "a.mute", "")
    host = await start()
    assert "mute declares the language and has no load_script(file, context)" in host.plugins.status("a").problem


@pytest.mark.feature("U29")
async def test_a_script_is_understood_before_any_of_it_runs(folder, start):
    write(folder, "a.py", "PLUGIN_METADATA = {'id': 'a', 'dependencies': {'absent': '*'}}\nraise RuntimeError('ran')\n")
    host = await start()
    assert host.plugins.status("a").problem.startswith("needs absent, which is missing")
