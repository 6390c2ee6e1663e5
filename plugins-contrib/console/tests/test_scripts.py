"""Scripts of the console: found, loaded in order, exchanged with what they kept, taken away; none hurts another."""

from __future__ import annotations

import json
import logging
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.console import console

COUNTER = """
PLUGIN_METADATA = {'id': 'counter', 'version': '1.0.0'}
runs = 0

def on_load(server, previous):
    global runs
    runs = previous.runs + 1 if previous is not None else 1
    server.logger.info('run %s', runs)
"""


@pytest.mark.feature("M1", "M2", "M4", "M5")
def test_every_script_of_the_folder_is_loaded_and_logs_under_its_name(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="console")
    scripts = {"Counter.py": COUNTER, "second.py": "def on_load(server, old):\n    server.logger.warning('here')\n"}
    with console(tmp_path, scripts) as bench:
        assert bench.engine.server.get_plugin_list() == ["counter", "second"]
    told = [(record.name, record.getMessage()) for record in caplog.records]
    assert ("console.counter", "run 1") in told
    assert ("console.second", "here") in told


@pytest.mark.feature("M6", "M9")
def test_a_script_without_metadata_is_loaded_with_a_warning(tmp_path, caplog):
    with console(tmp_path, {"Hello World.py": "loaded = True\n"}) as bench:
        assert bench.module("hello_world").loaded
        metadata = bench.engine.server.get_plugin_metadata("hello_world")
        assert (str(metadata.version), metadata.author, metadata.link) == ("0.0.0", None, None)
    assert "Hello World.py has no PLUGIN_METADATA" in caplog.text


@pytest.mark.feature("M8")
def test_a_newcomer_with_a_loaded_id_is_not_loaded(tmp_path, caplog):
    with console(tmp_path, {"b.py": "PLUGIN_METADATA = {'id': 'same'}\nNAME = 'first'\n"}) as bench:
        bench.script("a.py", "PLUGIN_METADATA = {'id': 'same'}\nNAME = 'second'\n")
        assert not bench.engine.executor.run(bench.engine.scripts.refreshing)
        assert bench.module("same").NAME == "first"
    assert "the newcomer is not loaded" in caplog.text


@pytest.mark.feature("M15", "M26", "U22")
def test_dependencies_come_first_and_what_lacks_one_says_so(tmp_path):
    def needing(identity: str, needs: dict[str, str]) -> str:
        return (
            f"PLUGIN_METADATA = {{'id': {identity!r}, 'version': '1.0', 'dependencies': {needs!r}}}\n"
            "def on_load(server, old):\n"
            "    import builtins\n"
            f"    builtins.console_order.append({identity!r})\n"
        )

    import builtins

    builtins.console_order = []
    try:
        scripts = {
            "a.py": needing("a", {"b": ">=1.0 <2.0", "mcdreforged": ">=2.0.0-alpha.1"}),
            "b.py": needing("b", {"c": "1.*"}),
            "c.py": needing("c", {}),
            "d.py": needing("d", {"absent": "*"}),
            "e.py": needing("e", {"c": ">=2"}),
            "f.py": needing("f", {"g": "*"}),
            "g.py": needing("g", {"f": "*"}),
            "h.py": needing("h", {"mcdreforged": ">=99"}),
            "i.py": needing("i", {"d": "*"}),
        }
        with console(tmp_path, scripts) as bench:
            assert builtins.console_order == ["c", "b", "a"]
            failed = bench.failed()
            assert failed["d"] == "needs absent, which is missing"
            assert failed["e"] == "needs c >=2, found 1.0"
            assert failed["f"] == "requires itself in a circle: f → g → f"
            assert failed["h"] == "needs mcdreforged >=99, this is mcdreforged 2.15.7"
            assert failed["i"] == "needs d, which needs absent, which is missing"
            bench.script("absent.py", "PLUGIN_METADATA = {'id': 'absent'}\n")
            bench.type("!!MCDR reload plugin")
            assert {"d", "i"} <= set(bench.engine.server.get_plugin_list())
    finally:
        del builtins.console_order


