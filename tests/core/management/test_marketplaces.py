"""Which marketplaces are known, by which root and since when; how one is forgotten, and another root pinned."""

from __future__ import annotations

import hashlib

import httpx
import pytest
from jackfield.errors import ResolutionError, TrustError, UsageError
from jackfield.revocation import Lists

from tests.core.management.story import SEND, installed
from tests.support.marketplace import running_marketplace
from tests.support.mirror import Answer, mirror_of
from tests.support.revoking import code_of, revoke

pytestmark = pytest.mark.slow


def root_of(url: str) -> str:
    return hashlib.sha256(httpx.get(f"{url}/tuf/1.root.json").content).hexdigest()


async def test_what_is_asked_and_what_is_known_stand_in_one_list(market, manage, unused_url):
    market.publish("told", permissions=SEND)
    management = manage(market.url, unused_url)
    assert [(one.url, one.place, one.known) for one in management.trusted.report()] == [
        (market.url, 1, None),
        (unused_url, 2, None),
    ]
    await installed(management, "told")
    first, second = management.trusted.report()
    assert first.known is not None
    assert (first.known.root, first.known.configured) == (root_of(market.url), False)
    assert first.known.root_version >= 1
    assert first.known.since <= first.known.looked < first.known.signed_until < first.known.root_until
    assert (first.plugins, second.known) == (("told",), None)
    (elsewhere, *_) = manage().trusted.report()
    assert (elsewhere.url, elsewhere.place, elsewhere.plugins) == (market.url, None, ("told",))


async def test_a_forgotten_marketplace_is_met_anew(market, manage):
    market.publish("met-twice", permissions=SEND)
    management = manage(market.url)
    await installed(management, "met-twice")
    management.trusted.forget(market.url + "/")
    assert management.trusted.report()[0].known is None
    plan = await management.plan_install(["met-twice"], upgrade=True)
    assert not plan
    assert management.trusted.report()[0].known is not None
    with pytest.raises(UsageError, match="nothing is known of"):
        management.trusted.forget("https://elsewhere.example")


async def test_another_root_is_pinned_only_where_it_holds(market, manage, tmp_path):
    market.publish("repinned", permissions=SEND)
    management = manage(market.url)
    await installed(management, "repinned")
    before = management.trusted.report()[0].known
    with pytest.raises(UsageError, match="has to be followed by the root"):
        await management.trusted.pin(market.url)
    with pytest.raises(TrustError, match="has the root"):
        await management.trusted.pin(f"{market.url}#root={'0' * 32}")
    assert management.trusted.report()[0].known == before
    known = await management.trusted.pin(f"{market.url}#root={root_of(market.url)[:32]}")
    assert (known.root, known.configured) == (root_of(market.url), True)
    assert management.trusted.report()[0].known == known
    assert [path.name for path in (management.layout.root / "trust").iterdir() if path.name.startswith(".")] == []


async def test_a_marketplace_that_was_set_up_anew_is_pinned_by_its_new_root(market, manage, tmp_path):
    from tests.support.marketplace import running_marketplace

    market.publish("moved-house", permissions=SEND)
    with mirror_of(market.url) as mirror, running_marketplace(tmp_path / "second") as second:
        management = manage(mirror.url)
        await installed(management, "moved-house")
        second.publish("moved-house", "1.1.0", permissions=SEND)
        mirror.behind = second.url
        with pytest.raises(TrustError, match=rf"jackfield trust forget {mirror.url}"):
            await management.plan_update(["moved-house"])
        await management.trusted.pin(f"{mirror.url}#root={root_of(second.url)}")
        plan = await management.plan_update(["moved-house"])
        assert [item.new_version for item in plan.changed] == ["1.1.0"]


async def test_what_was_revoked_stays_so_when_a_marketplace_is_forgotten_or_known_by_another_root(market, manage):
    market.publish("still-bad", permissions=SEND, code=code_of("still-bad"))
    management = manage(market.url)
    await installed(management, "still-bad")
    revoke(market, "still-bad")
    assert await management.check_revocations() == {}

    def revoked():
        return {one.id: one.revoked.reason for one in manage(market.url).list() if one.revoked is not None}

    assert revoked() == {"still-bad": "It reads mail."}
    management.trusted.forget(market.url)
    assert revoked() == {"still-bad": "It reads mail."}
    with pytest.raises(UsageError, match="nothing is known of"):
        management.trusted.forget(market.url)
    await management.trusted.pin(f"{market.url}#root={root_of(market.url)}")
    assert revoked() == {"still-bad": "It reads mail."}
    (kept,) = Lists(management.layout.trust).kept()
    assert kept.met


async def test_what_was_revoked_stays_so_where_the_list_is_withheld_after_another_root_was_pinned(market, manage):
    market.publish("still-worse", permissions=SEND, code=code_of("still-worse"))
    with mirror_of(market.url) as mirror:
        management = manage(mirror.url)
        await installed(management, "still-worse")
        revoke(market, "still-worse")
        assert await management.check_revocations() == {}
        mirror.lie(".revocations.json", Answer(404, b""))
        await management.trusted.pin(f"{mirror.url}#root={root_of(market.url)}")
        (row,) = [one for one in management.list() if one.id == "still-worse"]
        assert row.revoked.stopped


async def test_what_is_damaged_is_said_and_can_be_forgotten(market, manage):
    market.publish("damaged", permissions=SEND)
    management = manage(market.url)
    await installed(management, "damaged")
    (anchor,) = (management.layout.root / "trust").glob("*/anchor.json")
    anchor.write_text("{")
    assert any("is damaged" in one.known.problem for one in management.trusted.report() if one.known is not None)
    management.trusted.forget(market.url)
    assert all(one.known is None for one in management.trusted.report())


async def test_a_marketplace_that_is_only_asked_is_shown_when_it_is_met(market, manage, tmp_path):
    from tests.support.marketplace import running_marketplace

    market.publish("from-the-second", permissions=SEND)
    with running_marketplace(tmp_path / "first") as first:
        plan = await manage(first.url, market.url).plan_install(["from-the-second"])
        told = [note.partition(" ")[0] for note in plan.notes if "is known by its root from now on" in note]
        assert told == sorted([first.url, market.url])
        assert [item.source for item in plan.added] == [market.url]


async def test_a_conflict_says_whose_versions_will_not_do_where_there_are_two_marketplaces(market, manage, tmp_path):
    market.publish("pair", "1.0.0")
    market.publish_library("jfpair", "1.0")
    market.publish("left", requires=["jfpair<1"], isolation="inline")
    with running_marketplace(tmp_path) as other:
        other.publish("pair", "2.0.0")
        both, one = manage(market.url, other.url), manage(market.url)
        for spec, told in [
            ("pair@^2", "you ask for pair ^2, but only 1.0.0 of pair can be had"),
            ("left", "left 1.0.0 needs jfpair <1, but only 1.0 of jfpair can be had"),
        ]:
            with pytest.raises(ResolutionError) as among_two:
                await both.plan_install([spec])
            assert among_two.value.message == f"{told} from {market.url}"
            with pytest.raises(ResolutionError) as alone:
                await one.plan_install([spec])
            assert alone.value.message == told
