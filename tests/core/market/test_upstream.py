"""Libraries that a marketplace does not hold, from the index that it announces: real servers, and ones that cheat."""

from __future__ import annotations

import json
import re

import pytest
from jackfield.errors import MarketError, ResolutionError, TrustError
from jackfield.management import Management
from jackfield.manifest import read_hostfile
from jackfield.market import Marketplace
from jackfield.store import Layout

from tests.support.marketplace import SCRIPT, RunningMarketplace, running_marketplace
from tests.support.mirror import Answer, mirror_of
from tests.support.processes import Server, script

HOST = 'schema = 1\napp = "chat"\nname = "Chat"\napi_version = "1.0.0"\ngroups = ["chat.plugins"]\n'
PAGE = {"meta": {"api-version": "1.0"}, "name": "jflib"}


@pytest.fixture(scope="module")
def upstream(tmp_path_factory):
    with running_marketplace(tmp_path_factory.mktemp("upstream")) as running:
        yield running


@pytest.fixture(scope="module")
def linked(upstream, tmp_path_factory):
    """A marketplace that sends to `upstream` for what it does not hold."""
    folder = tmp_path_factory.mktemp("linked")
    command = [script(SCRIPT), "serve", "--data", str(folder / "data"), "--port", "0"]
    with Server([*command, "--upstream", f"{upstream.url}/simple/"]) as server:
        yield RunningMarketplace(server, folder / "data", folder / "wheels")


@pytest.mark.feature("K39")
@pytest.mark.slow
async def test_a_library_that_is_not_held_comes_from_the_upstream_and_says_so(linked, upstream, tmp_path):
    wheel = upstream.publish_library("jf-elsewhere", "1.0")
    async with Marketplace(linked.url) as client:
        (file,) = await client.project("jf-elsewhere")
        assert file.upstream == f"{upstream.url}/simple"
        assert b"Name: jf-elsewhere" in await client.metadata(file)
        target = await client.download(file, tmp_path / file.filename)
    assert target.read_bytes() == wheel.read_bytes()


@pytest.mark.slow
async def test_a_plugin_there_is_a_library_here(linked, upstream):
    upstream.publish("elsewhere")
    async with Marketplace(linked.url) as client:
        (file,) = await client.project("chat-elsewhere")
        assert file.manifest_sha256 is None
        assert await client.manifest(file) is None


@pytest.mark.slow
async def test_a_name_that_is_held_never_comes_from_there(linked, upstream):
    upstream.publish_library("jf-both", "9.0")
    linked.token()
    linked.run("reserve", "jf-both", "--user", "alice")  # nobody takes a name of the upstream without the operator
    linked.publish_library("jf-both", "1.0")
    async with Marketplace(linked.url) as client:
        assert [file.filename for file in await client.project("jf-both")] == ["jf_both-1.0-py3-none-any.whl"]


@pytest.mark.slow
async def test_what_neither_has_is_absent(linked):
    async with Marketplace(linked.url) as client:
        assert await client.project("jf-nowhere") == []


@pytest.mark.slow
async def test_a_plan_marks_what_is_unsigned_and_locks_it_by_hash(linked, upstream, tmp_path):
    upstream.publish_library("jf-needed", "1.0")
    linked.publish("needy", requires=["jf-needed"], isolation="inline")
    layout = Layout(tmp_path / "profile")
    management = Management("chat", layout, [linked.url], read_hostfile(HOST, source="host.toml"))
    plan = await management.plan_install(["needy"])
    items = {item.distribution: item for item in plan.added}
    assert (items["jf-needed"].unsigned, items["jf-needed"].source) == (True, f"{upstream.url}/simple")
    assert not items["chat-needy"].unsigned
    assert plan.consent[0].brings == ("jf-needed (unsigned)",)
    await management.apply(plan, accept_permissions=True, by="test")
    (pin,) = [pin for pin in management.store.active().pins if pin.distribution == "jf-needed"]
    assert (pin.source, pin.file.upstream) == (linked.url, f"{upstream.url}/simple")
    assert len(pin.file.sha256) == 64
    assert not await management.plan_install(["needy"])


@pytest.mark.slow
async def test_who_stands_on_the_way_does_not_send_libraries_to_an_index_of_their_own(
    linked, upstream, tmp_path, market
):
    """Which upstream a marketplace has is signed by nobody: it is the one that it named first."""
    upstream.publish_library("jf-honest", "1.0")
    upstream.publish_library("jf-second", "1.0")
    market.publish_library("jf-second", "9.0")
    linked.publish("honest", requires=["jf-honest"])
    linked.publish("seconded", requires=["jf-second"])
    with mirror_of(linked.url) as mirror:
        management = Management("chat", Layout(tmp_path), [mirror.url], read_hostfile(HOST, source="host.toml"))
        await management.apply(await management.plan_install(["honest"]), accept_permissions=True, by="tester")
        evil = {"location": f"{market.url}/simple/jf-second/", "jackfield-upstream": f"{market.url}/simple/"}
        mirror.lie("/simple/jf-second/", Answer(302, b"", evil))
        said = f"sends us to {market.url}/simple for libraries, and sent us to {upstream.url}/simple before"
        with pytest.raises(TrustError, match=re.escape(said)) as refused:
            await management.plan_install(["seconded"])
        pin = str(refused.value.hint).rpartition("jackfield trust pin ")[2]
        mirror.lies.clear()
        plan = await management.plan_install(["seconded"])
        assert [item.source for item in plan.added if item.kind == "library"] == [f"{upstream.url}/simple"]
        mirror.lie("/simple/jf-second/", Answer(302, b"", evil))
        await management.trusted.pin(pin)  # its operator has said so
        plan = await management.plan_install(["seconded"])
        assert [item.source for item in plan.added if item.kind == "library"] == [f"{market.url}/simple"]


