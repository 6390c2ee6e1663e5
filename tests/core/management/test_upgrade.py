"""A host upgrade is looked at before it is made: who keeps, who needs an update, who is blocked and why."""

from __future__ import annotations

import httpx
import pytest
from jackfield.errors import UsageError
from jackfield.management import Management
from jackfield.manifest import read_hostfile
from jackfield.resolution import Target

from tests.core.management.conftest import HOST
from tests.core.management.story import installed

pytestmark = [pytest.mark.slow, pytest.mark.feature("K36")]


def manifest(plugin: str, version: str, host: str, more: str = "") -> str:
    return f'schema = 1\nid = "{plugin}"\nversion = "{version}"\nisolation = "any"\n[host]\nchat = "{host}"\n{more}'


@pytest.fixture
def publish(market):
    def one(plugin: str, version: str, host: str, more: str = "", **options) -> None:
        market.publish(plugin, version, manifest=manifest(plugin, version, host, more), **options)

    return one


@pytest.fixture
def upgraded(layout, market):
    """The same profile, seen by the application's next version."""

    def make(version: str) -> Management:
        newer = read_hostfile(HOST.replace('"1.0.0"', f'"{version}"', 1), source="host.toml")
        return Management("chat", layout, (market.url,), newer)

    return make


def fates(report):
    return {one.id: (one.fate, one.to) for one in report.plugins}


async def test_each_plugin_keeps_needs_an_update_or_is_blocked_by_name(market, manage, publish):
    publish("upkeeps", "1.0.0", ">=1.0 <3.0", '[tested]\nchat = "1.0"\n')
    publish("upmoves", "1.0.0", ">=1.0 <2.0")
    publish("upstays", "1.0.0", ">=1.0 <2.0")
    here = manage(market.url)
    await installed(here, "upkeeps", "upmoves", "upstays")
    publish("upmoves", "2.0.0", ">=2.0 <3.0", '[tested]\nchat = ["2.0"]\n')
    before = here.store.active_number()
    report = await here.check_upgrade({"chat": "2.0"})
    keeps, moves, stays = report.plugins
    assert (keeps.fate, keeps.why, keeps.tested) == ("keeps", "", "tested with Chat 1.0; this is 2.0")
    assert (moves.fate, moves.to, moves.tested) == ("update", "2.0.0", None)
    assert moves.why == "1.0.0 needs chat >=1.0 <2.0, this is chat 2.0"
    assert stays.fate == "blocked"
    assert stays.why == "1.0.0 needs chat >=1.0 <2.0, this is chat 2.0"
    assert report.blocked == (stays,)
    assert here.store.active_number() == before
    assert fates(await here.check_upgrade({"chat": "1.4"})) == {
        "upkeeps": ("keeps", None), "upmoves": ("keeps", None), "upstays": ("keeps", None)
    }  # fmt: skip


async def test_a_set_that_fits_asks_no_marketplace(market, manage, publish, unused_url):
    publish("upalone", "1.0.0", ">=1.0")
    await installed(manage(market.url), "upalone")
    assert fates(await manage().check_upgrade({"chat": "7.0"})) == {"upalone": ("keeps", None)}


async def test_nobody_is_sent_back_to_an_older_version_without_an_end(market, manage, publish):
    publish("upback", "1.0.0", ">=1.0")
    publish("upback", "2.0.0", ">=1.0 <2.0")
    here = manage(market.url)
    await installed(here, "upback")
    (one,) = (await here.check_upgrade({"chat": "2.0"})).plugins
    assert one.fate == "blocked"
    assert "1.0.0 is older than 2.0.0, which is not for chat 2.0, and does not say that it is" in one.why


async def test_who_needs_a_blocked_plugin_is_blocked_with_it(market, manage, publish):
    publish("upbase", "1.0.0", ">=1.0 <2.0")
    publish("upabove", "1.0.0", ">=1.0", '[requires]\nupbase = "^1.0"\n')
    here = manage(market.url)
    await installed(here, "upabove")
    report = await here.check_upgrade({"chat": "2.0"})
    assert fates(report) == {"upabove": ("blocked", None), "upbase": ("blocked", None)}
    above = report.plugins[0]
    assert above.why.startswith("upabove 1.0.0 needs upbase ^1.0, but none can be used: 1.0.0 needs chat")


async def test_another_python_asks_for_other_files(market, manage):
    tag = f"cp{Target.current().python.replace('.', '')[:3]}"
    market.publish_library("upnative", "1.0.0", tag=f"{tag}-{tag}-linux_x86_64")
    market.publish_library("upnative", "1.0.0", tag="cp313-cp313-manylinux_2_17_x86_64")
    market.publish_library("uponly", "1.0.0", tag=f"{tag}-{tag}-linux_x86_64")
    market.publish("upbuilt", requires=["upnative"])
    market.publish("uptied", requires=["uponly"])
    market.publish("upsnake", "1.0.0", requires_python="<3.13")
    here = manage(market.url)
    await installed(here, "upbuilt", "uptied", "upsnake")
    market.publish("upsnake", "1.1.0")
    report = await here.check_upgrade({}, "3.13")
    assert fates(report) == {"upbuilt": ("keeps", None), "upsnake": ("update", "1.1.0"), "uptied": ("blocked", None)}
    assert report.plugins[1].why == "1.0.0 needs Python <3.13, this is 3.13.0"
    assert "uponly" in report.plugins[2].why
    assert report.what == {"python": "3.13"}


