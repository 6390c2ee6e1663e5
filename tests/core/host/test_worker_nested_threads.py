"""The same for an application that calls hooks synchronously, in a thread, while a worker waits for it (C26, J26)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jackfield.hooks import HookspecMarker

from tests.support.led_on import LIMITS

hookspec = HookspecMarker("chat")

pytestmark = [pytest.mark.slow, pytest.mark.feature("C26", "J26")]


class Specs:
    """Hooks of an application."""

    @hookspec
    async def asked(self, what: str) -> str: ...

    @hookspec
    def answered(self, what: str) -> str: ...


class Api:
    """What the application offers its plugins."""

    hook: Any = None

    async def ask(self, what: str) -> str:
        """Call a hook, which workers implement, in a thread that waits."""
        return ", ".join(await asyncio.to_thread(self.hook.answered, what=what)) or "nothing"


ASKS = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def asked(self, what: str):
        return "a heard " + await self.context.api.ask(what)
"""

ANSWERS = """
import time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    def answered(self, what: str):
        if what == self.context.plugin_id:
            time.sleep(60)
        return self.context.plugin_id
"""


@pytest.mark.parametrize(("plugins", "answer"), [("ab", "a heard nothing"), ("abc", "a heard c")])
async def test_who_does_not_answer_is_stopped_and_not_who_waits_for_it(profile, build, running, plugins, answer):
    codes = {one: ASKS if one == "a" else ANSWERS for one in plugins}
    profile.install(*(build(one, code=code, isolation="worker", more=LIMITS) for one, code in codes.items()))
    profile.enable(*plugins, isolation="worker")
    api = Api()
    host = await running(specs=Specs(), api=lambda _plugin, _check: api)
    api.hook = host.hook
    first = {one: host.plugins.record(one).remote for one in plugins}
    assert await host.call.asked(what="z") == [f"a heard {', '.join(reversed(plugins[1:]))}"]
    assert await host.call.asked(what="b") == [answer]
    assert [one for one, remote in first.items() if remote.process.breach is not None] == ["b"]
    assert first["a"].waited.calls == first["b"].waited.calls == 0, "nobody waits any more"
