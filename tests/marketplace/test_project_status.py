"""How a project stands (PEP 792), and tokens that are for one project alone."""

import pytest
from jackfield.errors import UsageError
from jackfield_marketplace.accounts import create_token, find_user
from jackfield_marketplace.catalog import set_status

from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow


def stands(market, status, reason=""):
    with market.database.write() as session:
        set_status(session, "poll", status, reason)


def test_a_quarantined_project_shows_nothing_and_takes_nothing(market):
    path = market.publish("poll")
    (entry,) = market.project("chat-poll")["files"]
    address = f"/simple/chat-poll/{entry['url']}"
    for beside in ("", ".metadata", ".plugin.toml"):
        assert market.client.get(address + beside).status_code == 200
    stands(market, "quarantined", "stolen <account>")
    page = market.project("chat-poll")
    assert page["project-status"] == {"status": "quarantined", "reason": "stolen <account>"}
    assert (page["files"], page["versions"]) == ([], [])
    html = market.client.get("/simple/chat-poll/").text
    assert '<meta name="pypi:project-status-reason" content="stolen &lt;account&gt;">' in html
    for beside in ("", ".metadata", ".plugin.toml"):
        assert market.client.get(address + beside).status_code == 404
    asked = [f"/files/{entry['hashes']['sha256']}/{entry['filename']}.metadata", "/plugins/poll/latest"]
    answers = market.client.post("/batch", json={"get": asked}).json()["answers"]
    assert [answer["status"] for answer in answers] == [404, 404]
    assert market.client.get("/plugins/poll").status_code == 404
    assert market.client.get("/plugins/search?q=poll").json()["total"] == 0
    for again in (path, build_plugin(market.wheels, "poll", "1.1.0")):
        answer = market.upload(again)
        assert (answer.status_code, "is quarantined and takes no uploads" in answer.reason_phrase) == (403, True)
    stands(market, "active")
    assert market.project("chat-poll")["project-status"] == {"status": "active"}
    assert market.client.get(address).status_code == 200
    assert market.client.get("/plugins/poll").status_code == 200


@pytest.mark.parametrize(("status", "takes"), [("archived", 403), ("deprecated", 200)])
def test_other_states_keep_what_is_published(market, status, takes):
    market.publish("poll")
    stands(market, status)
    page = market.project("chat-poll")
    assert (page["project-status"], len(page["files"])) == ({"status": status}, 1)
    assert market.upload(build_plugin(market.wheels, "poll", "1.1.0")).status_code == takes


def test_a_token_for_one_project_uploads_no_other(market):
    with market.database.write() as session:
        market.tokens["alice"] = create_token(session, find_user(session, "alice"), project="Chat_Poll")
    assert market.upload(build_plugin(market.wheels, "poll")).status_code == 200
    answer = market.upload(build_plugin(market.wheels, "dice"))
    assert (answer.status_code, answer.text) == (403, "this token is for chat-poll alone; it cannot upload chat-dice\n")


def test_a_token_is_for_a_name_that_can_be_one(market):
    with market.database.write() as session, pytest.raises(UsageError, match="no name of a distribution"):
        create_token(session, find_user(session, "alice"), project="../x")
