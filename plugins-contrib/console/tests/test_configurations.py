"""Configurations of scripts: defaults for what is missing, classes with annotations, files that cannot be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.console import console
from tests.support.sources import imported

pytestmark = pytest.mark.feature("U15")


@pytest.fixture(scope="module")
def serializing() -> Iterator[ModuleType]:
    with imported(Path(__file__).parents[1], "chat_console.serializing") as module:
        yield module


SCRIPT = """
from enum import Enum
from typing import Dict, List, Optional
from mcdreforged.api.all import *

PLUGIN_METADATA = {'id': 'configured'}

class Mode(Enum):
    slow = 1
    fast = 2

class Inner(Serializable):
    port: int = 80

class Config(Serializable):
    name: str = 'x'
    factor: float = 1.0
    players: List[str] = ['Alex']
    levels: Dict[str, int] = {}
    inner: Inner = Inner()
    mode: Mode = Mode.slow
    note: Optional[str] = None

def on_load(server, old):
    global plain, config
    plain = server.load_config_simple('plain.json', {'a': 1, 'b': 2}, echo_in_console=False)
    config = server.load_config_simple(target_class=Config)
    config.levels['Alex'] = 4
    server.save_config_simple(config)
"""


def test_a_missing_file_is_written_and_missing_keys_are_filled_in(tmp_path, caplog):
    folder = tmp_path / "config" / "configured"
    with console(tmp_path, {"configured.py": SCRIPT}) as bench:
        assert bench.module("configured").plain == {"a": 1, "b": 2}
        assert json.loads((folder / "plain.json").read_text(encoding="utf-8")) == {"a": 1, "b": 2}
        assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["mode"] == "slow"
        (folder / "plain.json").write_text('{"a": 5, "mine": true}', encoding="utf-8")
        (folder / "config.json").write_text(
            '{"name": "own", "inner": {"port": 7}, "mode": "fast", "factor": 2, "note": "n"}', encoding="utf-8"
        )
        bench.type("!!MCDR plugin reload configured")
        module = bench.module("configured")
        assert module.plain == {"a": 5, "mine": True, "b": 2}
        config = module.config
        assert (config.name, config.inner.port, config.mode.name, config.factor) == ("own", 7, "fast", 2.0)
        assert (config.players, config.note, config.levels) == (["Alex"], "n", {"Alex": 4})
        assert json.loads((folder / "plain.json").read_text(encoding="utf-8")) == {"a": 5, "mine": True, "b": 2}


def test_a_file_that_cannot_be_read_is_replaced_or_raises_as_the_script_wants(tmp_path, caplog):
    script = """
def on_load(server, old):
    global made, problem, migrated
    made = server.load_config_simple('bad.json', {'a': 1})
    try:
        server.load_config_simple('worse.json', {'a': 1}, failure_policy='raise')
    except ValueError as error:
        problem = str(error)
    migrated = server.load_config_simple('old.json', {'a': 1}, data_processor=move)

def move(data):
    data['a'] = data.pop('b')
    return True
"""
    folder = tmp_path / "config" / "careful"
    folder.mkdir(parents=True)
    (folder / "bad.json").write_text("{", encoding="utf-8")
    (folder / "worse.json").write_text("{", encoding="utf-8")
    (folder / "old.json").write_text('{"b": 9}', encoding="utf-8")
    with console(tmp_path, {"careful.py": script}) as bench:
        module = bench.module("careful")
        assert module.made == {"a": 1}
        assert "worse.json cannot be read" in module.problem
        assert (folder / "worse.json").read_text(encoding="utf-8") == "{"
        assert module.migrated == {"a": 9}
        assert json.loads((folder / "old.json").read_text(encoding="utf-8")) == {"a": 9}


def test_a_wrong_kind_is_named(serializing):
    class Config(serializing.Serializable):
        port: int = 80
        names: list[str] = []  # noqa: RUF012 (how scripts write it)

    assert Config.deserialize({"port": 1}) == Config(port=1)
    with pytest.raises(TypeError, match="expected int, found 'x'"):
        Config.deserialize({"port": "x"})
    with pytest.raises(TypeError):
        Config.deserialize({"port": True})
    with pytest.raises(ValueError, match="port of Config is missing"):
        Config.deserialize({}, error_at_missing=True)
    with pytest.raises(ValueError, match="knows no other"):
        Config.deserialize({"other": 1}, error_at_redundancy=True)
    with pytest.raises(KeyError):
        Config(other=1)
    told: list[str] = []
    Config.deserialize(
        {"other": 1},
        missing_callback=lambda data, kind, key: told.append(key),
        redundancy_callback=lambda data, kind, key, value: told.append(f"{key}={value}"),
    )
    assert sorted(told) == ["names", "other=1", "port"]
    first, second = Config(), Config()
    first.names.append("a")
    assert second.names == []
    assert first.copy() == first
    assert repr(second) == "Config(port=80, names=[])"


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=10,
    )
)
def test_plain_values_stay_what_they_are(serializing, value):
    assert serializing.serialize(value) == value
