"""docs/reference/lifecycle.md: its example runs, and its tables leave nothing out."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from jackfield.api import PluginInfo, Plugins
from jackfield.host import State

from tests.support.speakers import Speaker

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "lifecycle.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


async def test_the_example_is_shown_before_it_is_loaded_and_keeps_its_count_over_a_reload(profile, build, running):
    profile.install(build("weather", code=block("python"), manifest=block("toml")))
    profile.enable("weather")
    host = await running()
    assert host.commands.help() == "weather <place> — Forecast for a place"
    assert "chat_weather" not in sys.modules
    speaker = Speaker()
    await host.commands.dispatch("weather Rome", speaker)
    await host.reload("weather")
    await host.commands.dispatch("weather Oslo", speaker)
    assert speaker.answers == ["sunny in Rome (1 asked)", "sunny in Oslo (2 asked)"]


def test_every_state_has_its_row():
    assert set(re.findall(r"^\| `([a-z ]+)` \|", PAGE, re.MULTILINE)) >= {str(state) for state in State}


@pytest.mark.feature("J26")
def test_every_way_to_unload_has_a_row_that_answers_each_question():
    head, *rows = [line for line in PAGE.splitlines() if line.count("|") == 7]
    assert [cell.strip() for cell in head.split("|")][3:7] == [
        "who is told",
        "process killed",
        "started again",
        "grants, settings, data",
    ]
    ways = " ".join(row.split("|")[1] for row in rows)
    assert {f"J{number}" for number in range(19, 25)} <= set(re.findall(r"J\d+", ways))
    assert all(cell.strip() for row in rows for cell in row.split("|")[1:7])


def test_what_is_asked_of_single_plugins_is_what_the_facet_has():
    table = PAGE.partition("## One plugin at a time")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `([a-z_]+)\(", table, re.MULTILINE))
    facet = {name for name in vars(Plugins) if not name.startswith("_")}
    assert facet - {"list", "status", "wait_for", "unload_self"} <= told
    assert PluginInfo.__doc__ is not None
