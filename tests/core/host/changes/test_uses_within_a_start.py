"""What the start of a plugin leads to uses what is on its way up itself: nobody waits for itself, and nobody fails."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.host import Host
from jackfield.storage import FILES

from tests.support.sleepers import PERMISSIONS, Held, Specs, sleeper
from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow


ISOLATIONS = pytest.mark.parametrize("isolation", ["inline", "worker"])
PATIENCE_SECONDS = 30.0

RELAY = """
from jackfield import HookimplMarker, Plugin, listener

hookimpl = HookimplMarker("chat")

class Relay:
    def __init__(self, plugin):
        self.plugin = plugin

    async def relay(self, what: str) -> str:
        return await self.plugin.pass_on(what)

class Main(Plugin):
    def on_enable(self):
        self.context.services.provide("relay", Relay(self))

    async def pass_on(self, what):
        service = await self.context.services.get(what)
        return "it is not there" if service is None else await service.count(what)

    @listener("plugin:a:told")
    async def told(self, event):
        await self.pass_on(event.data["what"])

    @hookimpl
    async def heard(self, text: str):
        return f"{text}, {await self.pass_on(text)}" if text in ("counting", "deep") else None
"""
RELAY_USES = '[contributes]\nservices = ["relay"]\n'
LISTENS = 'listens = ["plugin:a:told"]\n'
OWN = """
hooks = ["heard"]
commands = [{ name = "count" }, { name = "count twice" }]
services = ["counting"]
events = ["told"]
listens = ["plugin:a:told"]
"""
DEEP = """
from jackfield import Plugin

class Deep:
    async def count(self, what: str) -> str:
        return "deep"

class Main(Plugin):
    async def on_enable(self):
        self.context.services.provide("deep", Deep())
"""


class Api:
    """Lets plugins say something, which filters hear."""

    host: Host

    def __call__(self, plugin: str, check) -> Api:
        return self

    async def say(self, text: str) -> str:
        said: str = await self.host.call.heard(text=text)
        return said


@pytest.fixture
def started(profile, build, running):
    """Start a host with the sleeper `a`, whose start does something, and others; return it with what holds `a`."""

    async def start(isolation: str, *others, before: str, uses: str = OWN, isolations=None):
        api = Api()
        profile.install(
            sleeper(build, "a", uses, before=before),
            build("relay", code=RELAY, isolation="any", permissions=PERMISSIONS, more=RELAY_USES),
            *others,
        )
        names = ("a", "relay", *(one.name.split("-")[0].removeprefix("chat_") for one in others))
        for name in names:
            profile.enable(name, isolation=(isolations or {}).get(name, isolation))
        api.host = await running(specs=Specs, api=api)
        held = Held(profile.layout.data("a") / FILES)
        held.go_on()
        return api.host, held

    return start


async def said(host, line: str) -> list[str]:
    speaker = Speaker()
    assert await host.commands.dispatch(line, speaker)
    return speaker.answers


def is_well(host) -> bool:
    return {one.id: (one.state, one.errors) for one in host.plugins} == dict.fromkeys(
        (one.id for one in host.plugins), ("active", 0)
    )


OWN_USES = {
    "its service": "self.used.append(await (await self.context.services.get('counting')).count('own'))",
    "an event that it hears": "await self.context.events.emit('told', {'what': 'own'}); self.used.append('own')",
    "a hook of its own, by its application": "self.used.append(await self.context.api.say('own'))",
}


@ISOLATIONS
@pytest.mark.parametrize("use", OWN_USES)
@pytest.mark.feature("K2", "K24")
async def test_what_it_uses_of_itself_does_not_wait_for_its_own_start(started, caplog, isolation, use):
    host, _ = await started(isolation, before=OWN_USES[use])
    async with asyncio.timeout(PATIENCE_SECONDS):
        (answer,) = await said(host, "count")
    assert "own" in answer
    assert is_well(host)
    assert "misses" not in caplog.text


RELAYED = {
    "by a service": "self.used.append(await (await self.context.services.get('relay')).relay('{0}'))",
    "by an event": "await self.context.events.emit('told', {{'what': '{0}'}})",
    "by a hook": "self.used.append(await self.context.api.say('{0}'))",
}
MIXED = [
    pytest.param({"a": one, "relay": other}, id=f"{one} by {other}")
    for one in ("inline", "worker")
    for other in ("inline", "worker")
]


@pytest.mark.parametrize("isolations", MIXED)
@pytest.mark.parametrize("way", RELAYED)
@pytest.mark.feature("K2", "K24")
async def test_what_it_uses_of_itself_through_another_plugin_does_not_stop_its_start(started, isolations, way):
    before = RELAYED[way].format("counting")
    host, _ = await started("inline", before=before, uses=OWN.replace(LISTENS, ""), isolations=isolations)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert len(await said(host, "count")) == 1
    assert is_well(host)


@pytest.mark.parametrize("isolations", MIXED)
@pytest.mark.parametrize("way", RELAYED)
@pytest.mark.feature("K2", "K24")
async def test_its_start_wakes_another_one_through_a_third(started, build, isolations, way):
    host, _ = await started(
        "inline",
        sleeper(build, "deep", 'services = ["deep"]', code=DEEP),
        before=RELAYED[way].format("deep"),
        uses=OWN.replace(LISTENS, ""),
        isolations={**isolations, "deep": isolations["relay"]},
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        (answer,) = await said(host, "count")
    assert is_well(host)
    assert way == "by an event" or "deep" in answer


MUTUAL = """
import asyncio
from jackfield import HookimplMarker, Plugin

hookimpl = HookimplMarker("chat")

class Service:
    async def count(self, what: str) -> str:
        return f"NAME counted {what}"

class Main(Plugin):
    async def on_enable(self):
        self.context.services.provide("of_NAME", Service())
        other = await self.context.services.get("of_OTHER")
        self.heard_first = "nothing" if other is None else await other.count("start")

    @hookimpl
    async def heard(self, text: str):
        return f"{text} [{self.heard_first}]"
"""


@ISOLATIONS
@pytest.mark.feature("K2", "K24")
async def test_two_that_use_each_other_on_their_way_up_both_come_up(profile, build, running, isolation):
    pairs = {"a": "b", "b": "a"}
    profile.install(
        *(
            sleeper(
                build,
                one,
                f'hooks = ["heard"]\nservices = ["of_{one}"]',
                code=MUTUAL.replace("NAME", one).replace("OTHER", other),
            )
            for one, other in pairs.items()
        )
    )
    profile.enable(*pairs, isolation=isolation)
    host = await running(specs=Specs)
    async with asyncio.timeout(PATIENCE_SECONDS):
        woken = (host.wake_for("services", f"of_{one}") for one in pairs)
        answers = await asyncio.gather(*(host.call.heard(text=text) for text in ("hi", "ho")), *woken)
    assert is_well(host)
    for text, answer in zip(("hi", "ho"), answers, strict=False):
        assert answer.startswith(f"{text} [")
        assert answer.count(" [") == 2
        assert "counted start" in answer
