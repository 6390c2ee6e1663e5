"""Services between plugins: who reaches whose, by name and by protocol, and what is left when the provider goes."""

from __future__ import annotations

import asyncio
import gc
import importlib
import weakref
from typing import Any, Protocol

import pytest
from jackfield.api import service_name
from jackfield.errors import PermissionDenied, PluginError, UsageError
from jackfield.host import Host
from jackfield.permissions import Permission

OFFERS = '[contributes]\nservices = ["geocoder"]\n'
CALL = '[[permissions]]\nresource = "services"\nactions = ["call"]\n'

GEO = """
from typing import Protocol
from jackfield import Plugin

class Geocoder(Protocol):
    async def find(self, place: str) -> list: ...
    def known(self) -> int: ...

class Table:
    secret = "of the provider"
    def __init__(self, name): self.name = name
    async def find(self, place): return [self.name, place]
    def known(self): return 2
    async def fail(self): raise ValueError("no map")
    def leave(self): raise SystemExit(3)

class Main(Plugin):
    async def on_enable(self):
        self.context.services.provide(Geocoder, Table(self.context.plugin_id))
"""

CONSUMER = """
from typing import Protocol
from jackfield import Plugin

class Geocoder(Protocol):
    async def find(self, place: str) -> list: ...

class Tall(Protocol):
    async def find(self, place: str) -> list: ...
    async def height(self, place: str) -> int: ...

class Main(Plugin):
    async def on_enable(self):
        self.got = await self.context.services.get(Geocoder)
"""


class Geocoder(Protocol):
    async def find(self, place: str) -> list[str]: ...


class RouteFinderProtocol(Protocol): ...


def services(host: Host, plugin: str) -> Any:
    """What the plugin has as `context.services`."""
    wiring = host.plugins.record(plugin).wiring
    assert wiring is not None
    return wiring.context.services


def test_a_protocol_names_its_service():
    assert service_name(Geocoder) == "geocoder"
    assert service_name(RouteFinderProtocol) == "route-finder"
    assert service_name("any.Name") == "any.Name"


