"""The plugin API: search, details, changelogs, downloads, categories, and the document that describes them."""

import hashlib

import pytest
from jackfield_marketplace.catalog import feature

from tests.support.wheels import manifest_text, plugin_source

PERMISSIONS = """
[[permissions]]
resource = "rooms"
actions = ["read"]
reason = "lists them"
[[permissions]]
resource = "network"
actions = ["listen"]
hosts = ["127.0.0.1:8080"]
reason = "waits for votes"
[[permissions]]
resource = "robots"
actions = ["command"]
"""
CHANGELOG = """# Changes

## 1.1.0 - 2026-11-03

- votes can be taken back

## 1.0.0

First version
"""


@pytest.mark.feature("C34")
def test_search_by_words_that_begin_alike(market):
    for plugin_id in ("poll", "quick-poll", "dice"):
        market.publish(plugin_id)
    answer = market.client.get("/plugins/search", params={"q": "pol"}).json()
    assert ([one["id"] for one in answer["plugins"]], answer["total"]) == (["poll", "quick-poll"], 2)
    assert market.client.get("/plugins/search", params={"q": "poll qui"}).json()["total"] == 1
    assert market.client.get("/plugins/search").json()["total"] == 3


def test_search_puts_the_most_downloaded_first_and_the_exact_id_before_it(market):
    for plugin_id in ("poll", "poll-extra", "poll-more"):
        market.publish(plugin_id)
    for _ in range(2):
        market.client.get("/plugins/poll-more/download", follow_redirects=True)
    market.app.downloads.write()
    found = market.client.get("/plugins/search", params={"q": "poll"}).json()["plugins"]
    assert [one["id"] for one in found] == ["poll", "poll-more", "poll-extra"]
    assert [one["downloads"] for one in found] == [0, 2, 0]


@pytest.mark.parametrize(
    "query", ['"', "poll OR", "NEAR(", "a* b*", "-", "plugin_id:x", "'; DROP TABLE plugins", "ü", "\x00", "🎲"]
)
def test_no_query_is_an_operator(standing, query):
    standing.publish("poll")
    assert standing.client.get("/plugins/search", params={"q": query}).status_code == 200
    assert standing.client.get("/search", params={"q": query}).status_code == 200
    assert standing.client.get("/plugins/poll").status_code == 200


def test_search_follows_a_change_of_words(market):
    market.publish("poll")
    manifest = manifest_text("poll", "1.1.0").replace("The poll plugin", "Umfragen für alle")
    market.upload(plugin_source("poll", "1.1.0", manifest=manifest).build(market.wheels))
    assert market.client.get("/plugins/search", params={"q": "umfragen fur"}).json()["total"] == 1
    assert market.client.get("/plugins/search", params={"q": "the plugin"}).json()["total"] == 0


def test_search_in_a_category_and_for_an_app(market):
    source = plugin_source("poll")
    source.metadata_lines = ["Keywords: productivity,votes,fun"]
    market.upload(source.build(market.wheels))
    market.publish("dice")
    found = market.client.get("/plugins/search", params={"category": "fun"}).json()
    assert [(one["id"], one["categories"]) for one in found["plugins"]] == [("poll", ["fun", "productivity"])]
    assert market.client.get("/plugins/search", params={"app": "chat"}).json()["total"] == 2
    assert market.client.get("/plugins/search", params={"app": "other"}).json()["total"] == 0
    assert market.client.get("/plugins/search", params={"q": "votes"}).json()["total"] == 1


def test_pages_of_a_search(market):
    for number in range(5):
        market.publish(f"poll-{number}")
    first = market.client.get("/plugins/search", params={"limit": 2}).json()
    second = market.client.get("/plugins/search", params={"limit": 2, "offset": 2}).json()
    assert (first["total"], len(first["plugins"]), len(second["plugins"])) == (5, 2, 2)
    assert {one["id"] for one in first["plugins"]}.isdisjoint(one["id"] for one in second["plugins"])
    assert market.client.get("/plugins/search", params={"limit": 1000}).status_code == 422


@pytest.mark.feature("C35")
def test_details_speak_the_hosts_words_risky_first(market):
    source = plugin_source(
        "poll", manifest=manifest_text("poll", more='[requires]\ndice = "^1.0"\n', permissions=PERMISSIONS)
    )
    source.readme = "# Poll"
    market.upload(source.build(market.wheels))
    document = market.client.get("/plugins/poll").json()
    assert [(one["sentence"], one["risk"]) for one in document["permissions"]] == [
        ("accept connections from other computers", "high"),
        ("robots: command", "high"),
        ("read the names of the rooms", "low"),
    ]
    assert document["permissions"][0]["targets"] == ["127.0.0.1:8080"]
    assert document["permissions"][2]["reason"] == "lists them"
    assert document["requires"] == {"dice": "^1.0"}
    assert document["host"] == {"chat": ">=1.0 <2.0"}
    assert (document["app"], document["distribution"], document["readme"]) == ("chat", "chat-poll", "# Poll")
    assert [one["version"] for one in document["versions"]] == ["1.0.0"]


def test_an_id_is_found_in_every_spelling(market):
    market.publish("quick-poll")
    for spelling in ("quick-poll", "quick_poll", "Quick.Poll"):
        assert market.client.get(f"/plugins/{spelling}").json()["id"] == "quick-poll"


@pytest.mark.parametrize(
    "address", ["/plugins/nope", "/plugins/nope/latest", "/plugins/nope/changelog", "/plugins/%00/latest"]
)
def test_an_unknown_plugin(standing, address):
    answer = standing.client.get(address)
    assert answer.status_code == 404
    assert "no plugin is called" in answer.json()["detail"]


