"""The chat looks for updates by itself and tells the owner, once, in private and on the page (C41)."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jackfield.management import Update
from jackfield_chat.plugins.news import News

from tests.support.marketplace import running_marketplace

if TYPE_CHECKING:
    from tests.core.chat.conftest import Serve

POLL = Update("poll", "Poll", "1.0.0", "2.0.0")
HERE = {"poll": "1.0.0"}


@pytest.mark.slow
@pytest.mark.feature("C41")
async def test_the_owner_is_told_of_an_update_and_sees_it_on_the_page(serve: "Serve", tmp_path: Path) -> None:
    with running_marketplace(tmp_path) as market:
        market.publish("greeter")
        chat = await serve(marketplaces=(market.url,), updates_every_seconds=0.2)
        owner, ada = await chat.person("owner"), await chat.person("ada")
        await owner.say("/plugins install greeter")
        await owner.say("/plugins install greeter yes")
        market.publish("greeter", "1.1.0")
        note = await owner.event("answer", lambda event: "newer version" in event["title"])
        assert [line["text"] for line in note["lines"]] == [
            "Greeter 1.0.0 → 1.1.0, no new permissions",
            "Update it on the page Plugins, or write /plugins update greeter",
        ]
        page = (await owner.http.get("/plugins")).text
        assert "Greeter 1.0.0 → 1.1.0, no new permissions" in page
        assert 'value="update"' in page

        assert "was updated" in (await owner.say("/plugins update greeter"))["title"]
        assert "1.0.0 → 1.1.0" not in (await owner.http.get("/plugins")).text
        await ada.say("/help")
        assert not any("newer version" in str(event) for event in ada.seen)


def test_the_same_news_are_told_once_to_each_owner() -> None:
    news = News()
    assert news.note("owner", HERE) is None
    news.hear([POLL])
    note = news.note("owner", HERE)
    assert note is not None
    assert note.title == "A plugin has a newer version"
    news.hear([POLL])
    assert news.note("owner", HERE) is None
    assert news.note("second owner", HERE) is not None
    news.hear([Update("poll", "Poll", "1.0.0", "2.1.0"), Update("dice", "Dice", "1.0.0", "1.0.1")])
    note = news.note("owner", {**HERE, "dice": "1.0.0"})
    assert note is not None
    assert note.title == "2 plugins have newer versions"


def test_what_was_updated_meanwhile_or_could_not_be_checked_is_not_told() -> None:
    news = News()
    news.hear([POLL, Update("dice", "Dice", "1.0.0", problem="its marketplace did not answer")])
    assert news.note("owner", {"poll": "2.0.0", "dice": "1.0.0"}) is None
    assert [one.id for one in news.updates({"poll": "2.0.0", "dice": "1.0.0"})] == ["dice"]


@pytest.mark.slow
@pytest.mark.feature("C8")
async def test_the_owner_is_told_at_once_of_a_plugin_that_was_revoked(serve: "Serve", tmp_path: Path) -> None:
    with running_marketplace(tmp_path) as market:
        market.publish("greeter")
        chat = await serve(marketplaces=(market.url,), updates_every_seconds=0.2)
        owner, ada = await chat.person("owner"), await chat.person("ada")
        await owner.say("/plugins install greeter")
        await owner.say("/plugins install greeter yes")
        market.run(
            "revoke", "greeter", "--reason", "It reads mail.", "--severity", "critical", "--advice", "Remove it."
        )
        note = await owner.event("answer", lambda event: "revoked" in event["title"])
        assert note["title"] == "A plugin was stopped: revoked by a marketplace"
        assert [line["text"] for line in note["lines"]] == [
            f"Greeter 1.0.0 was revoked by {market.url} (critical): It reads mail. Remove it"
        ]
        page = (await owner.http.get("/plugins")).text
        assert "It reads mail. Remove it" in page
        listed = await owner.say("/plugins list")
        assert "greeter 1.0.0, blocked: was revoked by" in listed["lines"][0]["text"]
        newer = await owner.say("/plugins update")
        assert newer["lines"][0]["text"] == (
            f"Greeter 1.0.0: 1.0.0 was revoked by {market.url} (critical): It reads mail. Remove it"
        )
        await ada.say("/help")
        assert not any("revoked" in str(event) for event in ada.seen)
