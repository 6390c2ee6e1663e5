"""Plugins that misbehave in a running chat: people talk on, the other plugins work on, and the culprit is named."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.demo.wheels import CONTRIB, build_wheels
from tests.support.chat_client import Member, Refused
from tests.support.processes import Server, clean_environment, script, wait_for
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"
UI = '[[permissions]]\nresource = "ui"\nactions = ["component"]\nreason = "to show"\n'
READ = '[[permissions]]\nresource = "messages"\nactions = ["read"]\nreason = "to filter"\n'


class Chat:
    """A running chat, and the command line on its plugins."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.server = server
        self.environment = clean_environment(JACKFIELD_HOME=str(folder / "chat/plugins"), COLUMNS="200")

    def jackfield(self, *words: str, status: int = 0) -> str:
        done = subprocess.run(
            [script("jackfield"), *words], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def install(self, *wheels: Path, status: int = 0) -> None:
        self.jackfield("install", "--yes", "--accept-permissions", *map(str, wheels), status=status)

    def install_code(
        self,
        plugin: str,
        body: str,
        member: Member,
        *,
        permissions: str = "",
        command: str = "",
        head: str = "",
        status: int = 0,
    ) -> str:
        """Install a plugin whose class has this body; return what the chat tells a member of it once it was tried.

        Args:
            status: what the command ends with: 1 where the plugin fails in the chat.
        """
        code = f"{HEAD}{head}\n\nclass Main(Plugin):\n{body}"
        declared = f'[contributes]\ncommands = [{{ name = "{command}" }}]\n' if command else ""
        wheel = build_plugin(self.folder / "wheels", plugin, code=code, permissions=permissions, more=declared)
        self.install(wheel, status=status)
        return wait_for(lambda: told(member, plugin), what=f"{plugin} active or failed")

    def member(self, name: str) -> Member:
        return Member(self.server.address, name, PASSWORD, sign_up=True)


HEAD = (
    "import asyncio\nfrom jackfield import Plugin, command\nfrom jackfield.api import Text\n"
    "from jackfield_chat_api import hookimpl\n"
)


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """A chat in which dice and timestamp work; what misbehaves comes beside them."""
    folder = tmp_path_factory.mktemp("bad-plugins")
    with Server([script("jackfield-chat"), "serve", "--data", str(folder / "chat"), "--port", "0"]) as server:
        chat = Chat(folder, server)
        chat.install(
            *(built.path for built in build_wheels(folder / "good", [CONTRIB / "dice", CONTRIB / "timestamp"]))
        )
        yield chat


@pytest.fixture
def ann(chat: Chat, request: pytest.FixtureRequest) -> Iterator[Member]:
    """A member who can still talk, roll dice and have the time put before her words when the test is over."""
    name = f"ann{abs(hash(request.node.name)) % 10**8}"
    with chat.member(name) as member:
        wait_for(lambda: works(member), seconds=10, what="dice and timestamp at work")
        yield member
        assert works(member)
    for row in json.loads(chat.jackfield("list", "--json"))["plugins"]:
        if row["id"] not in {"dice", "timestamp"}:
            chat.jackfield("remove", "--yes", row["id"])


def told(member: Member, plugin: str) -> str:
    """The line of `/plugins` for a plugin that is active or failed by now."""
    answer = member.say("/plugins")
    assert answer is not None
    lines = [str(line["text"]) for line in answer["lines"]]
    return next(
        (line for line in lines if line.startswith(f"{plugin} ") and ("active" in line or "failed" in line)), ""
    )


def works(member: Member) -> bool:
    """Whether the good plugins do their work for a member."""
    mark = f"mark {len(member.seen)}"
    member.say(mark)
    if member.hears(mark)["text"] == mark:
        return False  # no time stands before it yet
    member.say("!roll 1d2")
    member.hears(f"{member.name} rolled")
    return True


def test_a_module_that_cannot_be_imported_is_the_failure_of_its_plugin_alone(chat: Chat, ann: Member) -> None:
    line = chat.install_code("broken", "    pass\n", ann, head="import no_such_module\n", status=1)
    assert "failed here: ModuleNotFoundError: No module named 'no_such_module'" in line
    assert httpx.get(f"{chat.server.address}/healthz", trust_env=False).status_code == 200


def test_a_plugin_that_fails_in_on_enable_leaves_nothing_behind(chat: Chat, ann: Member) -> None:
    body = (
        "    async def on_enable(self):\n"
        '        self.context.ui.add_component("half", Text("half done"))\n'
        '        raise RuntimeError("on_enable went wrong")\n'
    )
    assert "failed here: RuntimeError: on_enable went wrong" in chat.install_code(
        "half", body, ann, permissions=UI, status=1
    )
    assert "half done" not in json.dumps([event for event in ann.seen if event["type"] == "boxes"][-1:])


def test_a_filter_that_raises_or_returns_nonsense_is_left_out(chat: Chat, ann: Member) -> None:
    body = (
        "    @hookimpl\n    async def message_sent(self, message):\n"
        '        if "raise" in message.text:\n            raise ValueError("filter went wrong")\n'
        '        if "nonsense" in message.text:\n            return 42\n'
    )
    chat.install_code("filter", body, ann, permissions=READ)
    ann.say("please raise")
    assert ann.hears("please raise")["text"].endswith("] please raise")
    assert "filter went wrong" in told(ann, "filter")
    ann.say("some nonsense")
    assert ann.hears("some nonsense")["text"].endswith("] some nonsense")


def test_a_box_that_cannot_be_drawn_shows_its_own_error(chat: Chat, ann: Member) -> None:
    body = (
        "    async def on_enable(self):\n"
        '        self.context.ui.add_component("good", Text("the good box"))\n'
        '        self.context.ui.add_component("bad", self.draw)\n'
        "    def draw(self):\n        return 1 / 0\n"
    )
    chat.install_code("drawer", body, ann, permissions=UI)
    boxes = json.loads(ann.boxes(lambda boxes: "the good box" in boxes))
    (bad,) = [box for box in boxes if box["id"] == "drawer:bad"]
    assert bad["component"] is None
    assert "ZeroDivisionError" in bad["error"]


def test_a_command_that_raises_answers_with_a_sentence(chat: Chat, ann: Member) -> None:
    body = '    @command("fail")\n    async def fail(self, source):\n        raise RuntimeError("command went wrong")\n'
    chat.install_code("failing", body, ann, command="fail")
    assert "failing" in answered(ann, "!fail")
    assert "command went wrong" in told(ann, "failing")


def answered(member: Member, text: str) -> str:
    """What a line is answered with, to the room or to the member alone."""
    before = len(member.seen)
    try:
        member.say(text)
    except Refused as refused:
        return str(refused)
    answers = [event for event in member.seen[before:] if event["type"] in {"message", "answer"}]
    assert "Traceback" not in json.dumps(answers)
    return json.dumps(answers)


def test_what_was_not_granted_is_refused_by_name(chat: Chat, ann: Member) -> None:
    body = (
        '    @command("sneak")\n    async def sneak(self, source):\n'
        '        await self.context.api.messages.send("lobby", "sneaked in")\n'
    )
    chat.install_code("sneaky", body, ann, command="sneak")
    assert "sneaky may not messages:send" in answered(ann, "!sneak")
    assert not any("sneaked in" in json.dumps(event.get("message", "")) for event in ann.seen)


def test_a_plugin_that_is_removed_takes_its_commands_and_boxes_with_it(chat: Chat, ann: Member) -> None:
    body = (
        '    async def on_enable(self):\n        self.context.ui.add_component("box", Text("a box of its own"))\n'
        '    @command("here")\n    async def here(self, source):\n        await source.reply("here I am")\n'
    )
    chat.install_code("guest", body, ann, permissions=UI, command="here")
    ann.boxes(lambda boxes: "a box of its own" in boxes)
    ann.say("!here")
    ann.hears("here I am")
    chat.jackfield("remove", "--yes", "guest")
    ann.boxes(lambda boxes: "a box of its own" not in boxes)
    before = len(ann.seen)
    ann.say("!here")
    assert not any("here I am" in json.dumps(event) for event in ann.seen[before:])


def test_a_member_who_is_no_owner_changes_no_plugins(chat: Chat, ann: Member) -> None:
    for line in ("/plugins disable dice", "/plugins remove dice", "/plugins rollback", "/plugins install poll yes"):
        with pytest.raises(Refused, match="owner"):
            ann.say(line)
    assert "active" in told(ann, "dice")


def test_a_command_that_was_not_declared_is_the_authors_mistake_and_says_so(chat: Chat, ann: Member) -> None:
    body = '    @command("extra")\n    async def extra(self, source):\n        await source.reply("extra")\n'
    line = chat.install_code("undeclared", body, ann, status=1)
    assert "undeclared may not commands:register" in line
    assert "declare extra in plugin.toml, under [contributes] commands" in line
