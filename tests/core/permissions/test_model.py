"""Permissions as manifests write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import ManifestError
from jackfield.permissions import Permission

PLAIN: dict[str, Any] = {"resource": "network", "actions": ["connect"], "reason": "why", "hosts": ["a.org:443"]}


@pytest.mark.feature("C4")
def test_a_permission_is_a_resource_with_actions_and_limits() -> None:
    permission = Permission.from_mapping(PLAIN)
    assert permission == Permission("network", ("connect",), "why", hosts=("a.org:443",))
    assert permission.to_mapping() == PLAIN
    assert str(permission) == "network:connect (a.org:443)"
    assert str(Permission("messages", ("read", "send"))) == "messages:read+send"


def test_an_action_that_stands_twice_counts_once() -> None:
    assert Permission.from_mapping({"resource": "a", "actions": ["b", "c", "b"]}).actions == ("b", "c")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (3, "here: expected a table, found the whole number 3"),
        ({}, "here.resource: missing"),
        ({"resource": 1}, "here.resource: expected text, found the whole number 1"),
        ({"resource": "Messages"}, "here.resource: text 'Messages' does not fit [a-z][a-z0-9_.-]{0,63}"),
        ({"resource": "messages:read"}, "here.resource: text 'messages:read' does not fit [a-z][a-z0-9_.-]{0,63}"),
        ({"resource": "a"}, "here.actions: missing"),
        ({"resource": "a", "actions": "b"}, "here.actions: expected a list of texts, found text 'b'"),
        ({"resource": "a", "actions": [1]}, "here.actions: expected a list of texts, found a list [1]"),
        ({"resource": "a", "actions": []}, "here.actions: expected at least one action, found none"),
        ({"resource": "a", "actions": ["*"]}, "here.actions[0]: text '*' does not fit [a-z][a-z0-9_.-]{0,63}"),
        ({**PLAIN, "reason": None}, "here.reason: missing"),
        ({**PLAIN, "reason": "x" * 501}, "here.reason: 501 characters, at most 500 are allowed"),
        ({**PLAIN, "hosts": "a.org:443"}, "here.hosts: expected a list of texts, found text 'a.org:443'"),
        ({**PLAIN, "hosts": ["a.org"]}, "here.hosts[0]: 'a.org' is no host with a port"),
        ({**PLAIN, "paths": ["/a"]}, "here: hosts and paths in one permission"),
        ({**PLAIN, "names": ["A"]}, "here: hosts and names in one permission"),
        ({"resource": "a", "actions": ["b"], "names": ["*"]}, "here.names[0]: '*' is no environment variable"),
        ({"resource": "a", "actions": ["b"], "names": ["A=B"]}, "here.names[0]: 'A=B' is no environment variable"),
        (
            {"resource": "a", "actions": ["b"], "paths": ["a"]},
            "here.paths[0]: 'a' is neither absolute nor begins with ~/",
        ),
        ({**PLAIN, "host": "x"}, "here.host: unknown key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_names_the_key(mapping: object, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        Permission.from_mapping(mapping, where="here")
    assert caught.value.message == message


def test_a_caller_may_take_unknown_keys_as_warnings() -> None:
    told: list[tuple[str, str]] = []
    Permission.from_mapping({**PLAIN, "color": 1}, where="here", unknown=lambda where, key: told.append((where, key)))
    assert told == [("here", "color")]


@pytest.mark.feature("C4", "C28")
@pytest.mark.parametrize(
    ("permission", "action", "target", "allowed"),
    [
        (Permission("network", ("connect",)), "connect", None, True),
        (Permission("network", ("connect",)), "connect", "a.org:443", True),
        (Permission("network", ("connect",)), "listen", None, False),
        (Permission("network", ("connect",), hosts=("a.org:443",)), "connect", "a.org:443", True),
        (Permission("network", ("connect",), hosts=("a.org:443",)), "connect", "b.org:443", False),
        (Permission("network", ("connect",), hosts=("a.org:443",)), "connect", None, False),
        (Permission("network", ("read",), paths=("/data",)), "read", "/data/x", True),
        (Permission("network", ("read",), paths=("/data",)), "read", "/etc", False),
        (Permission("network", ("read",), paths=("/data",)), "read", None, False),
        (Permission("network", ("read",), names=("A_TOKEN", "B_*")), "read", "A_TOKEN", True),
        (Permission("network", ("read",), names=("A_TOKEN", "B_*")), "read", "B_TOKEN", True),
        (Permission("network", ("read",), names=("A_TOKEN", "B_*")), "read", "A_TOKENS", False),
        (Permission("network", ("read",), names=("A_TOKEN", "B_*")), "read", "a_token", False),
        (Permission("network", ("read",), names=("A_TOKEN",)), "read", None, False),
        (Permission("messages", ("connect",)), "connect", None, False),
    ],
)
def test_it_allows_what_it_names_and_no_more(
    permission: Permission, action: str, target: str | None, allowed: bool
) -> None:
    assert permission.allows("network", action, target) is allowed


plain_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["resource", "actions", "reason", "hosts", "paths", "names", "x"]), plain_values)
)
def test_no_plain_value_crashes_the_reader(changes: dict[str, Any]) -> None:
    try:
        read = Permission.from_mapping({**PLAIN, **changes})
    except ManifestError:
        return
    assert Permission.from_mapping(read.to_mapping()) == read
