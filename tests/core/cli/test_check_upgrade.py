"""`jackfield check-upgrade`, as the how-to page shows it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.cli.conftest import Desk
from tests.support.marketplace import RunningMarketplace, running_marketplace

pytestmark = [pytest.mark.slow, pytest.mark.feature("K36")]

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "install-update-roll-back.md"


def manifest(plugin: str, version: str, host: str, tested: str) -> str:
    return (
        f'schema = 1\nid = "{plugin}"\nversion = "{version}"\nisolation = "any"\n'
        f'[host]\nchat = "{host}"\n[tested]\nchat = "{tested}"\n'
    )


@pytest.fixture(scope="module")
def own_market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path_factory.mktemp("marketplace")) as running:
        yield running


@pytest.fixture
def desk(own_market, tmp_path) -> Desk:
    desk = Desk(tmp_path / "home", own_market.url, tmp_path / "site")
    for plugin, host, tested in (("dice", ">=1.0 <2.0", "1.0"), ("poll", ">=1.0", "1.0"), ("weather", "^1.0", "1.0")):
        if not (own_market.wheels / f"chat_{plugin}-1.4.0-py3-none-any.whl").exists():
            own_market.publish(plugin, "1.4.0", manifest=manifest(plugin, "1.4.0", host, tested))
    done = desk.run("install", "dice==1.4.0", "poll==1.4.0", "weather==1.4.0", "--yes", "--accept-permissions")
    assert done.code == 0, done.err
    if not (own_market.wheels / "chat_weather-2.0.0-py3-none-any.whl").exists():
        own_market.publish("weather", "2.0.0", manifest=manifest("weather", "2.0.0", "^2.0", "2.0"))
    return desk


def test_the_page_shows_what_the_command_says(desk):
    found = re.search(r"^```\n(\$ jackfield check-upgrade .*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    block = found[1]
    typed, *shown = block.splitlines()
    command = shlex.split(typed.removeprefix("$ "))
    ran = desk.run(*command[1:])
    assert ran.out.splitlines() == shown
    assert ran.code == 1
    assert desk.run("check-upgrade", "chat==1.9").code == 0


def test_the_same_for_a_program(desk):
    answer = desk.run("check-upgrade", "chat==2.0", "--json").json
    assert answer["upgrade"] == {"chat": "2.0"}
    assert [(one["id"], one["fate"], one["to"]) for one in answer["plugins"]] == [
        ("dice", "blocked", None),
        ("poll", "keeps", None),
        ("weather", "update", "2.0.0"),
    ]


def test_info_and_the_plan_say_what_was_tested(desk):
    told = desk.run("info", "poll").out
    assert re.search(r"works with\s+Chat >=1\.0, tested with Chat 1\.0$", told, re.MULTILINE)


def test_what_fits_is_asked_of_nobody_and_where_nobody_is_asked_there_is_no_update(desk):
    nowhere = "http://127.0.0.1:9"
    assert desk.run("check-upgrade", "chat==1.1", market=nowhere).code == 0
    answer = desk.run("check-upgrade", "chat==2.0", "--json", market=nowhere)
    assert answer.code == 1
    assert [one["fate"] for one in answer.json["plugins"]] == ["blocked", "keeps", "blocked"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["pluggy==1.0.0-foo"], "'1.0.0-foo' is no version of a distribution"),
        (["jackfield==much"], "'much' is no version of a distribution"),
        (["chat==much"], "'much' is no version"),
        (["chat==2.0", "chat==3.0"], "one of them is named twice"),
    ],
)
def test_what_is_no_version_is_said_to_be_none(desk, typed, said):
    ran = desk.run("check-upgrade", *typed)
    assert ran.code == 2
    assert said in ran.err
    assert desk.run("check-upgrade", "pluggy==1.9rc1").code == 0
