"""The ways to become a listener: by mark, by call, by name, by type, and asleep."""

from __future__ import annotations

import logging
import sys

import pytest
from jackfield.permissions import Permission

from tests.support.events import CHAT, POLL, SENDS, asking, emit, heard, hearing

SLEEPING = """
schema = 1
id = "opener"
name = "Opener"
version = "1.0.0"
isolation = "any"
activation = "demand"

[host]
chat = ">=1.0 <2.0"

[contributes]
listens = ["host:opened"]
"""


class TestWaysToListen:
    @pytest.mark.feature("U6", "U7", "M42", "M39")
    async def test_by_mark_by_call_and_by_name(self, profile, build, running):
        code = hearing(
            "async def on_enable(self): self.context.events.on('host:opened', lambda event: HEARD.append('call'))",
            "@listener('host:opened', priority=1)\ndef marked(self, event): HEARD.append('mark')",
            "async def on_opened(self, event): HEARD.append('name')",
            "def on_other(self, event): HEARD.append('wrong')",
        )
        profile.install(build("threeways", code=code))
        profile.enable("threeways")
        host = await running(hostfile=CHAT)
        await host.events.send("opened")
        assert heard("threeways") == ["mark", "call", "name"]
        profile.disable("threeways")
        await host.reload_changes()
        await host.events.send("opened")
        assert len(heard("threeways")) == 3

    @pytest.mark.feature("M39")
    async def test_functions_of_a_module_take_the_context(self, profile, build, running):
        code = (
            "from jackfield import listener\nHEARD = []\n"
            "def on_opened(context, event): HEARD.append((context.plugin_id, event.name))\n"
            "@listener('own')\ndef own(context, event): HEARD.append((context.plugin_id, event.name))\n"
        )
        wheel = build(
            "modular",
            code=code + "import sys\nMain = sys.modules[__name__]\n",
            more='[contributes]\nevents = ["own"]\n',
        )
        profile.install(wheel)
        profile.enable("modular")
        host = await running(hostfile=CHAT)
        await host.events.send("opened")
        await emit(host, "modular", "own")
        assert heard("modular") == [("modular", "host:opened"), ("modular", "plugin:modular:own")]

    async def test_a_marked_listener_without_the_permission_is_told_in_the_status_and_heard_once_granted(
        self, profile, build, running, caplog
    ):
        code = hearing("@listener('plugin:poll:voted')\ndef voted(self, event): HEARD.append(event)")
        profile.install(
            build("poll", code=POLL, more=SENDS), build("waiting", code=code, permissions=asking("events", "listen"))
        )
        profile.enable("poll")
        profile.enable("waiting", permissions=[])
        host = await running()
        await emit(host, "poll", "voted")
        told = "the listener of plugin:poll:voted is not called: waiting may not events:listen"
        assert (host.plugins.status("waiting").state, host.plugins.status("waiting").problem) == ("active", told)
        assert [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING] == [told]
        profile.enable("waiting", permissions=[Permission("events", ("listen",))])
        await host.reload_changes()
        await emit(host, "poll", "voted")
        assert (len(heard("waiting")), host.plugins.status("waiting").problem) == (1, "")

    @pytest.mark.feature("M40")
    async def test_with_a_type_each_side_has_its_own_definition(self, profile, build, running):
        head = "from dataclasses import dataclass\n@dataclass\nclass Voted:\n    choice: str\n    count: int = 1\n"
        head += "VOTED = EventType('plugin:poll:voted', Voted)\n"
        sender = hearing(
            "async def vote(self, choice): await self.context.events.emit(VOTED, Voted(choice, 2))", head=head
        )
        listens = hearing("@listener(VOTED)\ndef voted(self, event): HEARD.append(event.data)", head=head)
        profile.install(
            build("poll", code=sender, more=SENDS), build("typed", code=listens, more="[requires]\npoll = '*'\n")
        )
        profile.enable("poll", "typed")
        host = await running()
        await host.plugins.record("poll").loaded.target.vote("tea")
        (data,) = heard("typed")
        assert (type(data).__module__, data.choice, data.count) == ("chat_typed", "tea", 2)
        await emit(host, "poll", "voted", {"choice": 7})
        assert "is no Voted: Expected `str`, got `int`" in host.plugins.status("typed").problem
        assert host.plugins.status("poll").problem == ""


@pytest.mark.feature("M39")
async def test_an_event_of_the_host_wakes_who_sleeps_until_it(profile, build, running):
    code = hearing("def on_opened(self, event): HEARD.append(event.name)")
    profile.install(build("opener", code=code, manifest=SLEEPING))
    profile.enable("opener")
    host = await running(hostfile=CHAT)
    assert "chat_opener" not in sys.modules
    await host.events.send("opened")
    assert heard("opener") == ["host:opened"]
