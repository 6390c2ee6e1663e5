"""Commands in the chat: members and rooms as arguments, levels, help for its asker alone, completions while writing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jackfield.store import Layout

from tests.support.profiles import Profile
from tests.support.wheels import build_plugin

if TYPE_CHECKING:
    from tests.core.chat.conftest import Person, RunningChat

pytestmark = pytest.mark.slow

KEEPER = """
from datetime import timedelta
from typing import Literal

from jackfield import Plugin, command
from jackfield_chat_api import Member, Room

class Main(Plugin):
    @command("mute", level="helper")
    async def mute(self, source, who: Member, time: timedelta, how: Literal["softly", "firmly"] = "softly"):
        \"\"\"Ask someone to be quiet.\"\"\"
        await source.reply(f"{who.name} ({who.role}, {'here' if who.online else 'away'}) is {how} muted for {time}")

    @command("topic")
    async def topic(self, source, where: Room):
        \"\"\"Tell what a room is for.\"\"\"
        await source.reply(f"{where.name}: {where.topic}")

    @command("shout", needs="messages:send")
    async def shout(self, source, text: str):
        await source.reply(text.upper())

    @command("wipe", needs="rooms:wipe")
    async def wipe(self, source):
        await source.reply("wiped, see: jackfield list\\u202e")
"""

MORE = """
[[permissions]]
resource = "members"
actions = ["read"]
reason = "to mute"

[contributes]
commands = [{ name = "mute" }, { name = "topic" }, { name = "shout" }, { name = "wipe" }]
"""


@pytest.fixture
async def keeper(chat: "RunningChat", tmp_path: Path) -> "RunningChat":
    """A chat with a plugin that keeps order."""
    profile = Profile(Layout.locate("chat", environ={"JACKFIELD_HOME": str(chat.settings.plugin_home)}))
    profile.install(build_plugin(tmp_path / "wheels", "keeper", code=KEEPER, more=MORE))
    profile.enable("keeper")
    await chat.plugin("keeper")
    return chat


async def offered(person: "Person", text: str, **more: Any) -> list[str]:
    """The lines that the completions at the end of a text make of it."""
    person_items = (await person.complete(text, **more))["items"]
    return [text[: one["start"]] + one["text"] + text[one["end"] :] for one in person_items]


@pytest.mark.feature("U13", "U17")
async def test_a_helper_names_a_member_and_a_user_may_not(keeper: "RunningChat") -> None:
    ada, owner = await keeper.person("ada"), await keeper.person("owner")
    assert (await ada.say("!mute owner 5m"))["message"] == "!mute is for helpers and above"
    await owner.say("/role ada helper")
    await ada.say("!mute @Owner 1h30m firmly")
    assert (await ada.hears("muted"))["text"] == "owner (owner, here) is firmly muted for 1:30:00"
    told = await ada.say("!mute eve 5m")
    assert (told["type"], told["message"]) == (
        "error",
        "there is no member eve: !mute ‹eve› 5m\nusage: !mute <who> <time> [how]",
    )
    await ada.say("so be it")
    await owner.hears("so be it")
    said = [event["message"]["text"] for event in owner.seen if event["type"] == "message"]
    assert said == ["!mute @Owner 1h30m firmly", "owner (owner, here) is firmly muted for 1:30:00", "so be it"]


@pytest.mark.feature("C4")
async def test_a_room_is_given_only_to_a_plugin_that_may_read_rooms(keeper: "RunningChat") -> None:
    ada = await keeper.person("ada")
    assert "there is no room nowhere: !topic ‹#nowhere›" in (await ada.say("!topic #nowhere"))["message"]
    told = (await ada.say("!topic #lobby"))["message"]
    assert "keeper may not rooms:read" in told
    assert "see: on the chat's machine, jackfield-chat plugins --data DATA permissions keeper" in told


@pytest.mark.feature("U23")
async def test_a_command_may_need_a_permission_of_its_user(keeper: "RunningChat") -> None:
    ada, owner = await keeper.person("ada"), await keeper.person("owner")
    await ada.say("!shout hey")
    await ada.hears("HEY")
    assert (await ada.say("!wipe"))["message"] == "!wipe is for those who may rooms:wipe"
    await owner.say("!wipe")
    wiped = await owner.hears("wiped")
    assert wiped["plugin"] == "keeper"
    assert wiped["text"] == "wiped, see: jackfield list\\u202e", "a plugin's own words, with nothing hidden in them"


@pytest.mark.feature("U23", "U24")
async def test_an_owner_permits_beyond_roles_and_takes_it_back(keeper: "RunningChat") -> None:
    ada, bob, owner = [await keeper.person(name) for name in ("ada", "bob", "owner")]
    assert (await ada.say("!perm permit ada *:*"))["title"] == "!perm is for owners"
    told = await owner.say("!perm permissions")
    assert {"command:keeper.mute", "rooms:wipe", "messages:send"} <= {line["text"] for line in told["lines"]}
    assert "or who may command:keeper.mute" in str((await owner.say("!help mute"))["lines"])

    assert (await owner.say("!perm permit Ada command:keeper.mute"))["title"] == (
        "command:keeper.mute is permitted to ada"
    )
    await ada.say("!mute bob 5m")
    assert "bob (user, here) is softly muted" in (await ada.hears("muted"))["text"]
    assert (await bob.say("!mute ada 5m"))["message"] == "!mute is for helpers and above"
    assert "mute" in str((await ada.say("!help"))["lines"])

    await owner.say("!perm permit role:helper rooms:*")
    assert (await bob.say("!wipe"))["type"] == "error"
    await owner.say("/role bob admin")
    await bob.say("!wipe")
    await bob.hears("wiped")

    listed = await owner.say("!perm permitted")
    assert [line["text"] for line in listed["lines"]] == ["ada: command:keeper.mute", "role:helper: rooms:*"]
    assert [line["text"] for line in (await owner.say("!perm permitted ada"))["lines"]] == ["ada: command:keeper.mute"]
    await owner.say("!perm cancel ada command:keeper.mute")
    assert (await ada.say("!mute bob 5m"))["message"] == "!mute is for helpers and above"
    assert (await owner.say("!perm cancelall role:helper"))["title"] == ("1 permissions of role:helper were taken back")
    assert (await bob.say("!wipe"))["type"] == "error"
    told = await owner.say("!perm permit eve rooms:wipe")
    assert told["title"].startswith(
        "there is no member eve; a role is written role:helper, everyone *: !perm permit ‹eve›"
    )
    assert await offered(owner, "!perm permit role:h") == ["!perm permit role:helper"]


@pytest.mark.feature("M44")
async def test_help_is_told_to_whoever_asks_and_holds_what_they_may_use(keeper: "RunningChat") -> None:
    ada, bob, owner = [await keeper.person(name) for name in ("ada", "bob", "owner")]
    answer = await ada.say("!help")
    assert (answer["type"], answer["title"]) == ("answer", "Commands")
    lines = [line["text"] for line in answer["lines"]]
    assert lines == [
        "!help [about] — List the commands that you may use, or tell all of one",
        "!shout <text>",
        "!topic <where> — Tell what a room is for",
    ]
    assert "!mute <who> <time> [how] — Ask someone to be quiet" in str((await owner.say("!help"))["lines"])
    told = await ada.say("!help topic")
    assert [line["text"] for line in told["lines"]] == [
        "Tell what a room is for.",
        "<where> — a room of this chat",
        "by — keeper",
    ]
    assert (await ada.say("!help mute"))["title"].startswith("there is no command !mute")
    await owner.say("/role bob guest")
    assert (await bob.say("!help"))["title"] == "Commands"
    assert [line["text"] for line in (await bob.say("/help"))["lines"] if "mute" in line["text"]] == []
    await ada.say("done")
    await bob.hears("done")
    assert "!help" not in [event["message"]["text"] for event in bob.seen if event["type"] == "message"]


MANY = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        for number in range(15):
            self.context.commands.add(f"many n{number:02}", self.run)

    async def run(self, source): ...
"""


