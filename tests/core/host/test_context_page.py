"""docs/reference/context.md: its examples are plugins, and they run."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from jackfield.api import Event
from jackfield.manifest import read_hostfile

from tests.support.http_server import http_server
from tests.support.profiles import HOSTFILE
from tests.support.waiting import until

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "context.md").read_text()


def example(name: str) -> str:
    """The page's block of Python that defines the plugin `name`, as the package of an entry point `Main`."""
    (block,) = (text for text in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if f"class {name}(" in text)
    return f"{block}\n\nMain = {name}\n"


def asking(*permissions: str) -> str:
    """TOML that asks for them."""
    blocks = []
    for permission in permissions:
        resource, action = permission.split(":")
        blocks.append(f'[[permissions]]\nresource = "{resource}"\nactions = ["{action}"]\n')
    return "\n".join(blocks)


@pytest.mark.feature("K28", "U16")
async def test_the_counter_counts_beside_the_loop_and_ends(profile, build, running):
    profile.install(build("counter", code=example("Counter"), permissions=asking("storage:write"), isolation="inline"))
    profile.enable("counter")
    host = await running()
    database = host.plugins.record("counter").wiring.database
    await until(lambda: database.get("words") == 2 and (database.get("ticks") or 0) > 1)
    profile.disable("counter")
    await host.reload_changes()
    assert host.plugins.status("counter").problem == ""
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("counter:")]


@pytest.mark.feature("M40", "M42", "U7")
async def test_the_tally_hears_by_call_by_mark_and_by_name(profile, build, running):
    declared = '[contributes]\nevents = ["{}"]\n'
    profile.install(
        build("poll", more=declared.format("voted")),
        build("tally", code=example("Tally"), more="[requires]\npoll = '*'\n" + declared.format("counted")),
    )
    profile.enable("poll", "tally")
    chat = read_hostfile(HOSTFILE + "\n[events.opened]\n", source="host.toml")
    host = await running(hostfile=chat)
    counted: list[Event] = []
    host.events.listen("plugin:tally:counted", "", counted.append)
    await host.plugins.record("poll").wiring.context.events.emit("voted", {"choice": "tea", "count": 3})
    await host.events.send("opened")
    assert [event.data for event in counted] == [{"choice": "tea", "total": 3}]
    tally = host.plugins.record("tally").loaded.target
    assert [event.name for event in tally.seen] == ["plugin:poll:voted", "host:opened"]


@pytest.mark.feature("U28", "K47")
@pytest.mark.parametrize("there", [True, False])
async def test_the_weather_asks_the_geocoder_if_it_is_there(profile, build, running, there):
    profile.install(
        build("geo", code=example("Geo"), more='[contributes]\nservices = ["geocoder"]\n'),
        build("weather", code=example("Weather"), more='[requires]\ngeo = ">=1.0?"\n'),
    )
    profile.enable("weather", *(["geo"] if there else []))
    host = await running()
    forecast = await host.plugins.record("weather").loaded.target.forecast("Oslo")
    assert forecast == ("rain at (59.9, 10.7)" if there else "no map")


async def test_the_forecast_is_asked_for(profile, build, running):
    async with http_server() as server:
        server.answers["/forecast"] = ("200 OK", b'{"text": "rain"}')
        hosts = f'hosts = ["127.0.0.1:{server.port}"]\n'
        profile.install(build("forecast", code=example("Forecast"), permissions=asking("network:connect") + hosts))
        profile.enable("forecast")
        host = await running()
        forecast = host.plugins.record("forecast").loaded.target
        forecast.server = server.url
        assert await forecast.tomorrow("Oslo") == "rain"
        assert server.asked[0].path == "/forecast?place=Oslo"
        server.answers.clear()
        assert await forecast.tomorrow("Oslo") == "the server says 404"
