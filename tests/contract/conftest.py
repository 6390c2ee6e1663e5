"""The room of the contract suite: a host with three plugins, in every isolation that there is."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, cast

import pytest
from jackfield.api import Check
from jackfield.discovery import external_candidate, external_record
from jackfield.host import Host
from jackfield.isolation import External, new_key
from jackfield.permissions import Grant, Permission
from jackfield.store import Layout
from jackfield_chat_api import ChatApi

from tests.support.contract_plugins import HERE, PLUGINS, Lobby, asked_permissions, wheel
from tests.support.processes import clean_environment
from tests.support.profiles import Profile
from tests.support.speakers import Speaker

Isolation: TypeAlias = Literal["inline", "worker", "external"]

ISOLATIONS = ["inline", *(pytest.param(one, marks=pytest.mark.slow) for one in ("worker", "external"))]
"""Where the same suite runs: in the host's process, in confined ones, and in programs that connect by TCP."""


@dataclass
class Stage:
    """A running host with the probe, its peer, and the friend that it requires."""

    profile: Profile
    host: Host
    said: list[tuple[str, str]]
    isolations: Mapping[str, Isolation]
    languages: dict[str | None, str] = field(default_factory=dict)

    @property
    def isolation(self) -> Isolation:
        """Where the probe runs."""
        return self.isolations["probe"]

    async def ask(self, text: str) -> str:
        """Give a command and return its one answer."""
        speaker = Speaker()
        assert await self.host.commands.dispatch(text, speaker), f"nobody has the command {text}"
        assert len(speaker.answers) == 1, speaker.answers
        return speaker.answers[0]

    async def grant(self, permissions: Iterable[Permission]) -> None:
        """Grant the probe exactly these, from now on."""
        self.enable("probe", permissions=permissions)
        await self.host.reload_changes()

    def enable(self, plugin: str, *, permissions: Iterable[Permission] | None = None) -> None:
        """Wish a plugin, to run where this suite runs; it comes up at the host's next look."""
        isolation = self.isolations[plugin]
        if isolation == "external":
            asked = asked_permissions(plugin) if permissions is None else tuple(permissions)
            grant = Grant(plugin, "external", None, asked, "1.0.0")
            self.profile.state.change({f"wish/{plugin}": True, f"grants/{plugin}": grant.to_mapping()}, by="test")
        else:
            self.profile.enable(plugin, permissions=permissions, isolation=isolation)

    async def off_and_on(self, plugin: str) -> None:
        """Have a plugin disabled, and enabled again."""
        self.profile.disable(plugin)
        await self.host.reload_changes()
        await self.come_up(plugin)

    async def come_up(self, plugin: str) -> None:
        """Enable a plugin, and wait until it and the probe are there."""
        self.enable(plugin)
        await self.host.reload_changes()
        for one in dict.fromkeys((plugin, "probe")):
            await self.host.plugins.wait_for(one, timeout_seconds=20)

    @property
    def own_folders(self) -> tuple[Path, Path]:
        """The probe's `data_dir` and `config_dir`."""
        layout = self.profile.layout
        if self.isolation == "external":
            return layout.root / "probe-data" / "files", layout.root / "probe-data" / "config"
        return layout.data("probe") / "files", layout.config("probe")


@pytest.fixture(params=ISOLATIONS)
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with staged(tmp_path, dict.fromkeys(PLUGINS, request.param)) as made:
        yield made


@pytest.fixture(scope="module", params=ISOLATIONS)
async def standing(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """One stage for all tests of a module, which say what is granted first, and leave nothing that others notice.

    No other stage runs beside it: two hosts of one process would have the same modules.
    """
    async with staged(tmp_path_factory.mktemp("standing"), dict.fromkeys(PLUGINS, request.param)) as made:
        yield made


@pytest.fixture(params=[("inline", "worker"), ("worker", "inline")], ids=" ".join)
async def mixed(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """The probe in one isolation, those that it uses in another."""
    own, others = request.param
    async with staged(tmp_path, {"probe": own, "peer": others, "friend": others}) as made:
        yield made


@asynccontextmanager
async def staged(folder: Path, isolations: Mapping[str, Isolation]) -> AsyncIterator[Stage]:
    """A running host with the three plugins, each where it is said to run."""
    profile = Profile(Layout(folder / "profile"))
    external = [name for name, isolation in isolations.items() if isolation == "external"]
    found = [wheel(name, PLUGINS[name], folder / "wheels") for name in isolations if name not in external]
    if found:
        profile.install(*found)
    said: list[tuple[str, str]] = []
    languages: dict[str | None, str] = {}

    def make_api(plugin: str, check: Check) -> ChatApi:
        return cast("ChatApi", Lobby(plugin, check, said))  # of the protocol, what the probe uses

    host = profile.host(api=make_api, language_of=languages.get, external=External() if external else None)
    made = Stage(profile, host, said, isolations, languages)
    keys = {name: known(profile, name) for name in external}
    for name in isolations:
        made.enable(name)
    async with stopped(host), programs(profile.layout, keys):
        for name, isolation in isolations.items():
            await host.plugins.wait_for(name, timeout_seconds=20)
            assert host.plugins.record(name).placement.own_process == (isolation != "inline")
        yield made


@asynccontextmanager
async def stopped(host: Host) -> AsyncIterator[None]:
    """A host that runs, and is stopped in the end."""
    await host.start()
    try:
        yield
    finally:
        await host.stop()


def known(profile: Profile, name: str) -> str:
    """Let the profile know a plugin as an external one; return its key."""
    text = (HERE / name / f"chat_{name}" / "plugin.toml").read_text(encoding="utf-8")
    key = new_key(name, by="test")
    changes = {**external_record(external_candidate(name, text), text), key.key.state_key: key.key.to_mapping()}
    profile.state.change(changes, by="test")
    return key.text


@asynccontextmanager
async def programs(layout: Layout, keys: Mapping[str, str]) -> AsyncIterator[None]:
    """Programs that are the plugins, each with its key; ended in any case."""
    running = []
    for name, key in keys.items():
        (layout.root / f"{name}.key").write_text(key, encoding="ascii")
        command = [sys.executable, "-m", "jackfield.worker", "connect", f"chat_{name}:{PLUGINS[name]}".rstrip(":")]
        command += ["--key-file", str(layout.root / f"{name}.key"), "--port-file", str(layout.plugin_port)]
        command += ["--data", str(layout.root / f"{name}-data")]
        running.append(await asyncio.create_subprocess_exec(*command, cwd=HERE / name, env=clean_environment()))
    try:
        yield
    finally:
        for process in running:
            process.kill()
            await process.wait()


@pytest.fixture
def everything() -> tuple[Permission, ...]:
    return asked_permissions("probe")


@pytest.fixture
def settle() -> Callable[[], object]:
    """Let what was started on the loop run."""

    async def wait() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    return wait