async def test_the_way_back_to_an_older_host_is_told_as_well(market, manage, publish, upgraded):
    publish("updown", "1.0.0", ">=1.0 <2.0")
    publish("updown", "2.0.0", ">=2.0 <3.0")
    after = upgraded("2.0.0")
    await installed(after, "updown")
    (one,) = (await after.check_upgrade({"chat": "1.0"})).plugins
    assert (one.version, one.fate, one.to) == ("2.0.0", "update", "1.0.0")


async def test_info_says_with_which_versions_it_works_installed_or_not(market, manage, publish):
    publish("upinfo", "1.0.0", ">=0.4 <2.0", '[tested]\nchat = ["0.9", "0.4"]\n')
    here = manage(market.url)
    told = {"requirement": ">=0.4 <2.0", "tested": ["0.4", "0.9"]}
    sentence = "Chat >=0.4 <2.0, tested with Chat 0.4 and 0.9; this is 1.0.0"
    assert (await here.info("upinfo")).to_mapping()["works_with"] == {**told, "sentence": sentence}
    await installed(here, "upinfo")
    assert (await manage().info("upinfo")).to_mapping()["works_with"] == {**told, "sentence": sentence}
    async with httpx.AsyncClient(trust_env=False) as client:
        page = (await client.get(f"{market.url}/plugin/upinfo")).text
    assert "Tested with" in page
    assert "0.9, 0.4" in page


async def test_a_pin_holds_here_too(market, manage, publish):
    publish("uppinned", "1.0.0", ">=1.0 <2.0")
    here = manage(market.url)
    await installed(here, "uppinned")
    publish("uppinned", "2.0.0", ">=2.0")
    here.pin("uppinned", "^1.0", by="tester")
    assert fates(await here.check_upgrade({"chat": "2.0"})) == {"uppinned": ("blocked", None)}


async def test_a_version_that_would_do_and_is_held_back_is_told(market, manage, publish):
    publish("upyoung", "1.0.0", ">=1.0 <2.0")
    here = manage(market.url)
    await installed(here, "upyoung")
    publish("upyoung", "2.0.0", ">=2.0")
    here.policies.change(None, {"delay_seconds": 3 * 86_400.0}, by="tester")
    (one,) = (await here.check_upgrade({"chat": "2.0"})).plugins
    assert one.fate == "blocked"
    assert "1.0.0 needs chat >=1.0 <2.0, this is chat 2.0; upyoung 2.0.0" in one.why


async def test_a_distribution_of_the_environment_counts_as_well(market, manage):
    market.publish("uppluggy", requires=["pluggy>=1,<2"])
    here = manage(market.url)
    await installed(here, "uppluggy")
    (one,) = (await here.check_upgrade({"pluggy": "2.0"})).plugins
    assert one.fate == "blocked"
    assert "needs pluggy" in one.why
    assert "2.0" in one.why
    assert fates(await here.check_upgrade({"pluggy": "1.9"})) == {"uppluggy": ("keeps", None)}


async def test_the_framework_counts_as_a_host(market, manage, publish):
    market.publish(
        "upframe",
        manifest='schema = 1\nid = "upframe"\nversion = "1.0.0"\nisolation = "any"\n[host]\njackfield = "<9"\n',
    )
    here = manage(market.url)
    await installed(here, "upframe")
    assert fates(await here.check_upgrade({"jackfield": "8.0"})) == {"upframe": ("keeps", None)}
    (one,) = (await here.check_upgrade({"jackfield": "9.0"})).plugins
    assert one.why == "1.0.0 needs jackfield <9, this is jackfield 9.0"


@pytest.mark.parametrize(
    ("versions", "python", "sentence"),
    [
        ({"nothing-like-it": "2.0"}, None, "nothing-like-it is nothing that plugins here are held against"),
        ({"chat": "new"}, None, "chat==new"),
        ({}, "thirteen", "'thirteen' is no version of Python"),
        ({}, "2.7", "'2.7' is no version of Python"),
    ],
)
async def test_what_cannot_be_checked_is_said(manage, versions, python, sentence):
    with pytest.raises(UsageError, match=sentence):
        await manage().check_upgrade(versions, python)


async def test_the_plan_says_what_was_tested_with_another_version_and_why_the_newest_is_not_taken(
    market, manage, publish
):
    publish("uptold", "1.0.0", ">=1.0 <2.0", '[tested]\nchat = "1.4"\n')
    publish("uptold", "2.0.0", ">=2.0")
    plan = await manage(market.url).plan_install(["uptold"])
    assert "uptold 1.0.0: tested with Chat 1.4; this is 1.0.0" in plan.notes
    assert "uptold 1.0.0 is taken, not the newest: 2.0.0 needs chat >=2.0, this is chat 1.0.0" in plan.notes


async def test_a_plugin_that_the_host_has_outgrown_holds_up_nobody_else(market, manage, publish, upgraded):
    publish("upheld", "1.0.0", ">=1.0 <2.0")
    publish("upfree", "1.0.0", ">=1.0")
    await installed(manage(market.url), "upheld")
    after = upgraded("2.0.0")
    await installed(after, "upfree")
    rows = {row.id: (row.version, row.state, row.problem) for row in after.list()}
    assert rows["upfree"] == ("1.0.0", "enabled", None)
    assert rows["upheld"] == ("1.0.0", "blocked", "needs chat >=1.0 <2.0, this is chat 2.0.0")
    publish("upheld", "2.0.0", ">=2.0")
    plan = await after.plan_update()
    assert [(item.id, item.new_version) for item in plan.changed] == [("upheld", "2.0.0")]
