"""The package index: PEPs 503, 691, 658/714, 592, 700, 792, and what a cache may keep."""

import hashlib
import re

import pytest
from jackfield_marketplace.catalog import yank

from tests.support.wheels import plugin_source

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


def test_an_empty_index_lists_nothing(market):
    answer = market.client.get("/simple/", headers={"Accept": JSON})
    assert answer.json() == {"meta": {"api-version": "1.4"}, "projects": []}
    assert "<h1>Simple index</h1>" in market.client.get("/simple/").text


def test_root_lists_every_project(market):
    market.publish("poll")
    market.publish("dice")
    answer = market.client.get("/simple/", headers={"Accept": JSON})
    assert answer.json()["projects"] == [{"name": "chat-dice"}, {"name": "chat-poll"}]
    assert '<a href="chat-poll/">chat-poll</a>' in market.client.get("/simple/").text


def test_project_document(market):
    path = market.publish("poll", requires_python=">=3.11")
    document = market.project("chat-poll")
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    (entry,) = document["files"]
    assert document["meta"] == {"api-version": "1.4"}
    assert document["name"] == "chat-poll"
    assert document["versions"] == ["1.0.0"]
    assert document["project-status"] == {"status": "active"}
    assert entry["filename"] == path.name
    assert entry["hashes"] == {"sha256": sha256}
    assert entry["size"] == len(data)
    assert entry["requires-python"] == ">=3.11"
    assert entry["yanked"] is False
    assert set(entry["core-metadata"]) == {"sha256"}
    assert "dist-info-metadata" not in entry, "pip 23.0 and before take it for a string and fail (PEP 714)"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", entry["upload-time"])
    address = market.client.build_request("GET", "/simple/chat-poll/").url.join(entry["url"])
    assert market.client.get(address).content == data


def test_project_page_of_html(standing):
    standing.publish("limited", requires_python=">=3.11,<4")
    answer = standing.client.get("/simple/chat-limited/", headers={"Accept": HTML})
    assert answer.headers["content-type"] == f"{HTML}; charset=utf-8" or answer.headers["content-type"] == HTML
    assert 'data-requires-python="&gt;=3.11,&lt;4"' in answer.text or "&lt;4" in answer.text
    assert re.search(
        r'href="../../files/[0-9a-f]{64}/chat_limited-1.0.0-py3-none-any.whl#sha256=[0-9a-f]{64}"', answer.text
    )
    metadata = re.search(r'data-core-metadata="(sha256=[0-9a-f]{64})"', answer.text)
    assert metadata
    assert f'data-dist-info-metadata="{metadata[1]}"' in answer.text  # PEP 714: the older name says the same
    assert '<meta name="pypi:repository-version" content="1.4">' in answer.text


def test_metadata_lies_beside_the_file(market):
    source = plugin_source("poll", requires=["httpx>=0.27"])
    market.upload(source.build(market.wheels))
    (entry,) = market.project("chat-poll")["files"]
    answer = market.client.get(f"/simple/chat-poll/{entry['url']}.metadata")
    assert answer.content == source.metadata().encode()
    assert hashlib.sha256(answer.content).hexdigest() == entry["core-metadata"]["sha256"]


def test_manifest_lies_beside_the_file(market):
    source = plugin_source("poll")
    market.upload(source.build(market.wheels))
    (entry,) = market.project("chat-poll")["files"]
    assert entry["_jackfield"]["id"] == "poll"
    answer = market.client.get(f"/simple/chat-poll/{entry['url']}.plugin.toml")
    assert answer.text == source.files["chat_poll/plugin.toml"]
    assert hashlib.sha256(answer.content).hexdigest() == entry["_jackfield"]["plugin_toml"]["sha256"]


@pytest.mark.parametrize("name", ["Chat_Poll", "chat.poll", "CHAT--POLL"])
def test_other_spellings_lead_to_the_canonical_name(standing, name):
    standing.publish("poll")
    answer = standing.client.get(f"/simple/{name}/")
    assert (answer.status_code, answer.headers["location"]) == (301, "/simple/chat-poll/")
    assert standing.client.get("/simple/chat-poll").headers["location"] == "/simple/chat-poll/"


