"""The room of the contract suite: a host with three plugins, in every isolation that there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from jackfield.host import Host
from jackfield.permissions import Permission
from jackfield.store import Layout

from tests.support.contract_plugins import Lobby, asked_permissions, wheel
from tests.support.profiles import Profile
from tests.support.speakers import Speaker

ISOLATIONS = ["inline"]
"""Where the same suite runs; `worker` and `external` join with isolation."""


@dataclass
class Stage:
    """A running host with the probe, its peer, and the friend that it requires."""

    profile: Profile
    host: Host
    said: list[tuple[str, str]]
    languages: dict[str | None, str] = field(default_factory=dict)

    async def ask(self, text: str) -> str:
        """Give a command and return its one answer."""
        speaker = Speaker()
        assert await self.host.commands.dispatch(text, speaker), f"nobody has the command {text}"
        assert len(speaker.answers) == 1, speaker.answers
        return speaker.answers[0]

    async def grant(self, permissions: Iterable[Permission]) -> None:
        """Grant the probe exactly these, from now on."""
        self.profile.enable("probe", permissions=permissions)
        await self.host.reload_changes()


@pytest.fixture(params=ISOLATIONS)
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    profile = Profile(Layout(tmp_path / "profile"))
    folder = tmp_path / "wheels"
    profile.install(wheel("probe", "Probe", folder), wheel("peer", "", folder), wheel("friend", "", folder))
    profile.enable("probe", "peer", "friend")
    said: list[tuple[str, str]] = []
    languages: dict[str | None, str] = {}
    host = profile.host(api=lambda plugin, check: Lobby(plugin, check, said), language_of=languages.get)
    await host.start()
    await host.plugins.wait_for("probe", timeout_seconds=5)
    await host.plugins.wait_for("peer", timeout_seconds=5)
    yield Stage(profile, host, said, languages)
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
