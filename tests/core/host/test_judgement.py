"""Who may run, and in which order: the rules, one by one and together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import ManifestError
from jackfield.host import Wishes, judge
from jackfield.manifest import Candidate, Manifest, Origin, Version, canonical_id, read_manifest
from jackfield.permissions import Grant, Permission

from tests.support.profiles import SOURCE, hostfile

FRAMEWORK = Version.parse("0.1.0")


def manifest(plugin: str, version: str = "1.0.0", *, isolation: str = "any", more: str = "") -> Manifest:
    text = f'schema = 1\nid = "{plugin}"\nversion = "{version}"\nisolation = "{isolation}"\n{more}'
    return read_manifest(text, source="plugin.toml")


def candidate(plugin: str, version: str = "1.0.0", origin: Origin = "store", **options: str) -> Candidate:
    return Candidate(
        id=plugin,
        canonical_id=canonical_id(plugin),
        distribution=f"chat-{plugin}",
        version=version,
        entry_point=f"chat_{plugin}:Main",
        group="chat.plugins",
        folder=Path(f"chat_{plugin}"),
        manifest=manifest(plugin, version, **options),
        origin=origin,
    )


def requires(*lines: str) -> str:
    return "[requires]\n" + "\n".join(lines)


def wishes(*candidates: Candidate, source: str = SOURCE) -> Wishes:
    """Everyone is wished, and granted what they ask."""
    return Wishes(
        enabled={one.canonical_id for one in candidates},
        grants={
            one.canonical_id: Grant(
                one.canonical_id,
                "environment" if one.origin == "environment" else source,
                None,
                one.manifest.permissions if one.manifest else (),
                one.version,
            )
            for one in candidates
        },
        sources={one.canonical_id: SOURCE for one in candidates},
    )


def problems(*candidates: Candidate, wished: Wishes | None = None) -> dict[str, str]:
    judgement = judge(candidates, wished or wishes(*candidates), hostfile(), FRAMEWORK)
    return {cid: verdict.problem for cid, verdict in judgement.verdicts.items()}


@pytest.mark.feature("C12", "U37")
def test_the_whole_chain_down_to_what_is_missing_is_named():
    found = problems(
        candidate("top", more=requires('middle = "*"')), candidate("middle", more=requires('bottom = "*"'))
    )
    assert found["middle"] == "needs bottom, which is missing (install it: jackfield install bottom)"
    assert found["top"] == "needs middle, which needs bottom, which is missing (install it: jackfield install bottom)"


@pytest.mark.feature("U22", "M26")
def test_a_loop_is_printed_as_arrows_and_blocks_whoever_needs_one_of_it():
    found = problems(
        candidate("a", more=requires('b = "*"')),
        candidate("b", more=requires('c = "*"')),
        candidate("c", more=requires('a = "*"')),
        candidate("d", more=requires('a = "*"')),
    )
    assert found["a"] == "requires itself in a circle: a → b → c → a"
    assert found["c"] == "requires itself in a circle: c → a → b → c"
    assert found["d"] == "needs a, which requires itself in a circle: a → b → c → a"


def test_a_loop_through_an_optional_plugin_is_none():
    judgement = judge(
        [a := candidate("a", more=requires('b = "*?"')), b := candidate("b", more=requires('a = "*"'))],
        wishes(a, b),
        hostfile(),
        FRAMEWORK,
    )
    assert judgement.levels == (("a",), ("b",))


@pytest.mark.feature("M26")
def test_a_wrong_version_blocks():
    found = problems(candidate("a", more=requires('b = ">=2.0"')), candidate("b", "1.5.0"))
    assert found == {"a": "needs b >=2.0, found 1.5.0", "b": ""}


@pytest.mark.feature("K10", "K12")
def test_an_optional_plugin_may_be_absent_or_disabled_but_not_of_a_wrong_version():
    asking = candidate("a", more=requires('b = ">=2.0?"'))
    assert problems(asking)["a"] == ""
    assert problems(asking, candidate("b", "2.0.0"), wished=wishes(asking))["a"] == ""
    assert problems(asking, candidate("b", "1.0.0"))["a"] == "needs b >=2.0, found 1.0.0"


def test_a_disabled_plugin_that_is_needed_is_named_with_the_way_out():
    asking = candidate("a", more=requires('b = "*"'))
    found = problems(asking, candidate("b"), wished=wishes(asking))
    assert found["a"] == "needs b, which is disabled (enable it: jackfield enable b)"


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('[host]\nchat = ">=2.0"', "needs chat >=2.0, this is chat 1.0.0"),
        ('[host]\nirc = "*"', "is made for irc, not for chat"),
        ('[host]\nchat = ">=1.0 <2.0"\nirc = ">=9"', ""),
        ('[host]\njackfield = ">=0.2"', "needs jackfield >=0.2, this is jackfield 0.1.0"),
        ("", ""),
    ],
)
def test_the_host_must_be_one_that_the_manifest_names(more, problem):
    assert problems(candidate("a", more=more)) == {"a": problem}


def placements(grade: str | None, **chosen: str) -> dict[str, str]:
    """Where three plugins run, named after what their manifests ask."""
    plugins = [candidate(name, isolation=name) for name in ("worker", "inline", "any")]
    judgement = judge(plugins, replace(wishes(*plugins), grade=grade, isolations=chosen), hostfile(), FRAMEWORK)
    return {
        cid: verdict.problem.partition(":")[0] or str(verdict.placement) for cid, verdict in judgement.verdicts.items()
    }


def test_any_runs_in_a_process_of_its_own_unless_its_user_chose_otherwise():
    assert placements("full") == {"worker": "worker (full)", "inline": "inline", "any": "worker (full)"}
    assert placements("base", any="inline", worker="inline", inline="worker") == {
        "worker": "worker (base)",
        "inline": "inline",
        "any": "inline",
    }


def test_what_cannot_be_confined_is_refused_until_its_user_says_that_it_need_not_be():
    refused = "cannot be confined on this machine"
    assert placements("process") == {"worker": refused, "inline": "inline", "any": refused}
    assert placements("process", worker="process", any="inline") == {
        "worker": "process: not confined",
        "inline": "inline",
        "any": "inline",
    }


def test_a_host_without_workers_runs_inline_what_may_and_refuses_the_rest():
    assert placements(None) == {
        "worker": "asks for a process of its own, which this application cannot give",
        "inline": "inline",
        "any": "inline",
    }


ASKING = '[[permissions]]\nresource = "messages"\nactions = ["read", "send"]\nreason = "to answer"'


class TestConsent:
    def test_without_a_grant_it_is_asked_for(self):
        one = candidate("a")
        assert problems(one, wished=Wishes(enabled={"a"}, sources={"a": SOURCE}))["a"].startswith("asks for consent (")

    def test_a_grant_holds_for_one_source_only(self):
        one = candidate("a")
        assert (
            "it came from https://other.example.org, now from https://plugins"
            in (problems(one, wished=wishes(one, source="https://other.example.org"))["a"])
        )

    def test_a_later_version_that_asks_for_more_is_asked_about(self):
        old, new = candidate("a"), candidate("a", "1.1.0", more=ASKING)
        assert problems(new, wished=wishes(old))["a"].startswith("asks for consent to more: messages:read+send")

    def test_a_later_version_that_asks_for_nothing_more_runs(self):
        assert problems(candidate("a", "1.1.0", more=ASKING), wished=wishes(candidate("a", more=ASKING)))["a"] == ""

    def test_a_later_version_that_uses_another_plugin_is_asked_about(self):
        geo, old = candidate("geo"), candidate("a")
        new = candidate("a", "1.1.0", more='[requires]\ngeo = "*?"\n')
        given = wishes(old, geo)
        seen = replace(given, grants={**given.grants, "a": replace(given.grants["a"], requires=())})
        assert problems(new, geo, wished=seen)["a"].startswith("asks for consent to more: it uses geo (")
        agreed = replace(given, grants={**given.grants, "a": replace(given.grants["a"], requires=("geo",))})
        assert problems(new, geo, wished=agreed)["a"] == ""
        assert problems(new, geo, wished=given)["a"] == "", "a grant that was kept before these were tells nothing"

    def test_what_the_user_took_back_from_this_version_does_not_stop_it(self):
        one = candidate("a", more=ASKING)
        given = wishes(one)
        less = replace(given.grants["a"], permissions=(Permission("messages", ("read",)),))
        assert problems(one, wished=replace(given, grants={"a": less}))["a"] == ""


def test_one_without_a_manifest_runs_only_when_it_is_trusted():
    legacy = replace(candidate("old", origin="environment"), manifest=None, legacy=True)
    enabled = Wishes(enabled={"old"})
    assert problems(legacy, wished=enabled)["old"].startswith("has no manifest")
    assert problems(legacy, wished=replace(enabled, trusted={"old"}))["old"] == ""
    stored = replace(legacy, origin="store")
    assert problems(stored, wished=replace(enabled, trusted={"old"}))["old"].startswith("has no manifest")


def test_what_cannot_be_read_is_blocked_with_the_reason():
    broken = replace(candidate("a"), manifest=None, problem=ManifestError("plugin.toml of chat-a 1.0.0: id: missing"))
    assert problems(broken, wished=Wishes(enabled={"a"})) == {"a": "plugin.toml of chat-a 1.0.0: id: missing"}
    assert problems(broken, wished=Wishes()) == {"a": ""}


@pytest.mark.feature("M8")
def test_of_two_with_one_id_the_environment_wins_in_every_spelling():
    stored, installed = candidate("a_b"), candidate("a-b", "0.9.0", origin="environment")
    judgement = judge([stored, installed], wishes(installed), hostfile(), FRAMEWORK)
    assert judgement.verdicts["a-b"].candidate is installed
    assert judgement.verdicts["a-b"].runs
    (loser,) = judgement.shadowed
    assert (loser.candidate, loser.shadowed) == (stored, True)
    assert loser.problem == "a-b 0.9.0 of the host's environment wins"


NAMES = "abcdef"


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=3)))
def test_the_order_puts_what_is_needed_first_and_nobody_runs_without_it(graph):
    plugins = []
    for name, needs in graph.items():
        lines = {other: f'{other} = "*{"?" if optional else ""}"' for other, optional in needs if other != name}
        plugins.append(candidate(name, more=requires(*lines.values())))
    judgement = judge(plugins, wishes(*plugins), hostfile(), FRAMEWORK)
    placed: set[str] = set()
    for level in judgement.levels:
        for cid in level:
            asked = judgement.verdicts[cid].candidate.manifest
            assert asked is not None
            needed = {one.canonical_id for one in asked.requires if not one.optional}
            assert needed <= placed
        placed |= set(level)
    assert placed == {cid for cid, verdict in judgement.verdicts.items() if verdict.runs}
    assert all(verdict.runs or verdict.problem for verdict in judgement.verdicts.values())
