"""Versions that are rolled out in stages, security fixes, and what installations tell of them."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from jackfield.errors import UsageError
from jackfield_marketplace.catalog import claims, count_outcome, find_project, mark_security, roll_out, stage_of
from jackfield_marketplace.catalog.stages import MOST_STAGED
from jackfield_marketplace.db import Stage
from jackfield_marketplace.settings import Halting, Rate


def put(market, version, *, plugin="poll", user="alice", **said):
    where = f"/plugins/{plugin}/stages/{version}"
    return market.client.put(where, json=said, auth=("__token__", market.tokens[user]))


def tell(market, wheel, outcome, *, version="2.0.0", plugin="poll"):
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    said = {"version": version, "sha256": sha256, "outcome": outcome}
    return market.client.post(f"/plugins/{plugin}/outcomes", json=said)


def own(market, version):
    """What the page says of a version, under the private key."""
    (entry,) = (one for one in market.project("chat-poll")["files"] if f"-{version}-" in one["filename"])
    return entry["_jackfield"]


def kept_stage(market, version="2.0.0"):
    with market.database.read() as session:
        return stage_of(session, find_project(session, "poll"), version)


def test_a_rollout_is_said_before_the_upload_so_that_nobody_gets_the_version_earlier(market):
    market.publish("poll")
    answer = put(market, "2.0", rollout=10)
    assert answer.status_code == 200
    assert answer.json() == {
        "version": "2.0",
        "rollout": 10,
        "halted": None,
        "security": None,
        "confirmed": False,
        "kept": 0,
        "failed": 0,
    }
    market.publish("poll", "2.0.0")
    assert own(market, "2.0.0")["rollout"] == {"percent": 10}
    assert "rollout" not in own(market, "1.0.0")
    put(market, "2.0.0", rollout=100)
    assert "rollout" not in own(market, "2.0.0")


def test_a_file_that_comes_to_a_confirmed_fix_has_to_be_confirmed_too(market):
    """A thief of the token would add a wheel that fits better; what passes delays is what the operator has seen."""
    market.publish("poll")
    market.publish("poll", "1.0.1")
    with market.database.write() as session:
        mark_security(session, find_project(session, "poll"), "1.0.1", "mends a hole", confirmed=True)
    market.publish("poll", "1.0.2")
    assert own(market, "1.0.1")["security"]["confirmed"], "another version is another matter"
    market.publish("poll", "1.0.1", tag="py3-none-manylinux_2_17_x86_64")
    told = [one["_jackfield"] for one in market.project("chat-poll")["files"] if "-1.0.1-" in one["filename"]]
    assert [one["security"] for one in told] == [{"text": "mends a hole", "confirmed": False}] * 2
    with market.database.read() as session:
        assert claims(session) == [("chat-poll", "1.0.1", "mends a hole")]


@pytest.mark.slow
def test_what_is_said_of_a_version_is_signed_in_the_same_moment(operated):
    operated.publish("signed")

    def stamped():
        return httpx.get(f"{operated.url}/tuf/timestamp.json", timeout=30).json()["signed"]["version"]

    before = stamped()
    where = f"{operated.url}/plugins/signed/stages/1.0.0"
    said = {"security": "no script of another member runs any more"}
    assert httpx.put(where, json=said, auth=("__token__", operated.token()), timeout=30).status_code == 200
    assert stamped() == before + 1


def test_a_publisher_claims_a_security_fix_and_the_operator_confirms_it(market):
    market.publish("poll")
    put(market, "1.0.0", security="mends   a hole")
    with market.database.write() as session:
        mark_security(session, find_project(session, "poll"), "1.0.0", "mends a hole", confirmed=True)
    assert own(market, "1.0.0")["security"] == {"text": "mends a hole", "confirmed": True}
    put(market, "1.0.0", security="mends a hole")
    assert kept_stage(market, "1.0.0").confirmed, "what is said again is no other claim"
    put(market, "1.0.0", security="mends everything")
    assert own(market, "1.0.0")["security"] == {"text": "mends everything", "confirmed": False}
    put(market, "1.0.0", security="")
    assert "security" not in own(market, "1.0.0")


@pytest.mark.parametrize(
    ("said", "status", "sentence"),
    [
        ({}, 422, "say rollout, or security, or both"),
        ({"rollout": 101}, 422, "rollout"),
        ({"rollout": "10"}, 422, "rollout"),
        ({"share": 10}, 422, "share"),
        ({"security": "x" * 301}, 422, "security"),
        ({"security": "\x1b[2J"}, 422, "one sentence"),
    ],
)
def test_what_is_no_such_word_is_refused_in_a_sentence(market, said, status, sentence):
    market.publish("poll")
    answer = put(market, "1.0.0", **said)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]
    assert kept_stage(market, "1.0.0") is None


def test_its_publisher_reads_how_a_version_stands_and_its_page_tells_everybody(market):
    market.publish("poll")
    put(market, "2.0.0", rollout=20)
    market.publish("poll", "2.0.0")
    with market.database.write() as session:
        mark_security(session, find_project(session, "poll"), "1.0.0", "mends a hole", confirmed=True)

    def read(version, user="alice"):
        return market.client.get(f"/plugins/poll/stages/{version}", auth=("__token__", market.tokens[user]))

    assert read("2.0.0").json()["rollout"] == 20
    assert read("9.0").json() == {
        "version": "9.0",
        "rollout": 100,
        "halted": None,
        "security": None,
        "confirmed": False,
        "kept": 0,
        "failed": 0,
    }
    assert (read("2.0.0", "bob").status_code, read("much").status_code) == (403, 422)
    page = market.client.get("/plugin/poll").text
    assert "2.0.0 (for 20 %)" in page
    assert "1.0.0 (security fix)" in page
    versions = market.client.get("/plugins/poll").json()["versions"]
    assert [(one["version"], one["rollout"], one["security"]) for one in versions] == [
        ("2.0.0", 20, None),
        ("1.0.0", 100, "mends a hole"),
    ]


def test_only_its_publisher_says_anything_of_a_plugin(market):
    market.publish("poll")
    assert put(market, "1.0.0", user="bob", rollout=0).status_code == 403
    assert market.client.put("/plugins/poll/stages/1.0.0", json={"rollout": 0}).status_code == 401
    assert put(market, "1.0.0", plugin="nope", rollout=0).status_code == 404
    assert put(market, "much", rollout=0).status_code == 422
    assert kept_stage(market, "1.0.0") is None


def test_failures_halt_a_rollout_and_its_publisher_lets_it_go_on(market_with):
    market = market_with(halting=Halting(failures=1, share=0.5))
    market.publish("poll")
    put(market, "2.0.0", rollout=25)
    wheel = market.publish("poll", "2.0.0")
    assert tell(market, wheel, "failed").status_code == 204
    halted = "it failed in 1 of 1 installations that tell"
    assert own(market, "2.0.0")["rollout"] == {"percent": 25, "halted": halted}
    answer = put(market, "2.0.0", rollout=25).json()
    assert (answer["halted"], answer["failed"]) == (None, 0)
    assert own(market, "2.0.0")["rollout"] == {"percent": 25}


def test_it_takes_twice_as_many_failures_each_time_that_somebody_lets_it_go_on(market):
    """Who tells lies from a handful of addresses is heard once; after that its publisher has looked."""
    wheel = market.publish("poll")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()

    def failures_until_it_halts() -> int:
        for count in range(1, 100):
            with market.database.write() as session:
                project = find_project(session, "poll")
                stage = count_outcome(session, project, "1.0.0", sha256, "failed", Halting(3, 0.1))
                if stage is not None and stage.halted is not None:
                    return count
        raise AssertionError("it is never halted")

    needed = []
    for _ in range(4):
        put(market, "1.0.0", rollout=50)
        needed.append(failures_until_it_halts())
    assert needed == [3, 6, 12, 24]


@pytest.mark.parametrize(
    ("halting", "kept", "failed", "halts"),
    [
        (Halting(3, 0.1), 0, 2, False),
        (Halting(3, 0.1), 0, 3, True),
        (Halting(3, 0.1), 27, 3, True),
        (Halting(3, 0.1), 28, 3, False),
        (Halting(0, 0.0), 0, 50, False),
    ],
)
def test_how_many_failures_are_too_many(market, halting, kept, failed, halts):
    wheel = market.publish("poll")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with market.database.write() as session:
        project = find_project(session, "poll")
        roll_out(session, project, "1.0.0", 50)
        for _ in range(kept):
            count_outcome(session, project, "1.0.0", sha256, "kept", halting)
        for _ in range(failed):
            count_outcome(session, project, "1.0.0", sha256, "failed", halting)
    assert (kept_stage(market, "1.0.0").halted is not None) == halts


def test_what_is_not_being_rolled_out_is_neither_counted_nor_halted(market):
    wheel = market.publish("poll")
    other = market.publish("dice")
    assert tell(market, wheel, "failed", version="1.0.0").status_code == 204
    assert kept_stage(market, "1.0.0") is None
    put(market, "1.0.0", rollout=50)
    assert tell(market, other, "failed", version="1.0.0").status_code == 204
    assert kept_stage(market, "1.0.0").failed == 0, "another plugin's wheel says nothing of this one"
    put(market, "1.0.0", rollout=100)
    market.publish("poll", "1.1.0")
    assert tell(market, wheel, "failed", version="1.0.0").status_code == 204
    assert kept_stage(market, "1.0.0").failed == 0


def test_one_installation_counts_once_a_day(market):
    wheel = market.publish("poll")
    put(market, "1.0.0", rollout=50)
    for _ in range(4):
        assert tell(market, wheel, "failed", version="1.0.0").status_code == 204
    stage = kept_stage(market, "1.0.0")
    assert (stage.failed, stage.halted) == (1, None)


@pytest.mark.parametrize(
    ("one", "other", "failed", "kept"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 1, 1),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", 1, 2),
        ("2001:db8:1:2::1", "2001:db8:2:2::1", 2, 2),
        ("192.0.2.1", "::ffff:192.0.2.1", 1, 1),
        ("192.0.2.1", "192.0.2.2", 1, 2),
        ("192.0.2.1", "192.0.3.1", 2, 2),
    ],
)
async def test_a_subscriber_counts_once_and_their_neighbours_fail_once(market, one, other, failed, kept):
    """Whoever has a network has more addresses than there are failures that halt a rollout."""
    wheel = market.publish("poll")
    other_wheel = market.publish("dice")
    for plugin, told, outcome in (("poll", wheel, "failed"), ("dice", other_wheel, "kept")):
        put(market, "1.0.0", plugin=plugin, rollout=50)
        said = {"version": "1.0.0", "sha256": hashlib.sha256(told.read_bytes()).hexdigest(), "outcome": outcome}
        for address in (one, other):
            transport = httpx.ASGITransport(app=market.app, client=(address, 1234))
            async with httpx.AsyncClient(transport=transport, base_url=market.url) as client:
                assert (await client.post(f"/plugins/{plugin}/outcomes", json=said)).status_code == 204
    assert kept_stage(market, "1.0.0").failed == failed
    with market.database.read() as session:
        stage = stage_of(session, find_project(session, "dice"), "1.0.0")
        assert stage is not None
        assert stage.kept == kept


def test_installations_are_bounded_in_what_and_how_often_they_tell(market_with):
    market = market_with(outcomes=Rate(at_once=4, per_minute=0.001))
    wheel = market.publish("poll")
    assert tell(market, wheel, "exploded").status_code == 422
    assert tell(market, wheel, "kept", version="much").status_code == 422
    assert tell(market, market.publish("dice"), "kept", plugin="nope").status_code == 404
    large = market.client.post("/plugins/poll/outcomes", content=b" " * 5000)
    assert large.status_code == 413
    late = tell(market, wheel, "kept")
    assert late.status_code == 429
    assert int(late.headers["Retry-After"]) > 0


def test_versions_with_a_stage_are_bounded(market):
    market.publish("poll")
    with market.database.write() as session:
        project = find_project(session, "poll")
        for number in range(MOST_STAGED):
            session.add(Stage(project_id=project.id, version=f"9.{number + 1}", spelled="9"))
    assert "staged versions already" in put(market, "1.0.0", rollout=5).json()["detail"]
    with market.database.read() as session, pytest.raises(UsageError, match="not a version"):
        stage_of(session, find_project(session, "poll"), "much")


def test_many_that_tell_at_once_are_all_counted(market_with):
    market = market_with(halting=Halting(0))
    wheel = market.publish("poll")
    put(market, "1.0.0", rollout=50)
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    said = {"version": "1.0.0", "sha256": sha256, "outcome": "kept"}

    def from_address(number: int) -> int:
        transport = httpx.HTTPTransport(local_address=f"127.0.0.{number}")
        with httpx.Client(base_url=market.url, transport=transport, timeout=30) as client:
            return client.post("/plugins/poll/outcomes", json=said).status_code

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(from_address, range(2, 10))) == {204}
    assert kept_stage(market, "1.0.0").kept == 8


@pytest.mark.slow
def test_the_operator_rolls_out_halts_and_confirms(operated):
    operated.publish("poll")
    assert operated.run("rollout", "poll", "2.0.0") == "chat-poll 2.0.0 reaches everybody at once\n"
    assert operated.run("rollout", "poll", "2.0.0", "5") == "chat-poll 2.0.0 reaches 5 %; 0 kept it, 0 took it back\n"
    operated.publish("poll", "2.0.0")
    assert "halted: it hides votes" in operated.run("rollout", "poll", "2.0.0", "--halt", "it hides votes")
    where = f"{operated.url}/plugins/poll/stages/1.0.0"
    httpx.put(where, json={"security": "mends a hole"}, auth=("__token__", operated.token()), timeout=30)
    assert operated.run("security", "list").startswith("chat-poll  1.0.0  mends a hole\n")
    assert operated.run("security", "confirm", "poll", "1.0.0") == "chat-poll 1.0.0 is a security fix: mends a hole\n"
    page = httpx.get(
        f"{operated.url}/simple/chat-poll/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}, timeout=30
    ).json()
    assert page["files"][0]["_jackfield"]["security"] == {"text": "mends a hole", "confirmed": True}
    assert page["files"][1]["_jackfield"]["rollout"] == {"percent": 5, "halted": "it hides votes"}
    assert operated.run("security", "withdraw", "poll", "1.0.0") == "chat-poll 1.0.0 is an ordinary version\n"