@pytest.mark.feature("M44")
async def test_help_goes_on_by_what_its_answer_says(chat: "RunningChat", tmp_path: Path) -> None:
    profile = Profile(Layout.locate("chat", environ={"JACKFIELD_HOME": str(chat.settings.plugin_home)}))
    more = '[contributes]\ncommands = [{ name = "many" }]'
    profile.install(build_plugin(tmp_path / "wheels", "many", code=MANY, more=more))
    profile.enable("many")
    await chat.plugin("many")
    ada = await chat.person("ada")
    first = await ada.say("!help many")
    assert (first["title"], len(first["lines"]), first["following"]) == (
        "Commands of many, page 1 of 2",
        10,
        "!help many 2",
    )
    second = await ada.say(first["following"])
    assert (second["title"], len(second["lines"]), second["following"]) == ("Commands of many, page 2 of 2", 5, "")


@pytest.mark.feature("M44")
async def test_a_mistyped_command_is_answered_with_the_one_that_was_meant(keeper: "RunningChat") -> None:
    ada = await keeper.person("ada")
    for written, told in (("!Topic", "Did you mean !topic?"), ("!shuot x", "Did you mean !shout?")):
        assert told in (await ada.say(written))["lines"][0]["text"]
    assert "Did you mean" not in str((await ada.say("!mut eve"))["lines"])  # what she may not use is not named to her


@pytest.mark.feature("U19")
async def test_only_the_owner_sees_the_tree_of_commands(keeper: "RunningChat") -> None:
    ada, owner = await keeper.person("ada"), await keeper.person("owner")
    assert (await ada.say("!debug commands"))["title"] == "!debug is for owners"
    told = await owner.say("!debug commands mute")
    assert told["title"] == "<who: a member of this chat>"
    assert told["lines"][0]["text"] == "  <time: a time like 1h30m> → keeper, for helpers and above"


@pytest.mark.feature("M43")
async def test_what_can_follow_is_offered_over_the_socket(keeper: "RunningChat") -> None:
    ada, owner = await keeper.person("ada"), await keeper.person("owner")
    async with keeper.browser() as browser:  # zoe has an account, and no page open
        await browser.post("/sign-up", data={"name": "zoe", "password": "long enough 1"})
    assert await offered(ada, "!") == ["!help", "!shout", "!topic"]
    assert await offered(ada, "!topic #lo") == ["!topic #lobby"]
    assert await offered(ada, "!mute ") == []
    assert await offered(owner, "!mute ") == ["!mute ada", "!mute owner", "!mute zoe"]
    assert await offered(owner, "!mute @Z") == ["!mute @zoe"]
    assert await offered(owner, "!mute zoe 5m f") == ["!mute zoe 5m firmly"]
    assert await offered(ada, "no command") == []
    assert await offered(ada, "") == []
    (first, *_) = (await ada.complete("!to lobby", cursor=3))["items"]
    assert first == {"text": "topic", "start": 1, "end": 3, "help": "Tell what a room is for"}
    assert (await ada.complete("!topic "))["usages"] == ["!topic <where>"]
    assert (await ada.complete("!to", cursor=-7))["items"][0]["text"] == "topic"


@pytest.mark.parametrize("text", ['!mute "\ud800', "!topic \x00", '!topic "zz', "!help \ud800"])
async def test_no_text_breaks_what_is_offered(keeper: "RunningChat", text: str) -> None:
    owner = await keeper.person("owner")
    assert (await owner.complete(text))["items"] == []
