"""Plugins and marketplaces that fail, as the owner of a chat is told of them."""

import asyncio
import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.core.chat.test_plugins import profile_of
from tests.support.marketplace import running_marketplace
from tests.support.processes import free_port
from tests.support.waiting import until
from tests.support.wheels import build_plugin

if TYPE_CHECKING:
    from tests.core.chat.conftest import RunningChat, Serve

pytestmark = pytest.mark.slow


async def test_a_marketplace_that_is_down_is_named_and_nothing_else_breaks(serve: "Serve") -> None:
    address = f"http://127.0.0.1:{free_port()}"
    chat = await serve(marketplaces=(address,))
    owner = await chat.person("owner")
    assert address.removeprefix("http://") in (await owner.say("/plugins search poll"))["message"]
    page = await owner.http.get("/plugins?q=poll")
    assert page.status_code == 200
    assert re.search(r'id="q-error">[^<]*127\.0\.0\.1', page.text)
    assert 'value="poll"' in page.text
    assert (await owner.say("still talking"))["type"] == "sent"


async def test_a_chat_without_a_marketplace_says_what_to_do(chat: "RunningChat") -> None:
    owner = await chat.person("owner")
    assert "no marketplace is configured" in (await owner.say("/plugins search"))["message"]
    assert "no marketplace is configured" in (await owner.http.get("/plugins?q=")).text


ASKING = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self): await self.context.storage.get("votes")
"""


async def test_what_a_taken_out_plugin_failed_of_is_told_with_the_chat_s_own_command(
    serve: "Serve", tmp_path: Path
) -> None:
    with running_marketplace(tmp_path) as market:
        market.publish("asking", code=ASKING)
        chat = await serve(marketplaces=(market.url,))
        owner = await chat.person("owner")
        done = await owner.say("/plugins install asking")
        said = [done["title"], *(line["text"] for line in (await owner.say("/plugins history"))["lines"][:1])]
        said.append(html.unescape((await owner.http.get("/plugins")).text))
        for text in said:
            assert "asking may not storage:read" in text
            assert "see: on the chat's machine, jackfield-chat plugins --data DATA permissions asking" in text


async def test_a_plugin_that_fails_says_so_where_it_is_installed(serve: "Serve", tmp_path: Path) -> None:
    with running_marketplace(tmp_path) as market:
        market.publish("broken", code="raise RuntimeError('born <b>broken</b>')")
        chat = await serve(marketplaces=(market.url,))
        owner = await chat.person("owner")
        done = await owner.say("/plugins install broken")  # it asks for nothing, so nobody is asked
        assert "broken 1.0.0 was taken out again by itself, since it failed here: RuntimeError: born" in done["title"]
        (line,) = (await owner.say("/plugins"))["lines"]
        assert "broken 1.0.0 was taken out again by itself" in line["text"]
        page = (await owner.http.get("/plugins")).text
        assert "born &lt;b&gt;broken" in page
        assert 'data-failed="broken"' in page
        assert 'id="plugin-broken"' not in page
        told = await owner.http.post("/plugins/act", data={"action": "release", "plugin": "broken"})
        assert "broken can be tried again." in told.text
        assert 'data-failed="broken"' not in told.text
        assert (await owner.say("still talking"))["type"] == "sent"


@pytest.mark.feature("J25")
async def test_a_plugin_whose_process_ends_again_and_again_is_started_again_by_a_button(
    serve: "Serve", tmp_path: Path
) -> None:
    code = """
import os
from jackfield import Plugin, command

class Main(Plugin):
    @command("vanish")
    async def vanish(self, source): os._exit(3)

    @command("there")
    async def there(self, source): await source.reply("it is there")
"""
    with running_marketplace(tmp_path / "market") as market:
        market.publish(
            "brittle", code=code, more='[contributes]\ncommands = [{ name = "vanish" }, { name = "there" }]\n'
        )
        chat = await serve(marketplaces=(market.url,))
        owner = await chat.person("owner")
        await owner.say("/plugins install brittle")
        await owner.say("/plugins install brittle yes")
        host = chat.app.state.chat.bridge.application.host
        host.state.change({"probation/brittle": None}, by="test", why="it ran well for days")
        answers = []
        async with asyncio.timeout(30):
            while "5 times within a minute" not in host.plugins.status("brittle").problem:
                answers.append(await owner.say("!vanish"))
        returning = {str(one["message"]) for one in answers if one["type"] == "error"}
        assert returning == {"Brittle is being started. Say it once more in a moment."}
        answer = await owner.say("!there")
        assert (
            answer["title"]
            == "!there is a command of Brittle, which does not run (failed), so this was sent as a message"
        )
        page = (await owner.http.get("/plugins")).text
        assert "its process ended 5 times within a minute" in page
        assert 'aria-label="Start again brittle"' in page
        again = await owner.http.post("/plugins/act", data={"action": "enable", "plugin": "brittle"})
        assert "brittle was enabled." in again.text
        assert "Start again brittle" not in again.text
        await owner.say("!there")
        assert (await owner.hears("it is there"))["plugin"] == "brittle"


async def test_who_is_too_early_for_a_command_is_told_that_its_plugin_starts(
    chat: "RunningChat", tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    code = f"""
import asyncio
from pathlib import Path
from jackfield import Plugin, command

class Main(Plugin):
    async def on_enable(self):
        while not Path({str(gate)!r}).exists():
            await asyncio.sleep(0.01)

    @command("there")
    async def there(self, source): await source.reply("it is there")
"""
    slow = {"code": code, "isolation": "inline", "more": '[contributes]\ncommands = [{ name = "there" }]\n'}
    profile = profile_of(chat)
    profile.install(build_plugin(tmp_path, "slow", **slow))
    profile.enable("slow")
    host = chat.app.state.chat.bridge.application.host
    await until(lambda: any(one.state == "loaded" for one in host.plugins.list()))
    ada = await chat.person("ada")
    early = await ada.say("!there")
    gate.touch()
    assert (early["type"], early["message"]) == ("error", "Slow is being started. Say it once more in a moment.")
    await chat.plugin("slow")
    await ada.say("!there")
    await ada.hears("it is there")
