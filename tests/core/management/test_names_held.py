"""No lock or bundle says who has a name: what a marketplace of the user holds comes from there, or not at all."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jackfield.errors import ResolutionError, TrustError
from jackfield.inspection import attest, make_publisher_key
from jackfield.management import Management, Plan, opened
from jackfield.manifest import HostFile
from jackfield.store import Layout, read_lockfile

from tests.core.management.story import SEND, installed
from tests.support.bundles import escaped, relabelled, without_proofs_of
from tests.support.marketplace import SCRIPT, RunningMarketplace, running_marketplace
from tests.support.processes import Server, script
from tests.support.wheels import WheelSource, plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C45", "K39", "K40")]

Elsewhere = Callable[..., Management]
UPSTREAM = "https://pypi.example.org/simple"
HARMLESS, EVIL = "VERSION = 'good'\n", "VERSION = 'evil'\n"


@pytest.fixture
def elsewhere(tmp_path: Path, hostfile: HostFile) -> Elsewhere:
    def make(*urls: str, name: str = "elsewhere") -> Management:
        return Management("chat", Layout(tmp_path / name), urls, hostfile)

    return make


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    """Somebody else's marketplace, which is the index behind another one as well."""
    with running_marketplace(tmp_path_factory.mktemp("stranger")) as running:
        yield running


