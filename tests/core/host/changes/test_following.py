"""Whatever happens to the profile, in any order: the running host ends where the rules say it should be."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.host import Host, State
from jackfield.store import Layout

from tests.support.examples import examples
from tests.support.profiles import Profile, hostfile
from tests.support.wheels import build_plugin

CODE = "from jackfield import Plugin\nclass Main(Plugin): VERSION = 'VERSION'\n"
BROKEN = "raise ValueError('broken')\n"
NEEDS = {"top": '[requires]\nmiddle = "^1.0"', "middle": '[requires]\nbottom = "^1.0"\naside = "*?"'}
NAMES = ("top", "middle", "bottom", "aside")
VERSIONS = ("1.0.0", "1.1.0", "2.0.0", "broken")

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("install"), st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VERSIONS))),
        st.tuples(st.just("enable"), st.sets(st.sampled_from(NAMES), min_size=1)),
        st.tuples(st.just("disable"), st.sampled_from(NAMES)),
        st.tuples(st.just("revoke"), st.sampled_from(NAMES)),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> dict[tuple[str, str], Path]:
    folder = tmp_path_factory.mktemp("wheels")
    made = {}
    for name in NAMES:
        for version in VERSIONS:
            broken = version == "broken"
            number = "1.2.0" if broken else version
            code = BROKEN if broken else CODE.replace("VERSION'", f"{number}'")
            made[name, version] = build_plugin(folder, name, number, code=code, more=NEEDS.get(name, ""))
    return made


def play(profile: Profile, wheels: dict[tuple[str, str], Path], step: tuple[str, object]) -> None:
    match step:
        case ("install", dict(chosen)):
            profile.install(*(wheels[name, version] for name, version in sorted(chosen.items())))
        case ("enable", list() | set() | frozenset() | tuple() as names):
            profile.enable(*sorted(names))
        case ("disable", str(name)):
            profile.disable(name)
        case ("revoke", str(name)):
            profile.state.change({f"grants/{name}": None}, by="test")


async def follow(wheels: dict[tuple[str, str], Path], steps: list[tuple[str, object]], folder: Path) -> None:
    profile = Profile(Layout(folder / "profile"))
    host = Host("chat", layout=profile.layout, hostfile=hostfile())
    await host.start()
    for step in steps:
        play(profile, wheels, step)
        await host.reload_changes()
        check(host, profile)
    await host.stop()
    assert not {f"chat_{name}" for name, _ in wheels} & sys.modules.keys()


def check(host: Host, profile: Profile) -> None:
    installed = {pin.id: pin.version for pin in profile.store.active().pins}
    states = {status.id: status for status in host.plugins}
    assert set(states) == set(installed)
    for name, status in states.items():
        wished = bool(profile.state.get(f"wish/{name}"))
        granted = profile.state.get(f"grants/{name}") is not None
        broken = installed[name] == "1.2.0"
        needs = {"top": "middle", "middle": "bottom"}.get(name)
        fulfilled = needs is None or (
            needs in states and states[needs].state is State.ACTIVE and installed[needs].startswith("1.")
        )
        assert status.version == installed[name]
        if not wished:
            assert status.state in (State.FOUND, State.IDLE)
        elif not granted or not fulfilled:
            assert status.state is State.BLOCKED, status
            assert status.problem
        elif broken:
            assert status.state is State.FAILED
            assert "broken" in status.error
        else:
            assert status.state is State.ACTIVE, status
            loaded = host.plugins.record(name).loaded
            assert loaded is not None
            assert installed[name] == loaded.target.VERSION  # type: ignore[attr-defined]  # its own attribute
        if not status.state.runs_code:
            assert f"chat_{name}" not in sys.modules or status.state is State.FAILED


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_the_running_host_follows_every_change(wheels, steps):
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        runner.run(follow(wheels, steps, Path(folder)))
