"""A marketplace that lies, or somebody on the way to it: one sentence that names it, and nothing installed changes.

Each attack is first shown to work on a client that looks at hashes alone, or would otherwise have changed something, by
the honest update that stands behind it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jackfield.errors import ConsentRequired, JackfieldError, MarketError, ResolutionError, TrustError
from jackfield.inspection import make_publisher_key
from jackfield.management import Management
from jackfield.manifest import bin_of, read_hostfile
from jackfield.store import Layout

from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.mirror import Answer, Mirror, mirror_of, signed_by, stolen
from tests.support.profiles import HOSTFILE
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("C36")]

NUMBERS = itertools.count(1)
TABLE: dict[str, str] = {}


@pytest.fixture(scope="module", autouse=True)
def shown() -> Iterator[None]:
    """The table of attacks, with `pytest -s`."""
    yield
    print(f"\n\n{'attack':<58} what the user reads")
    for attack, sentence in TABLE.items():
        print(f"{attack:<58} {sentence}")


@dataclass
class User:
    """Somebody who installed version 1.0.0 of a plugin of their own through a mirror."""

    market: RunningMarketplace
    mirror: Mirror
    folder: Path
    urls: list[str] = field(default_factory=list)
    id: str = field(default_factory=lambda: f"poll{next(NUMBERS)}")

    @property
    def other(self) -> str:
        """A plugin that they do not have."""
        return f"{self.id}-other"

    @property
    def bin(self) -> str:
        return f"bin-{bin_of(f'chat-{self.id}')}"

    @property
    def management(self) -> Management:
        hostfile = read_hostfile(HOSTFILE, source="host.toml")
        return Management("chat", Layout(self.folder / "profile"), self.urls or [self.mirror.url], hostfile)

    async def install(self, spec: str = "") -> None:
        spec = spec or f"{self.id}==1.1.0"
        management = self.management
        plan = await management.plan_install([spec], upgrade=True)
        await management.apply(plan, accept_permissions=True, by="tester")

    def installed(self) -> dict[str, str]:
        return {row.id: row.version for row in self.management.list()}

    async def refused(self, attack: str, kind: type[JackfieldError] = TrustError, spec: str = "") -> str:
        """Try the update; it must be refused, in a sentence with the mirror's name and something to do."""
        before, files = self.installed(), self.files()
        with pytest.raises(kind) as caught:
            await self.install(spec)
        error = caught.value
        assert self.mirror.url in error.message
        assert "\n" not in error.message
        if kind is not ResolutionError:  # which tells why each version is out, and not what to do about one
            assert error.hint is not None
            assert "nothing was changed" in error.hint or "is it running?" in error.hint
        assert self.installed() == before
        assert self.files() == files
        said = (
            str(error)
            .replace(self.mirror.url, "MARKET")
            .replace(str(self.folder / "profile"), "PROFILE")
            .replace(self.id, "poll")
            .replace(self.bin, "bin-xx")
        )
        TABLE[attack] = said
        return str(error)

    def files(self) -> dict[str, str]:
        """What is installed, as files: the store, the generations, the pointer."""
        root = self.folder / "profile"
        paths = [path for name in ("store", "generations") for path in sorted((root / name).rglob("*"))]
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (*paths, root / "current")
            if path.is_file()
        }

    def sign(self, role: str, change: Callable[[dict[str, Any]], None], *, version: int | None = None) -> bytes:
        """Metadata that a thief of the role's key has changed and signed."""
        signed = self.mirror.metadata(role, version)["signed"]
        change(signed)
        return signed_by(stolen(self.market.data, role if role in ("snapshot", "timestamp") else "bins"), signed)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path_factory.mktemp("market")) as running:
        yield running


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path_factory.mktemp("second")) as running:
        yield running


@pytest.fixture
async def user(market: RunningMarketplace, tmp_path: Path) -> Any:
    with mirror_of(market.url) as mirror:
        user = User(market, mirror, tmp_path)
        market.publish(user.id, "1.0.0")
        await user.install(f"{user.id}==1.0.0")
        assert user.installed() == {user.id: "1.0.0"}
        mirror.asked.clear()
        yield user


def update(user: User) -> None:
    """The honest update that every attack wants to change or to hide."""
    user.market.publish(user.id, "1.1.0")


async def test_without_a_lie_the_update_comes(user):
    update(user)
    await user.install()
    assert user.installed() == {user.id: "1.1.0"}