@pytest.mark.feature("M26", "U31")
def test_scripts_whose_imports_are_missing_fail_by_name_and_hurt_nobody(tmp_path, caplog):
    scripts = {
        "lacking.py": "import a_library_that_is_not_there\n",
        "unknown.py": "from mcdreforged.api.all import *\nfrom mcdreforged.nowhere import thing\n",
        "ending.py": "raise SystemExit(3)\n",
        "broken.py": "def (\n",
        "well.py": "def on_info(server, info):\n    pass\n",
    }
    with console(tmp_path, scripts) as bench:
        assert bench.engine.server.get_plugin_list() == ["well"]
        failed = bench.failed()
        assert failed["lacking"] == "ModuleNotFoundError: No module named 'a_library_that_is_not_there'"
        assert "mcdreforged.nowhere" in failed["unknown"]
        assert "SystemExit" in failed["ending"]
        assert "broken.py is no Python, line 1" in failed["broken"]
        assert "lacking (lacking.py) failed in its import" in caplog.text
        shown = "\n".join(bench.type("!!MCDR plugin list"))
        assert "lacking" in shown
        assert "well" in shown


@pytest.mark.slow
@pytest.mark.feature("M3", "M36", "M37", "M38")
def test_a_saved_script_is_exchanged_and_handed_what_it_kept(tmp_path):
    with console(tmp_path, {}, follow=True) as bench:
        path = bench.script("counter.py", COUNTER)
        bench.wait(lambda: getattr(bench.module("counter"), "runs", 0) == 1, "a new file is loaded")
        first = bench.module("counter")
        ends = "def on_unload(server):\n    server.logger.warning('ended')\n    open('ended', 'w').close()\n"
        bench.script("counter.py", COUNTER + ends)
        bench.wait(lambda: getattr(bench.module("counter"), "runs", 0) == 2, "a saved file is exchanged")
        assert bench.module("counter") is not first
        gone = tmp_path / "gone"
        bench.script("counter.py", COUNTER + f"def on_removed(server):\n    open({str(gone)!r}, 'w').close()\n")
        bench.wait(lambda: bench.module("counter").runs == 3, "a saved file is exchanged")
        path.unlink()
        bench.wait(gone.exists, "on_removed was called")
        assert bench.engine.server.get_plugin_list() == []


def test_a_saved_version_that_does_not_load_leaves_the_old_one_running(tmp_path):
    with console(tmp_path, {"counter.py": COUNTER + "NAME = 'old'\n"}) as bench:
        bench.script("counter.py", "1 / 0\n" + COUNTER)
        assert bench.engine.server.reload_plugin("counter") is False
        assert bench.module("counter").NAME == "old"
        assert "the saved version does not load: ZeroDivisionError" in bench.type("!!MCDR plugin list")[1]
        bench.script("counter.py", COUNTER + "NAME = 'new'\n")
        assert bench.engine.server.reload_plugin("counter") is True
        assert (bench.module("counter").NAME, bench.module("counter").runs) == ("new", 2)


@pytest.mark.feature("M3", "M36")
@pytest.mark.parametrize("half", ["", "x = (\n", "import os\n"])
def test_a_file_that_is_saved_half_way_is_the_script_that_it_was(tmp_path, half):
    gone = tmp_path / "gone"
    text = COUNTER + f"def on_removed(server):\n    open({str(gone)!r}, 'w').close()\n"
    with console(tmp_path, {"another_name.py": text}) as bench:
        bench.script("another_name.py", half)
        bench.type("!!MCDR plugin reloadall")
        assert bench.module("counter").runs == 1
        assert "the saved version does not load" in bench.type("!!MCDR plugin list")[1]
        bench.script("another_name.py", text)
        bench.type("!!MCDR plugin reloadall")
        assert bench.module("counter").runs == 2
        assert not gone.exists()


def test_whoever_needs_an_exchanged_script_is_exchanged_after_it(tmp_path):
    user = """
PLUGIN_METADATA = {'id': 'user', 'dependencies': {'counter': '*'}}
def on_load(server, old):
    global seen
    seen = server.get_plugin_instance('counter').runs
"""
    with console(tmp_path, {"counter.py": COUNTER, "a_user.py": user}) as bench:
        assert bench.module("user").seen == 1
        bench.type("!!MCDR plugin reload counter")
        assert bench.module("user").seen == 2


@pytest.mark.feature("M37", "M42")
def test_what_an_unloaded_script_registered_is_gone(tmp_path):
    text = """
from mcdreforged.api.all import *
PLUGIN_METADATA = {'id': 'noisy'}

def on_load(server, old):
    server.register_command(Literal('!!noise').runs(lambda src: src.reply('noise')))
    server.register_help_message('!!noise', 'makes noise')
    server.register_event_listener('mcdr.general_info', lambda server, info: heard.append(info.content))
    server.register_translation('en_us', {'noisy': {'word': 'bang'}})

heard = []
"""
    with console(tmp_path, {"noisy.py": text}) as bench:
        assert bench.type("!!noise") == ["noise"]
        assert any("!!noise" in line for line in bench.type("!!help"))
        heard = bench.module("noisy").heard
        assert bench.type("!!MCDR plugin unload noisy") == ["noisy is unloaded"]
        before = len(heard)
        bench.type("!!noise")
        assert len(heard) == before
        assert not any("!!noise" in line for line in bench.type("!!help"))
        assert not bench.engine.server.has_translation("noisy.word")
        bench.type("!!MCDR plugin load noisy.py")
        assert bench.type("!!noise") == ["noise"]


