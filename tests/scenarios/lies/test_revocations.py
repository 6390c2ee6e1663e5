"""What was revoked is hidden from a user, or shown as it once was: they are told, and what is revoked never comes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jackfield.errors import MarketError, PluginError
from jackfield.manifest import RevocationList

from tests.support.deceived import Deceived
from tests.support.mirror import Answer, signed_by, stolen

pytestmark = [pytest.mark.slow, pytest.mark.feature("C36")]

LIST = ".revocations.json"


def current(user: Deceived) -> tuple[int, str]:
    """The version of the list's role, and where the list itself is."""
    number = user.mirror.metadata("timestamp")["signed"]["meta"]["snapshot.json"]["version"]
    version: int = user.mirror.metadata("snapshot", number)["signed"]["meta"]["revocations.json"]["version"]
    targets = user.mirror.metadata("revocations", version)["signed"]["targets"]
    sha256 = targets["revocations.json"]["hashes"]["sha256"] if targets else ""
    return version, f"/tuf/targets/{sha256}.revocations.json"


@pytest.fixture
def revoke(user: Deceived) -> Iterator[Callable[[], None]]:
    """Publish the update, and revoke it a moment later; other tests' plugins, which hold the same code, are left."""
    numbers: list[str] = []

    def do() -> None:
        user.update()
        words = ("--reason", "It reads mail.", "--severity", "critical", "--only-this")
        said = user.market.run("revoke", user.id, "==1.1.0", *words)
        numbers.append(said.partition(":")[0].rpartition(" ")[2])

    yield do
    for number in numbers:
        user.market.run("unrevoke", number)


async def test_without_a_lie_it_is_refused_with_the_reason(user, revoke):
    revoke()
    said = await user.refused("none: an honest list of revocations", PluginError)
    assert "was revoked by" in said
    assert "It reads mail" in said


async def test_without_the_revocation_it_comes(user):
    user.update()
    await user.install()
    assert user.installed() == {user.id: "1.1.0"}


async def test_the_list_of_yesterday(user, revoke):
    version, _ = current(user)
    old = user.mirror.honest(f"/tuf/{version}.revocations.json")
    revoke()
    user.mirror.lie(f"{current(user)[0]}.revocations.json", old)
    assert "says less than it did before" in await user.refused("rollback: yesterday's list of revocations")


async def test_the_list_is_withheld(user, revoke):
    revoke()
    user.mirror.lie(current(user)[1], Answer(404, b""))
    said = await user.refused("the list of revocations is withheld")
    assert "does not show the list of revocations that it signed" in said


async def test_the_role_of_the_list_is_withheld(user, revoke):
    revoke()
    user.mirror.lie(f"{current(user)[0]}.revocations.json", Answer(404, b""))
    assert "does not have metadata that it signed" in await user.refused("the list's metadata is withheld")


async def test_an_empty_list_that_nobody_signed(user, revoke):
    revoke()
    user.mirror.lie(current(user)[1], Answer(200, RevocationList().to_bytes()))
    said = await user.refused("an empty list of revocations that nobody signed")
    assert "does not show the list of revocations that it signed" in said


async def test_a_list_that_another_key_signed(user, revoke):
    revoke()
    version, _ = current(user)
    signed: dict[str, Any] = user.mirror.metadata("revocations", version)["signed"]
    signed["targets"] = {}
    user.mirror.lie(f"{version}.revocations.json", Answer(200, signed_by(stolen(user.market.data, "snapshot"), signed)))
    said = await user.refused("a list that a stolen key of another role signed")
    assert "is not signed by the keys that it is known by" in said


async def test_a_snapshot_that_knows_no_list(user, revoke):
    revoke()
    number = user.mirror.metadata("timestamp")["signed"]["meta"]["snapshot.json"]["version"]

    def without(signed: dict[str, Any]) -> None:
        signed["version"] += 1
        del signed["meta"]["revocations.json"]

    def newer(signed: dict[str, Any]) -> None:
        signed["version"] += 1
        signed["meta"]["snapshot.json"]["version"] = number + 1

    user.mirror.lie(f"/tuf/{number + 1}.snapshot.json", Answer(200, user.sign("snapshot", without, version=number)))
    user.mirror.lie("/tuf/timestamp.json", Answer(200, user.sign("timestamp", newer)))
    await user.refused("stolen snapshot and timestamp keys: a snapshot without the list")


async def test_a_list_without_end(user, revoke):
    revoke()
    user.mirror.lie(current(user)[1], Answer(200, b"", endless=True))
    assert "answers more than" in await user.refused("endless data as a list of revocations", MarketError)


async def test_a_refusal_hides_nothing_that_was_known_before(user, revoke):
    """Who was told once refuses the version from then on, though nobody can be asked any more."""
    revoke()
    await user.refused("none: a list that was read once", PluginError)
    user.mirror.lie(LIST, Answer(404, b""))
    user.mirror.lie("/tuf/timestamp.json", Answer(503, b""))
    trust = next((user.folder / "profile" / "trust").glob("*/revoked.json"))
    entries = json.loads(json.loads(trust.read_text())["document"])["revocations"]
    mine = [one for one in entries if one.get("plugin") == user.id]
    assert [one["versions"] for one in mine] == ["==1.1.0"]
    wheel = user.market.wheels / f"chat_{user.id}-1.1.0-py3-none-any.whl"
    with pytest.raises(PluginError, match="It reads mail"):
        await user.management.plan_install([str(wheel)])
