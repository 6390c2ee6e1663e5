"""A profile, and a way to build plugins, for every test of the running side."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from jackfield.host import GenerationFinder, Host
from jackfield.store import Layout

from tests.support import counting, frail
from tests.support.profiles import Profile
from tests.support.wheels import build_plugin


@pytest.fixture(autouse=True)
def _its_own_process() -> Iterator[None]:
    """Take away what an application on `PluginManager` leaves behind: it ends with its process, a test does not."""
    modules = set(sys.modules)
    yield
    for name in [name for name in sys.modules if name.startswith("chat_") and name not in modules]:
        del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, GenerationFinder)]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return Profile(Layout(tmp_path / "profile"))


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Path]:
    """Build a wheel of a plugin: `build(id, version, code=…, permissions=…, more=…)`."""
    return lambda *names, **options: build_plugin(tmp_path / "wheels", *names, **options)


@pytest.fixture
async def running(profile: Profile) -> AsyncIterator[Callable[..., object]]:
    """Start hosts on the profile that are stopped at the end: `host = await running(api=…)`."""
    started: list[Host] = []

    async def start(**options: object) -> Host:
        host = profile.host(**options)
        started.append(host)
        await host.start()
        return host

    yield start
    for host in started:
        await host.stop()


@pytest.fixture
def workers(profile, build, running):
    """Start a host whose plugins of these ids run as workers."""

    async def start(**codes: str):
        profile.install(
            *(build(name, code=text, isolation="worker", more=counting.DECLARES) for name, text in codes.items())
        )
        profile.enable(*codes, isolation="worker")
        host = await running(specs=counting.Specs())
        for name in codes:
            assert host.plugins.status(name).state == "active", host.plugins.status(name)
        return host

    return start


@pytest.fixture
def weather(profile, build, running):
    """Start a host with a worker; its limits may be chosen."""

    async def start(*more, limits: str = ""):
        profile.install(build("weather", code=frail.CODE, isolation="worker", more=frail.COMMANDS + limits), *more)
        profile.enable("weather", isolation="worker")
        host = await running(specs=frail.Specs())
        assert host.plugins.status("weather").state == "active", host.plugins.status("weather")
        return host

    return start
