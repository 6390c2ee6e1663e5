"""A bundle cannot lie: where its files come from is what their marketplace signed, verified without network."""

from __future__ import annotations

import asyncio
import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jackfield.errors import PluginError, TrustError, UsageError, WheelError
from jackfield.management import Management, opened
from jackfield.manifest import HostFile
from jackfield.market import verified
from jackfield.revocation import Lists
from jackfield.store import Layout

from tests.core.management.story import SEND, installed
from tests.support.bundles import parts_of, rewritten
from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("C45", "U8")]

Elsewhere = Callable[..., Management]


@pytest.fixture
def elsewhere(tmp_path: Path, hostfile: HostFile) -> Elsewhere:
    def make(*urls: str) -> Management:
        return Management("chat", Layout(tmp_path / "elsewhere"), urls, hostfile)

    return make


async def synced(management: Management, bundle: Path) -> tuple[str, ...]:
    with opened(bundle) as (lock, local):
        plan = await management.plan_sync(lock, local)
        await management.apply(plan, accept_permissions=True, by="tester")
        return plan.notes


async def know(management: Management) -> None:
    """Have the marketplace met, as by any installation from it."""
    await management.plan_install(["sealed"])


async def test_without_network_it_is_verified_and_a_first_meeting_is_said(market, elsewhere, bundle):
    notes = await synced(elsewhere(), bundle)
    (said,) = [note for note in notes if note.startswith("the bundle holds what")]
    assert f"the bundle holds what {market.url} signed until " in said
    assert "it is met here for the first time, by the root " in said
    assert [(row.id, row.source) for row in elsewhere().list()] == [("sealed", market.url)]


async def test_a_bundle_without_proof_says_so_when_it_is_made(market, elsewhere, bundle, tmp_path):
    """What came by a bundle came without what proves it: the next bundle has to find that out in time."""
    there = elsewhere(market.url)
    await synced(there, bundle)
    _, _, notes = await there.bundle(tmp_path / "second.bundle")
    assert notes == [f"nothing that {market.url} signed is known here, so elsewhere nobody vouches for it"]
    await know(there)
    _, _, notes = await there.bundle(tmp_path / "third.bundle")
    assert notes == []


async def test_where_the_marketplace_is_known_its_own_root_counts(market, elsewhere, bundle):
    await know(elsewhere(market.url))
    (said,) = [note for note in await synced(elsewhere(), bundle) if note.startswith("the bundle holds")]
    assert "first time" not in said


async def test_another_file_under_a_signed_name_is_refused(market, elsewhere, bundle, tmp_path):
    evil = build_plugin(tmp_path / "evil", "sealed", permissions=SEND, code="print('stolen')\n").read_bytes()
    with opened(bundle) as (lock, _local):
        (pin,) = (one for one in lock.sets[0].pins if one.id == "sealed")
    digest = hashlib.sha256(evil).hexdigest().encode()

    def change(name: str, content: bytes) -> bytes:
        if name.endswith("chat_sealed-1.0.0-py3-none-any.whl"):
            return evil
        size = f"size = {len(evil)}".encode()
        content = content.replace(f"size = {pin.file.size}".encode(), size) if name == "jackfield.lock" else content
        return content.replace(pin.file.sha256.encode(), digest) if name == "jackfield.lock" else content

    forged = rewritten(bundle, change)
    moved = bundle.with_name("moved.bundle")
    with zipfile.ZipFile(forged) as old, zipfile.ZipFile(moved, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace(pin.file.sha256, digest.decode()), old.read(name))
    with pytest.raises(TrustError, match=r"chat_sealed-1\.0\.0-py3-none-any\.whl in the bundle is not the file that"):
        await synced(elsewhere(), moved)
    assert elsewhere().list() == []


async def test_one_whose_proof_was_taken_out_is_refused_where_the_marketplace_is_known(market, elsewhere, bundle):
    bare = rewritten(bundle, lambda name, content: None if name.startswith("trust/") else content)
    stranger = elsewhere()
    with opened(bare) as (lock, local):
        refused = r"no marketplace of yours vouches for chat-sealed \(said to come from .*\); sealedlib \(said"
        with pytest.raises(TrustError, match=refused):
            await stranger.plan_sync(lock, local)
        plan = await stranger.plan_sync(lock, local, allow=["sealed", "sealedlib"])
    assert len([note for note in plan.notes if note.startswith("taken because you allow it")]) == 2
    await know(elsewhere(market.url))
    with pytest.raises(TrustError, match=f"nothing in the bundle was signed by {market.url}, from which it says"):
        await synced(elsewhere(), bare)


async def test_a_root_that_the_address_names_is_asked_for(market, elsewhere, bundle):
    named = elsewhere(f"{market.url}#root={'0' * 32}")
    with pytest.raises(TrustError, match="its address names 0000"):
        await synced(named, bundle)
    bare = rewritten(bundle, lambda name, content: None if name.startswith("trust/") else content)
    with pytest.raises(TrustError, match="nothing in the bundle was signed by"):
        await synced(named, bare)


