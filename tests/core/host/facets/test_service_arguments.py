"""A service that is called with what its method does not take: the mistake is the caller's, wherever both run."""

from __future__ import annotations

import pytest

from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow


PERMISSIONS = """
[[permissions]]
resource = "commands"
actions = ["register"]
"""
GEO = """
from jackfield import Plugin

class Table:
    def known(self, place: str) -> int: return 2
    async def find(self, place: str) -> str: return place
    def broken(self, place: str) -> int: return len(3)
    async def lost(self, place: str) -> int: return self.known()

class Main(Plugin):
    async def on_enable(self):
        self.context.services.provide("geocoder", Table())
"""
CODE = """
import inspect
from jackfield import Plugin, command

class Main(Plugin):
    @command("call")
    async def call(self, source, method: str, count: int):
        service = await self.context.services.require("geocoder")
        try:
            answer = getattr(service, method)(*["Oslo"] * count)
            answer = await answer if inspect.isawaitable(answer) else answer
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        await source.reply(str(answer))
"""
COMMANDS = '[contributes]\ncommands = [{ name = "call", usage = "call <method> <count>" }]\n'
ISOLATIONS = pytest.mark.parametrize("provider", ["inline", "worker"])
CALLERS = pytest.mark.parametrize("caller", ["inline", "worker"])


@pytest.fixture
def started(profile, build, running):
    async def start(provider: str, caller: str):
        profile.install(
            build("geo", code=GEO, isolation="any", more='[contributes]\nservices = ["geocoder"]\n'),
            build(
                "weather",
                code=CODE,
                isolation="any",
                permissions=PERMISSIONS,
                more=f'[requires]\ngeo = ">=1"\n{COMMANDS}',
            ),
        )
        profile.enable("geo", isolation=provider)
        profile.enable("weather", isolation=caller)
        return await running()

    return start


async def answer(host, method: str, count: int) -> str:
    source = Speaker()
    assert await host.commands.dispatch(f"call {method} {count}", source)
    (told,) = source.answers
    return str(told)


@ISOLATIONS
@CALLERS
@pytest.mark.parametrize("method", ["known", "find"])
@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.feature("U28", "C29")
async def test_a_wrong_number_is_told_to_the_caller_and_blamed_on_nobody_else(started, provider, caller, method, count):
    host = await started(provider, caller)
    told = await answer(host, method, count)
    assert told.startswith("TypeError: ")
    assert "positional argument" in told or "'place'" in told
    assert host.plugins.status("geo").errors == 0


@ISOLATIONS
@CALLERS
@pytest.mark.parametrize("method", ["broken", "lost"])
@pytest.mark.feature("U28", "C29")
async def test_a_type_error_of_the_method_itself_is_the_providers(started, provider, caller, method):
    host = await started(provider, caller)
    assert (await answer(host, method, 1)).startswith("TypeError: ")
    assert host.plugins.status("geo").errors == 1