@pytest.mark.feature("C40")
def test_latest_is_the_highest_final_version(market):
    for version in ("1.9.0", "1.10.0"):
        market.publish("poll", version)
    market.publish("poll", "2.0.0rc1", manifest=manifest_text("poll", "2.0.0-rc1"))
    assert market.client.get("/plugins/poll/latest").json() == {
        "id": "poll",
        "version": "1.10.0",
        "distribution": "chat-poll",
    }


@pytest.mark.feature("C43")
def test_changelog_since_a_version(market):
    market.publish(
        "poll", "1.0.0", changelog=CHANGELOG.replace("## 1.1.0 - 2026-11-03\n\n- votes can be taken back\n", "")
    )
    market.publish("poll", "1.1.0", changelog=CHANGELOG)
    market.publish("poll", "1.2.0", changelog=CHANGELOG)
    changes = market.client.get("/plugins/poll/changelog", params={"since": "1.0"}).json()["changelog"]
    assert [(one["version"], one["text"]) for one in changes] == [("1.2.0", ""), ("1.1.0", "- votes can be taken back")]
    assert changes[1]["date"] == "2026-11-03"
    assert len(changes[0]["date"]) == 10
    assert len(market.client.get("/plugins/poll/changelog").json()["changelog"]) == 3
    assert market.client.get("/plugins/poll/changelog", params={"since": "x"}).status_code == 422


@pytest.mark.feature("C36")
def test_download_leads_to_the_wheel_and_is_counted(market):
    path = market.publish("poll")
    answer = market.client.get("/plugins/poll/download", follow_redirects=True)
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(path.read_bytes()).digest()
    market.publish("poll", "1.1.0")
    older = market.client.get("/plugins/poll/download", params={"version": "1.0.0"})
    assert older.headers["location"].endswith("chat_poll-1.0.0-py3-none-any.whl")
    assert market.client.get("/plugins/poll/download", params={"version": "9"}).status_code == 404
    for same in ("1.0", "1", "v1.0.0"):
        found = market.client.get("/plugins/poll/download", params={"version": same}, follow_redirects=False)
        assert (found.status_code, found.headers["location"]) == (302, older.headers["location"]), same
    assert market.client.get("/plugins/poll/download", params={"version": "one"}).status_code == 404
    market.app.downloads.write()
    assert market.client.get("/plugins/poll").json()["downloads"] == 1


@pytest.mark.feature("C38")
def test_featured_in_the_operators_order(market):
    for plugin_id in ("poll", "dice", "welcome"):
        market.publish(plugin_id)
    with market.database.write() as session:
        for plugin_id in ("welcome", "poll"):
            feature(session, plugin_id)
    assert [one["id"] for one in market.client.get("/plugins/featured").json()["plugins"]] == ["welcome", "poll"]
    with market.database.write() as session:
        feature(session, "welcome", remove=True)
    assert [one["id"] for one in market.client.get("/plugins/featured").json()["plugins"]] == ["poll"]


@pytest.mark.feature("C37")
def test_categories_with_their_numbers(market):
    source = plugin_source("poll")
    source.metadata_lines = ["Keywords: fun"]
    market.upload(source.build(market.wheels))
    counts = {one["slug"]: one["plugins"] for one in market.client.get("/categories").json()["categories"]}
    assert counts["fun"] == 1
    assert counts["moderation"] == 0


def test_the_openapi_document_describes_every_route_and_field(standing):
    document = standing.client.get("/openapi.json").json()
    described = {"/plugins/search", "/plugins/{plugin_id}", "/categories", "/plugins/{plugin_id}/changelog"}
    assert described | {"/plugins/submit"} <= set(document["paths"])
    form = document["paths"]["/plugins/submit"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["content"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation.get("description"), path
    for name, schema in document["components"]["schemas"].items():
        if not name.startswith(("HTTPValidation", "ValidationError")):
            assert schema.get("description"), name


def test_a_word_too_long_is_said_so(standing):
    assert standing.client.get("/plugins/search", params={"q": "x" * 1000}).status_code == 422


def test_healthz(standing):
    assert standing.client.get("/healthz").text == "ok\n"


@pytest.mark.parametrize(
    "address",
    ["search?q=poll", "featured", "poll", "poll/latest", "poll/changelog", "poll/download", "nobody", "search?limit=0"],
)
def test_who_asks_for_the_head_alone_is_answered_as_by_get(market, address):
    market.publish("poll")
    given = market.client.get(f"/plugins/{address}", follow_redirects=False)
    head = market.client.head(f"/plugins/{address}", follow_redirects=False)
    assert (head.status_code, head.content) == (given.status_code, b"")
    assert (
        head.headers["content-type" if given.content else "location"]
        == given.headers["content-type" if given.content else "location"]
    )
    assert head.headers["content-length"] == given.headers["content-length"]


@pytest.mark.parametrize("address", ["/plugins/poll/", "/plugin/poll/", "/search/", "/categories/"])
def test_nobody_is_led_to_the_host_that_they_named(market, address):
    market.publish("poll")
    answer = market.client.get(address, headers={"Host": "evil.example"}, follow_redirects=False)
    assert (answer.status_code, answer.headers.get("location")) == (404, None)


def test_an_id_of_any_length_is_refused_in_a_short_sentence(market):
    told = market.client.get(f"/plugins/{'a' * 20_000}")
    assert told.status_code == 404
    assert len(told.json()["detail"]) < 200
