"""Plugins in the chat: real wheels in a real store, used by real clients over the WebSocket."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jackfield.permissions import Permission
from jackfield.store import Layout

from tests.support.profiles import Profile
from tests.support.wheels import build_plugin

if TYPE_CHECKING:
    from tests.core.chat.conftest import RunningChat

pytestmark = pytest.mark.slow

SHOUT = """
from jackfield import Plugin, command
from jackfield.api import Button, Field, Form, List, MenuItem, Text
from jackfield_chat_api import Message, hookimpl

class Main(Plugin):
    presses = 0

    def on_enable(self):
        self.context.ui.add_component("count", self.draw, title="Presses", on_action=self.press)
        self.context.ui.add_component("broken", lambda: 1 / 0, title="Broken")
        self.context.ui.add_menu_item(MenuItem("greet", "Greet everyone"), self.greet)

    def draw(self):
        form = Form((Field("by", "By", "integer", value=1),), "add")
        return List((Text(f"{self.presses} presses"), Button("Press", "press"), form))

    def press(self, action, values, user):
        if user == "eve":
            raise ValueError("not you")
        self.presses += values.get("by", 1) if action == "add" else 1
        self.context.ui.refresh("count")

    async def greet(self, user):
        await self.context.api.messages.send("lobby", f"{user} greets you")

    @hookimpl
    async def message_sent(self, message: Message) -> Message | None:
        if "boom" in message.text:
            raise RuntimeError("it broke")
        return message.with_text(message.text.upper()) if "loud" in message.text else None

    @hookimpl
    def message_received(self, message: Message):
        return Message(7, "nowhere", "somebody else", message.text + ".") if "LOUD" in message.text else None

    @hookimpl
    async def member_joined(self, room, member):
        if member.name == "newcomer":
            await self.context.api.messages.send(room, f"welcome {member.name}, {member.role}")

    @command("say", aliases=("tell",))
    async def say(self, source, text: str):
        \"\"\"Say it again.\"\"\"
        await source.reply(f"{source.user} said {text}")

    @command("who is here")
    async def who(self, source):
        await source.reply(", ".join(member.name for member in await self.context.api.members.list(source.room)))

    @command("presses")
    async def told(self, source):
        await source.reply(f"{self.presses} presses")

    @command("secret")
    async def secret(self, source):
        await self.context.api.rooms.list()
"""

PERMISSIONS = """
[[permissions]]
resource = "messages"
actions = ["read", "send"]
reason = "to greet, and to make loud what is meant so"

[[permissions]]
resource = "members"
actions = ["read"]
reason = "to list them"

[[permissions]]
resource = "ui"
actions = ["component", "menu"]
reason = "to count presses"
"""

COMMANDS = """
[contributes]
commands = [
    { name = "say", help = "Say it again." },
    { name = "tell" }, { name = "who" }, { name = "secret" }, { name = "presses" },
]
"""

ODD = """
from jackfield import Plugin
from jackfield.api import Chart, List, Text
from jackfield_chat_api import Message, hookimpl

class Main(Plugin):
    def on_enable(self):
        self.context.ui.add_component("nan", Chart(("a",), (float("nan"),)), title="Nan")
        self.context.ui.add_component("deep", List(("no component",)), title="Deep")
        self.context.ui.add_component("half", Text("half a pair \\ud800"), title="Half")
        self.context.ui.add_component("fine", Text("fine"), title="Fine")

    @hookimpl
    async def message_sent(self, message: Message):
        return 42 if "number" in message.text else Message(0, "lobby", "x", None) if "nothing" in message.text else None
