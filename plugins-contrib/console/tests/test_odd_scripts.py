"""Scripts that do odd things, or at odd moments, keep none of the others from their work."""

from __future__ import annotations

import json
import zipfile

import pytest

from tests.demo.wheels import CONTRIB
from tests.support.console import console
from tests.support.sources import imported

ODD = """
import xmlrpc.client
remote = xmlrpc.client.ServerProxy('http://127.0.0.1:9')  # has every attribute

class Unbound:
    def __call__(self): ...
    def __getattr__(self, name): raise RuntimeError('working outside of a request')

request = Unbound()

def on_load(server, old):
    global refused
    for wrong in ('high', [], None):
        try:
            server.register_event_listener('odd.event', on_odd if wrong is not None else 5, wrong)
        except TypeError as error:
            refused = str(error)

def on_odd(server): ...
"""


@pytest.mark.feature("M27", "M39")
def test_odd_objects_and_listeners_of_one_script_keep_none_of_the_others_from_loading(tmp_path, caplog):
    well = (
        "heard = []\n"
        "def on_load(server, old):\n"
        "    server.register_event_listener('odd.event', lambda server: heard.append('odd'))\n"
    )
    with console(tmp_path, {"a_odd.py": ODD, "well.py": well}) as bench:
        assert bench.engine.server.get_plugin_list() == ["a_odd", "well"]
        assert "a number as its priority" in bench.module("a_odd").refused
        bench.engine.server.dispatch_event("odd.event", ())
        bench.engine.executor.run(lambda: None)
        assert bench.module("well").heard == ["odd"]
    assert "failed in" not in caplog.text


@pytest.mark.feature("U14")
def test_a_packed_script_with_damaged_texts_runs_without_them_and_the_others_are_loaded(tmp_path, caplog):
    (tmp_path / "plugins").mkdir()
    packed = tmp_path / "plugins" / "a_packed.mcdr"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mcdreforged.plugin.json", json.dumps({"id": "a_packed", "version": "1.0"}))
        archive.writestr("a_packed/__init__.py", "def on_load(server, old): ...\n")
        archive.writestr("lang/en_us.json", '{"word": "intact"}')
    packed.write_bytes(packed.read_bytes().replace(b"intact", b"broken"))
    with console(tmp_path, {"well.py": "loaded = True\n"}) as bench:
        assert bench.engine.server.get_plugin_list() == ["a_packed", "well"]
    assert "a_packed (a_packed.mcdr) failed in its texts: BadZipFile" in caplog.text


@pytest.mark.slow
@pytest.mark.feature("M26")
def test_a_script_that_takes_long_to_load_is_named_and_the_console_is_there(tmp_path, caplog, monkeypatch):
    scripts = {"a_slow.py": "import time\ntime.sleep(1)\n", "well.py": "loaded = True\n"}
    with imported(CONTRIB / "console", "chat_console.engine") as module:
        monkeypatch.setattr(module, "LOADING_SECONDS", 0.1)
        with console(tmp_path, scripts) as bench:
            assert "a_slow takes longer than 0.1 s to load; the console is there meanwhile" in caplog.text
            bench.wait(lambda: bench.engine.server.get_plugin_list() == ["a_slow", "well"])


@pytest.mark.feature("M37", "J20")
def test_a_script_that_unloads_another_as_it_ends_keeps_no_third_one_from_its_end(tmp_path, caplog):
    told = "import builtins\ndef on_unload(server):\n    builtins.console_ended.append(server.get_self_metadata().id)\n"
    ending = told + "    server.unload_plugin('b')\n"
    import builtins

    builtins.console_ended = []
    try:
        with console(tmp_path, {"a.py": told, "b.py": told, "c.py": ending}):
            pass
        assert builtins.console_ended == ["c", "b", "a"]
    finally:
        del builtins.console_ended
    assert "failed" not in caplog.text


@pytest.mark.feature("J17", "J20")
def test_a_script_that_loads_others_while_it_is_loaded_has_each_loaded_once(tmp_path):
    loading = "def on_load(server, old):\n    server.load_plugin('c.py')\n"
    counting = "loads = []\ndef on_load(server, old):\n    loads.append(old)\n"
    with console(tmp_path, {"a.py": counting, "b.py": loading, "c.py": counting, "d.py": counting}) as bench:
        assert sorted(bench.engine.server.get_plugin_list()) == ["a", "b", "c", "d"]
        assert [bench.module(one).loads for one in "acd"] == [[None]] * 3


@pytest.mark.feature("J20")
def test_a_coroutine_that_would_wait_for_itself_is_told_and_the_console_goes_on(tmp_path):
    text = (
        "told = []\n"
        "async def on_user_info(server, info):\n"
        "    try:\n"
        "        server.reload_plugin('other')\n"
        "    except RuntimeError as error:\n"
        "        told.append(str(error))\n"
    )
    with console(tmp_path, {"waiting.py": text, "other.py": "there = True\n"}) as bench:
        bench.type("one")
        bench.type("two")
        told = bench.module("waiting").told
        bench.wait(lambda: len(told) == 2)
        assert "a coroutine would wait" in told[0]
