"""Poll: what a ballot is, and how its wheels (the first, and the second over it) run in a host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jackfield_chat_api import Member

from tests.demo.wheels import build_wheels, poll_two_source
from tests.support.contrib import Chatroom, Running, install, running, started
from tests.support.sources import imported

pytestmark = pytest.mark.slow


ASK = "poll Tea or coffee? | tea | coffee"


@pytest.fixture
def ballot() -> Iterator[ModuleType]:
    with imported(Path(__file__).parents[1], "chat_poll.ballot") as module:
        yield module


def test_a_question_and_its_answers_are_read(ballot: ModuleType) -> None:
    read = ballot.Ballot.parse("lobby", " Tea or coffee? |tea |  coffee | tea | ")
    assert (read.question, read.answers) == ("Tea or coffee?", ("tea", "coffee"))


@pytest.mark.parametrize("text", ["", "Tea?", "Tea? | yes", "Tea? | yes | yes", "| yes | no", "x" + " | y" * 3])
def test_what_makes_no_poll_says_what_does(ballot: ModuleType, text: str) -> None:
    with pytest.raises(ballot.BallotError, match="a poll needs a question and 2 to 10 different answers"):
        ballot.Ballot.parse("lobby", text)


def test_eleven_answers_are_too_many(ballot: ModuleType) -> None:
    with pytest.raises(ballot.BallotError):
        ballot.Ballot.parse("lobby", "Which? | " + " | ".join(map(str, range(11))))


def test_a_second_vote_replaces_the_first(ballot: ModuleType) -> None:
    poll = ballot.Ballot.parse("lobby", "Tea? | yes | no").vote("bea", 1).vote("carl", 1).vote("bea", 2)
    assert poll.counts() == [1, 1]
    assert poll.vote("bea", 1).result() == "Tea? yes: 2, no: 0"


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_vote_for_nothing_is_refused(ballot: ModuleType, number: int) -> None:
    with pytest.raises(ballot.BallotError, match="vote for 1 to 2"):
        ballot.Ballot.parse("lobby", "Tea? | yes | no").vote("bea", number)


def test_what_storage_keeps_makes_the_same_poll(ballot: ModuleType) -> None:
    poll = ballot.Ballot.parse("lobby", "Tea? | yes | no").vote("bea", 2)
    assert ballot.Ballot.from_mapping(poll.to_mapping()) == poll


async def drawn(plugin: Running) -> Any:
    """What the poll shows in the sidebar."""
    (component,) = await plugin.host.ui.components("sidebar")
    return component


async def test_a_poll_is_asked_voted_on_and_closed(tmp_path: Path) -> None:
    async with running("poll", tmp_path) as plugin:
        assert await plugin.command("vote 1") == ["no poll is running"]
        await plugin.command(ASK)
        assert await plugin.command("vote 2") == ["bea voted. Tea or coffee? coffee: 1, tea: 0"]
        assert await plugin.command("vote 7") == ["there is no answer 7; vote for 1 to 2"]
        assert (await plugin.command("vote tea"))[0].startswith(
            "number must be a whole number from 1 to 10: vote ‹tea›"
        )
        assert await plugin.offered("poll c") == ["poll close"]
        assert "a poll is running" in (await plugin.command(ASK))[0]
        await plugin.command("poll close")
        assert await plugin.command("poll close") == ["no poll is running"]
        assert plugin.chat.texts == [
            "bea asks: Tea or coffee? · vote: 1 tea, 2 coffee",
            "result: Tea or coffee? coffee: 1, tea: 0",
        ]
        assert {message.metadata["plugin"] for message in plugin.chat.posted} == {"poll"}


@pytest.mark.feature("C18")
async def test_the_sidebar_shows_the_poll_and_its_buttons_vote(tmp_path: Path) -> None:
    async with running("poll", tmp_path) as plugin:
        assert "No poll is running" in repr(await drawn(plugin))
        await plugin.command(ASK)
        shown = await drawn(plugin)
        assert shown.title == "Poll"
        await plugin.host.ui.act(shown.id, "vote", {"number": 2}, "carl")
        assert "(0.0, 1.0)" in repr(await drawn(plugin))


@pytest.mark.feature("C14", "U40")
async def test_a_poll_survives_a_restart(tmp_path: Path) -> None:
    async with running("poll", tmp_path) as plugin:
        await plugin.command(ASK)
        await plugin.command("vote 1")
    async with started(plugin.profile) as again:
        assert await again.command("vote 2", "carl") == ["carl voted. Tea or coffee? tea: 1, coffee: 1"]


async def test_the_second_version_takes_the_poll_over_and_shows_who_voted(tmp_path: Path) -> None:
    async with running("poll", tmp_path) as plugin:
        await plugin.command(ASK)
        await plugin.command("vote 1")
    (built,) = build_wheels(tmp_path / "wheels-2", [poll_two_source(tmp_path)])
    install(tmp_path, built.path)
    async with started(plugin.profile, Chatroom(people=[Member("bea"), Member("carl")])) as second:
        assert second.host.plugins.status("poll").version == "2.0.0"
        assert "Voted: bea. Not yet: carl." in repr(await drawn(second))