@pytest.fixture(scope="module")
def linked(stranger: RunningMarketplace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    """A marketplace that sends to the stranger's for libraries that it does not hold."""
    folder = tmp_path_factory.mktemp("linked")
    command = [script(SCRIPT), "serve", "--data", str(folder / "data"), "--port", "0"]
    with Server([*command, "--upstream", f"{stranger.url}/simple/"]) as server:
        yield RunningMarketplace(server, folder / "data", folder / "wheels")


@pytest.fixture
def frail_market(tmp_path: Path) -> Iterator[RunningMarketplace]:
    """One that is not there any more after a while."""
    with running_marketplace(tmp_path / "frail") as running:
        yield running


@pytest.fixture(scope="module")
def known(market: RunningMarketplace, stranger: RunningMarketplace) -> None:
    """A library of the user's marketplace; another one of that name at the stranger's, and a plugin that uses it."""
    market.publish_library("heldlib", files={"heldlib/__init__.py": HARMLESS})
    market.publish("heldplug", permissions=SEND, requires=["heldlib"])
    stranger.publish_library("heldlib", files={"heldlib/__init__.py": EVIL})
    stranger.publish("heldbait", requires=["heldlib"])


async def packed(management: Management, file: Path, *plugins: str) -> Path:
    await installed(management, *plugins)
    await management.bundle(file)
    return file


def from_upstream(said: str) -> str:
    return re.sub(r"(?m)^(source = .*)$", rf'\1\nupstream = "{UPSTREAM}"', said)


def from_file(said: str) -> str:
    return re.sub(r'(?m)^source = ".*"$', 'source = "file"', said)


def source(url: str) -> Callable[[str], str]:
    return lambda said: re.sub(r'(?m)^source = ".*"$', f'source = "{url}"', said)


def without_hash(said: str) -> str:
    return re.sub(r'(?m)^sha256 = ".*"$', f'sha256 = "{"0" * 64}"', said)


async def planned(management: Management, file: Path, *allow: str, keeps: bool = True) -> Plan:
    with opened(file) as (lock, local):
        plan = await management.plan_sync(lock, local, allow=allow, keeps=keeps)
        if keeps:
            await management.apply(plan, accept_permissions=True, by="tester")
        return plan


@pytest.mark.parametrize("label", [from_upstream, from_file, source("https://nobody.example.org")])
async def test_a_held_library_with_other_bytes_is_refused_whatever_it_is_said_to_be(
    market, stranger, known, elsewhere, tmp_path, label
):
    made = await packed(elsewhere(stranger.url, name="theirs"), tmp_path / "made.bundle", "heldbait")
    here = elsewhere(market.url)
    forged = relabelled(made, "heldlib", label)
    with pytest.raises(TrustError, match=f"{market.url} holds heldlib, and not heldlib-1.0.0-py3-none-any.whl, which"):
        await planned(here, forged, "heldlib")  # and nobody can allow it
    assert here.list() == []


async def test_a_held_library_is_refused_in_a_lock_whose_files_are_fetched(
    market, stranger, known, elsewhere, tmp_path
):
    made = await packed(elsewhere(stranger.url, name="theirs"), tmp_path / "made.bundle", "heldbait")
    forged = relabelled(made, "heldlib", from_upstream, "lock")
    with pytest.raises(TrustError, match=f"{market.url} holds heldlib, and not heldlib-1.0.0"):
        await planned(elsewhere(market.url), forged)


async def test_a_held_library_of_another_marketplace_is_refused_though_that_one_signed_it(
    market, stranger, known, elsewhere, tmp_path
):
    made = await packed(elsewhere(stranger.url, name="theirs"), tmp_path / "made.bundle", "heldbait")
    refused = pytest.raises(TrustError, match=f"{market.url} holds heldlib, and not heldlib-1.0.0")
    with refused:
        await planned(elsewhere(market.url), made)
    with refused:
        await planned(elsewhere(market.url, stranger.url), made)  # the second of two has no say in it either


async def test_without_network_what_was_verified_last_says_that_a_name_is_held(
    stranger, known, elsewhere, tmp_path, frail_market
):
    """The bin of the name was fetched when a plan last asked for it; no server has to answer now."""
    made = await packed(elsewhere(stranger.url, name="theirs"), tmp_path / "made.bundle", "heldbait")
    here = elsewhere(frail_market.url)
    frail_market.publish_library("heldlib", files={"heldlib/__init__.py": HARMLESS})
    frail_market.publish("heldplug", requires=["heldlib"])
    await here.plan_install(["heldplug"])
    frail_market.server.stop()
    forged = relabelled(made, "heldlib", from_upstream)
    with pytest.raises(TrustError, match=f"{frail_market.url} holds heldlib, and not"):
        await planned(here, forged, "heldlib", "heldbait")


async def test_without_network_a_name_of_which_nothing_is_known_is_taken_only_where_it_is_allowed(
    stranger, elsewhere, tmp_path, unused_url, linked
):
    stranger.publish_library("unheard")
    linked.publish("hearer", requires=["unheard"])
    made = await packed(elsewhere(linked.url, name="theirs"), tmp_path / "made.bundle", "hearer")
    for urls in ((), (unused_url,)):
        with pytest.raises(
            TrustError, match=r"no marketplace of yours vouches for .*unheard \(said to come from"
        ) as one:
            await planned(elsewhere(*urls), made)
        assert "--allow-unsigned unheard" in (one.value.hint or "")
    assert f"{unused_url} cannot be asked about that name" in str(one.value)
    here = elsewhere()
    plan = await planned(here, made, "UnHeard")
    (note,) = [note for note in plan.notes if "because you allow it" in note]
    assert f"unheard (said to come from {stranger.url}/simple)" in note
    assert [row.id for row in here.list()] == ["hearer"]


async def test_a_library_of_the_upstream_that_ones_own_marketplace_leads_to_needs_no_word(
    stranger, linked, elsewhere, tmp_path
):
    stranger.publish_library("leadlib")
    linked.publish("leader", requires=["leadlib"])
    theirs = elsewhere(linked.url, name="theirs")
    made = await packed(theirs, tmp_path / "made.bundle", "leader")
    lock = tmp_path / "jackfield.lock"
    lock.write_text((await theirs.lock()).text())
    assert len((await planned(elsewhere(linked.url, name="by-lock"), lock)).added) == 2
    assert len((await planned(elsewhere(linked.url, name="by-bundle"), made)).added) == 2
    for forged in (relabelled(made, "leadlib", without_hash, "lock"), relabelled(made, "leadlib", from_other, "lock")):
        with pytest.raises(TrustError, match="no marketplace of yours vouches for leadlib"):
            await planned(elsewhere(linked.url, name="forged"), forged)


def from_other(said: str) -> str:
    return re.sub(r'(?m)^upstream = ".*"$', f'upstream = "{UPSTREAM}"', said)


async def test_a_bundle_carries_that_a_marketplace_before_the_one_it_comes_from_holds_no_such_name(
    frail_market, stranger, elsewhere, tmp_path
):
    """Of two the first would have the name if it held it; where it cannot be asked, what it signed says so."""
    stranger.publish_library("secondlib")
    stranger.publish("seconder", requires=["secondlib"])
    made = await packed(elsewhere(frail_market.url, stranger.url, name="theirs"), tmp_path / "made.bundle", "seconder")
    with opened(made) as (_lock, local):
        assert local.proofs.keys() == {frail_market.url, stranger.url}
    bare = without_proofs_of(made, frail_market.url)
    assert len((await planned(elsewhere(frail_market.url, stranger.url), bare)).added) == 2  # it can be asked
    frail_market.server.stop()
    with pytest.raises(TrustError, match=f"{frail_market.url} cannot be asked about that name"):
        await planned(elsewhere(frail_market.url, stranger.url, name="offline"), bare)
    assert len((await planned(elsewhere(frail_market.url, stranger.url, name="offline"), made)).added) == 2


async def test_a_plugin_from_a_file_does_not_take_a_held_name_by_a_bundle(market, known, elsewhere, tmp_path):
    from tests.support.wheels import build_plugin

    wheel = build_plugin(tmp_path / "own", "heldplug", "9.0.0", permissions=SEND)
    made = await packed(elsewhere(name="theirs"), tmp_path / "made.bundle", str(wheel))
    with pytest.raises(TrustError, match=f"{market.url} holds chat-heldplug, and not chat_heldplug-9"):
        await planned(elsewhere(market.url), made)
    plan = await planned(elsewhere(market.url), made, "heldplug")
    assert any(f"from a file; {market.url} holds that name" in note for note in plan.notes)


async def test_a_key_that_the_marketplace_does_not_state_is_not_pinned(market, elsewhere, tmp_path):
    alice, mallory = tmp_path / "alice.pem", tmp_path / "mallory.pem"
    make_publisher_key(alice)
    make_publisher_key(mallory)
    wheel = market.publish("keyed", key=alice)
    theirs = elsewhere(market.url, name="theirs")
    made = await packed(theirs, tmp_path / "made.bundle", "keyed")
    here = elsewhere(market.url)
    (pin,) = theirs.store.active().pins
    text = (await theirs.lock()).text()
    lock = read_lockfile(text.encode(), source="it")
    (said,) = lock.sets[0].signatures.values()
    forged = attest(wheel.name, pin.file.sha256, mallory).decode()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(tmp_path / "forged.bundle", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "jackfield.lock":
                changed = content.decode().replace(escaped(said), escaped(forged))
                assert changed != content.decode()
                content = changed.encode()
                (tmp_path / "forged.lock").write_text(changed)
            new.writestr(name, content)
    for file in ("forged.bundle", "forged.lock"):
        with pytest.raises(
            TrustError, match="does not state the publisher's signature that the lock carries of chat_key"
        ):
            await planned(here, tmp_path / file)
    (tmp_path / "bare.lock").write_text(text.replace(escaped(said), "").replace('keyed = ""\n', ""))
    await planned(here, tmp_path / "bare.lock")
    assert here.permissions("keyed").grant.key == theirs.permissions("keyed").grant.key, (
        "what it leaves out is asked for"
    )


async def test_a_lock_does_not_say_who_published(market, elsewhere, tmp_path):
    market.publish("whose")
    theirs = elsewhere(market.url, name="theirs")
    await installed(theirs, "whose")
    file = tmp_path / "jackfield.lock"
    text = (await theirs.lock()).text()
    assert 'whose = "alice"' in text
    file.write_text(text.replace('whose = "alice"', 'whose = "mallory"'))
    here = elsewhere(market.url)
    await planned(here, file)
    assert here.permissions("whose").grant.publisher == "alice"


async def test_a_dry_run_of_a_bundle_changes_nothing_on_disk(market, elsewhere, tmp_path):
    """What was revoked by its day counts in the plan all the same."""
    market.publish("drybad", code="from jackfield import Plugin\n\n\nclass Main(Plugin):\n    dry = True\n")
    market.publish("drygood")
    theirs = elsewhere(market.url, name="theirs")
    await installed(theirs, "drygood", "drybad")
    market.run("revoke", "drybad", "--reason", "It steals.", "--severity", "critical")
    await theirs.check_revocations()
    await theirs.bundle(tmp_path / "bad.bundle")
    await theirs.apply(theirs.plan_remove(["drybad"]), accept_permissions=True, by="tester")
    await theirs.bundle(tmp_path / "good.bundle")
    here = elsewhere()
    before = contents(here.layout.root)
    with pytest.raises(Exception, match="It steals"):
        await planned(here, tmp_path / "bad.bundle", keeps=False)
    assert (await planned(here, tmp_path / "good.bundle", keeps=False)).added
    assert contents(here.layout.root) == before
    await planned(here, tmp_path / "good.bundle")
    assert [path for path in contents(here.layout.root) if path.endswith("revoked.json")]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_a_name_that_is_held_without_a_file_does_not_fall_through_to_the_next_marketplace(
    market, stranger, elsewhere
):
    """Whoever waits until a project is in quarantine does not get its users."""
    market.publish_library("gonelib")
    stranger.publish_library("gonelib", "9.0")
    stranger.publish("gonebait", requires=["gonelib"])
    market.run("status", "gonelib", "quarantined", "--reason", "stolen account")
    told = f"gonelib, but {market.url}, which has that name, offers no file of it"
    with pytest.raises(ResolutionError, match=told) as caught:
        await elsewhere(market.url, stranger.url).plan_install(["gonebait"])
    assert caught.value.hint == "ask its operator: what is held for review or quarantined is served to nobody"
    assert await elsewhere(stranger.url, name="other").plan_install(["gonebait"])


async def test_a_held_id_does_not_come_in_another_distribution(market, stranger, elsewhere, tmp_path):
    """An id is a plugin's name: the second marketplace may sign what it likes under it."""
    market.publish("heldid")
    wheel = renamed("heldid", "bait-for-chat", "9.0.0").build(tmp_path / "own")
    stranger.accept(wheel)
    theirs = elsewhere(stranger.url, name="theirs")
    made = await packed(theirs, tmp_path / "made.bundle", "heldid")
    lock = tmp_path / "jackfield.lock"
    lock.write_text((await theirs.lock()).text())
    for file in (lock, made):
        here = elsewhere(market.url, stranger.url, name=f"by-{file.name}")
        with pytest.raises(TrustError, match=f"{market.url} has the plugin heldid, and not in bait-for-chat"):
            await planned(here, file)
        assert here.list() == []
    own = await packed(elsewhere(name="from-file"), tmp_path / "file.bundle", str(wheel))
    with pytest.raises(TrustError, match=f"{market.url} has the plugin heldid, and not in bait-for-chat"):
        await planned(elsewhere(market.url), own)


def renamed(plugin_id: str, distribution: str, version: str) -> WheelSource:
    source = plugin_source(plugin_id, version)
    source.name = distribution
    return source


async def test_an_id_whose_plugin_is_in_quarantine_does_not_fall_through_to_the_next_marketplace(
    market, stranger, elsewhere, tmp_path
):
    """Under whatever name the next one has a plugin of that id."""
    market.publish("goneid")
    stranger.accept(renamed("goneid", "gone-for-chat", "9.0.0").build(tmp_path / "own"))
    market.run("status", "chat-goneid", "quarantined", "--reason", "stolen account")
    with pytest.raises(TrustError, match=f"{market.url} says that it has no plugin goneid, and signed that it has"):
        await elsewhere(market.url, stranger.url).plan_install(["goneid"])
    assert await elsewhere(stranger.url, name="other").plan_install(["goneid"])
    market.publish("gonewith", more='[requires]\ngoneid = "^1.0?"\n')
    assert await elsewhere(market.url, stranger.url).plan_install(["gonewith"]), "who can do without it comes"
    market.publish("goneneeds", more='[requires]\ngoneid = "^1.0"\n')
    with pytest.raises(TrustError, match="says that it has no plugin goneid"):
        await elsewhere(market.url, stranger.url).plan_install(["goneneeds"])
