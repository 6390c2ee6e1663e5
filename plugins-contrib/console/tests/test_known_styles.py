"""Scripts as people publish them, of the old and of the new kind, all in one folder, each asked beside a real server.

They are of our own wording and use the interface as well-known scripts use it. Published ones are no part of this
repository; docs/how-to/run-mcdreforged-scripts.md names those that were tried.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.console import Bench, console

pytestmark = pytest.mark.slow  # each test starts a server

SCRIPTS = Path(__file__).parent / "scripts"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Every script in one console, the server ready, one helper and one other player in the game."""
    world = tmp_path / "server" / "world"
    (world / "stats").mkdir(parents=True)
    (world / "level.dat").write_text("the first world", encoding="utf-8")
    for player, mined in (("Alex", 3), ("Steve", 12)):
        stats = {"stats": {"minecraft:mined": {"minecraft:stone": mined}}}
        (world / "stats" / f"{player}.json").write_text(json.dumps(stats), encoding="utf-8")
    shutil.copytree(SCRIPTS, tmp_path / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "permissions.json").write_text('{"helper": ["Alex"], "admin": ["Ada"]}', encoding="utf-8")
    with console(tmp_path) as running:
        if not running.engine.executor.in_folder:
            pytest.skip("this system has one working directory for all threads")
        running.start()
        running.server("#join Alex", "#join Steve")
        running.until("Steve[/127.0.0.1")
        running.settled()
        yield running


def test_sixteen_or_more_are_loaded_and_none_failed(bench):
    assert len(NAMES) >= 16
    assert sorted(bench.engine.server.get_plugin_list()) == NAMES
    assert {script.id: script.errors for script in bench.engine.scripts.loaded.values()} == dict.fromkeys(NAMES, 0)
    helped = "\n".join([*bench.type("!!help"), *bench.type("!!help 2")])
    for prefix in ("!!here", "!!op", "!!bot", "!!motd", "==<expression>"):
        assert prefix in helped


def says(player: str, text: str, *answers: str) -> Callable[[Bench], None]:
    def ask(bench: Bench) -> None:
        bench.chat(player, text)
        for answer in answers:
            bench.until(answer)

    return ask


def types(text: str, *answers: str) -> Callable[[Bench], None]:
    def ask(bench: Bench) -> None:
        assert bench.type(text) == list(answers)

    return ask


CONVERSATIONS: dict[str, tuple[Callable[[Bench], None], ...]] = {
    "here": (says("Alex", "!!here", "to @a: Alex is at [1, 64, -20]"), types("!!here", "only for players")),
    "day_counter": (says("Alex", "!!day", "to Alex: day 59 of this server"), types("!!day", "day 59 of this server")),
    "motd": (says("Steve", "!!motd", "to Steve: welcome to the server, Steve", "day 59", "[creative] [mirror]"),),
    "simple_op": (says("Alex", "!!op", "did: op Alex"), types("!!op", "the console is one already")),
    "bot_list": (
        says("Steve", "!!bot add Robo", "to Steve: §cnot for you"),
        says("Alex", "!!bot add Robo", "did: player Robo spawn"),
        types("!!bot list", "Robo "),
        types("!!bot what", "§cunknown, see !!bot"),
    ),
    "whitelist_helper": (
        says("Steve", "!!wl add Eve", "to Steve: ask a helper"),
        says("Alex", "!!wl add Eve a friend", "did: whitelist add Eve", "to Alex: added Eve: a friend"),
        types("!!wl add Eve", "added Eve: no reason"),
    ),
    "chat_bridge": (says("Alex", "ping one", "to @a: [echo] pong one Alex"),),
    "last_seen": (
        types("!!seen Steve", "Steve plays now"),
        types("!!seen Nobody", "nobody has seen Nobody"),
    ),
    "location_marker": (
        types('!!loc add "the base" 1 -64 3', "marked the base"),
        types("!!loc add far 1 x 3", "three whole numbers are wanted: !!loc add far 1 x<--"),
        says("Alex", "!!loc search base", "to Alex: the base [1, -64, 3]", "to Alex: 1 found"),
    ),
    "stats_helper": (
        types("!!stats rank mined stone", "#1 Steve 12", "#2 Alex 3"),
        types("!!stats rank eaten stone", "Invalid enumeration: !!stats rank eaten<--"),
    ),
    "calculator": (
        says("Alex", "==6 * 7", "to @a: 42"),
        says("Alex", "==1 / 0", "to Alex: cannot: ZeroDivisionError"),
    ),
    "timed_restart": (
        types("!!restart-in 61", "between 0 and 60"),
        types("!!restart-in abort", "no restart is planned"),
        says("Ada", "!!restart-in 50", "to @a: the server restarts in 50 s"),
        says("Ada", "!!restart-in abort", "to @a: the restart is called off"),
    ),
}