async def test_rollback(user):
    user.mirror.replay("/tuf/timestamp.json")
    old = user.mirror.lies.pop()
    update(user)
    await user.install()
    user.mirror.lies.append(old)
    assert "says less than it did before" in await user.refused(
        "rollback: yesterday's timestamp", spec=f"{user.id}==1.0.0"
    )


async def test_rollback_of_a_page_alone(user):
    user.mirror.replay(f"/simple/chat-{user.id}/")
    update(user)
    assert "than it signed" in await user.refused("rollback: yesterday's project page")


async def test_freeze(user):
    update(user)
    past = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    frozen = user.sign("timestamp", lambda signed: signed.update(expires=past))
    user.mirror.lie("/tuf/timestamp.json", Answer(200, frozen))
    said = await user.refused("freeze: the timestamp of the day before yesterday, for ever")
    assert "has signed nothing new for too long" in said


async def test_mix_and_match(user):
    number = user.mirror.metadata("timestamp")["signed"]["meta"]["snapshot.json"]["version"]
    version = user.mirror.metadata("snapshot", number)["signed"]["meta"][f"{user.bin}.json"]["version"]
    old = user.mirror.honest(f"/tuf/{version}.{user.bin}.json")
    update(user)
    user.mirror.lie(f".{user.bin}.json", old)
    assert "says less than it did before" in await user.refused("mix-and-match: an old bin under a new snapshot")


async def test_endless_data(user):
    update(user)
    user.mirror.lie("/tuf/timestamp.json", Answer(200, b"", endless=True))
    assert "answers more than 16 KiB" in await user.refused("endless data as a timestamp", MarketError)


async def test_endless_data_in_a_bin(user):
    update(user)
    user.mirror.lie(f".{user.bin}.json", Answer(200, b"", endless=True))
    assert "answers more than 4 MiB" in await user.refused("endless data as a bin", MarketError)


async def test_slow_drip(user):
    update(user)
    user.mirror.lie("/tuf/timestamp.json", Answer(200, b"", dripping=True))
    assert "did not answer within 10 s" in await user.refused("slow drip: ten bytes a second", MarketError)


async def test_unsigned(user):
    update(user)
    user.mirror.lies.append(lambda path, _: Answer(404, b"") if path.startswith("/tuf/") else None)
    said = await user.refused("unsigned: signed once, and no more")
    assert "signed what it offers, and does no more" in said


@pytest.mark.parametrize("ending", ["/tuf/timestamp.json", ".snapshot.json", ".BIN.json"])
async def test_without_signatures(user, ending):
    def bare(honest: Answer) -> Answer:
        return replace(honest, body=json.dumps(json.loads(honest.body) | {"signatures": []}).encode())

    update(user)
    user.mirror.lie(ending.replace("BIN", user.bin), bare)
    said = await user.refused(f"no signatures in …{ending}")
    assert "is not signed by the keys that it is known by" in said


async def test_an_unsigned_name(user):
    def renamed(path: str, **headers: str) -> Answer:
        honest: Answer = user.mirror.honest(path, **headers)
        return replace(honest, body=honest.body.replace(user.id.encode(), user.other.encode()))

    page = f"/simple/chat-{user.id}/"
    user.mirror.lie(f"/simple/chat-{user.other}/", renamed(page, accept="application/vnd.pypi.simple.v1+json"))
    for ending in ("", "/latest"):
        user.mirror.lie(f"/plugins/{user.other}{ending}", renamed(f"/plugins/{user.id}{ending}"))
    said = await user.refused("unsigned name: a project that was never signed", spec=user.other)
    assert "which it did not sign" in said


async def test_wrong_hash(user):
    update(user)
    user.mirror.lie("1.1.0-py3-none-any.whl", lambda honest: replace(honest, body=honest.body[:-1] + b"x"))
    assert "the index promised" in await user.refused("wrong hash: one byte of the wheel", MarketError)


async def test_wrong_hash_with_a_page_to_match(user, tmp_path):
    update(user)
    evil = build_plugin(tmp_path / "evil", user.id, "1.1.0", code="raise SystemExit('evil')\n")
    digest = hashlib.sha256(evil.read_bytes()).hexdigest()

    def changed(honest: Answer) -> Answer:
        page = json.loads(honest.body)
        for entry in page["files"]:
            if entry["filename"] == evil.name:
                entry |= {"hashes": {"sha256": digest}, "size": evil.stat().st_size}
                entry["url"] = f"../../files/{digest}/{evil.name}"
        return replace(honest, body=json.dumps(page).encode())

    user.mirror.lie(f"/simple/chat-{user.id}/", changed)
    user.mirror.lie(evil.name, Answer(200, evil.read_bytes()))
    said = await user.refused("wrong hash: an evil wheel, and a page that promises it")
    assert "than it signed" in said


