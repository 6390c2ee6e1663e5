"""The owner's page says what an update brings, and takes it, puts it off, or never wants to hear of it again."""

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jackfield.management import AskedPermission, Update
from jackfield.permissions import Growth, GrowthEntry
from jackfield_chat.plugins import update_line, update_plan
from jackfield_chat.plugins.news import News

from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.wheels import build_plugin, manifest_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.core.chat.conftest import Person, Serve

SEND = '[[permissions]]\nresource = "messages"\nactions = ["send"]\nreason = "posts results"\n'
CHANGELOG = "## 2.0.0\n\n- shows who voted\n\n## 1.0.0\n\n- first\n"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RunningMarketplace]":
    with running_marketplace(tmp_path_factory.mktemp("market")) as running:
        yield running


async def installed(chat: object, owner: "Person", plugin: str) -> None:
    await owner.say(f"/plugins install {plugin}")
    await owner.say(f"/plugins install {plugin} yes")


async def act(owner: "Person", action: str, plugin: str = "", **fields: str) -> str:
    answer = await owner.http.post("/plugins/act", data={"action": action, "plugin": plugin, **fields})
    return html.unescape(answer.text)


def plan(page: str, plugin: str) -> str:
    """What stands in a plugin's update, as text; empty without one."""
    found = re.search(rf'<section class="plan" aria-label="Update of {plugin} .*?</section>', page, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])) if found else ""


@pytest.mark.slow
@pytest.mark.feature("C41", "C43", "C45")
async def test_the_plan_stands_on_the_page_with_accept_later_and_never(
    serve: "Serve", market: RunningMarketplace
) -> None:
    market.publish("poll")
    market.publish("helper")
    chat = await serve(marketplaces=(market.url,))
    owner = await chat.person("owner")
    await installed(chat, owner, "poll")
    text = manifest_text("poll", "2.0.0", permissions=SEND, more='[requires]\nhelper = "^1.0"')
    text = text.replace("[host]", "data_version = 2\n\n[host]")
    market.publish("poll", "2.0.0", manifest=text, changelog=CHANGELOG)
    market.run("security", "confirm", "poll", "2.0.0", "votes can no longer be forged")

    page = html.unescape((await owner.http.get("/plugins?updates=yes")).text)
    told = plan(page, "poll")
    for sentence in (
        "Poll 1.0.0 → 2.0.0, a security fix",
        "security fix: votes can no longer be forged",
        "(posts results)",
        "uses the plugin helper: its services and events",
        "brings helper",
        "changes the shape of its data, from 1 to 2; a copy is kept",
        "shows who voted",
    ):
        assert sentence in told, sentence
    assert re.search(r"fetches \d+ (bytes|KiB)", told)
    assert "first" not in told, "what is here already is no news"
    assert [f'value="{action}"' in page for action in ("update", "later", "never")] == [True] * 3

    page = await act(owner, "later", "poll", version="2.0.0")
    assert re.search(r"poll 2\.0\.0 is put off until \d+ [A-Z][a-z]+ \d{4}\.", page)
    assert "Put off until" in plan(page, "poll")
    page = await act(owner, "again", "poll")
    assert "Put off until" not in plan(page, "poll")
    assert "2.0.0" in plan(page, "poll")

    page = await act(owner, "never", "poll", version="2.0.0")
    assert "poll 2.0.0 is not offered any more. A newer version is." in page
    assert plan(page, "poll") == ""
    assert "2.0.0 is passed over: you said never to it" in page
    assert plan((await owner.http.get("/plugins?updates=yes")).text, "poll") == ""
    page = await act(owner, "again", "poll")
    assert "Poll 1.0.0 → 2.0.0" in plan(page, "poll")

    page = await act(owner, "update", "poll")
    assert "Update Poll 1.0.0 → 2.0.0" in page, "what asks for more is asked once more, with all that it is granted"
    assert "new: uses the plugin helper: its services and events" in page
    assert "<li>poll changes the shape of its data, from 1 to 2; a copy is kept</li>" in page
    assert re.search(r"<li>fetches \d+ (bytes|KiB)</li>", page)
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token is not None
    done = await owner.http.post("/plugins/answer", data={"token": token[1], "plugin": "poll", "answer": "yes"})
    assert "poll was updated from 1.0.0 to 2.0.0" in done.text


@pytest.mark.slow
@pytest.mark.feature("C45")
async def test_a_yes_is_to_the_plan_that_was_shown(serve: "Serve", market: RunningMarketplace) -> None:
    market.publish("overtaken")
    chat = await serve(marketplaces=(market.url,))
    owner = await chat.person("owner")
    await installed(chat, owner, "overtaken")
    market.publish("overtaken", "1.1.0")
    assert "1.1.0" in plan((await owner.http.get("/plugins?updates=yes")).text, "overtaken")
    market.publish("overtaken", "1.2.0", changelog="## 1.2.0\n\n- paints it black\n")
    page = await act(owner, "update", "overtaken", version="1.1.0")
    assert "Update overtaken 1.0.0 → 1.2.0?" in page
    assert "paints it black" in page
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token is not None
    done = await owner.http.post("/plugins/answer", data={"token": token[1], "plugin": "overtaken", "answer": "yes"})
    assert "overtaken was updated from 1.0.0 to 1.2.0" in done.text
    market.publish("overtaken", "1.3.0")
    page = await act(owner, "update", "overtaken", version="1.3.0")
    assert "overtaken was updated from 1.2.0 to 1.3.0" in page, "what was read needs no second yes"