@pytest.mark.feature("M29", "M39", "M42", "M43", "U13")
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_script_answers_as_its_users_know_it(bench, name):
    for ask in CONVERSATIONS[name]:
        ask(bench)
    assert bench.engine.scripts.find(name).errors == 0


@pytest.mark.feature("M34", "M35")
def test_whoever_joins_is_greeted_and_whoever_leaves_was_seen(bench, tmp_path):
    bench.server("#join Ada")
    bench.until("to Ada: welcome to the server, Ada")
    bench.server("#leave Ada")
    bench.until("Ada left the game")
    bench.settled()
    (answer,) = bench.type("!!seen Ada")
    assert answer.startswith("Ada left ")
    kept = json.loads((tmp_path / "config" / "last_seen" / "times.json").read_text(encoding="utf-8"))
    assert kept["left"]["Ada"] >= kept["joined"]["Ada"]


@pytest.mark.feature("M28", "M31", "U16")
def test_a_backup_is_made_listed_and_brought_back(bench, tmp_path):
    level = tmp_path / "server" / "world" / "level.dat"
    bench.chat("Alex", "!!qb make before the fire")
    bench.until("to @a: [QB] saved: before the fire")
    assert (tmp_path / "backups" / "1" / "world" / "level.dat").read_text(encoding="utf-8") == "the first world"
    level.write_text("burnt down", encoding="utf-8")
    assert bench.type("!!qb list") == ["1: before the fire"]
    assert bench.type("!!qb back 2") == ["there is no slot 2"]
    assert bench.type("!!qb back 1") == ["!!qb confirm"]
    first = bench.engine.server.get_server_pid()
    bench.type("!!qb confirm")
    bench.until("the server ended with 0")
    bench.wait(lambda: bench.engine.started and bench.engine.server.get_server_pid() != first, "it runs again")
    assert level.read_text(encoding="utf-8") == "the first world"


def test_players_vote_the_server_down(bench):
    bench.chat("Alex", "!!votestop")
    bench.until("1 of 2 votes to stop")
    bench.chat("Steve", "!!votestop")
    bench.until("2 of 2 votes to stop")
    bench.until("the server ended with 0")


@pytest.mark.feature("M31", "M36")
def test_a_crash_is_followed_by_a_start_and_the_count_survives_a_reload(bench):
    bench.server("#crash 9")
    bench.until("the server ended with 9")
    bench.wait(lambda: bench.engine.started, "it runs again")
    bench.type("!!MCDR plugin reload crash_restart")
    assert bench.module("crash_restart").crashes == 1


def test_an_operator_restarts_the_server(bench):
    first = bench.engine.server.get_server_pid()
    bench.chat("Ada", "!!again")
    bench.until("restart in 1")
    bench.until("the server ended with 0")
    bench.wait(lambda: bench.engine.server.get_server_pid() not in (None, first), "it runs again")


@pytest.mark.feature("M3", "M36")
def test_everything_is_exchanged_at_once_and_answers_on(bench):
    assert bench.type("!!MCDR plugin reloadall") == ["every script was exchanged"]
    bench.chat("Alex", "!!here")
    bench.until("to @a: Alex is at [1, 64, -20]")
    assert bench.module("stop_vote").online == {"Alex", "Steve"}