def test_unknown_project(standing):
    assert standing.client.get("/simple/nothing/").status_code == 404


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (JSON, JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        ("text/html", "text/html"),
        ("*/*", "text/html"),
        (f"{JSON}, {HTML};q=0.2, text/html;q=0.01", JSON),
        (f"{JSON};q=0.1, text/html;q=0.9", "text/html"),
        (f"{JSON};q=nonsense, {HTML}", HTML),
        (f"*/*;q=0.1, {JSON}", JSON),  # the narrowest range that covers a type rules, wherever it stands
        ("*/*, text/html;q=0", JSON),
        (f"text/*;q=0.9, text/html;q=0.1, {JSON};q=0.2", JSON),
        (f"{JSON};q=0", None),
        ("application/pdf", None),
    ],
)
def test_content_negotiation(standing, accept, expected):
    standing.publish("poll")
    for address in ("/simple/", "/simple/chat-poll/"):
        answer = standing.client.get(address, headers={"Accept": accept})
        if expected is None:
            assert answer.status_code == 406
        else:
            assert answer.headers["content-type"].partition(";")[0] == expected
            assert "Accept" in answer.headers["vary"]


def test_a_page_that_did_not_change_is_not_sent_again(market):
    market.publish("poll")
    for address in ("/simple/", "/simple/chat-poll/"):
        first = market.client.get(address)
        again = market.client.get(address, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"other", {0}', '"other",W/{0}', "*"])
def test_a_version_is_known_in_every_form_of_the_header(market, form):
    """RFC 9110, 13.1.2: a list, compared weakly, as a cache on the way may have made of it."""
    market.publish("poll")
    for kind in (JSON, "text/html"):
        first = market.client.get("/simple/chat-poll/", headers={"Accept": kind})
        said = form.format(first.headers["etag"])
        again = market.client.get("/simple/chat-poll/", headers={"Accept": kind, "If-None-Match": said})
        assert (again.status_code, again.headers["etag"]) == (304, first.headers["etag"])
        others = {"Accept": kind, "If-None-Match": '"other", W/"another"'}
        assert market.client.get("/simple/chat-poll/", headers=others).content == first.content


def test_one_kind_of_page_is_not_the_other_version_of_it(market):
    market.publish("poll")
    page, document = (market.client.get("/simple/chat-poll/", headers={"Accept": kind}) for kind in ("text/html", JSON))
    assert page.headers["etag"] != document.headers["etag"]
    assert "accept" in page.headers["vary"].lower()
    headers = {"Accept": JSON, "If-None-Match": page.headers["etag"]}
    assert market.client.get("/simple/chat-poll/", headers=headers).status_code == 200


def test_a_new_version_shows_at_once(market):
    market.publish("poll")
    first = market.client.get("/simple/chat-poll/", headers={"Accept": JSON})
    market.publish("poll", "1.1.0")
    again = market.client.get("/simple/chat-poll/", headers={"Accept": JSON, "If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert again.json()["versions"] == ["1.0.0", "1.1.0"]


def test_files_never_change_and_may_be_kept_for_ever(market):
    market.publish("poll")
    (entry,) = market.project("chat-poll")["files"]
    answer = market.client.get(f"/simple/chat-poll/{entry['url']}")
    assert "immutable" in answer.headers["cache-control"]
    kept = market.client.get(f"/simple/chat-poll/{entry['url']}", headers={"If-None-Match": answer.headers["etag"]})
    assert kept.status_code == 304
    part = market.client.get(f"/simple/chat-poll/{entry['url']}", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PK\3\4")


@pytest.mark.parametrize(
    "address", ["/files/zz/x.whl", "/files/" + "0" * 64 + "/x.whl", "/files/../data/x", "/files/a/..%2f..%2fx"]
)
def test_address_of_no_file(standing, address):
    assert standing.client.get(address).status_code == 404


def test_a_yanked_version_is_marked(market):
    market.publish("poll")
    market.publish("poll", "1.1.0")
    with market.database.write() as session:
        assert yank(session, "chat-poll", "1.1", "votes <lost>") == 1
    entries = {entry["filename"]: entry for entry in market.project("chat-poll")["files"]}
    assert entries["chat_poll-1.1.0-py3-none-any.whl"]["yanked"] == "votes <lost>"
    assert entries["chat_poll-1.0.0-py3-none-any.whl"]["yanked"] is False
    assert 'data-yanked="votes &lt;lost&gt;"' in market.client.get("/simple/chat-poll/").text
    assert market.client.get("/plugins/poll/latest").json()["version"] == "1.0.0"
    with market.database.write() as session:
        yank(session, "poll", "1.1.0", "", undo=True)
    assert market.client.get("/plugins/poll/latest").json()["version"] == "1.1.0"


def test_head_has_no_body(standing):
    standing.publish("poll")
    answer = standing.client.head("/simple/chat-poll/")
    assert (answer.status_code, answer.content) == (200, b"")