class TestReach:
    @pytest.mark.feature("U28", "K17", "K25", "K47")
    async def test_a_required_plugin_is_called_by_protocol_and_by_name(self, profile, build, running):
        profile.install(
            build("geo", code=GEO, more=OFFERS), build("weather", code=CONSUMER, more='[requires]\ngeo = ">=1"\n')
        )
        profile.enable("geo", "weather")
        host = await running()
        got = host.plugins.record("weather").loaded.target.got
        assert await got.find("Oslo") == ["geo", "Oslo"]
        by_name = await services(host, "weather").get("geocoder")
        assert (by_name.known(), await by_name.find("Rome")) == (2, ["geo", "Rome"])
        assert await (await services(host, "weather").get("geo:geocoder")).find("Rome") == ["geo", "Rome"]

    @pytest.mark.feature("K25")
    async def test_a_plugin_that_is_not_required_is_refused_with_the_way_to_it(self, profile, build, running):
        profile.install(build("geo", code=GEO, more=OFFERS), build("weather"))
        profile.enable("geo", "weather")
        host = await running()
        with pytest.raises(PermissionDenied) as caught:
            await services(host, "weather").get("geocoder")
        assert str(caught.value) == (
            "weather may not services:call (name geo, which offers geocoder, under [requires] in plugin.toml; "
            "or ask for services:call)"
        )
        assert host.plugins.status("weather").refusals == {"services:call": 1}

    async def test_with_the_permission_any_plugin_is_called_and_nobody_is_none(self, profile, build, running):
        profile.install(
            build("geo", code=GEO, more=OFFERS),
            build("maps", code=GEO, more=OFFERS),
            build("weather", permissions=CALL),
        )
        profile.enable("geo", "weather")
        host = await running()
        assert await (await services(host, "weather").get("geocoder")).find("Oslo") == ["geo", "Oslo"]
        assert await services(host, "weather").get("nothing") is None
        profile.enable("maps")
        await host.reload_changes()
        with pytest.raises(UsageError, match="geocoder, which is one of geo:geocoder, maps:geocoder") as several:
            await services(host, "weather").get("geocoder")
        assert 'say whose: get("geo:geocoder"); or name its plugin under [requires]' in str(several.value)
        assert await (await services(host, "weather").get("maps:geocoder")).find("Oslo") == ["maps", "Oslo"]
        profile.enable("weather", permissions=[Permission("storage", ("read",))])
        await host.reload_changes()
        with pytest.raises(PermissionDenied):
            await services(host, "weather").get("maps:geocoder")

    @pytest.mark.feature("U28")
    async def test_an_optional_dependency_that_is_not_there_gives_none(self, profile, build, running):
        profile.install(
            build("geo", code=GEO, more=OFFERS), build("weather", code=CONSUMER, more='[requires]\ngeo = ">=1?"\n')
        )
        profile.enable("weather")
        host = await running()
        assert host.plugins.record("weather").loaded.target.got is None
        with pytest.raises(
            PluginError, match="weather asks for the service geocoder, which no plugin that it can reach"
        ):
            await services(host, "weather").require("geocoder")
        profile.enable("geo")
        await host.reload_changes()
        assert await (await services(host, "weather").require("geocoder")).find("Oslo") == ["geo", "Oslo"]

    async def test_a_required_plugin_that_does_not_offer_it_is_an_error(self, profile, build, running):
        profile.install(build("geo", code=GEO, more=OFFERS), build("weather", more='[requires]\ngeo = ">=1"\n'))
        profile.enable("geo", "weather")
        host = await running()
        with pytest.raises(PluginError, match=r"weather asks for the service mapper, .* \(is its plugin enabled"):
            await services(host, "weather").get("mapper")

    @pytest.mark.feature("U28")
    async def test_a_provider_that_sleeps_is_woken(self, profile, build, running):
        sleeps = build("geo", code=GEO, manifest=SLEEPING)
        profile.install(sleeps, build("weather", code=CONSUMER, more='[requires]\ngeo = ">=1"\n'))
        profile.enable("geo", "weather")
        host = await running()
        async with asyncio.timeout(10):
            handle = await services(host, "weather").get("geocoder")
            assert await handle.find("Oslo") == ["geo", "Oslo"]


SLEEPING = """
schema = 1
id = "geo"
name = "Geo"
version = "1.0.0"
isolation = "any"
activation = "demand"

[host]
chat = ">=1.0 <2.0"

[contributes]
services = ["geocoder"]
"""


