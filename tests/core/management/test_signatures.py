"""What a user demands to be signed: what is not is refused in a sentence, and nothing is changed."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from jackfield.errors import SignatureMissing, UsageError
from jackfield.inspection import attest, make_publisher_key
from jackfield.management.signatures import Signed, demand_of, missing

from tests.core.management.story import SEND, installed
from tests.support.mirror import Answer, mirror_of
from tests.support.wheels import build_plugin

M, F = "https://plugins.example.org", "file"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "alice.pem"
    make_publisher_key(path)
    return path


@pytest.mark.parametrize(
    ("demand", "signed", "lacks"),
    [
        ("nothing", Signed(M, False, None, "poll"), None),
        ("marketplace", Signed(M, True, None, "poll"), None),
        ("marketplace", Signed(M, False, "ab", "poll"), "was signed by no marketplace"),
        ("marketplace", Signed(M, False, None, None), "was signed by no marketplace"),
        ("marketplace", Signed(F, False, None, "poll"), "was signed by no marketplace"),
        ("publisher", Signed(M, True, None, "poll"), "has no signature of its publisher"),
        ("publisher", Signed(M, True, "ab", "poll"), None),
        ("publisher", Signed(M, False, "ab", "poll"), "was signed by no marketplace"),
        ("publisher", Signed(M, True, None, None), None),
        ("publisher", Signed(M, False, None, None), "was signed by no marketplace"),
        ("publisher", Signed(F, False, "ab", "poll"), None),
        ("publisher", Signed(F, False, None, "poll"), "has no signature of its publisher"),
    ],
)
def test_what_a_file_lacks(demand, signed, lacks):
    assert missing(demand, signed) == lacks


def test_a_source_may_have_a_demand_of_its_own(manage):
    management = manage(M)
    trusted = management.trusted
    trusted.require("publisher", None, by="tester")
    trusted.require("nothing", "file", by="tester")
    assert [demand_of(management.state, one) for one in (M, "file")] == ["publisher", "nothing"]
    trusted.require("default", "file", by="tester")
    assert demand_of(management.state, "file") == "publisher"
    management.state.change({"signatures/default": "what a later version demands"}, by="tester")
    assert demand_of(management.state, M) == "publisher"


@pytest.mark.parametrize(("demand", "source"), [("everything", None), ("nothing", "poll"), ("default", None)])
def test_a_demand_that_is_none_is_refused(manage, demand, source):
    with pytest.raises(UsageError):
        manage(M).trusted.require(demand, source, by="tester")


@pytest.mark.slow
async def test_a_publishers_signature_is_demanded(market, manage, key):
    market.publish("bare", permissions=SEND)
    market.publish("vouched", key=key, permissions=SEND)
    management = manage(market.url)
    management.trusted.require("publisher", None, by="tester")
    with pytest.raises(
        SignatureMissing, match=r"bare 1\.0\.0 has no signature of its publisher, and you demand it"
    ) as told:
        await management.plan_install(["bare"])
    assert f"jackfield trust demand nothing --of {market.url}" in str(told.value)
    assert management.list() == []
    await installed(management, "vouched")
    management.trusted.require("nothing", market.url, by="tester")
    await installed(management, "bare")


@pytest.mark.slow
async def test_an_unsigned_update_is_refused_and_the_check_says_so(market, manage, key):
    market.publish("ceases", "1.0.0", key=key, permissions=SEND)
    management = manage(market.url)
    management.trusted.require("publisher", None, by="tester")
    await installed(management, "ceases")
    market.publish("ceases", "1.1.0", permissions=SEND)
    (update,) = await management.check_updates(["ceases"])
    assert update.problem is not None
    assert update.problem.startswith("1.1.0 has no signature of its publisher, and you demand it")
    with pytest.raises(SignatureMissing):
        await management.plan_update(["ceases"])


@pytest.mark.slow
async def test_a_plain_index_is_refused_where_a_marketplaces_signature_is_demanded(market, manage):
    market.publish("plainly", permissions=SEND)
    with mirror_of(market.url) as mirror:
        mirror.lies.append(lambda path, _: Answer(404, b"") if path.startswith("/tuf/") else None)
        management = manage(mirror.url)
        management.trusted.require("marketplace", None, by="tester")
        with pytest.raises(SignatureMissing, match=r"plainly 1\.0\.0 was signed by no marketplace"):
            await management.plan_install(["plainly"])
    honest = manage(market.url)
    await installed(honest, "plainly")


async def test_a_wheel_on_this_machine_counts_with_its_publishers_signature_beside_it(manage, tmp_path, key):
    management = manage()
    management.trusted.require("publisher", None, by="tester")
    wheel = build_plugin(tmp_path / "wheels", "carried", permissions=SEND)
    with pytest.raises(SignatureMissing, match="has no signature of its publisher"):
        await management.plan_install([str(wheel)])
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    wheel.with_name(f"{wheel.name}.attestation").write_bytes(attest(wheel.name, digest, key))
    plan = await management.plan_install([str(wheel)])
    assert plan.consent[0].key is not None


@pytest.mark.slow
async def test_a_lock_keeps_to_the_demand_and_asks_no_marketplace(market, manage, layout, hostfile, unused_url, key):
    market.publish("locked-bare", permissions=SEND)
    management = manage(market.url)
    await installed(management, "locked-bare")
    lock = await management.lock()
    wheels = {pin.file.sha256: management.store.wheel(pin.file.sha256) for one in lock.sets for pin in one.pins}
    copies = {sha256: Path(shutil.copy(path, layout.root.parent)) for sha256, path in wheels.items() if path}
    shutil.rmtree(layout.root)
    there = manage(unused_url)  # configured, and nobody answers
    allow = ["locked-bare"]  # the bundle carries nothing that its marketplace signed
    assert [item.id for item in (await there.plan_sync(lock, copies, allow=allow)).added] == ["locked-bare"]
    there.trusted.require("publisher", None, by="tester")
    with pytest.raises(SignatureMissing):
        await there.plan_sync(lock, copies, allow=allow)