@pytest.mark.parametrize(("what", "grown"), [("longer", 1), ("shorter", -1)])
async def test_wrong_size(user, what, grown):
    def resized(honest: Answer) -> Answer:
        return replace(honest, body=honest.body + b"x" if grown > 0 else honest.body[:-1])

    update(user)
    user.mirror.lie("1.1.0-py3-none-any.whl", resized)
    said = await user.refused(f"wrong size: the wheel is {what}", MarketError)
    assert re.search(r"sends more than the \d+ bytes|ended after \d+ of \d+ bytes", said)


async def test_a_changed_manifest(user):
    update(user)
    user.mirror.lie("1.1.0-py3-none-any.whl.plugin.toml", lambda honest: replace(honest, body=honest.body + b"\n"))
    said = await user.refused("another manifest beside the wheel", ResolutionError)
    assert "serves other bytes than its index promised for" in said


async def test_stolen_timestamp_and_snapshot_keys(user, tmp_path):
    """The thief can say that there is something new, and still has no bin that is signed."""
    update(user)
    number = user.mirror.metadata("timestamp")["signed"]["meta"]["snapshot.json"]["version"]
    version = user.mirror.metadata("snapshot", number)["signed"]["meta"][f"{user.bin}.json"]["version"] + 1
    forged = user.mirror.metadata(user.bin, version - 1)
    forged["signed"] |= {"version": version}
    snapshot = user.sign(
        "snapshot",
        lambda signed: (signed.update(version=number + 1), signed["meta"][f"{user.bin}.json"].update(version=version)),
        version=number,
    )
    timestamp = user.sign(
        "timestamp",
        lambda signed: signed.update(version=signed["version"] + 1, meta={"snapshot.json": {"version": number + 1}}),
    )
    user.mirror.lie("/tuf/timestamp.json", Answer(200, timestamp))
    user.mirror.lie(f"/tuf/{number + 1}.snapshot.json", Answer(200, snapshot))
    user.mirror.lie(f"/tuf/{version}.{user.bin}.json", Answer(200, json.dumps(forged).encode()))
    said = await user.refused("stolen timestamp and snapshot keys: a forged bin")
    assert "is not signed by the keys that it is known by" in said


async def test_stolen_keys_are_replaced_and_clients_recover(user):
    """With both keys a thief jumps ahead in version, so that nothing honest looks new: new keys end that."""
    number = user.mirror.metadata("timestamp")["signed"]["meta"]["snapshot.json"]["version"]
    snapshot = user.sign("snapshot", lambda signed: signed.update(version=10**6), version=number)
    timestamp = user.sign(
        "timestamp", lambda signed: signed.update(version=10**6, meta={"snapshot.json": {"version": 10**6}})
    )
    user.mirror.lie("/tuf/timestamp.json", Answer(200, timestamp))
    user.mirror.lie("/tuf/1000000.snapshot.json", Answer(200, snapshot))
    await user.install(f"{user.id}==1.0.0")  # the thief is believed: nothing is new
    user.mirror.lies.clear()
    update(user)
    assert "says less than it did before" in await user.refused("fast-forward with both keys, before they are replaced")
    user.market.run("keys", "rotate", "timestamp")
    user.market.run("keys", "rotate", "snapshot")
    await user.install()
    assert user.installed() == {user.id: "1.1.0"}
    TABLE["fast-forward, after `keys rotate timestamp`, `snapshot`"] = "nothing: the update comes"


async def test_every_key_may_be_replaced_between_two_visits(user):
    for role in ("root", "targets", "bins", "snapshot", "timestamp", "root"):
        user.market.run("keys", "rotate", role)
    update(user)
    await user.install()
    assert user.installed() == {user.id: "1.1.0"}


async def test_a_root_that_the_old_one_did_not_sign(user, second):
    """Another marketplace, whose root says that it comes after the one that is known."""
    root = Mirror(second.url, second.url).metadata("1.root")
    known = user.mirror.metadata("root")["signed"]["version"]
    root["signed"]["version"] = known + 1
    user.mirror.lie(f"/tuf/{known + 1}.root.json", Answer(200, json.dumps(root).encode()))
    user.mirror.behind = second.url
    said = await user.refused("another marketplace, with a root of its own, in its place")
    assert "is not signed by the keys that it is known by" in said