@pytest.mark.feature("K39", "K40")
@pytest.mark.slow
async def test_a_marketplace_that_holds_a_name_goes_before_the_upstream_of_another(linked, upstream, tmp_path, market):
    upstream.publish_library("jf-contested", "9.0")
    market.publish_library("jf-contested", "1.0")
    linked.publish("contesting", requires=["jf-contested"])
    layout = Layout(tmp_path / "profile")
    management = Management("chat", layout, [linked.url, market.url], read_hostfile(HOST, source="host.toml"))
    plan = await management.plan_install(["contesting"])
    (item,) = [item for item in plan.added if item.distribution == "jf-contested"]
    assert (item.new_version, item.source, item.unsigned) == ("1.0", market.url, False)


@pytest.mark.feature("K40")
@pytest.mark.slow
async def test_a_name_that_a_marketplace_held_is_not_taken_up_by_its_upstream(linked, upstream, tmp_path):
    """An index that signs nothing may lose a project, or be made to: what is installed from it stays its own."""
    upstream.publish_library("jf-lost", "9.0")
    linked.token()
    linked.run("reserve", "jf-lost", "--user", "alice")
    linked.publish_library("jf-lost", "1.0")
    linked.publish("loser", requires=["jf-lost"])
    linked.publish("finder", requires=["jf-lost>=2"])
    with mirror_of(linked.url) as mirror:
        mirror.lies.append(lambda path, _honest: Answer(404, b"") if path.startswith("/tuf/") else None)
        management = Management("chat", Layout(tmp_path), [mirror.url], read_hostfile(HOST, source="host.toml"))
        await management.apply(await management.plan_install(["loser"]), accept_permissions=True, by="tester")
        announced = f"{upstream.url}/simple/"
        sent = Answer(302, b"", {"location": f"{announced}jf-lost/", "jackfield-upstream": announced})
        mirror.lie("/simple/jf-lost/", sent)
        with pytest.raises(ResolutionError, match=r"needs jf-lost >=2, but only 1\.0 of jf-lost can be had"):
            await management.plan_install(["finder"])


async def refusal(says, *headers) -> str:
    async with Marketplace(says(302, b"", *headers)) as client:
        with pytest.raises(MarketError) as caught:
            await client.project("jflib")
    return str(caught.value)


async def test_a_redirect_without_an_announcement_is_not_followed(says):
    elsewhere = says(200, json.dumps({**PAGE, "files": []}).encode())
    assert "redirects to" in await refusal(says, f"Location: {elsewhere}/simple/jflib/")


@pytest.mark.parametrize(
    "path", ["/simple/other/", "/jflib/", "/simple/jflib/?x", "/simple/../jflib/", "/simple/jflib"]
)
async def test_a_redirect_to_anything_but_that_project_is_not_followed(says, path):
    elsewhere = says(200, json.dumps({**PAGE, "files": []}).encode())
    message = await refusal(says, f"Location: {elsewhere}{path}", f"Jackfield-Upstream: {elsewhere}/simple/")
    assert "not its page at the upstream" in message


async def test_a_redirect_to_another_host_than_announced_is_not_followed(says):
    message = await refusal(
        says, "Location: http://127.0.0.2/simple/jflib/", "Jackfield-Upstream: http://127.0.0.1/simple/"
    )
    assert "not its page at the upstream" in message


@pytest.mark.parametrize("announced", ["ftp://x/simple/", "file:///etc/", "http://user:secret@127.0.0.1/simple/"])
async def test_an_upstream_that_is_none_is_refused(says, announced):
    message = await refusal(says, f"Location: {announced}jflib/", f"Jackfield-Upstream: {announced}")
    assert "not to be trusted" in message
    assert "secret" not in message


async def test_the_upstream_leads_no_further(says):
    third = says(
        302, b"", "Location: http://127.0.0.1:9/simple/jflib/", "Jackfield-Upstream: http://127.0.0.1:9/simple/"
    )
    message = await refusal(says, f"Location: {third}/simple/jflib/", f"Jackfield-Upstream: {third}/simple/")
    assert message.startswith(f"{third}/simple/jflib/ redirects to")


async def test_the_page_of_another_project_is_refused(says):
    third = says(200, json.dumps({**PAGE, "name": "evil", "files": []}).encode())
    message = await refusal(says, f"Location: {third}/simple/jflib/", f"Jackfield-Upstream: {third}/simple/")
    assert "is the page of 'evil', not of jflib" in message
