"""Two plugins of which each wants the other gone: it is settled soon, nobody waits for ever, and none is blamed."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.api import Event

from tests.support.speakers import Speaker

MANAGES = '[[permissions]]\nresource = "plugins"\nactions = ["read", "manage"]\n'
CODE = """
from jackfield import Plugin, command

class Main(Plugin):
    async def on_enable(self):
        self.context.events.on("now", self.hear)

    async def on_disable(self):
        if {in_on_disable}:
            await self.context.plugins.{order}("{other}")

    async def hear(self, event):
        await self.context.plugins.{order}("{other}")

    @command("out-{me}")
    async def out(self, source):
        await self.context.plugins.{order}("{other}")
        await source.reply("out")
"""
LONGEST_SECONDS = 20.0
"""More than a call of a worker may take, and it was stopped for it."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.feature("J22", "J23"),
    pytest.mark.parametrize(
        "isolations", [("inline", "inline"), ("worker", "worker"), ("worker", "inline")], ids="-".join
    ),
]


@pytest.fixture
def rivals(profile, build, running, isolations):
    async def start(order: str, *, in_on_disable: bool = False):
        codes = {me: CODE.format(me=me, other=other, order=order, in_on_disable=in_on_disable) for me, other in PAIRS}
        profile.install(
            *(
                build(
                    me,
                    code=code,
                    isolation="any",
                    permissions=MANAGES,
                    more=f'[contributes]\ncommands = [{{ name = "out-{me}" }}]\n',
                )
                for me, code in codes.items()
            )
        )
        for me, isolation in zip("ab", isolations, strict=True):
            profile.enable(me, isolation=isolation)
        return await running()

    return start


PAIRS = (("a", "b"), ("b", "a"))


def states(host) -> dict[str, str]:
    return {one.id: str(one.state) for one in host.plugins.list()}


async def come_back(host) -> None:
    """Both can be had again, so that nothing of the quarrel is left."""
    async with asyncio.timeout(LONGEST_SECONDS):
        for one in "ab":
            await host.enable(one)
    assert states(host) == {"a": "active", "b": "active"}


@pytest.mark.parametrize("order", ["disable", "unload"])
async def test_listeners_that_take_each_others_plugin_down_end(rivals, order):
    host = await rivals(order)
    async with asyncio.timeout(LONGEST_SECONDS):
        await asyncio.gather(*(host.events.emit(Event(f"plugin:{one}:now", "", {})) for one in "ab"))
    assert {"idle", "unloaded"} & set(states(host).values()), "who is taken down first may not have said its order"
    assert [host.plugins.status(one).errors for one in "ab"] == [0, 0]
    await come_back(host)


@pytest.mark.parametrize("order", ["disable", "unload"])
async def test_who_gave_the_commands_is_answered_whoever_was_quicker(rivals, order):
    host = await rivals(order)
    speakers = [Speaker(), Speaker()]
    async with asyncio.timeout(LONGEST_SECONDS):
        await asyncio.gather(
            *(host.commands.dispatch(f"out-{me}", one) for me, one in zip("ab", speakers, strict=True))
        )
    for one in speakers:
        (answer,) = one.answers
        assert answer == "out" or "meanwhile" in answer or "taken down" in answer
    assert {"idle", "unloaded"} & set(states(host).values())
    assert [host.plugins.status(one).errors for one in "ab"] == [0, 0], "none was stopped for it, and none is blamed"
    await come_back(host)


@pytest.mark.parametrize("order", ["disable", "unload"])
async def test_who_wants_the_other_gone_in_on_disable_is_refused_where_that_is_on_its_way(rivals, order):
    host = await rivals(order, in_on_disable=True)
    async with asyncio.timeout(LONGEST_SECONDS):
        await host.disable("a")
    found = states(host)
    assert found["a"] == "idle"
    assert found["b"] in ("idle", "found", "unloaded")
    assert "before on_disable of a has returned, which asks for it" in host.plugins.status("b").problem
    await come_back(host)