def test_a_disabled_script_keeps_its_file_under_another_name(tmp_path):
    with console(tmp_path, {"counter.py": COUNTER}) as bench:
        bench.type("!!MCDR plugin disable counter")
        assert [path.name for path in (tmp_path / "plugins").iterdir()] == ["counter.py.disabled"]
        bench.type("!!MCDR plugin enable counter.py.disabled")
        assert bench.module("counter").runs == 1
        assert bench.type("!!MCDR plugin disable nobody") == ["there is no script nobody"]


@pytest.mark.feature("U1", "U2", "U14", "U16")
def test_a_packed_script_brings_packages_files_and_languages(tmp_path):
    entry = """
from packed_one.words import WORD

def on_load(server, old):
    global text, word
    with server.open_bundled_file('data/greeting.txt') as file:
        text = file.read().decode()
    word = server.tr('packed_one.word', WORD)
"""
    (tmp_path / "plugins").mkdir()
    with zipfile.ZipFile(tmp_path / "plugins" / "Packed.mcdr", "w") as archive:
        metadata = {"id": "packed_one", "version": "1.0", "entrypoint": "packed_one.entry"}
        archive.writestr("mcdreforged.plugin.json", json.dumps(metadata))
        archive.writestr("packed_one/__init__.py", "")
        archive.writestr("packed_one/words.py", "WORD = 'word'\n")
        archive.writestr("packed_one/entry.py", entry)
        archive.writestr("data/greeting.txt", "grüß dich")
        archive.writestr("lang/en_us.json", json.dumps({"packed_one": {"word": "the {}"}}))
    with console(tmp_path) as bench:
        module = bench.module("packed_one")
        assert (module.text, module.word) == ("grüß dich", "the word")
        assert bench.engine.server.get_plugin_type("packed_one").name == "packed"
        with pytest.raises(FileNotFoundError):
            module.__dict__["on_load"].__globals__["bundled"] = bench.engine.scripts.find("packed_one").bundled("no")
    assert not any(name.startswith("packed_one") for name in sys.modules)


def test_scripts_find_their_files_in_the_consoles_folder_and_the_application_keeps_its_own(tmp_path):
    text = """
import os
from mcdreforged.api.decorator import new_thread

def on_load(server, old):
    global here
    here = os.getcwd()
    write().join()

@new_thread('writer')
def write():
    with open('config/written.txt', 'w') as file:
        file.write('by a thread')
"""
    before = Path.cwd()
    with console(tmp_path, {"a.py": text}) as bench:
        if not bench.engine.executor.in_folder:
            pytest.skip("this system has one working directory for all threads")
        assert bench.module("a").here == str(tmp_path)
        assert (tmp_path / "config" / "written.txt").read_text(encoding="utf-8") == "by a thread"
        assert Path.cwd() == before


@pytest.mark.feature("S11")
def test_a_script_speaks_every_language(tmp_path):
    text = "def on_user_info(server, info):\n    server.reply(info, '你好 ' + info.content)\n"
    with console(tmp_path, {"你好.py": text}) as bench:
        bench.start()
        bench.chat("Alex", "grüße")
        assert "to Alex: 你好 grüße" in bench.until("你好 grüße")


@pytest.mark.feature("M3", "M15", "M36")
def test_whoever_needs_a_script_that_is_half_saved_goes_on_with_it(tmp_path):
    def needing(name: str, needs: str) -> str:
        return f"PLUGIN_METADATA = {{'id': {name!r}, 'dependencies': {{{needs!r}: '*'}}}}\n"

    scripts = {"counter.py": COUNTER, "a_user.py": needing("a_user", "counter"), "far.py": needing("far", "a_user")}
    with console(tmp_path, scripts) as bench:
        modules = [bench.module(one) for one in ("counter", "a_user", "far")]
        bench.script("counter.py", COUNTER + "def on_unload(server:\n")
        bench.type("!!MCDR reload plugin")
        assert [bench.module(one) for one in ("counter", "a_user", "far")] == modules
        bench.script("counter.py", COUNTER)
        bench.type("!!MCDR plugin reload counter")
        assert bench.module("counter").runs == 2
        assert bench.module("far") is not modules[2]
