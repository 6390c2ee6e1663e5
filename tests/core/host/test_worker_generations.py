"""A process that starts while an installer is at work runs the code that its host has looked at, and no newer one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from jackfield.hooks import HookspecMarker
from jackfield.host import Host

from tests.support.profiles import Profile
from tests.support.waiting import until
from tests.support.wheels import WheelSource, manifest_text

pytestmark = pytest.mark.slow


hookspec = HookspecMarker("chat")


class Specs:
    @hookspec
    async def told(self) -> str: ...


CODE = """
from chat_figures import FIGURE
from jackfield import HookimplMarker, Plugin

class Main(Plugin):
    @HookimplMarker("chat")
    async def told(self): return f"VERSION with {FIGURE}"
"""
HOOK = '[contributes]\nhooks = ["told"]\n'


@pytest.fixture
def install(profile: Profile, build: Callable[..., Path], tmp_path: Path) -> Callable[..., None]:
    """Make the one generation of a plugin of this version, with a library of its own, and activate it."""

    def install(version: str, *, activation: str = "startup", beside: Sequence[Path] = (), needs: str = "") -> None:
        more = f'[requires]\n{needs} = "*"\n{HOOK}' if needs else HOOK
        text = manifest_text("poll", version, isolation="worker", more=more)
        text = text.replace("\n\n", f'\nactivation = "{activation}"\n\n', 1)
        files: dict[str, str | bytes] = {"chat_figures.py": f"FIGURE = {version[0]}\n"}
        library = WheelSource("figures", version, files=files).build(tmp_path / "wheels")
        poll = build("poll", version, code=CODE.replace("VERSION", version), manifest=text)
        profile.install(poll, library, *beside, requires={"chat-poll": ["figures"]})

    return install


async def test_one_on_demand_wakes_as_the_version_that_its_host_tells_of(
    install: Callable[..., None], profile: Profile, running: Callable[..., Awaitable[Host]]
) -> None:
    install("1.0.0", activation="demand")
    profile.enable("poll", isolation="worker")
    host = await running(specs=Specs())
    install("2.0.0", activation="demand")  # what the host follows a moment later
    assert await host.call.told() == ["1.0.0 with 1"]
    assert host.plugins.status("poll").version == "1.0.0"
    await host.reload_changes()
    assert await host.call.told() == ["2.0.0 with 2"]
    assert host.plugins.status("poll").version == "2.0.0"


async def test_one_that_is_removed_meanwhile_still_wakes_for_whoever_uses_it_now(
    install: Callable[..., None],
    profile: Profile,
    build: Callable[..., Path],
    running: Callable[..., Awaitable[Host]],
) -> None:
    install("1.0.0", activation="demand")
    profile.enable("poll", isolation="worker")
    host = await running(specs=Specs())
    profile.install(build("dice"))
    assert await host.call.told() == ["1.0.0 with 1"]
    await host.reload_changes()
    assert await host.call.told() == []


GUARD = """
import asyncio
from pathlib import Path
from jackfield import Plugin

class Main(Plugin):
    async def on_load(self, previous):
        Path("FOLDER/begun").touch()
        while not Path("FOLDER/go-on").exists():
            await asyncio.sleep(0.01)
"""


async def test_what_is_installed_while_a_host_starts_comes_after_the_start(
    install: Callable[..., None],
    profile: Profile,
    build: Callable[..., Path],
    running: Callable[..., Awaitable[Host]],
    tmp_path: Path,
) -> None:
    guard = build("guard", code=GUARD.replace("FOLDER", str(tmp_path)))
    install("1.0.0", beside=(guard,), needs="guard")
    profile.enable("guard")
    profile.enable("poll", isolation="worker")
    start = asyncio.ensure_future(running(specs=Specs()))
    await until((tmp_path / "begun").exists)
    install("2.0.0", beside=(guard,), needs="guard")
    (tmp_path / "go-on").touch()
    host = await start
    assert await host.call.told() == ["1.0.0 with 1"]
    assert host.plugins.status("poll").version == "1.0.0"
    await host.reload_changes()
    assert await host.call.told() == ["2.0.0 with 2"]
