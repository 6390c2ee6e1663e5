"""Pure decisions: what of a request is granted, and what an update asks beyond the version before."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.permissions import Asked, Grant, Growth, Permission, decide, growth
from jackfield.permissions.model import atoms, covered, merged

READ = Permission("messages", ("read",), "counts votes")
SEND = Permission("messages", ("send",), "answers")
BOTH = Permission("messages", ("read", "send"))
NET = Permission("network", ("connect",), hosts=("api.example.org:443",))
POLL = Asked((READ,), "https://market.example", "alice", "worker", {}, "poll")


def entries(found: Growth) -> list[tuple[str, str, str]]:
    return [(one.kind, one.plugin, str(one.permission or "")) for one in found.entries]


@pytest.mark.feature("C6", "C13")
def test_a_request_is_split_action_by_action_and_host_by_host() -> None:
    grant = Grant("poll", "file", None, (READ, Permission("network", ("connect",), hosts=("a.org:443",))))
    asked = (BOTH, Permission("network", ("connect",), "fetches", hosts=("a.org:443", "b.org:443")))
    decision = decide(asked, grant)
    assert not decision
    assert decision.granted == (
        Permission("messages", ("read",)),
        Permission("network", ("connect",), "fetches", hosts=("a.org:443",)),
    )
    assert decision.missing == (
        Permission("messages", ("send",)),
        Permission("network", ("connect",), "fetches", hosts=("b.org:443",)),
    )


def test_without_a_grant_all_is_missing_and_nothing_asked_is_nothing_missing() -> None:
    assert decide((BOTH,), None).missing == (BOTH,)
    assert decide((), None)


def test_an_unlimited_grant_covers_a_limited_request_and_not_the_reverse() -> None:
    unlimited = Permission("network", ("connect",))
    assert decide((NET,), Grant("a", "file", None, (unlimited,)))
    assert decide((unlimited,), Grant("a", "file", None, (NET,))).missing == (unlimited,)


@pytest.mark.feature("C4")
@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (POLL, []),
        (replace(POLL, permissions=()), []),
        (replace(POLL, permissions=(replace(READ, reason="another reason"),)), []),
        (replace(POLL, permissions=(BOTH,)), [("permission", "poll", "messages:send")]),
        (replace(POLL, permissions=(READ, NET)), [("permission", "poll", "network:connect (api.example.org:443)")]),
        (replace(POLL, dependencies={"geo": (NET,)}), [("dependency", "geo", "network:connect (api.example.org:443)")]),
        (replace(POLL, dependencies={"geo": ()}), []),
        (replace(POLL, requires=("geo",)), [("dependency", "poll", "")]),
        (replace(POLL, publisher="mallory"), [("publisher", "poll", "")]),
        (replace(POLL, publisher=None), [("publisher", "poll", "")]),
        (replace(POLL, key="ab" * 32), []),
        (replace(POLL, source="https://other.example"), [("source", "poll", "")]),
        (replace(POLL, isolation="process"), [("isolation", "poll", "")]),
        (replace(POLL, isolation="inline"), [("isolation", "poll", "")]),
    ],
)
def test_growth_is_what_was_not_asked_before(new: Asked, expected: list[tuple[str, str, str]]) -> None:
    assert entries(growth(POLL, new)) == expected
    assert bool(growth(POLL, new)) is bool(expected)


def test_growth_names_what_changed_for_a_person() -> None:
    details = [one.detail for one in growth(POLL, Asked((BOTH,), "file", None, "inline", {}, "poll")).entries]
    assert details == [
        "asks for messages:send",
        "published by nobody who is named, before by alice",
        "comes from file, before from https://market.example",
        "runs inside the application, with all that the application may do",
    ]


@pytest.mark.parametrize(
    ("old", "new", "grown"),
    [
        (NET, replace(NET, hosts=("*.example.org:443",)), True),
        (replace(NET, hosts=("*.example.org:443",)), NET, False),
        (NET, replace(NET, hosts=()), True),
        (replace(NET, hosts=()), NET, False),
        (NET, replace(NET, hosts=("api.example.org:80",)), True),
        (replace(NET, hosts=(), paths=("/data",)), replace(NET, hosts=(), paths=("/",)), True),
        (replace(NET, hosts=(), paths=("/data",)), replace(NET, hosts=(), paths=("/data/a",)), False),
    ],
)
def test_a_wider_limit_is_growth_and_a_narrower_is_not(old: Permission, new: Permission, grown: bool) -> None:
    assert bool(growth(replace(POLL, permissions=(old,)), replace(POLL, permissions=(new,)))) is grown


def test_a_dependency_that_asks_more_than_before_is_growth() -> None:
    old, new = replace(POLL, dependencies={"geo": (READ,)}), replace(POLL, dependencies={"geo": (READ, SEND)})
    assert entries(growth(old, new)) == [("dependency", "geo", "messages:send")]
    assert not growth(new, old)


@pytest.mark.feature("C4", "K25")
def test_a_plugin_that_is_required_anew_is_growth_and_one_less_is_not() -> None:
    old, new = replace(POLL, requires=("geo", "maps")), replace(POLL, requires=("maps", "votes"))
    assert growth(old, new).uses == ("uses the plugin votes: its services and events",)
    assert not growth(old, replace(POLL, requires=("maps",)))
    assert growth(None, new).uses == (
        "uses the plugin maps: its services and events",
        "uses the plugin votes: its services and events",
    )
    assert growth(POLL, replace(POLL, dependencies={"geo": (NET,)})).uses == (), "a permission is something else"


def test_less_trust_is_no_growth() -> None:
    inline = replace(POLL, isolation="inline")
    assert not growth(inline, POLL)
    assert not growth(inline, replace(POLL, isolation="process"))


@pytest.mark.feature("C6")
def test_at_a_first_install_everything_asked_counts_and_nobody_has_changed() -> None:
    first = growth(None, replace(POLL, permissions=(BOTH,), isolation="inline", dependencies={"geo": (NET,)}))
    assert [one.kind for one in first.entries] == ["permission", "dependency", "isolation"]
    assert not growth(None, Asked(plugin="quiet"))


def test_growth_is_told_in_plain_values() -> None:
    assert growth(POLL, replace(POLL, permissions=(READ, SEND), publisher="bob")).to_mapping() == [
        {"kind": "permission", "plugin": "poll", "permission": SEND.to_mapping(), "detail": "asks for messages:send"},
        {"kind": "publisher", "plugin": "poll", "permission": None, "detail": "published by bob, before by alice"},
    ]


hosts = st.sampled_from(["a.org:443", "*.a.org:443", "x.a.org:443", "a.org:*", "*:443"])
paths = st.sampled_from(["/data", "/data/a", "/", "~/x"])
names = st.sampled_from(["A", "A_B", "A_*", "A*"])
permissions = st.builds(
    lambda resource, actions, reason, limits: Permission(resource, tuple(actions), reason, *limits),
    st.sampled_from(["messages", "network"]),
    st.lists(st.sampled_from(["read", "send", "connect"]), min_size=1, max_size=3, unique=True),
    st.sampled_from(["", "why"]),
    st.one_of(
        st.just(((), ())),
        st.tuples(st.lists(hosts, max_size=2, unique=True).map(tuple), st.just(())),
        st.tuples(st.just(()), st.lists(paths, max_size=2, unique=True).map(tuple)),
        st.tuples(st.just(()), st.just(()), st.lists(names, max_size=2, unique=True).map(tuple)),
    ),
)
permission_lists = st.lists(permissions, max_size=3).map(tuple)
requests = st.builds(
    Asked,
    permission_lists,
    st.sampled_from(["https://a.example", "file"]),
    st.sampled_from([None, "alice", "bob"]),
    st.sampled_from(["worker", "process", "inline"]),
    st.dictionaries(st.sampled_from(["geo", "dice"]), permission_lists, max_size=2),
)


@given(requests)
def test_nothing_grows_when_nothing_changes(asked: Asked) -> None:
    assert not growth(asked, asked)


def weight(found: Growth) -> set[object]:
    """Growth as a set of the smallest parts, so that more can be told from less."""
    parts: set[object] = set()
    for entry in found.entries:
        if entry.permission is None:
            parts.add(entry.kind)
        else:
            parts |= {(entry.kind, entry.plugin, atom) for atom in atoms([entry.permission])}
    return parts


@given(requests, requests, permission_lists, st.sampled_from(["geo", "other"]))
def test_asking_more_never_shrinks_growth_and_having_asked_more_never_enlarges_it(
    old: Asked, new: Asked, more: tuple[Permission, ...], brought: str
) -> None:
    def wider(asked: Asked) -> Asked:
        dependencies = {**asked.dependencies, brought: (*asked.dependencies.get(brought, ()), *more)}
        return replace(asked, permissions=asked.permissions + more, dependencies=dependencies)

    assert weight(growth(old, new)) <= weight(growth(old, wider(new)))
    assert weight(growth(wider(old), new)) <= weight(growth(old, new))
    assert not growth(wider(new), new)


@given(permission_lists, permission_lists)
def test_a_decision_loses_and_invents_nothing(
    asked: tuple[Permission, ...], given_before: tuple[Permission, ...]
) -> None:
    decision = decide(asked, Grant("a", "file", None, given_before))
    assert set(atoms(decision.granted)) | set(atoms(decision.missing)) == set(atoms(asked))
    assert all(covered(atom, given_before) for atom in atoms(decision.granted))
    assert not any(covered(atom, given_before) for atom in atoms(decision.missing))
    assert decide(asked, Grant("a", "file", None, asked))


@given(permission_lists)
def test_taken_apart_and_put_together_is_the_same_request(asked: tuple[Permission, ...]) -> None:
    assert set(atoms(merged(atoms(asked)))) == set(atoms(asked))


@given(
    permission_lists,
    st.sampled_from(["read", "connect"]),
    st.sampled_from(["a.org:443", "x.a.org:443", "/data/a", None]),
)
def test_what_growth_does_not_name_was_allowed_before(
    asked: tuple[Permission, ...], action: str, target: str | None
) -> None:
    before = Grant("a", "file", None, (Permission("messages", ("read",)), NET))
    if not growth(Asked(before.permissions), Asked(asked)):
        after = Grant("a", "file", None, asked)
        for resource in ("messages", "network"):
            assert not after.allows(resource, action, target) or before.allows(resource, action, target)
