"""What tokens and passwords allow, for how long, and how often one may be wrong."""

from datetime import timedelta

import httpx
import pytest
from jackfield_marketplace.accounts import (
    add_user,
    authenticate,
    block_user,
    create_token,
    find_user,
    network_of,
    read_credentials,
    revoke_token,
    set_password,
)
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import Contents, Hosts, Refusal
from jackfield_marketplace.db import Token, now
from jackfield_marketplace.settings import Rate
from jackfield_marketplace.trust import Signing, Waiting
from jackfield_marketplace.uploads import Uploads
from sqlalchemy import select

from tests.marketplace.conftest import local_market
from tests.support.marketplace import running_marketplace
from tests.support.processes import Server, script
from tests.support.uploads import basic, nothing_is_listed, raw_post
from tests.support.wheels import build_plugin

PASSWORD = "correct horse battery"
OTHER_PASSWORD = "battery horse correct"


def credentials(user, secret):
    found = read_credentials(basic(user, secret)["Authorization"])
    assert found is not None
    return found


def revoke(session, user):
    revoke_token(session, session.scalars(select(Token).where(Token.user_id == user.id)).one().id)


def reissue(session, user):
    """A new token, which SQLite gives the number of the one that has gone."""
    revoke(session, user)
    session.flush()
    create_token(session, user)


def run_out(session, user):
    session.scalars(select(Token).where(Token.user_id == user.id)).one().expires_at = now()


def change_password(session, user):
    set_password(user, OTHER_PASSWORD)


def remove_password(session, user):
    set_password(user, None)


TAKEN_AWAY = [
    ("token", revoke),
    ("token", reissue),
    ("token", run_out),
    ("token", block_user),
    ("password", change_password),
    ("password", remove_password),
    ("password", block_user),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "take_away"), TAKEN_AWAY, ids=[f"{kind}-{do.__name__}" for kind, do in TAKEN_AWAY])
def test_an_upload_that_waits_is_held_against_its_credentials_again(market, kind, take_away):
    """Between its form and its turn to write, an upload may wait for others for minutes."""
    with market.database.write() as session:
        token = create_token(session, add_user(session, "carol", PASSWORD))
    sent = credentials("__token__", token) if kind == "token" else credentials("carol", PASSWORD)
    identity = authenticate(market.database, sent)
    assert identity is not None
    settings, database = market.settings, market.database
    waiting = Waiting(database, Signing(database, settings.keys, settings.blobs))
    contents = Contents(database, DiskBlobs(settings.blobs))
    uploads = Uploads(settings, database, contents, Hosts(settings.hosts, ()), waiting)
    path = build_plugin(market.wheels, "poll")
    with database.write() as session:
        take_away(session, find_user(session, "carol"))
    with path.open("rb") as file, pytest.raises(Refusal, match=f"the {kind} was revoked, or ran out") as refused:
        uploads.accept(file, path.name, {}, identity)
    assert refused.value.status == 401
    nothing_is_listed(market)


def test_a_token_that_is_revoked_while_a_document_is_sent(market):
    market.publish("poll")

    def pieces():
        yield b'{"rollout"'
        with market.database.write() as session:
            revoke(session, find_user(session, "alice"))
        yield b": 10}"

    token = ("__token__", market.tokens["alice"])
    answer = market.client.put("/plugins/poll/stages/2.0.0", content=pieces(), auth=token)
    assert answer.status_code == 401


def test_a_token_counts_up_to_its_last_moment(market):
    with market.database.write() as session:
        text = create_token(session, find_user(session, "alice"), lifetime=timedelta(days=1))
        session.flush()
        end = session.scalars(select(Token.expires_at).where(Token.expires_at.is_not(None))).one()
    sent = credentials("__token__", text)
    assert authenticate(market.database, sent, at=end - timedelta(microseconds=1)) is not None
    assert authenticate(market.database, sent, at=end) is None


