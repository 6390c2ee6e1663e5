"""How lines of a server are understood, and how it is spoken to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.sources import imported

CONSOLE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def dialects() -> Iterator[ModuleType]:
    with imported(CONSOLE, "chat_console.dialects") as module:
        yield module


@pytest.mark.feature("M28", "M29")
@pytest.mark.parametrize(
    ("line", "content", "player", "level"),
    [
        ("[09:00:01] [Server thread/INFO]: <Alex> hello", "hello", "Alex", "INFO"),
        ("[09:00:01] [Server thread/INFO]: [Not Secure] <Alex> hello", "hello", "Alex", "INFO"),
        ("[09:00:01] [Server thread/WARN]: Can't keep up!", "Can't keep up!", None, "WARN"),
        ("[09:00:01] [main/INFO] [minecraft/Main]: Loading", "Loading", None, "INFO"),
        ("[09:00:01] [Server thread/INFO]: <Alex> <b> : ok", "<b> : ok", "Alex", "INFO"),
        ("a line of another form", "a line of another form", None, None),
        ("", "", None, None),
    ],
)
def test_a_line_is_taken_apart(dialects, line, content, player, level):
    info = dialects.VANILLA.parse(line)
    assert (info.content, info.player, info.logging_level) == (content, player, level)
    assert info.raw_content == line


@pytest.mark.feature("M30", "M34", "M35")
def test_players_and_readiness_are_noticed_in_what_the_server_says_and_not_in_what_a_player_says(dialects):
    vanilla = dialects.VANILLA
    said = "[09:00:01] [Server thread/INFO]: {}"
    joined = "Alex[/127.0.0.1:5] logged in with entity id 1 at (1.0, 2.0, 3.0)"
    assert vanilla.player_joined(vanilla.parse(said.format(joined))) == "Alex"
    assert (
        vanilla.player_joined(vanilla.parse(said.format("Bot[local] logged in with entity id 2 at (0, 0, 0)"))) == "Bot"
    )
    assert vanilla.player_left(vanilla.parse(said.format("Alex left the game"))) == "Alex"
    assert vanilla.player_left(vanilla.parse(said.format("<Eve> Alex left the game"))) is None
    ready = 'Done (3.21s)! For help, type "help"'
    assert vanilla.is_started(vanilla.parse(said.format(ready)))
    assert not vanilla.is_started(vanilla.parse(said.format(f"<Eve> {ready}")))


def test_a_text_cannot_become_a_second_command(dialects):
    with imported(CONSOLE, "chat_console.rtext") as rtext:
        text = rtext.RText('a"b\nstop')
        assert dialects.PLAIN.say_command(text) == ['say a"b', "say stop"]
        (command,) = dialects.VANILLA.tell_command("Alex", text)
        assert command == 'tellraw Alex {"text": "a\\"b\\nstop"}'


def test_what_a_user_sets_replaces_the_presets_words(dialects):
    made = dialects.dialect("plain", {"tell": "msg {player} {text}", "say": "", "started": None})
    assert (made.tell, made.say, made.started) == ("msg {player} {text}", "say {text}", "ready")
    for changes, told in (({"joined": "("}, "pattern joined"), ({"say": "say {what}"}, "command say")):
        with pytest.raises(dialects.DialectError, match=told):
            dialects.dialect("vanilla", changes)
    with pytest.raises(dialects.DialectError, match="there are: vanilla, plain"):
        dialects.dialect("odd", {})


@pytest.mark.parametrize(
    ("key", "pattern", "lacks"),
    [
        ("chat", r"(?P<player>\w+): .*", "message"),
        ("joined", r".* came", "player"),
        ("left", r".* went", "player"),
        ("line", r"(?P<hour>\d+) (?P<content>.*)", "minute"),
    ],
)
def test_a_pattern_names_the_group_that_it_lacks(dialects, key, pattern, lacks):
    with pytest.raises(dialects.DialectError, match=rf"the pattern {key} lacks \(\?P<{lacks}>…\)"):
        dialects.dialect("plain", {key: pattern})


@settings(deadline=None)
@given(st.text(max_size=80))
def test_no_line_is_too_odd(dialects, text):
    for preset in dialects.PRESETS.values():
        info = preset.parse(text)
        assert info.raw_content == text
        assert info.content is not None