async def test_another_marketplace_at_the_same_address(user, second):
    second.publish(user.id, "1.1.0", code="raise SystemExit('evil')\n")
    user.mirror.behind = second.url
    said = await user.refused("another marketplace at the same address")
    assert "is not signed by the keys that it is known by" in said


async def test_name_shadowing_by_a_second_index(user, second):
    second.publish(user.other, "9.0.0", code="raise SystemExit('evil')\n")
    second.publish(user.id, "9.0.0", code="raise SystemExit('evil')\n")
    user.urls = [user.mirror.url, second.url]
    user.market.publish(user.other, "1.0.0")
    await user.install(user.other)
    await user.install(user.id)
    assert user.installed() == {user.id: "1.0.0", user.other: "1.0.0"}
    TABLE["name shadowing: a second index with higher versions"] = "nothing: the first that holds a name is its source"


async def test_a_name_is_hidden_so_that_a_second_index_may_take_it(user, second):
    user.market.publish(user.other, "1.0.0")
    second.publish(user.other, "9.0.0", code="raise SystemExit('evil')\n")
    user.urls = [user.mirror.url, second.url]
    user.mirror.lie(f"/simple/chat-{user.other}/", Answer(404, b""))
    said = await user.refused("name shadowing: the first index is made to say that it has none", spec=user.other)
    assert f"signed a page of chat-{user.other}, and says that it has no such project" in said


async def test_a_name_is_sent_to_another_index(user):
    user.market.publish(user.other, "1.0.0")
    upstream = f"{user.mirror.url}/evil/"
    elsewhere = {"location": f"{upstream}chat-{user.other}/", "jackfield-upstream": upstream}
    user.mirror.lie(f"/simple/chat-{user.other}/", Answer(302, b"", elsewhere))
    said = await user.refused("a name that is held, sent on to an upstream", spec=user.other)
    assert f"signed a page of chat-{user.other}, and sends us to another index for it" in said


@pytest.mark.parametrize("ending", ["/tuf/timestamp.json", ".BIN.json", "1.1.0-py3-none-any.whl"])
async def test_redirect_to_another_host(user, ending):
    update(user)
    user.mirror.lie(ending.replace("BIN", user.bin), Answer(302, b"", {"location": "http://127.0.0.1:9/evil"}))
    said = await user.refused(f"redirect of …{ending} to another host", MarketError)
    assert "redirects to http://127.0.0.1:9/evil" in said


async def test_captive_portal(user):
    update(user)
    user.mirror.lies.append(lambda *_: Answer(200, b"<html>please sign in</html>", {"content-type": "text/html"}))
    with pytest.raises(MarketError):
        await user.install()
    user.mirror.lies.clear()
    portal = Answer(200, b"<html>please sign in</html>", {"content-type": "text/html"})
    user.mirror.lies.append(lambda path, _: portal if path.startswith("/tuf/") else None)
    said = await user.refused("captive portal: its page for everything")
    assert "answers with something that is no signed metadata" in said


async def test_after_every_refusal_an_honest_answer_is_believed_again(user):
    update(user)
    portal = Answer(200, b"<html>please sign in</html>", {"content-type": "text/html"})
    user.mirror.lies.append(lambda path, _: portal if path.startswith("/tuf/") else None)
    await user.refused("captive portal, and then none")
    user.mirror.lies.clear()
    await user.install()
    assert user.installed() == {user.id: "1.1.0"}


async def test_stolen_bins_key_against_a_publishers_key(user, tmp_path):
    """Whoever holds the server can publish in a name; a user who pinned its publisher's key is asked first."""
    make_publisher_key(tmp_path / "alice.pem")
    user.market.publish(user.other, "1.0.0", key=tmp_path / "alice.pem")
    await user.install(user.other)
    user.market.publish(user.other, "1.1.0", code="raise SystemExit('evil')\n")  # signed by the marketplace alone
    before, files, management = user.installed(), user.files(), user.management
    plan = await management.plan_update([user.other])
    with pytest.raises(ConsentRequired):
        await management.apply(plan, accept_permissions=False, by="tester")
    assert (user.installed(), user.files()) == (before, files)
    (growth,) = plan.consent[0].growth.entries
    TABLE["stolen bins key, a name whose publisher's key is pinned"] = f"asks: {growth.detail}"
