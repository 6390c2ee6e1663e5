"""The owner installs, updates, disables and takes back plugins: in a room and on the page, from a real marketplace."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.guests import SEND
from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.wheels import manifest_text

if TYPE_CHECKING:
    from tests.core.chat.conftest import Person, Serve

pytestmark = pytest.mark.slow

CODE = """
from jackfield import Plugin, command
from jackfield.api import Text

class Main(Plugin):
    async def on_enable(self):
        self.context.ui.add_component("count", Text("counter VERSION"), title="Counter")

    @command("count")
    async def count(self, source):
        number = await self.context.storage.get("number", 0) + 1
        await self.context.storage.set("number", number)
        await source.reply(f"VERSION counts {number}")
"""

ASKS = """
[[permissions]]
resource = "storage"
actions = ["read", "write"]
reason = "to keep the number"

[[permissions]]
resource = "ui"
actions = ["component"]
reason = "to show the number"

[contributes]
commands = [{ name = "count" }]
"""

ASKS_MORE = """
[[permissions]]
resource = "files"
actions = ["read"]
reason = "to count your files"
"""


def publish(marketplace: RunningMarketplace, version: str, asks: str = ASKS) -> None:
    code = CODE.replace("VERSION", version)
    changelog = f"## {version}\n\nCounts like never before.\n\n## 1.0.0\n\nCounts.\n"
    marketplace.publish("counter", version, code=code, permissions=asks, changelog=changelog)


@pytest.fixture(scope="module")
def marketplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    """A marketplace that holds counter 1.0.0; a test that publishes more of it uses one of its own."""
    with running_marketplace(tmp_path_factory.mktemp("market")) as running:
        publish(running, "1.0.0")
        yield running


def lines_of(answer: dict[str, object]) -> list[str]:
    lines = answer["lines"]
    assert isinstance(lines, list)
    return [line["text"] for line in lines]


async def boxes(person: "Person", text: str) -> None:
    """Wait until what a person sees at the side holds a text; it may have come before an answer they waited for."""
    shown = [event for event in person.seen if event["type"] == "boxes"]
    if not shown or text not in str(shown[-1]["boxes"]):
        await person.event("boxes", lambda event: text in str(event["boxes"]))


async def install(owner: "Person") -> None:
    assert (await owner.say("/plugins install counter"))["confirm"]
    assert "was installed" in (await owner.say("/plugins install counter yes"))["title"]


async def test_an_install_shows_what_it_is_about_and_waits_for_a_yes(
    serve: "Serve", marketplace: RunningMarketplace
) -> None:
    chat = await serve(marketplaces=(marketplace.url,))
    owner, ada = await chat.person("owner"), await chat.person("ada")
    assert lines_of(await owner.say("/plugins search coun")) == ["counter 1.0.0: The counter plugin"]
    question = await owner.say("/plugins install counter")
    assert question["title"] == "Install and enable Counter 1.0.0?"
    assert question["confirm"] == "/plugins install counter yes"
    told = lines_of(question)
    assert "read what it stored itself (to keep the number)" in told
    assert "runs in a process of its own, with what you grant and nothing else" in told
    assert any(line.startswith("by alice") for line in told)
    assert "brings nothing else" in told
    assert (await owner.say("/plugins list"))["title"] == "No plugin is installed"

    done = await owner.say("/plugins install counter yes")
    assert done["title"] == "counter 1.0.0 was installed."
    await boxes(ada, "counter 1.0.0")
    await ada.say("!count")
    assert (await owner.hears("1.0.0 counts 1"))["plugin"] == "counter"
    assert not any(event["type"] == "answer" for event in ada.seen)
    assert (await owner.say("/plugins install counter"))["title"] == "counter is installed already."


async def test_what_is_asked_for_a_plugin_that_is_called_as_another_one_names_its_id(
    serve: "Serve", tmp_path: Path
) -> None:
    with running_marketplace(tmp_path) as market:
        market.publish("poll")
        named_alike = manifest_text("pole", permissions=SEND).replace('name = "Pole"', 'name = "Poll"')
        market.publish("pole", manifest=named_alike)
        chat = await serve(marketplaces=(market.url,))
        owner = await chat.person("owner")
        assert (await owner.say("/plugins install pole"))["title"] == "Install and enable Poll (pole) 1.0.0?"
        page = (await owner.http.get("/plugins?q=")).text
        assert sorted(re.findall(r"data-offer=.*?<b>(.*?)</b>", page, re.DOTALL)) == ["Poll", "Poll (pole)"]


async def test_a_yes_to_what_was_not_shown_is_answered_by_showing_it(
    serve: "Serve", marketplace: RunningMarketplace
) -> None:
    chat = await serve(marketplaces=(marketplace.url,))
    owner = await chat.person("owner")
    question = await owner.say("/plugins install counter yes")
    assert question["title"] == "Install and enable Counter 1.0.0?"
    assert (await owner.say("/plugins list"))["title"] == "No plugin is installed"


@pytest.mark.feature("C7", "C9")
async def test_a_plugin_is_disabled_and_enabled_again_with_its_data(
    serve: "Serve", marketplace: RunningMarketplace
) -> None:
    chat = await serve(marketplaces=(marketplace.url,))
    owner = await chat.person("owner")
    await install(owner)
    await owner.say("!count")
    assert (await owner.say("/plugins disable counter"))["title"] == "counter was disabled. Its data is kept."
    await boxes(owner, "[]")
    assert lines_of(await owner.say("/plugins list")) == ["counter 1.0.0, disabled"]
    assert (await owner.say("/plugins enable counter"))["title"] == "counter was enabled."
    await owner.say("!count")
    await owner.hears("1.0.0 counts 2")


@pytest.mark.feature("C43", "C45")
async def test_an_update_asks_for_what_is_new_and_a_rollback_takes_it_back(serve: "Serve", tmp_path: Path) -> None:
    with running_marketplace(tmp_path) as market:
        publish(market, "1.0.0")
        chat = await serve(marketplaces=(market.url,))
        owner = await chat.person("owner")
        await install(owner)
        assert (await owner.say("/plugins update"))["title"] == "Every plugin is at its newest version"
        publish(market, "2.0.0", ASKS + ASKS_MORE)
        (line,) = lines_of(await owner.say("/plugins update"))
        assert line.startswith("Counter 1.0.0 → 2.0.0, asks for more: ")
        assert "to count your files" in line

        question = await owner.say("/plugins update counter")
        assert question["title"] == "Update Counter 1.0.0 → 2.0.0?"
        wishes = [line for line in question["lines"] if line["risk"]]
        assert wishes[0]["risk"] == "high"
        assert wishes[0]["text"].startswith("new: ")
        asked = await owner.http.post("/plugins/act", data={"action": "update", "plugin": "counter"})
        assert "<b>2.0.0</b>\nCounts like never before." in asked.text
        done = await owner.say("/plugins update counter yes")
        assert done["title"] == "counter was updated from 1.0.0 to 2.0.0."
        await owner.say("!count")
        await owner.hears("2.0.0 counts 1")

        undone = await owner.say("/plugins rollback")
        assert "counter went back from 2.0.0 to 1.0.0" in undone["title"]
        await owner.say("!count")
        await owner.hears("1.0.0 counts 2")
        history = lines_of(await owner.say("/plugins history"))
        assert "update counter" in " ".join(history)
        assert re.search(r"by owner in the chat, \d{4}-\d\d-\d\d \d\d:\d\d UTC$", history[0])


def dialog(page: httpx.Response) -> tuple[str, str]:
    """The open dialog of a page, as text, and the token of its question."""
    found = re.search(r"<dialog[^>]* open>(.*?)</dialog>", page.text, re.DOTALL)
    assert found is not None, page.text
    token = re.search(r'name="token" value="([^"]+)"', found[1])
    assert token is not None
    return html.unescape(re.sub(r"<[^>]+>", " ", found[1])), token[1]


async def test_the_page_installs_disables_enables_removes_and_undoes(
    serve: "Serve", marketplace: RunningMarketplace
) -> None:
    chat = await serve(marketplaces=(marketplace.url,))
    owner = await chat.person("owner")
    empty = (await owner.http.get("/plugins")).text
    assert "No plugin is installed." in empty
    assert "Nothing was changed yet." in empty
    assert 'data-offer="counter"' in (await owner.http.get("/plugins?q=counter")).text
    assert "Nothing was found for" in (await owner.http.get("/plugins?q=zebra")).text

    asked = await owner.http.post("/plugins/act", data={"action": "install", "plugin": "counter"})
    text, token = dialog(asked)
    parts = [text.index(part) for part in ("What it wants", "Where it runs", "Who made it")]
    assert parts == sorted(parts)
    assert "<li>runs in a process of its own, with what you grant and nothing else</li>" in asked.text
    assert re.search(r"by alice, published on \d+ [A-Z][a-z]+ \d{4}, from http", text)
    assert asked.text.index('value="no"') < asked.text.index('value="yes"')
    no = await owner.http.post("/plugins/answer", data={"token": token, "answer": "no"})
    assert "Nothing was changed." in no.text
    late = await owner.http.post("/plugins/answer", data={"token": token, "answer": "yes"})
    assert late.status_code == 422
    assert "not open any more" in late.text

    _, token = dialog(await owner.http.post("/plugins/act", data={"action": "install", "plugin": "counter"}))
    done = await owner.http.post("/plugins/answer", data={"token": token, "answer": "yes"})
    assert "counter 1.0.0 was installed." in done.text
    assert 'id="plugin-counter"' in done.text
    await boxes(owner, "counter 1.0.0")

    for action, told in (
        ("disable", "counter was disabled."),
        ("enable", "counter was enabled."),
        ("remove", "counter 1.0.0 was removed."),
        ("rollback", "counter 1.0.0 is back"),
    ):
        answer = await owner.http.post("/plugins/act", data={"action": action, "plugin": "counter"})
        assert answer.status_code == 200
        assert told in answer.text
    assert "roll back to before &#34;remove counter&#34;" in answer.text
    assert re.search(r"runs in a confined process of its own \((full|base)\)", answer.text)
    assert (await owner.http.get("/plugins?updates=yes")).status_code == 200


async def test_a_question_of_the_owner_is_nobody_elses(serve: "Serve", marketplace: RunningMarketplace) -> None:
    chat = await serve(marketplaces=(marketplace.url,))
    owner, ada = await chat.person("owner"), await chat.person("ada")
    _, token = dialog(await owner.http.post("/plugins/act", data={"action": "install", "plugin": "counter"}))
    await owner.say("/role ada owner")
    stolen = await ada.http.post("/plugins/answer", data={"token": token, "answer": "yes"})
    assert stolen.status_code == 422
    assert (await owner.say("/plugins list"))["title"] == "No plugin is installed"


async def test_a_reload_leaves_what_is_installed_as_it_was(serve: "Serve", marketplace: RunningMarketplace) -> None:
    chat = await serve(marketplaces=(marketplace.url,))
    owner = await chat.person("owner")
    await install(owner)
    assert "was reloaded" in (await owner.say("/plugins reload counter"))["title"]
    # Else the next start refuses the plugin: a file that is missing is damage.
    assert chat.app.state.chat.bridge.application.management.store.verify() == {}


async def test_mistakes_are_told_in_a_sentence(serve: "Serve", marketplace: RunningMarketplace) -> None:
    chat = await serve(marketplaces=(marketplace.url,))
    owner = await chat.person("owner")
    for line, told in {
        "install": "Which plugin",
        "install nowhere-to-be-found": "nowhere-to-be-found",
        "install Not-An:Id": "not-an:id",
        "install ./somewhere/counter.whl": "from a marketplace only",
        "install counter maybe": "then /plugins install ID yes",
        "enable nowhere": "nowhere",
        "disable nowhere": "nowhere",
        "update nowhere": "nowhere",
        "remove nowhere": "nowhere",
        "rollback": "nothing to roll back (/plugins history)",
        "rollback x": "/plugins rollback NUMBER",
        f"rollback {'9' * 3900}": "/plugins rollback NUMBER",
    }.items():
        answer = await owner.say(f"/plugins {line}")
        assert answer["type"] == "error", line
        assert told in answer["message"], answer["message"]
        assert "Error" not in answer["message"], line


async def test_a_problem_is_told_at_the_plugin_it_is_about(serve: "Serve", marketplace: RunningMarketplace) -> None:
    chat = await serve(marketplaces=(marketplace.url,))
    owner = await chat.person("owner")
    unknown = await owner.http.post("/plugins/act", data={"action": "enable", "plugin": "<nowhere>"})
    assert unknown.status_code == 422
    assert "&lt;nowhere&gt;" in unknown.text
    assert (await owner.http.post("/plugins/act", data={"action": "dance", "plugin": "x"})).status_code == 400