@pytest.mark.parametrize("spelled", ["URL/#root=ROOT", "LOUD#root=ROOT", "http://me:secret@HOST#root=ROOT"])
async def test_a_root_that_the_address_names_counts_however_the_address_is_spelled(market, elsewhere, bundle, spelled):
    host = market.url.partition("://")[2]
    spelled = spelled.replace("LOUD", market.url.replace("http", "HTTP")).replace("URL", market.url)
    named = elsewhere(spelled.replace("HOST", host).replace("ROOT", "0" * 32))
    with pytest.raises(TrustError, match="its address names 0000"):
        await synced(named, bundle)
    assert named.list() == []


async def test_a_known_root_is_not_the_one_that_the_address_names(market, elsewhere, bundle):
    await know(elsewhere(market.url))
    with pytest.raises(TrustError, match=r"is known by the root .*, its address names 0000"):
        await synced(elsewhere(f"{market.url}#root={'0' * 32}"), bundle)


@pytest.mark.parametrize("spelled", ["URL/", "LOUD", "http://me:secret@HOST"])
async def test_a_marketplace_that_is_spelled_in_another_way_is_refused(market, elsewhere, bundle, spelled):
    """Else what is known, demanded and revoked of it would not count for what comes from it."""
    await know(elsewhere(market.url))
    host = market.url.partition("://")[2]
    source = spelled.replace("LOUD", market.url.replace("http", "HTTP")).replace("URL", market.url)
    source = source.replace("HOST", host)

    def change(name: str, content: bytes) -> bytes:
        if name != "jackfield.lock":
            return content
        return content.replace(f'source = "{market.url}"'.encode(), f'source = "{source}"'.encode())

    with opened(bundle) as (lock, _local):
        assert f'source = "{market.url}"' in lock.text()
    with pytest.raises(UsageError, match=f"which is spelled {market.url}"):
        await synced(elsewhere(market.url), rewritten(bundle, change))


@pytest.fixture(scope="module")
def other_market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    """Somebody else's marketplace, signed with keys of their own."""
    with running_marketplace(tmp_path_factory.mktemp("other")) as running:
        yield running


async def test_what_another_marketplace_signed_does_not_count(
    market, other_market, elsewhere, bundle, tmp_path, hostfile
):
    other_market.publish("sealed", permissions=SEND)
    thief = Management("chat", Layout(tmp_path / "thief"), (other_market.url,), hostfile)
    await installed(thief, "sealed")
    theirs = tmp_path / "theirs.bundle"
    await thief.bundle(theirs)
    claimed = rewritten(theirs, lambda _name, content: content.replace(other_market.url.encode(), market.url.encode()))
    await know(elsewhere(market.url))
    with pytest.raises(TrustError, match=f"what is carried of {market.url} does not hold"):
        await synced(elsewhere(), claimed)


@pytest.mark.parametrize("part", ["timestamp.json", "snapshot.json", "targets.json", "bin"])
async def test_a_changed_or_missing_part_is_refused(market, elsewhere, bundle, part):
    def is_meant(name: str) -> bool:
        return name.startswith("trust/") and (f"/{part}" in name or (part == "bin" and "/bin-" in name))

    def prolonged(name: str, content: bytes) -> bytes:
        return re.sub(rb'"expires": ?"20', b'"expires": "21', content) if is_meant(name) else content

    changed = rewritten(bundle, prolonged)
    assert changed.read_bytes() != bundle.read_bytes()
    with pytest.raises(TrustError):
        await synced(elsewhere(), changed)
    absent = rewritten(bundle, lambda name, content: None if is_meant(name) else content)
    with pytest.raises(TrustError):
        await synced(elsewhere(), absent)
    assert elsewhere().list() == []


async def test_parts_of_two_days_do_not_go_together(market, manage, elsewhere, bundle, tmp_path):
    older = parts_of(bundle)
    market.publish("sealednext")
    here = manage(market.url)
    await installed(here, "sealednext")
    await here.bundle(tmp_path / "newer.bundle")
    newer = parts_of(tmp_path / "newer.bundle")
    trust = elsewhere().layout.root / "trust"
    assert verified(trust, market.url, older).until <= verified(trust, market.url, newer).until
    with pytest.raises(TrustError, match="does not hold"):
        verified(trust, market.url, {**newer, "snapshot.json": older["snapshot.json"]})
    with pytest.raises(TrustError, match="does not hold"):
        verified(trust, market.url, {**older, "timestamp.json": newer["timestamp.json"]})


async def test_an_old_bundle_holds_as_of_its_day(market, elsewhere, bundle):
    trust, parts = elsewhere().layout.root / "trust", parts_of(bundle)
    much_later = datetime.now(UTC) + timedelta(days=4000)
    proven = verified(trust, market.url, parts, now=much_later)
    assert proven.until < much_later
    assert any(path.endswith("/chat-sealed/chat_sealed-1.0.0-py3-none-any.whl") for path in proven.targets)


