"""What a plugin does for users while it is taken down: it has a moment to end, and is broken off then."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow


PERMISSIONS = """
[[permissions]]
resource = "commands"
actions = ["register"]
[[permissions]]
resource = "plugins"
actions = ["read", "manage"]
"""
COMMANDS = """
[contributes]
commands = [{ name = "slow", usage = "slow <seconds>" }, { name = "leave", usage = "leave" }]
"""
CODE = """
import asyncio
from jackfield import Plugin, command

class Main(Plugin):
    async def on_enable(self):
        self.told = self.context.data_dir / "told"
        self.told.write_text("")

    def tell(self, word):
        with self.told.open("a") as file:
            file.write(word + " ")

    @command("slow")
    async def slow(self, source, seconds: float):
        await source.reply("begun")
        try:
            await asyncio.sleep(seconds)
            await source.reply("done")
        finally:
            self.tell("ended")

    @command("leave")
    async def leave(self, source):
        await self.context.plugins.disable("LEAVES")
        await source.reply("left")

    async def on_disable(self):
        self.tell("on_disable")
"""
ISOLATIONS = pytest.mark.parametrize("isolation", ["inline", "worker"])
ORDERS = pytest.mark.parametrize("order", ["disable", "unload", "reload", "stop"])


@pytest.fixture
def started(profile, build, running):
    async def start(isolation: str):
        profile.install(
            build("a", code=CODE.replace("LEAVES", "a"), isolation="any", permissions=PERMISSIONS, more=COMMANDS)
        )
        profile.enable("a", isolation=isolation)
        return await running()

    return start


async def under_way(host, text: str) -> tuple[asyncio.Task[bool], Speaker]:
    """Give a command, and return when it has begun to answer."""
    source = Speaker()
    task = asyncio.create_task(host.commands.dispatch(text, source))
    async with asyncio.timeout(10):
        while not source.answers:  # noqa: ASYNC110 (an answer)
            await asyncio.sleep(0.01)
    return task, source


async def taken_down(host, order: str) -> None:
    async with asyncio.timeout(6):
        await (host.stop() if order == "stop" else getattr(host, order)("a"))


def told(profile) -> list[str]:
    (file,) = profile.layout.root.glob("data/**/told")
    words: list[str] = file.read_text(encoding="utf-8").split()
    return words


@ISOLATIONS
@pytest.mark.parametrize("order", ["disable", "unload", "stop"])
@pytest.mark.feature("K26", "M43")
async def test_a_command_that_ends_soon_ends_before_its_plugin_does(started, profile, isolation, order):
    host = await started(isolation)
    task, source = await under_way(host, "slow 0.3")
    await taken_down(host, order)
    assert task.done() or await task
    assert source.answers == ["begun", "done"]
    assert told(profile) == ["ended", "on_disable"]
    assert host.plugins.status("a").errors == 0


@ISOLATIONS
@ORDERS
@pytest.mark.feature("K26", "M43")
async def test_a_command_that_takes_long_is_broken_off_and_whoever_gave_it_is_told(started, profile, isolation, order):
    host = await started(isolation)
    task, source = await under_way(host, "slow 3600")
    await taken_down(host, order)
    async with asyncio.timeout(5):
        assert await task
    assert source.answers[0] == "begun"
    assert source.answers[1].startswith("slow: a ")
    if (isolation, order) != ("worker", "reload"):  # its first process answers for it as long as it can
        assert source.answers[1] == "slow: a was taken down before command slow had ended"
        assert host.plugins.status("a").errors == 0
    if isolation == "inline" and order != "reload":
        assert told(profile) == ["ended", "on_disable"]


@ISOLATIONS
@pytest.mark.feature("J19", "M43")
async def test_a_command_that_takes_its_own_plugin_down_waits_for_nothing(started, profile, isolation):
    host = await started(isolation)
    source = Speaker()
    async with asyncio.timeout(20):
        assert await host.commands.dispatch("leave", source)
    assert source.answers == ["left"]
    assert str(host.plugins.status("a").state) == "idle"


async def at_once(host, *lines: str) -> list[str]:
    """Give commands side by side; return the one answer of each."""
    sources = [Speaker() for _ in lines]
    async with asyncio.timeout(20):
        assert all(await asyncio.gather(*map(host.commands.dispatch, lines, sources)))
    (answers,) = zip(*(source.answers for source in sources), strict=True)
    return list(answers)


@ISOLATIONS
@pytest.mark.feature("J19", "M43")
async def test_commands_that_all_take_their_own_plugin_down_do_not_break_each_other_off(started, isolation):
    host = await started(isolation)
    assert await at_once(host, "leave", "leave", "leave") == ["left"] * 3
    assert str(host.plugins.status("a").state) == "idle"
    assert host.plugins.status("a").errors == 0


@pytest.mark.feature("J23", "M43")
async def test_commands_that_take_each_others_plugin_down_do_not_break_each_other_off(profile, build, running):
    wheels = []
    for own, other in ("ab", "ba"):
        code = CODE.replace("LEAVES", other).replace('command("leave")', f'command("leave-{own}")')
        commands = COMMANDS.replace('"leave"', f'"leave-{own}"').replace('"slow', f'"slow-{own}')
        code = code.replace('command("slow")', f'command("slow-{own}")')
        wheels.append(build(own, code=code, isolation="inline", permissions=PERMISSIONS, more=commands))
    profile.install(*wheels)
    profile.enable("a", "b")
    host = await running()
    assert await at_once(host, "leave-a", "leave-b") == ["left"] * 2
    assert [str(host.plugins.status(one).state) for one in "ab"] == ["idle"] * 2
