"""Keys that were stolen, keys that were replaced, and another marketplace's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jackfield.errors import ConsentRequired, PluginError, SignatureMissing, WheelError
from jackfield.inspection import make_publisher_key
from jackfield.permissions import key_in_words

from tests.support.deceived import EVIL, TABLE
from tests.support.mirror import Answer, Mirror

JSON = "application/vnd.pypi.simple.v1+json"

pytestmark = [pytest.mark.slow, pytest.mark.feature("C36")]


async def test_stolen_timestamp_and_snapshot_keys(user, tmp_path):
    """The thief can say that there is something new, and still has no bin that is signed."""
    user.update()
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
    user.update()
    assert "says less than it did before" in await user.refused("fast-forward with both keys, before they are replaced")
    user.market.run("keys", "rotate", "timestamp")
    user.market.run("keys", "rotate", "snapshot")
    await user.install()
    assert user.installed() == {user.id: "1.1.0"}
    TABLE["fast-forward, after `keys rotate timestamp`, `snapshot`"] = "nothing: the update comes"


async def test_what_a_stolen_bins_key_signed_is_forgotten_once_it_is_replaced(user):
    """A thief of all online keys shows a list in which nothing is revoked, under the number that new keys will give."""
    user.update()
    words = ("--reason", "It reads mail.", "--severity", "critical", "--only-this")
    said = user.market.run("revoke", user.id, "==1.1.0", *words)
    snapshot = user.mirror.metadata("timestamp")["signed"]["meta"]["snapshot.json"]["version"]
    held = user.mirror.metadata("snapshot", snapshot)["signed"]["meta"]["revocations.json"]["version"]
    empty = user.sign("revocations", lambda signed: signed.update(version=held + 1, targets={}), version=held)

    def in_snapshot(signed):
        signed["version"] = snapshot + 1
        signed["meta"]["revocations.json"]["version"] = held + 1

    def in_timestamp(signed):
        signed.update(version=signed["version"] + 1, meta={"snapshot.json": {"version": snapshot + 1}})

    user.mirror.lie(f"/tuf/{held + 1}.revocations.json", Answer(200, empty))
    forged = user.sign("snapshot", in_snapshot, version=snapshot)
    user.mirror.lie(f"/tuf/{snapshot + 1}.snapshot.json", Answer(200, forged))
    user.mirror.lie("/tuf/timestamp.json", Answer(200, user.sign("timestamp", in_timestamp)))
    assert await user.management.check_revocations() == {}  # the thief is believed
    user.mirror.lies.clear()
    for role in ("timestamp", "snapshot", "bins"):
        user.market.run("keys", "rotate", role)
    assert await user.management.check_revocations() == {}
    (known,) = user.management.revoked.of_name(user.id)
    assert known.revocation.versions == "==1.1.0"
    told = await user.refused("what a thief of all online keys signed, once they are replaced", PluginError)
    assert "It reads mail" in told
    user.market.run("unrevoke", said.partition(":")[0].rpartition(" ")[2])


async def test_every_key_may_be_replaced_between_two_visits(user):
    for role in ("root", "targets", "bins", "snapshot", "timestamp", "root"):
        user.market.run("keys", "rotate", role)
    user.update()
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
    second.publish(user.id, "1.1.0", code=EVIL)
    user.mirror.behind = second.url
    said = await user.refused("another marketplace at the same address")
    assert "is not signed by the keys that it is known by" in said


async def test_stolen_bins_key_against_a_plugin_that_its_publisher_did_not_sign(user):
    """Against it nothing helps but a publisher's key: the marketplace's own keys have spoken."""
    user.forge(user.id)
    await user.install()
    assert user.installed() == {user.id: "1.1.0"}
    TABLE["stolen bins, snapshot and timestamp keys, a name without a publisher's key"] = "nothing: it is installed"


@pytest.mark.parametrize("called", ["alice", "alice, key KEY"])
async def test_stolen_bins_key_against_a_publishers_key(user, tmp_path, called):
    """Whoever holds all online keys can publish in a name; a user who pinned its publisher's key is asked first."""
    key = key_in_words(make_publisher_key(tmp_path / "alice.pem"))
    user.market.publish(user.other, "1.0.0", key=tmp_path / "alice.pem")
    await user.install(user.other)
    user.forge(user.other)
    said = called.replace("KEY", key)
    user.mirror.lie(f"/plugins/{user.other}", renamed(said))
    before, files, management = user.installed(), user.files(), user.management
    plan = await management.plan_update([user.other])
    with pytest.raises(ConsentRequired):
        await management.apply(plan, accept_permissions=False, by="tester")
    assert (user.installed(), user.files()) == (before, files)
    (growth,) = plan.consent[0].growth.entries
    assert f"without a key, before by alice, key {key}" in growth.detail
    (check,) = await management.check_updates([user.other])
    assert [one.kind for one in check.growth.entries] == ["publisher"]
    attack = "and a publisher called like the key" if called != "alice" else "against a pinned publisher's key"
    TABLE[f"stolen bins, snapshot and timestamp keys, {attack}"] = f"asks: {growth.detail.replace(key, 'K')}"


async def test_stolen_bins_key_where_publishers_signatures_are_demanded(user):
    user.management.trusted.require("publisher", None, by="tester")
    user.forge(user.id)
    with pytest.raises(SignatureMissing, match=r"1\.1\.0 has no signature of its publisher") as told:
        await user.install()
    assert user.installed() == {user.id: "1.0.0"}
    sentence = str(told.value).replace(user.mirror.url, "MARKET").replace(user.id, "poll")
    TABLE["stolen bins, snapshot and timestamp keys, signatures demanded"] = sentence


async def test_another_publishers_signature_is_moved_to_a_forged_wheel(user, tmp_path):
    """The envelope of an honest version says which file it is for."""
    key = tmp_path / "alice.pem"
    make_publisher_key(key)
    user.market.publish(user.other, "1.0.0", key=key)
    await user.install(user.other)
    page = json.loads(user.mirror.honest(f"/simple/chat-{user.other}/", accept=JSON).body)
    envelope = user.mirror.honest(page["files"][0]["url"].replace("../..", "") + ".attestation").body
    user.forge(user.other, attestation=envelope)
    with pytest.raises(WheelError, match="is another file's"):
        await user.management.plan_update([user.other])
    TABLE["stolen online keys, and an honest signature beside a forged wheel"] = "the signature is another file's"


def renamed(publisher):
    """The honest details with another publisher."""

    def lie(honest: Answer) -> Answer:
        return replace(honest, body=json.dumps(json.loads(honest.body) | {"publisher": publisher}).encode())

    return lie