def test_a_token_for_one_project_uploads_no_other_of_its_user(market):
    market.publish("poll")
    with market.database.write() as session:
        market.tokens["narrow"] = create_token(session, find_user(session, "alice"), project="Chat_Dice")
    answer = market.upload(build_plugin(market.wheels, "poll", "2.0.0"), user="narrow")
    assert (answer.status_code, "this token is for chat-dice alone" in answer.text) == (403, True)
    assert market.upload(build_plugin(market.wheels, "dice"), user="narrow").status_code == 200
    staged = market.client.put(
        "/plugins/poll/stages/2.0.0", json={"rollout": 1}, auth=("__token__", market.tokens["narrow"])
    )
    assert staged.status_code == 403


def test_a_token_for_a_project_of_somebody_else_uploads_nothing(market):
    market.publish("poll")
    with market.database.write() as session:
        market.tokens["narrow"] = create_token(session, find_user(session, "bob"), project="chat-poll")
    answer = market.upload(build_plugin(market.wheels, "poll", "2.0.0"), user="narrow")
    assert (answer.status_code, "belongs to alice" in answer.text) == (403, True)


@pytest.fixture(scope="module")
def patient(tmp_path_factory, empty_data):
    """Anybody may be wrong as often as they like."""
    with local_market(tmp_path_factory.mktemp("patient"), empty_data, wrong_credentials=Rate(0, 0)) as running:
        yield running


@pytest.mark.parametrize(
    "value",
    [
        *("", "Basic", "Basic ", "Basic  ", "basic Og==", "Basic Og", "Basic =", "Basic Og== Og==", "Basic \xff"),
        *("Bearer jfm-x", "Digest username=alice", "Basic " + "A" * 7000, "Basic AAAA", "Basic /w==", "Basic\tOg=="),
        *("Negotiate", "Basic X190b2tlbl9fOg==", "Basic X190b2tlbl9fOgA=", ", Basic Og==", "\xe4: \xf6"),
    ],
)
@pytest.mark.parametrize("path", ["/legacy/", "/plugins/submit"])
def test_headers_that_make_no_sense_are_answered_401(patient, value, path):
    status, _, _ = raw_post(patient, {"Authorization": value, "Content-Length": "0"}, path=path)
    assert status == 401


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1:2:3:4", "2001:db8::"),
        ("2001:db8:0:1::9", "2001:db8:0:1::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_who_counts_as_one_client(address, network):
    assert network_of(address) == network


@pytest.mark.slow
def test_guesses_are_counted_for_who_sends_them_whatever_a_header_says(tmp_path):
    """Twenty are let through at once, from each address; who has a token shares none of that."""
    with running_marketplace(tmp_path) as market, httpx.Client(base_url=market.url, timeout=20) as client:
        wrong = ("__token__", "jfm-wrong")
        statuses = [
            client.post("/legacy/", auth=wrong, headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
            for number in range(30)
        ]
        assert set(statuses[:20]) == {401}
        assert 429 in statuses[20:]
        assert market.upload(build_plugin(tmp_path / "wheels", "poll")).status_code == 200


@pytest.mark.slow
def test_behind_a_proxy_of_ours_guesses_are_counted_for_each_network(tmp_path):
    command = [script("jackfield-marketplace"), "serve", "--data", str(tmp_path / "data"), "--port", "0"]
    with Server([*command, "--proxy", "127.0.0.1"]) as server, httpx.Client(base_url=server.address) as client:

        def guess(address):
            headers = {"X-Forwarded-For": f"198.51.100.7, {address}"}  # the first is what the client itself sent
            return client.post("/legacy/", auth=("__token__", "jfm-wrong"), headers=headers).status_code

        assert 429 in [guess(f"2001:db8::{number:x}") for number in range(30)]
        assert guess("2001:db8:0:1::1") == 401
        assert guess("192.0.2.1") == 401
