"""What a user granted, and the check that every capability makes."""

import json
from dataclasses import replace
from typing import Any

import pytest
from jackfield.errors import ManifestError, PermissionDenied
from jackfield.permissions import Grant, Permission, require

GRANT = Grant(
    "weather",
    "https://market.example",
    "alice",
    (
        Permission("messages", ("read",), "answers"),
        Permission("network", ("connect",), hosts=("api.example.org:443", "*.cdn.example.org:443")),
    ),
    "1.4.0",
    ("geocoder",),
)


@pytest.mark.feature("C4", "C6", "C28")
def test_a_grant_allows_what_it_holds() -> None:
    assert GRANT.allows("messages", "read")
    assert not GRANT.allows("messages", "send")
    assert GRANT.allows("network", "connect", "api.example.org:443")
    assert GRANT.allows("network", "connect", "eu.cdn.example.org:443")
    assert not GRANT.allows("network", "connect", "example.org:443")
    assert not GRANT.allows("network", "connect")


@pytest.mark.feature("C13")
def test_what_is_not_granted_is_denied_with_the_way_to_look() -> None:
    require(GRANT, "weather", "messages", "read")
    with pytest.raises(PermissionDenied) as caught:
        require(GRANT, "weather", "messages", "send")
    assert str(caught.value) == (
        "weather may not messages:send (asked in plugin.toml? granted? see: jackfield permissions weather)"
    )
    assert caught.value.plugin == "weather"


@pytest.mark.feature("C13")
def test_a_denied_target_is_named() -> None:
    with pytest.raises(PermissionDenied, match=r"weather may not network:connect evil\.example:443"):
        require(GRANT, "weather", "network", "connect", "evil.example:443")


@pytest.mark.feature("C13")
def test_without_a_grant_nothing_is_allowed() -> None:
    with pytest.raises(PermissionDenied):
        require(None, "weather", "messages", "read")


def test_limits_tell_what_an_action_is_limited_to() -> None:
    assert GRANT.limits("network", "connect") == ("api.example.org:443", "*.cdn.example.org:443")
    assert GRANT.limits("messages", "read") == ()
    assert GRANT.limits("messages", "send") is None


@pytest.mark.parametrize(
    ("change", "binds"),
    [
        ({}, True),
        ({"plugin": "other"}, False),
        ({"source": "file"}, False),
        ({"publisher": None}, False),
        ({"publisher": "mallory"}, False),
        ({"key": "ab" * 32}, False),
    ],
    ids=str,
)
def test_a_grant_is_bound_to_plugin_source_and_publisher(change: dict[str, Any], binds: bool) -> None:
    whom: dict[str, Any] = {"plugin": "weather", "source": "https://market.example", "publisher": "alice", **change}
    assert GRANT.binds(**whom) is binds


@pytest.mark.parametrize("grant", [GRANT, replace(GRANT, requires=("geo",)), Grant("a", "file", None, ())], ids=str)
def test_a_grant_survives_the_state_log(grant: Grant) -> None:
    assert Grant.from_mapping(json.loads(json.dumps(grant.to_mapping()))) == grant


def test_what_the_user_has_not_seen_required_is_told_where_the_grant_knows() -> None:
    assert replace(GRANT, requires=("geo",)).unseen(["geo", "maps"]) == ("maps",)
    old = {key: value for key, value in GRANT.to_mapping().items() if key != "requires"}
    assert Grant.from_mapping(old).unseen(["geo", "maps"]) == ()


def test_what_a_later_version_wrote_grants_nothing_more() -> None:
    plain = GRANT.to_mapping()
    plain["color"] = "red"
    assert Grant.from_mapping(plain) == GRANT


def test_a_permission_limited_in_a_way_we_do_not_know_grants_nothing() -> None:
    plain = GRANT.to_mapping()
    plain["permissions"][0]["rooms"] = ["lobby"]
    grant = Grant.from_mapping(plain)
    assert not grant.allows("messages", "read")
    assert grant.allows("network", "connect", "api.example.org:443")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ([], "grant: expected a table, found a list []"),
        ({}, "grant.plugin: missing"),
        ({"plugin": "a"}, "grant.source: missing"),
        ({"plugin": "a", "source": "file"}, "grant.permissions: expected a list, found nothing: None"),
        ({**GRANT.to_mapping(), "publisher": 1}, "grant.publisher: expected text, found the whole number 1"),
        ({**GRANT.to_mapping(), "key": 1}, "grant.key: expected text, found the whole number 1"),
        ({**GRANT.to_mapping(), "dependencies": [1]}, "grant.dependencies: expected a list of texts, found a list [1]"),
        ({**GRANT.to_mapping(), "requires": [1]}, "grant.requires: expected a list of texts, found a list [1]"),
        ({**GRANT.to_mapping(), "permissions": [{}]}, "grant.permissions[0].resource: missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damage_names_the_key(mapping: object, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        Grant.from_mapping(mapping)
    assert caught.value.message == message