class TestHandles:
    @pytest.fixture
    async def host(self, profile, build, running) -> Host:
        profile.install(build("geo", code=GEO, more=OFFERS), build("weather", code=CONSUMER, permissions=CALL))
        profile.enable("geo", "weather")
        started: Host = await running()
        return started

    @pytest.mark.feature("U28", "K27")
    async def test_one_is_dead_and_empty_when_its_provider_is_disabled(self, host, profile):
        handle = await services(host, "weather").get("geocoder")
        method = handle.find
        target = weakref.ref(next(one for one in gc.get_objects() if type(one).__name__ == "Table"))
        profile.disable("geo")
        await host.reload_changes()
        gc.collect()
        assert target() is None
        for call in (lambda: method("Oslo"), lambda: handle.find("Oslo")):
            with pytest.raises(PluginError) as caught:
                call()
            assert str(caught.value) == (
                "weather called find of the service geocoder, which geo does not offer any more: it was disabled, "
                'unloaded or reloaded (find it again whenever it is used: await context.services.get("geocoder"))'
            )
        assert repr(handle) == "<the service geocoder of geo (gone)>"
        profile.enable("geo")
        await host.reload_changes()
        assert await (await services(host, "weather").get("geocoder")).find("Oslo") == ["geo", "Oslo"]

    async def test_only_public_methods_are_reached_and_by_protocol_only_its_own(self, host):
        by_name = await services(host, "weather").get("geocoder")
        for name in ("secret", "name", "_private", "__dict__missing", "nothing"):
            with pytest.raises(AttributeError):
                getattr(by_name, name)
        protocol = importlib.import_module("chat_weather").Geocoder
        by_protocol = await services(host, "weather").get(protocol)
        with pytest.raises(AttributeError, match="the service geocoder of geo has no method known"):
            _ = by_protocol.known

    async def test_one_that_lacks_what_the_protocol_says_is_refused(self, host):
        tall = importlib.import_module("chat_weather").Tall
        tall.__name__ = "Geocoder"
        with pytest.raises(PluginError, match="the service geocoder of geo is no Geocoder: it lacks height"):
            await services(host, "weather").get(tall)

    async def test_what_fails_in_the_provider_is_counted_to_it(self, host):
        handle = await services(host, "weather").get("geocoder")
        with pytest.raises(ValueError, match="no map"):
            await handle.fail()
        assert host.plugins.status("geo").problem == "ValueError in service geocoder.fail: no map"
        assert host.plugins.status("weather").problem == ""

    @pytest.mark.feature("C29", "C30")
    async def test_calls_count_as_uses_of_the_provider(self, host):
        handle = await services(host, "weather").get("geocoder")
        await handle.find("Oslo")
        handle.known()
        with pytest.raises(PluginError, match=r"geo: service geocoder\.leave tried to end the process"):
            handle.leave()
        used = host.usage.one("geo").actions
        assert {name: count for name, count in used.items() if name.startswith("service ")} == {
            "service geocoder.find": 1,
            "service geocoder.known": 1,
            "service geocoder.leave": 1,
        }
        assert host.usage.one("geo").errors == 1

    async def test_a_thread_calls_it_through_the_blocking_view(self, host):
        view = host.plugins.record("weather").wiring.context.blocking
        assert await asyncio.to_thread(lambda: view.services.get("geocoder").find("Oslo")) == ["geo", "Oslo"]


class TestProviding:
    async def test_one_that_is_not_declared_needs_the_permission(self, profile, build, running):
        profile.install(build("geo", code=GEO))
        profile.enable("geo")
        host = await running()
        assert "geo may not services:provide" in host.plugins.status("geo").problem

    async def test_a_target_that_lacks_a_method_is_refused_where_it_is_offered(self, profile, build, running):
        profile.install(build("geo", code=GEO.replace("def known(self): return 2", ""), more=OFFERS))
        profile.enable("geo")
        host = await running()
        assert "geo offers a Geocoder that lacks known" in host.plugins.status("geo").problem

    async def test_twice_the_same_is_refused(self, profile, build, running):
        profile.install(build("geo", code=GEO, more=OFFERS))
        profile.enable("geo")
        host = await running()
        with pytest.raises(UsageError, match="geo offers the service geocoder twice"):
            services(host, "geo").provide("geocoder", object())


LATER = """
from jackfield import Plugin

class Table:
    @property
    def opened(self): raise RuntimeError("not yet")
    async def known(self) -> int: return 2

class Main(Plugin):
    def on_enable(self): self.context.services.provide("geocoder", Table())
"""


@pytest.mark.feature("U28")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_what_is_offered_may_have_properties_of_a_later_time(profile, build, running, isolation):
    profile.install(
        build("geo", code=LATER, more=OFFERS, isolation="any"),
        build("user", code="from jackfield import Plugin\nclass Main(Plugin): pass\n", permissions=CALL),
    )
    profile.enable("geo", isolation=isolation)
    profile.enable("user")
    host = await running()
    assert host.plugins.status("geo").problem == ""
    handle = await services(host, "user").get("geocoder")
    assert await handle.known() == 2
