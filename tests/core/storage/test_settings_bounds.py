"""A plugin may write its own settings' file: reading it costs little, whatever is in it."""

from __future__ import annotations

import contextlib
import time
import tomllib

import pytest
import tomlkit
from jackfield.errors import StoreError
from jackfield.manifest import SettingContribution as Declared
from jackfield.storage.settings_edits import MOST_LOOKED_AT
from jackfield.storage.settings_file import LARGEST_FILE, MOST_DOTS, MOST_PROBLEMS, SettingsFile

HOSTILE = {
    "many keys": "".join(f"k{number} = 1\n" for number in range(6000)),
    "many tables": "".join(f"[k{number}]\na = 1\n" for number in range(3500)),
    "one value of many lines": "k = [\n" + "1,\n" * 20_000 + "]\nz = 1\n",
    "keys in keys": ".".join("a" * 30_000) + " = 1\n",
    "many keys in keys": "".join(f"[b{number}{'.a' * 900}]\n" for number in range(34)),
    "many values of many lines": "".join(f"k{number} = [\n{chr(10) * 90}]\n" for number in range(600)),
    "keys in keys over many lines": f"b{'.a' * 900} = [\n{chr(10) * 90}]\n",
    "many examples": "# a = \n" * 9000,
    "many keys of a deep table": f"[b{'.a' * 900}]\n" + "".join(f"k{number}.c = 1\n" for number in range(5000)),
    "lists in lists": "k = " + "[" * 30_000 + "]" * 30_000 + "\n",
}
"""What a confined plugin can write where its settings lie. Read as before, the first took hours, and a lock with it."""


@pytest.mark.slow
@pytest.mark.parametrize("what", HOSTILE)
def test_whatever_a_plugin_writes_there_is_soon_read(tmp_path, what):
    path = tmp_path / "settings.toml"
    path.write_text(HOSTILE[what])
    assert path.stat().st_size <= LARGEST_FILE
    file = SettingsFile(path, {"a": Declared("a", "integer")}, plugin="weather")
    begun = time.process_time()
    content = file.read()
    assert content is not None
    assert len(content.problems) <= MOST_PROBLEMS + 1
    with contextlib.suppress(StoreError):  # of a broken file: it says so
        file.write({"a": 3})
    assert time.process_time() - begun < 30, "seconds of the processor, however busy the machine is"


def test_of_many_keys_that_are_none_of_its_own_a_few_are_told(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text(HOSTILE["many keys"] + "a = 7\n")
    content = SettingsFile(path, {"a": Declared("a", "integer")}, plugin="weather").read()
    assert content is not None
    assert content.values == {"a": 7}
    assert "line 3: 'k2' is no setting of weather" in content.problems[2]
    assert content.problems[-1].endswith("5980 more are no settings of weather")


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_read_again_and_again_is_bounded(tmp_path, monkeypatch, what):
    """A host reads it at each start of its plugin, and does nothing else meanwhile."""
    path = tmp_path / "settings.toml"
    path.write_text(HOSTILE[what])
    costs: list[int] = []
    loads = tomllib.loads

    def counted(text: str) -> object:
        costs.append(len(text) + sum(line.count(".") ** 2 for line in text.splitlines()))
        return loads(text)

    monkeypatch.setattr("tomllib.loads", counted)
    assert SettingsFile(path, {"a": Declared("a", "integer")}, plugin="weather").read() is not None
    assert sum(costs) <= LARGEST_FILE + MOST_LOOKED_AT + MOST_DOTS**2


def test_a_deep_table_of_many_keys_is_not_read(tmp_path, monkeypatch):
    """For each key the reader goes the whole way down: it took a second, and several by a slower Python."""
    path = tmp_path / "settings.toml"
    path.write_text(HOSTILE["many keys of a deep table"])
    monkeypatch.setattr("tomllib.loads", lambda text: pytest.fail("it is read"))
    content = SettingsFile(path, {"a": Declared("a", "integer")}, plugin="weather").read()
    assert content is not None
    assert content.broken == f"{path} has a table too deep for its 5001 lines"


def test_tables_of_people_are_read(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("a = 7\n[one.two.three.four.five]\n" + "".join(f"k{number} = 1\n" for number in range(5000)))
    content = SettingsFile(path, {"a": Declared("a", "integer")}, plugin="weather").read()
    assert content is not None
    assert content.values == {"a": 7}


FIFTY = [f"z{number}" for number in range(50)]
LONG = {
    "many keys": "".join(f"k{number} = 1\n" for number in range(900)),
    "examples of each": "x = '''\n" + "".join(f"# {key} = 1\n" * 20 for key in FIFTY) + "'''\n",
}


@pytest.mark.parametrize("what", LONG)
def test_however_many_are_set_together_the_file_is_read_a_few_times(tmp_path, monkeypatch, what):
    """For each of them anew, fifty took a minute; a host writes when a plugin starts, with all that was set since."""
    path = tmp_path / "settings.toml"
    path.write_text(LONG[what])
    file = SettingsFile(path, {key: Declared(key, "integer") for key in FIFTY}, plugin="weather")
    costs: list[int] = []
    loads, parse = tomllib.loads, tomlkit.parse

    def counted(text: str) -> object:
        costs.append(len(text))
        return loads(text)

    def parsed(text: str) -> object:
        costs.append(len(text))
        return parse(text)

    monkeypatch.setattr("tomllib.loads", counted)
    monkeypatch.setattr("tomlkit.parse", parsed)
    file.write(dict.fromkeys(FIFTY, 3))
    assert sum(costs) <= 6 * len(LONG[what]) + MOST_LOOKED_AT
    written = loads(path.read_text())
    assert {key: written[key] for key in FIFTY} == dict.fromkeys(FIFTY, 3)