async def test_what_was_revoked_by_its_day_is_refused_where_nobody_can_be_asked(market, manage, elsewhere, tmp_path):
    # Of a code of its own: what is revoked is known by its content, too.
    market.publish("sealedbad", code="from jackfield import Plugin\n\n\nclass Main(Plugin):\n    steals = True\n")
    here = manage(market.url)
    await installed(here, "sealedbad")
    market.run("revoke", "sealedbad", "--reason", "It steals.", "--severity", "critical")
    await here.check_revocations()
    file = tmp_path / "bad.bundle"
    await here.bundle(file)
    with pytest.raises((PluginError, WheelError), match=rf"was revoked by {market.url} \(critical\): It steals"):
        await synced(elsewhere(), file)
    assert elsewhere().list() == []
    forged = rewritten(
        file, lambda name, content: content.replace(b"It steals.", b"It helps!!") if "revoked.json" in name else content
    )
    with pytest.raises(TrustError, match="its list of revocations is not the one that was signed"):
        await synced(elsewhere(), forged)


async def test_a_lock_cannot_lie_either(market, manage, elsewhere, bundle, tmp_path):
    """With a network its word is asked for: what the marketplace did not sign is refused before it is fetched."""
    market.publish("sealedtoo")
    here = manage(market.url)
    text = (await here.lock()).text()
    (pin,) = (one for one in here.store.active().pins if one.id == "sealed")
    file = tmp_path / "jackfield.lock"
    file.write_text(text.replace(pin.file.sha256, "0" * 64))
    refused = pytest.raises(TrustError, match=f"{market.url} does not sign chat_sealed-1.0.0-py3-none-any.whl, which")
    with opened(file) as (lock, local), refused:
        await elsewhere(market.url).plan_sync(lock, local)


async def test_more_signed_metadata_than_there_can_be_is_not_read(bundle):
    flooded = bundle.with_name("flooded.bundle")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(flooded, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(old.getinfo(name), old.read(name))  # wheels are stored as they are
        for number in range(3):
            new.writestr(f"trust/0/bin-0{number}.json", bytes(7 << 20))
    with pytest.raises(UsageError, match="more signed metadata than there can be"), opened(flooded):
        pass


async def test_a_bundle_of_an_earlier_hour_takes_nothing_back_that_was_revoked_since(
    market, manage, elsewhere, tmp_path
):
    market.publish("sealedlate", code="from jackfield import Plugin\n\n\nclass Main(Plugin):\n    late = True\n")
    here = manage(market.url)
    await installed(here, "sealedlate")
    file = tmp_path / "early.bundle"
    await here.bundle(file)
    market.run("revoke", "sealedlate", "--reason", "It steals.", "--severity", "critical")
    there = elsewhere(market.url)
    with pytest.raises(PluginError, match="It steals"):
        await there.plan_install(["sealedlate"])  # from now on it is known there
    before = Lists(there.layout.trust).kept()
    await asyncio.sleep(1.1)  # days of lists are told in whole seconds
    with pytest.raises((PluginError, WheelError), match="It steals"):
        await synced(elsewhere(), file)
    assert Lists(there.layout.trust).kept() == before


async def test_a_stranger_revokes_nothing_of_others_by_a_bundle(market, other_market, elsewhere, tmp_path, hostfile):
    """Whoever was never met is believed at first sight about their own files, and about nobody else's."""
    code = "from jackfield import Plugin\n\n\nclass Main(Plugin):\n    honest = True\n"
    for one in (market, other_market):
        one.publish("sealedhonest", code=code)
        one.publish("sealedcover")
    here = elsewhere(market.url)
    await installed(here, "sealedhonest")
    stranger = Management("chat", Layout(tmp_path / "stranger"), (other_market.url,), hostfile)
    await installed(stranger, "sealedcover")
    other_market.run("revoke", "sealedhonest", "--reason", "I say so.", "--severity", "critical")
    await stranger.check_revocations()
    file = tmp_path / "stranger.bundle"
    await stranger.bundle(file)
    with opened(file) as (lock, local):
        await here.plan_sync(lock, local)
    assert [row.revoked for row in here.list()] == [None]
    assert len(Lists(here.layout.trust).kept()) == 2, "what it says of its own files counts"


@pytest.mark.parametrize("kind", ["bundle", "lock"])
async def test_a_plugin_does_not_pass_as_a_file_of_an_upstream(market, elsewhere, bundle, kind):
    """What comes from an upstream is a library, and signed by nobody: no plugin gets around its signature that way."""
    await know(elsewhere(market.url))

    def change(name: str, content: bytes) -> bytes | None:
        if name != "jackfield.lock":
            return None if name.startswith("trust/") else content
        return re.sub(rb"(?m)^(source = .*)$", rb'\1\nupstream = "https://pypi.example.org/simple/"', content)

    forged = rewritten(bundle, change)
    if kind == "lock":
        with zipfile.ZipFile(forged) as archive:
            forged = Path(archive.extract("jackfield.lock", bundle.parent))
    refused = pytest.raises(TrustError, match=f"{market.url} does not sign chat_sealed-1.0.0-py3-none-any.whl, which")
    with opened(forged) as (lock, local), refused:
        await elsewhere(market.url).plan_sync(lock, local)
    assert elsewhere().list() == []
