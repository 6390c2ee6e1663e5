"""The room of the contract suite: a host with three plugins, in every isolation that there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, cast

import pytest
from jackfield.api import Check
from jackfield.host import Host
from jackfield.permissions import Permission
from jackfield.store import Layout
from jackfield_chat_api import ChatApi

from tests.support.contract_plugins import Lobby, asked_permissions, wheel
from tests.support.profiles import Profile
from tests.support.speakers import Speaker

Isolation: TypeAlias = Literal["inline", "worker"]

ISOLATIONS = ["inline", "worker"]
"""Where the same suite runs."""


@dataclass
class Stage:
    """A running host with the probe, its peer, and the friend that it requires."""

    profile: Profile
    host: Host
    said: list[tuple[str, str]]
    isolation: Isolation = "inline"
    languages: dict[str | None, str] = field(default_factory=dict)

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
        self.profile.enable(plugin, permissions=permissions, isolation=self.isolation)


@pytest.fixture(params=ISOLATIONS)
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    profile = Profile(Layout(tmp_path / "profile"))
    folder = tmp_path / "wheels"
    profile.install(wheel("probe", "Probe", folder), wheel("peer", "", folder), wheel("friend", "", folder))
    isolation: Isolation = request.param
    profile.enable("probe", "peer", "friend", isolation=isolation)
    said: list[tuple[str, str]] = []
    languages: dict[str | None, str] = {}

    def make_api(plugin: str, check: Check) -> ChatApi:
        return cast("ChatApi", Lobby(plugin, check, said))  # of the protocol, what the probe uses

    host = profile.host(api=make_api, language_of=languages.get)
    await host.start()
    await host.plugins.wait_for("probe", timeout_seconds=5)
    await host.plugins.wait_for("peer", timeout_seconds=5)
    in_process = {record.placement.own_process for record in host.plugins.records().values()}
    assert in_process == {isolation != "inline"}
    yield Stage(profile, host, said, isolation, languages)
    await host.stop()


@pytest.fixture
def everything() -> tuple[Permission, ...]:
    return asked_permissions("probe")


@pytest.fixture
def settle() -> Callable[[], object]:
    """Let what was started on the loop run."""
    import asyncio

    async def wait() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    return wait