@pytest.mark.slow
@pytest.mark.feature("C45")
async def test_what_takes_another_plugin_back_is_asked_first(serve: "Serve", market: RunningMarketplace) -> None:
    market.publish("lower")
    market.publish("lower", "2.0.0")
    market.publish("upper", more='[requires]\nlower = "*"\n')
    chat = await serve(marketplaces=(market.url,))
    owner = await chat.person("owner")
    await installed(chat, owner, "lower")
    await installed(chat, owner, "upper")
    market.publish("upper", "2.0.0", more='[requires]\nlower = "<2.0.0"\n')
    page = await act(owner, "update", "upper", version="2.0.0")
    assert "Update lower 2.0.0 → 1.0.0, upper 1.0.0 → 2.0.0?" in page
    assert "<li>lower goes back from 2.0.0 to 1.0.0</li>" in page


@pytest.mark.slow
async def test_the_owner_chooses_how_plugins_are_updated(serve: "Serve", market: RunningMarketplace) -> None:
    market.publish("chosen")
    market.publish("other")
    chat = await serve(marketplaces=(market.url,))
    owner = await chat.person("owner")
    await installed(chat, owner, "chosen")
    await installed(chat, owner, "other")
    page = await act(owner, "way", "chosen", mode="auto")
    assert "Updates of chosen: update by itself." in page
    page = await act(owner, "ways", mode="pin", tell="yes")
    assert "Updates: stay as it is. Marketplaces are told how versions in a rollout do here." in page
    assert "Updates: update by itself" in page
    assert 'name="tell" value="yes" checked' in page
    market.publish("other", "1.1.0")
    page = (await owner.http.get("/plugins?updates=yes")).text
    assert plan(page, "other") == ""
    page = await act(owner, "ways", mode="notify")
    assert 'name="tell" value="yes" checked' not in page
    page = await act(owner, "way", "chosen", mode="")
    assert "chosen is updated as every other plugin." in page
    answer = await owner.http.post("/plugins/act", data={"action": "way", "plugin": "chosen", "mode": "sometimes"})
    assert answer.status_code == 422
    assert "Choose how plugins are updated." in answer.text
    answer = await owner.http.post("/plugins/act", data={"action": "never", "plugin": "chosen", "version": "much"})
    assert answer.status_code == 422


@pytest.mark.slow
@pytest.mark.feature("C41")
async def test_what_was_updated_by_itself_is_told_and_stands_in_the_history(serve: "Serve", tmp_path: Path) -> None:
    with running_marketplace(tmp_path) as market:
        market.publish("greeter")
        chat = await serve(marketplaces=(market.url,), updates_every_seconds=0.2)
        owner = await chat.person("owner")
        await installed(chat, owner, "greeter")
        await act(owner, "way", "greeter", mode="auto")
        market.publish("greeter", "1.1.0")
        note = await owner.event("answer", lambda event: event["title"] == "A plugin was updated by itself")
        assert [line["text"] for line in note["lines"]] == ["Greeter was updated from 1.0.0 to 1.1.0 by itself"]
        page = (await owner.http.get("/plugins")).text
        assert re.search(r"<b>update greeter</b>.*?by Chat by itself", page, re.DOTALL)


def test_what_is_put_off_or_left_is_told_as_what_it_is() -> None:
    news = News()
    here = {"poll": "1.0.0", "dice": "1.0.0"}
    left = Update("poll", "Poll", "1.0.0", "2.0.0", done="poll 2.0.0 asks for more and waits for your yes")
    off = Update("dice", "Dice", "1.0.0", "1.1.0", later="2999-01-01T00:00:00+00:00")
    news.hear([left, off])
    note = news.note("owner", here)
    assert note is not None
    assert note.title == "A plugin has a newer version"
    assert [line.text for line in note.lines][:1] == ["Poll 1.0.0 → 2.0.0, no new permissions"]
    assert not any("Dice" in line.text for line in note.lines)


def test_a_plugin_that_it_uses_anew_stands_beside_what_it_asks_for() -> None:
    uses = "uses the plugin geo: its services and events"
    growth = Growth((GrowthEntry("dependency", "poll", None, uses),))
    asked = AskedPermission("send messages", "posts results", "medium", "messages", "send", new=True)
    alone = Update("poll", "Poll", "1.0.0", "2.0.0", growth=growth)
    assert update_line(alone).text == f"Poll 1.0.0 → 2.0.0, {uses}"
    more = replace(alone, permissions=(asked,))
    assert update_line(more).text == f"Poll 1.0.0 → 2.0.0, asks for more: send messages (posts results); {uses}"


def test_a_claim_is_told_as_a_claim() -> None:
    claimed = Update("poll", "Poll", "1.0.0", "1.0.1", security="mends a hole")
    assert update_plan(claimed)[0].text == "its publisher calls it a security fix: mends a hole"


@pytest.mark.slow
async def test_what_came_from_a_file_is_not_said_to_be_the_newest(serve: "Serve", tmp_path: Path) -> None:
    with running_marketplace(tmp_path / "market") as market:
        market.publish("poll", "2.0.0")
        chat = await serve(marketplaces=(market.url,))
        application = chat.app.state.chat.bridge.application
        plan = await application.management.plan_install([str(build_plugin(tmp_path, "poll", "1.0.0"))])
        await application.management.apply(plan, accept_permissions=True, by="owner")
        await chat.plugin("poll")
        owner = await chat.person("owner")
        offer = re.search(r'data-offer="poll".*?</li>', (await owner.http.get("/plugins?q=")).text, re.DOTALL)
        assert offer is not None
        assert "1.0.0 is installed, from a file" in offer[0]
        assert "<button" not in offer[0]
        assert (await owner.say("/plugins update poll"))["title"] == (
            "poll came from a file: no marketplace is asked for another version. To have one's: remove it, "
            "then install it again; its data stays."
        )
