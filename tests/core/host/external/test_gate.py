"""Who is not let in, and what it is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from jackfield.errors import UsageError
from jackfield.isolation import External
from jackfield.store import Layout

from tests.support.guests import SEND, House, manifest, open_house, status
from tests.support.profiles import Profile
from tests.support.wheels import build_plugin

READ = SEND.replace('"send"', '"read"')


@pytest.mark.slow
@pytest.mark.feature("J8")
async def test_who_shows_no_key_that_is_known_is_told_so(tmp_path: Path):
    async with open_house(tmp_path) as house:
        key = house.know()
        assert "invalid key" in await house.refusal(key[:-1])
        assert "invalid key" in await house.refusal("")


@pytest.mark.feature("J9")
async def test_a_plugin_that_is_installed_cannot_be_somebody_else(tmp_path: Path):
    house = House(tmp_path)
    house.profile.install(build_plugin(tmp_path, "echo", "1.0.0", isolation="inline"))
    house.profile.enable("echo")
    key = house.know()
    await house.host.start()
    try:
        assert "echo is installed" in await house.refusal(key)
        assert status(house.host).origin == "store"
    finally:
        await house.host.stop()


async def test_a_key_that_was_revoked_lets_nobody_in(tmp_path: Path):
    async with open_house(tmp_path) as house:
        key = house.know()
        house.profile.state.change({f"keys/{key.split('_')[1]}": None}, by="test")
        assert "invalid key" in await house.refusal(key)


async def test_one_that_was_disabled_is_told_and_stays_listed(tmp_path: Path):
    async with open_house(tmp_path) as house:
        key = house.know()
        house.profile.disable("echo")
        assert "echo is disabled" in await house.refusal(key)
        await house.host.reload_changes()
        assert (status(house.host).state, status(house.host).enabled) == ("found", False)


async def test_one_that_was_never_let_in_is_listed_and_said_to_be_missing(tmp_path: Path):
    async with open_house(tmp_path) as house:
        house.know()
        await house.host.reload_changes()
        found = status(house.host)
        assert (found.origin, found.isolation, found.state, found.enabled) == ("external", "external", "found", True)
        assert found.note == "is not connected"


async def test_a_manifest_that_asks_for_more_than_was_granted_is_blocked_with_the_sentence(tmp_path: Path):
    async with open_house(tmp_path) as house:
        key = house.know(text=manifest())
        told = await house.refusal(key, manifest=manifest(version="1.1.0", more=SEND))
        assert "echo asks for consent to more: messages:send" in told
        assert "jackfield enable echo" in told
        assert status(house.host).state == "blocked"
        assert "asks for consent to more" in status(house.host).problem
        assert "asks for consent to more" in await house.refusal(key), "also where it tells no manifest any more"


async def test_more_permissions_under_the_version_that_was_read_are_not_slipped_in(tmp_path: Path):
    async with open_house(tmp_path) as house:
        key = house.know(text=manifest(more=SEND))
        told = await house.refusal(key, manifest=manifest(more=SEND + READ))
        assert "asks for more than before, in the same version: messages:read" in told
        assert "read" not in house.profile.state.get("external/echo")["manifest"]
        without = house.know("dice")
        assert "in the same version" in await house.refusal(without, manifest='schema = 1\nid = "dice"\n' + SEND)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("schema = [", "tells a manifest that cannot be taken"),
        (manifest("dice"), "the manifest's id is dice"),
        (manifest(version="1.1.0", more='[host]\ngame = "*"\n'), "is made for game, not for chat"),
        (
            manifest(version="1.1.0", more='[requires]\nweather = "*?"\n'),
            "requires more plugins than are known: weather",
        ),
    ],
)
async def test_what_is_wrong_with_a_manifest_is_told(tmp_path: Path, text, told):
    async with open_house(tmp_path) as house:
        assert told in await house.refusal(house.know(text=manifest()), manifest=text)


async def test_what_it_requires_is_what_its_user_has_read(tmp_path: Path):
    """It would call the services of whatever it names, and hear its events, without a permission for either."""
    requires = '[requires]\nweather = "*?"\n'
    async with open_house(tmp_path) as house:
        key = house.know(text=manifest(more=requires + SEND))
        assert "needs weather" not in (
            await house.refusal(key, manifest=manifest(version="1.1.0", more=requires + READ))
        )
        more = manifest(version="1.2.0", more='[requires]\nweather = "*?"\npoll = "*"\n')
        told = await house.refusal(key, manifest=more)
        assert "requires more plugins than are known: poll (jackfield keys new echo --manifest FILE)" in told
        assert "poll" not in house.profile.state.get("external/echo")["manifest"]
        missing = house.know("dice", text=manifest("dice", more='[requires]\npoll = "*"\n'))
        assert "needs poll, which is missing" in await house.refusal(missing)


async def test_in_safe_mode_nobody_is_let_in(tmp_path: Path):
    async with open_house(tmp_path, safe=True) as house:
        assert "echo is not started: safe mode" in await house.refusal(house.know())


async def test_a_host_that_does_not_say_where_forgets_the_port_of_one_that_died(tmp_path: Path):
    profile = Profile(Layout(tmp_path / "profile"))
    port = profile.layout.plugin_port
    port.parent.mkdir(parents=True)
    port.write_text("1234\n", encoding="ascii")
    host = profile.host()
    await host.start()
    try:
        assert not port.exists()
    finally:
        await host.stop()


async def test_a_host_that_does_not_say_where_listens_nowhere(tmp_path: Path):
    house = House(tmp_path)
    host = house.profile.host()
    await host.start()
    try:
        assert host.gate.port is None
        assert not house.profile.layout.plugin_port.exists()
        assert not house.profile.layout.plugin_socket.exists()
    finally:
        await host.stop()


@pytest.mark.slow
async def test_whoever_has_a_key_cannot_fill_the_state_with_manifests(tmp_path: Path):
    async with open_house(tmp_path) as house:
        key = house.know(text=manifest())
        house.profile.disable("echo")  # so that each is refused, after its manifest was taken up
        told = [await house.refusal(key, manifest=manifest(version=f"1.{number}.0")) for number in range(1, 23)]
        assert ["too often" in one for one in told] == [False] * 20 + [True] * 2
        assert "1.20.0" in house.profile.state.get("external/echo")["manifest"]


@pytest.mark.slow
async def test_whoever_has_a_key_cannot_keep_the_host_busy_with_letting_it_in(tmp_path: Path):
    async with open_house(tmp_path) as house:
        key = house.know()
        house.profile.disable("echo")
        told = await asyncio.gather(*(house.refusal(key) for _ in range(10)))
        assert sum("echo is disabled" in one for one in told) == 4
        assert sum("is connecting already" in one for one in told) == 6


async def test_a_certificate_that_is_none_is_said_before_any_plugin_runs(tmp_path: Path):
    profile = Profile(Layout(tmp_path / "profile"))
    profile.install(build_plugin(tmp_path, "cat"))
    profile.enable("cat")
    host = profile.host(external=External(certificate=tmp_path / "none.pem"))
    with pytest.raises(UsageError, match=r"none\.pem cannot be read"):
        await host.start()
    assert host.plugins.records() == {}
    await host.stop()
