"""The owner sees where a plugin runs and what it may use there, and changes both (C26, C27, K41)."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.marketplace import RunningMarketplace, running_marketplace

if TYPE_CHECKING:
    from tests.core.chat.conftest import Person, RunningChat, Serve

pytestmark = pytest.mark.slow

CODE = """
import os, time
from jackfield import Plugin, command

class Main(Plugin):
    @command("where")
    async def where(self, source):
        await source.reply(f"in {os.getpid()}")

    @command("nap")
    def nap(self, source):
        time.sleep(60)
"""
DECLARED = """
[contributes]
commands = [{ name = "where" }, { name = "nap" }]

[limits]
memory = "40MiB"
"""
PAGE = "/plugins/process/weather"
CONFINED = "It runs in a confined process of its own ("


@pytest.fixture(scope="module")
def marketplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path_factory.mktemp("market")) as running:
        running.publish_library("jflib", "1.2")
        running.publish("weather", code=CODE, more=DECLARED, isolation="any", requires=["jflib"])
        running.publish("fog", isolation="inline")
        yield running


@pytest.fixture
async def chat(serve: Serve, marketplace: RunningMarketplace) -> RunningChat:
    return await serve(marketplaces=(marketplace.url,))


@pytest.fixture
async def owner(chat: RunningChat) -> Person:
    person = await chat.person("owner")
    await person.say("/plugins install weather")
    await chat.plugin("weather")
    return person


def shown(answer: Any) -> str:
    """The page's text as somebody reads it."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def process(owner: Person) -> int:
    """The process in which the plugin runs now."""
    owner.seen.clear()
    await owner.say("!where")
    message = await owner.hears("in ")
    return int(message["text"].removeprefix("in "))


@pytest.mark.feature("K41")
async def test_the_page_says_where_it_runs_what_may_be_chosen_and_which_libraries_it_has(owner: Person) -> None:
    assert f'href="{PAGE}"' in (await owner.http.get("/plugins")).text
    answer = await owner.http.get(PAGE)
    text = shown(answer)
    assert CONFINED in text
    assert re.search(r"own \((full|base)\)\. What it was not granted (does not exist|it can neither)", text)
    assert re.findall(r'name="choice" value="(\w+)"( checked)?', answer.text) == [
        ("worker", " checked"),
        ("inline", ""),
        ("process", ""),
    ]
    assert "jflib 1.2" in text
    assert "shared pages counted in parts. Empty: 40 MiB, as its author asks." in text
    assert "The time to answer one call of the application. Empty: 5 s, the default." in text


async def test_less_confined_is_asked_first_and_a_no_changes_nothing(owner: Person, chat: RunningChat) -> None:
    before = await process(owner)
    assert before != os.getpid()
    asked = await owner.http.post(PAGE, data={"action": "move", "choice": "inline"})
    text = shown(asked)
    assert "Run weather in the application?" in text
    assert "with all its rights" in text
    (token,) = re.findall(r'name="token" value="([^"]+)"', asked.text)
    declined = await owner.http.post(PAGE, data={"token": token, "answer": "no"})
    assert "Nothing was changed." in declined.text
    assert await process(owner) == before
    again = await owner.http.post(PAGE, data={"token": token, "answer": "yes"})
    assert (again.status_code, "is not open any more" in again.text) == (422, True)


async def test_a_yes_moves_it_and_the_way_back_asks_nothing(owner: Person) -> None:
    asked = await owner.http.post(PAGE, data={"action": "move", "choice": "inline"})
    (token,) = re.findall(r'name="token" value="([^"]+)"', asked.text)
    moved = shown(await owner.http.post(PAGE, data={"token": token, "answer": "yes"}))
    assert "weather runs in the chat itself, with all its rights now." in moved
    assert "Nothing limits what runs in the chat itself." in moved
    assert "It has none of its own." in moved
    assert await process(owner) == os.getpid()
    back = shown(await owner.http.post(PAGE, data={"action": "move", "choice": "worker"}))
    assert "weather runs in a confined process of its own (" in back
    assert await process(owner) != os.getpid()


async def test_what_its_author_does_not_allow_cannot_be_chosen(owner: Person, chat: RunningChat) -> None:
    await owner.say("/plugins install fog")
    await owner.say("/plugins install fog yes")
    text = shown(await owner.http.get("/plugins/process/fog"))
    assert "its author asks for inline and allows nothing else" in text
    refused = await owner.http.post("/plugins/process/fog", data={"action": "move", "choice": "worker"})
    assert refused.status_code == 422
    assert "cannot run in a process of its own" in shown(refused)
    assert (await owner.http.post(PAGE, data={"action": "move", "choice": "moon"})).status_code == 422


@pytest.mark.feature("C26", "C27")
async def test_limits_that_are_changed_hold_in_the_process_that_takes_over(owner: Person) -> None:
    before = await process(owner)
    saved = shown(await owner.http.post(PAGE, data={"action": "limits", "limit-call": "300ms", "limit-log": "20"}))
    assert "The call, log limits were changed" in saved
    assert await process(owner) != before
    await owner.say("!nap")
    assert "did not answer the command nap within 300 ms and was stopped" in (await owner.hears("nap:"))["text"]
    again = shown(await owner.http.post(PAGE, data={"action": "limits", "limit-call": "0.3 s"}))
    assert "Nothing was changed." in again, "it says the same in other words"
    reset = await owner.http.post(PAGE, data={"action": "limits", "limit-call": "", "limit-log": ""})
    assert "The call, log limits were changed" in shown(reset)
    assert re.search(r'name="limit-call" type="text" value="" placeholder="5 s"', reset.text)


async def test_what_does_not_fit_is_told_at_its_field_and_nothing_is_saved(owner: Person) -> None:
    before = await process(owner)
    answer = await owner.http.post(
        PAGE, data={"action": "limits", "limit-memory": "much <b>", "limit-threads": "9", "limit-call": "0"}
    )
    text = shown(answer)
    assert answer.status_code == 422
    assert "Nothing was saved: 2 fields do not fit." in text
    assert "Expected a size such as '80MiB', found text 'much <b>'" in text
    assert 'value="much &lt;b&gt;"' in answer.text, "what was typed is kept"
    assert 'value="9"' in answer.text
    assert await process(owner) == before


async def test_the_page_is_the_owners_alone(owner: Person, chat: RunningChat) -> None:
    ann = await chat.person("ann", room=None)
    assert (await ann.http.get(PAGE)).status_code == 403
    assert (await ann.http.post(PAGE, data={"action": "move", "choice": "inline"})).status_code == 403
    assert (await owner.http.get("/plugins/process/nothing")).status_code == 404
