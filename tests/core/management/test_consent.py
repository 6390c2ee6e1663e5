"""What a user is asked: pure, in the host's words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jackfield.management import Consent, ConsentMissing
from jackfield.management.consent import Coming, Standing, renewed
from jackfield.manifest import HostFile, Manifest, read_manifest
from jackfield.permissions import Grant, Placement


def manifest(plugin: str = "poll", *permissions: str, isolation: str = "any", requires: str = "") -> Manifest:
    """A manifest that asks for `resource:action` or `resource:action@host`, and requires plugins: `geo = "*?"`."""
    lines = ["schema = 1", f'id = "{plugin}"', f'name = "{plugin.title()}"', f'isolation = "{isolation}"']
    for text in permissions:
        what, _, host = text.partition("@")
        resource, _, action = what.partition(":")
        lines += ["[[permissions]]", f'resource = "{resource}"', f'actions = ["{action}"]', f'reason = "for {text}"']
        lines += [f'hosts = ["{host}"]'] if host else []
    lines += ["[requires]", requires] if requires else []
    return read_manifest("\n".join(lines), source="plugin.toml")


def granted(of: Manifest, source: str = "https://x", publisher: str | None = "alice") -> Grant:
    return Grant(of.canonical_id, source, publisher, of.permissions, "1.0.0")


def coming(of: Manifest, **more) -> Coming:
    return Coming(of, "2.0.0", **{"source": "https://x", "publisher": "alice", **more})


@pytest.fixture
def consent(hostfile: HostFile) -> Consent:
    return Consent("chat", hostfile)


def test_risky_permissions_come_first_then_in_the_authors_order(consent):
    asked = manifest("poll", "messages:send", "members:read", "storage:write", "messages:read")
    request = consent.request(coming(asked), None)
    assert [one.risk for one in request.permissions] == ["high", "medium", "medium", "low"]
    assert [one.sentence for one in request.permissions] == [
        "read member names",
        "send messages",
        "read messages in the rooms it is added to",
        "store data of its own on this computer",
    ]
    assert request.permissions[0].reason == "for members:read"


def test_limits_are_part_of_the_sentence(consent):
    (one,) = consent.request(coming(manifest("poll", "network:connect@api.example.org:443")), None).permissions
    assert one.sentence == "open connections to other computers: api.example.org:443 only"


def test_what_the_host_does_not_know_is_said_so_and_risky(consent):
    (one,) = consent.request(coming(manifest("poll", "rocket:launch")), None).permissions
    assert "which Chat does not know" in one.sentence
    assert one.risk == "high"


def test_without_a_host_file_the_frameworks_words_are_used():
    consent = Consent("datasette", None)
    known, unknown = consent.request(coming(manifest("poll", "files:read", "tables:drop")), None).permissions
    assert known.sentence == "read files on this computer"
    assert unknown.sentence == "do tables:drop, which datasette does not describe"
    assert "datasette itself" in consent.isolation_sentence(Placement())


def test_only_what_is_new_is_marked(consent):
    before, after = manifest("poll", "messages:send"), manifest("poll", "messages:send", "members:read")
    request = consent.request(coming(after), Standing(before, "1.0.0", granted(before)))
    assert [(one.action, one.new, one.granted) for one in request.permissions] == [
        ("read", True, False),
        ("send", False, True),
    ]
    assert [entry.kind for entry in request.growth.entries] == ["permission"]


def test_the_same_and_less_need_no_yes(consent):
    before = manifest("poll", "messages:send", "members:read")
    standing = Standing(before, "1.0.0", granted(before))
    assert not consent.request(coming(before), standing).growth
    assert not consent.request(coming(manifest("poll", "messages:send")), standing).growth


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"publisher": "mallory"}, "publisher"),
        ({"source": "https://elsewhere"}, "source"),
        ({"source": "file"}, "source"),
    ],
)
def test_another_publisher_or_source_needs_a_yes(consent, change, kind):
    before = manifest("poll")
    request = consent.request(coming(before, **change), Standing(before, "1.0.0", granted(before)))
    assert [entry.kind for entry in request.growth.entries] == [kind]


def test_what_comes_along_asks_too(consent):
    before = manifest("poll")
    request = consent.request(
        coming(before, dependencies={"helper": manifest("helper", "members:read")}, brings=("helper",)),
        Standing(before, "1.0.0", granted(before)),
    )
    (entry,) = request.growth.entries
    assert (entry.kind, entry.plugin) == ("dependency", "helper")
    assert entry.detail == "comes with helper, which asks to read member names"
    assert request.brings == ("helper",)


USES_GEO = "uses the plugin geo: its services and events"


@pytest.mark.feature("C4", "K25")
@pytest.mark.parametrize("needed", ['geo = "*"', 'geo = "*?"', 'geo = "^1.0?"'])
@pytest.mark.parametrize("installed", [{}, {"geo": manifest("geo")}], ids=["absent", "installed"])
def test_another_plugin_that_it_uses_needs_a_yes(consent, needed, installed):
    before, after = manifest("poll"), manifest("poll", requires=needed)
    standing = Standing(before, "1.0.0", replace(granted(before), requires=()))
    request = consent.request(coming(after, dependencies=installed), standing, installed)
    (entry,) = request.growth.entries
    assert (entry.kind, entry.plugin, entry.permission, entry.detail) == ("dependency", "poll", None, USES_GEO)
    assert USES_GEO in ConsentMissing([request]).message
    grant = renewed(coming(after), standing, request.growth)
    assert grant.requires == ("geo",)
    assert not consent.request(coming(after), Standing(after, "2.0.0", grant)).growth


def test_another_range_of_a_plugin_that_it_uses_is_no_growth(consent):
    before = manifest("poll", requires='geo = "^1.0"')
    standing = Standing(before, "1.0.0", replace(granted(before), requires=("geo",)))
    for needed in ('geo = "^2.0"', 'geo = "*?"', ""):
        assert not consent.request(coming(manifest("poll", requires=needed)), standing).growth


def test_what_it_used_once_is_asked_again_after_a_version_that_did_not(consent):
    first, second = manifest("poll", requires='geo = "*"'), manifest("poll")
    standing = Standing(first, "1.0.0", replace(granted(first), requires=("geo",)))
    grant = renewed(coming(second), standing, consent.request(coming(second), standing).growth)
    assert consent.request(coming(first), Standing(second, "2.0.0", grant)).growth.uses == (USES_GEO,)


def test_a_grant_that_does_not_tell_was_given_to_the_manifest_that_stands(consent):
    before = manifest("poll", requires='geo = "*"')
    assert not consent.request(coming(before), Standing(before, "1.0.0", granted(before))).growth
    assert consent.request(coming(before), Standing(None, "1.0.0", granted(before))).growth.uses == (USES_GEO,)


def test_a_first_install_asks_for_the_plugins_that_it_uses(consent):
    asked = manifest("poll", requires='geo = "*?"\nmaps = "^1.0"')
    request = consent.request(coming(asked, placement=Placement("worker", "full")), None)
    assert request.growth.uses == (USES_GEO, "uses the plugin maps: its services and events")


def test_what_only_a_dependency_asks_anew_is_not_marked_on_the_plugin(consent):
    before = manifest("poll", "members:read")
    request = consent.request(
        coming(before, dependencies={"helper": manifest("helper", "members:read")}),
        Standing(before, "1.0.0", granted(before)),
    )
    assert [entry.kind for entry in request.growth.entries] == ["dependency"]
    assert [(one.action, one.new) for one in request.permissions] == [("read", False)]


def test_of_two_that_are_limited_to_hosts_only_the_wider_is_marked(consent):
    before = manifest("poll", "network:connect@a.example:443")
    after = manifest("poll", "network:connect@a.example:443", "network:connect@b.example:443")
    request = consent.request(coming(after), Standing(before, "1.0.0", granted(before)))
    assert [(one.sentence.partition(": ")[2], one.new) for one in request.permissions] == [
        ("a.example:443 only", False),
        ("b.example:443 only", True),
    ]


def test_where_it_runs_is_said_and_less_confinement_needs_a_yes(consent):
    confined, open_, inline = Placement("worker", "full"), Placement("process"), Placement()
    asked = manifest("poll")
    assert not consent.request(coming(asked, placement=confined), None).growth
    request = consent.request(coming(asked, placement=open_), None)
    assert "not confined" in request.isolation_sentence
    assert [entry.detail for entry in request.growth.entries] == [
        "runs in a process of its own that is not confined: it can do what you can"
    ]
    running = Standing(asked, "1.0.0", granted(asked), open_)
    assert not consent.request(coming(asked, placement=open_), running).growth
    assert not consent.request(coming(asked, placement=confined), running).growth
    assert [one.kind for one in consent.request(coming(asked, placement=inline), running).growth.entries] == [
        "isolation"
    ]
    waiting = Placement("worker", problem="cannot be confined on this machine: …")
    assert consent.isolation_sentence(waiting) == "nothing yet: it cannot be confined on this machine: …"


def test_running_inline_is_full_trust_in_so_many_words(consent):
    request = consent.request(coming(manifest("poll")), None)
    assert [entry.kind for entry in request.growth.entries] == ["isolation"]
    assert "Chat itself" in request.isolation_sentence
    assert "full trust" in request.isolation_sentence
    assert "a process of its own, with what you grant" in consent.isolation_sentence(Placement("worker", "full"))


class TestRenewal:
    def test_a_first_yes_grants_all_that_was_asked(self):
        asked = manifest("poll", "messages:send", "members:read")
        grant = renewed(
            coming(asked, dependencies={"helper": manifest("helper")}),
            None,
            Consent("chat", None).growth(coming(asked), None, {}),
        )
        assert grant.allows("messages", "send")
        assert grant.allows("members", "read")
        assert (grant.source, grant.publisher, grant.version, grant.dependencies) == (
            "https://x",
            "alice",
            "2.0.0",
            ("helper",),
        )

    def test_what_was_revoked_stays_revoked_and_what_grew_is_added(self, consent):
        before = manifest("poll", "messages:send", "messages:read")
        kept = Grant("poll", "https://x", "alice", manifest("poll", "messages:read").permissions, "1.0.0")
        standing = Standing(before, "1.0.0", kept)
        after = coming(manifest("poll", "messages:send", "messages:read", "members:read"))
        request = consent.request(after, standing)
        assert [(entry.kind, entry.permission.resource) for entry in request.growth.entries] == [
            ("permission", "members")
        ]
        grant = renewed(after, standing, request.growth)
        assert grant.allows("members", "read")
        assert grant.allows("messages", "read")
        assert not grant.allows("messages", "send")

    def test_what_is_asked_no_more_is_not_granted_any_more(self, consent):
        before = manifest("poll", "messages:send", "members:read")
        standing = Standing(before, "1.0.0", granted(before))
        after = coming(manifest("poll", "messages:send"))
        grant = renewed(after, standing, consent.request(after, standing).growth)
        assert not grant.allows("members", "read")