"""


def profile_of(chat: "RunningChat") -> Profile:
    """The profile of a running chat, as the command line would see it."""
    home = chat.settings.plugin_home
    return Profile(Layout.locate("chat", environ={"JACKFIELD_HOME": str(home)}))


@pytest.fixture
async def shout(chat: "RunningChat", tmp_path: Path) -> "RunningChat":
    """A chat in which another process has just installed and enabled a plugin."""
    profile = profile_of(chat)
    profile.install(build_plugin(tmp_path / "wheels", "shout", code=SHOUT, permissions=PERMISSIONS, more=COMMANDS))
    profile.enable("shout")
    await chat.plugin("shout")
    return chat


async def test_a_chat_without_plugins_says_so(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    assert (await ada.say("/plugins"))["title"] == "No plugin is installed"
    async with chat.browser() as browser:
        assert (await browser.get("/healthz")).json()["plugins"] == "running"


@pytest.mark.feature("S6", "S7", "S8", "S9")
async def test_a_message_goes_through_both_pipelines_and_stays_its_authors(shout: "RunningChat") -> None:
    ada, bob = await shout.person("ada"), await shout.person("bob")
    await ada.say("be loud")
    heard = await bob.hears("BE LOUD")
    assert (heard["text"], heard["author"], heard["room"], heard["plugin"]) == ("BE LOUD.", "ada", "lobby", None)
    await ada.say("be quiet")
    assert (await bob.hears("be quiet"))["text"] == "be quiet"


@pytest.mark.feature("S9")
async def test_a_plugin_that_raises_does_not_stop_the_message(shout: "RunningChat") -> None:
    ada = await shout.person("ada")
    await ada.say("boom")
    assert (await ada.hears("boom"))["text"] == "boom"
    owner = await shout.person("owner")
    lines = [line["text"] for line in (await owner.say("/plugins list"))["lines"]]
    assert any("shout 1.0.0, active" in line for line in lines)


@pytest.mark.feature("M43", "C17")
async def test_the_answer_to_a_command_stands_under_the_plugins_name(shout: "RunningChat") -> None:
    ada, bob = await shout.person("ada"), await shout.person("bob")
    await ada.say("!say good day")
    assert (await bob.hears("!say good day"))["author"] == "ada"
    answer = await bob.hears("ada said good day")
    assert (answer["author"], answer["plugin"]) == ("Shout", "shout")
    await ada.say("!tell me")
    assert (await bob.hears("ada said me"))["plugin"] == "shout"
    await ada.say("!who is here")
    assert (await bob.hears("ada, bob"))["plugin"] == "shout"
    await ada.say("!not a command")
    assert (await bob.hears("!not a command"))["author"] == "ada"


@pytest.mark.feature("C4", "C13", "C16")
async def test_what_was_not_granted_is_refused_in_a_sentence(shout: "RunningChat") -> None:
    ada = await shout.person("ada")
    await ada.say("!secret")
    assert "shout may not rooms:read" in (await ada.hears("may not"))["text"]


async def test_a_revoked_permission_is_felt_at_once_and_told(shout: "RunningChat") -> None:
    ada, owner = await shout.person("ada"), await shout.person("owner")
    await ada.say("loud one")
    assert (await ada.hears("ONE"))["text"] == "LOUD ONE."
    application = shout.app.state.chat.bridge.application
    application.management.revoke("shout", "messages:read", by="test")
    await application.reload()
    await ada.say("loud two")
    assert (await ada.hears("two"))["text"] == "loud two"
    listed = await owner.say("/plugins")
    assert "message_received is not called: shout may not messages:read" in listed["lines"][0]["text"]
    page = (await owner.http.get("/plugins")).text
    assert '<p class="error">message_received is not called: shout may not messages:read</p>' in page
    assert '<p class="error">ZeroDivisionError in component broken: division by zero</p>' in page


async def test_a_newcomer_is_told_to_the_plugins(shout: "RunningChat") -> None:
    newcomer = await shout.person("newcomer")
    assert (await newcomer.hears("welcome newcomer, user"))["plugin"] == "shout"


@pytest.mark.feature("C18")
async def test_boxes_show_and_what_is_done_in_them_reaches_the_plugin(shout: "RunningChat") -> None:
    ada, bob = await shout.person("ada"), await shout.person("bob")
    boxes = {box["id"]: box for event in ada.seen if event["type"] == "boxes" for box in event["boxes"]}
    assert boxes["shout:count"]["component"]["items"][0] == {"kind": "text", "text": "0 presses"}
    assert boxes["shout:broken"]["component"] is None
    assert "ZeroDivisionError" in boxes["shout:broken"]["error"]
    assert (await ada.ask(type="act", component="shout:count", action="press", values={}))["type"] == "sent"
    assert (await ada.ask(type="act", component="shout:count", action="add", values={"by": 4}))["type"] == "sent"
    await bob.event("boxes", lambda event: "5 presses" in str(event["boxes"]))


async def test_what_is_pressed_comes_before_what_is_written_after_it(shout: "RunningChat") -> None:
    ada = await shout.person("ada")
    for _ in range(20):
        await ada.tell(type="act", component="shout:count", action="press", values={})
    await ada.tell(type="send", room="lobby", text="!presses")
    await ada.hears("20 presses")


async def test_a_box_that_fails_when_used_says_so_to_whoever_used_it(shout: "RunningChat") -> None:
    eve = await shout.person("eve")
    answer = await eve.ask(type="act", component="shout:count", action="press", values={})
    assert answer["type"] == "error"
    assert "not you" in answer["message"]
    assert (await eve.say("still here"))["type"] == "sent"


@pytest.mark.feature("C19")
async def test_a_menu_item_reaches_the_plugin(shout: "RunningChat") -> None:
    ada = await shout.person("ada")
    menu = next(event for event in ada.seen if event["type"] == "menu")
    assert [(item["label"], item["plugin_name"]) for item in menu["items"]] == [("Greet everyone", "Shout")]
    await ada.ask(type="choose", item=menu["items"][0]["id"])
    assert (await ada.hears("ada greets you"))["plugin"] == "shout"


async def test_a_change_made_by_another_process_shows_without_a_restart(shout: "RunningChat") -> None:
    ada = await shout.person("ada")
    profile_of(shout).disable("shout")
    await ada.event("boxes", lambda event: event["boxes"] == [])
    assert "No plugin has the command !say" in (await ada.say("!say x"))["title"]
    profile_of(shout).enable("shout")
    await ada.event("boxes", lambda event: len(event["boxes"]) == 2)


async def test_a_permission_that_is_revoked_holds_at_once(shout: "RunningChat") -> None:
    ada = await shout.person("ada")
    profile_of(shout).enable("shout", permissions=[Permission("ui", ("component", "menu"))])
    await shout.app.state.chat.bridge.application.reload()  # what the watch does within half a second
    await ada.say("!who is here")
    assert "may not members:read" in (await ada.hears("may not"))["text"]


async def test_help_lists_the_plugins_commands(shout: "RunningChat") -> None:
    ada = await shout.person("ada")
    lines = [line["text"] for line in (await ada.say("/help"))["lines"]]
    assert "!say <text>: Say it again." in lines


async def test_only_the_owner_changes_plugins(shout: "RunningChat") -> None:
    ada = await shout.person("ada")
    for line in ("install poll", "enable shout", "disable shout", "update", "rollback", "remove shout", "history"):
        assert "Only the owner" in (await ada.say(f"/plugins {line}"))["message"], line
    assert "no command /plugins dance" in (await ada.say("/plugins dance"))["message"]
    assert (await ada.say("/plugins help"))["title"] == "Commands for plugins"


async def test_what_a_plugin_makes_wrongly_stays_its_own(chat: "RunningChat", tmp_path: Path) -> None:
    profile = profile_of(chat)
    profile.install(build_plugin(tmp_path / "wheels", "odd", code=ODD, permissions=PERMISSIONS))
    profile.enable("odd")
    await chat.plugin("odd")
    ada = await chat.person("ada")
    (boxes,) = [event["boxes"] for event in ada.seen if event["type"] == "boxes"][:1]
    told = {box["title"]: (box["component"], box["error"]) for box in boxes}
    assert told["Fine"] == ({"kind": "text", "text": "fine"}, "")
    assert "cannot be shown" in told["Nan"][1]
    assert "cannot be shown" in told["Deep"][1]
    for text in ("a number", "nothing at all"):
        await ada.say(text)
        assert (await ada.hears(text))["text"] == text
