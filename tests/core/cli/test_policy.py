"""`jackfield policy`, as the how-to page shows it, and what `update --check` says of what waits."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
from jackfield.cli.schemas import schema_of

from tests.core.cli.conftest import Desk

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "install-update-roll-back.md"

pytestmark = [pytest.mark.slow, pytest.mark.feature("C41", "C43")]


def test_policies_are_changed_as_the_page_says(polling: Desk):
    section = PAGE.read_text(encoding="utf-8").partition("## Decide how plugins are updated\n")[2]
    block = re.search(r"```\n(.*?)```", section, re.DOTALL)
    assert block is not None
    steps = re.split(r"(?m)^\$ jackfield ", block[1])[1:]
    assert len(steps) == 3
    for step in steps:
        command, _, said = step.partition("\n")
        ran = polling.run(*command.split())
        assert (ran.code, ran.out) == (0, said), command


def test_a_version_that_waits_is_named_and_had_by_its_name(polling: Desk):
    assert polling.run("policy", "--default", "notify", "--delay", "3d").code == 0
    check = polling.run("update", "--check")
    told = "2.0.0 waits for 3 days more: you want versions to be 3 days old"
    assert (check.code, check.out) == (4, f"poll  1.3.1  {told}\n")
    answer = polling.run("update", "--check", "--json").json
    jsonschema.validate(answer, schema_of("update"))
    assert answer["updates"][0]["waits"]["reason"] == "delay"
    ran = polling.run("update", "poll", "--yes")
    assert ran.out == f"note: poll {told}\npoll: nothing newer.\n"
    refused = polling.run("install", "dice")
    assert refused.err.splitlines()[1] == "hint: to have it all the same, name it: jackfield install dice==1.0.0"
    named = polling.run("install", "poll==2.0.0", "--accept-permissions")
    assert "poll 2.0.0 was updated" in named.out


def test_a_plan_that_is_asked_says_how_much_it_fetches(desk: Desk):
    ran = desk.run("install", "poll", "--dry-run")
    assert re.search(r"^fetches [\d.]+ (bytes|KiB)$", ran.out, re.MULTILINE)


def test_a_pinned_plugin_is_held_and_let_go(polling: Desk):
    ran = polling.run("policy", "poll", "pin")
    assert ran.out.splitlines()[0].split() == ["every", "other", "notify"]
    assert "poll         pin     held at ==1.3.1" in ran.out
    assert polling.run("update", "--yes").out == "Every plugin: nothing newer.\n"
    assert "held at ==1.3.1" in polling.run("update", "--check").out
    assert polling.run("pin", "poll", "--release").out.splitlines()[0] == "poll was let go; it was held at ==1.3.1."
    assert "2.0.0" in polling.run("update", "--check").out


def test_never_and_later_are_said_and_taken_back(polling: Desk):
    assert "poll         notify  never 2.0\n" in polling.run("policy", "poll", "--never", "2.0").out
    check = polling.run("update", "--check")
    assert (check.code, check.out) == (4, "poll  1.3.1  2.0.0 is passed over: you said never to it\n")
    assert polling.run("policy", "poll", "--again", "--later", "2.0.0").code == 0
    assert re.search(r"2\.0\.0 not before \d+ [A-Z][a-z]+", polling.run("policy").out)
    assert re.search(r"→ 2\.0\.0 .*; put off until \d+ [A-Z][a-z]+", polling.run("update", "--check").out)
    assert polling.run("policy", "poll", "--again").code == 0
    assert "put off" not in polling.run("update", "--check").out
    assert polling.run("policy", "poll", "--again").out.startswith("Nothing was said of single versions of poll.\n")
