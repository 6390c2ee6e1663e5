"""Every attack, unconfined and in each way to be confined, as root and as a user; `pytest -s` prints the table.

Those on the protocol between host and worker, and those on what the supervisor counts (time, memory in use, threads,
the data folder, the log), are held there and tested there.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from jackfield.sandbox import Grade, grade_of, probe

from tests.scenarios.attacks.catalogue import ATTACKS, COLUMNS
from tests.scenarios.attacks.trial import UNCONFINED, USERS, tried, wrong_confined, wrong_unconfined
from tests.support.confined import TIMED_OUT, Outcome

pytestmark = pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade")
THREAT_MODEL = Path(__file__).parents[3] / "docs/threat-model.md"
users = pytest.mark.parametrize("user", [pytest.param("root", marks=pytest.mark.slow), "user"][-len(USERS) :])
attacks = pytest.mark.parametrize("name", ATTACKS)
columns = pytest.mark.parametrize(
    "column",
    [pytest.param(column, marks=[] if column == "full" else [pytest.mark.slow]) for column in COLUMNS],
)


@pytest.mark.slow
@attacks
@users
def test_the_attack_succeeds_unconfined(name, user):
    assert wrong_unconfined(ATTACKS[name], user, tried(name, UNCONFINED, user)) is None


@columns
@attacks
@users
def test_the_attack_is_held(name, user, column):
    assert wrong_confined(ATTACKS[name], column, user, tried(name, column, user)) is None


@pytest.mark.slow
@users
def test_an_older_landlock_holds_what_the_newest_holds(user):
    """The condition for ABI 3 to be enough: both columns say the same of every attack."""
    newest = {name: tried(name, "base", user).refused is None for name in ATTACKS}
    third = {name: tried(name, "base, ABI 3", user).refused is None for name in ATTACKS}
    assert newest == third


@pytest.mark.slow
@users
def test_a_private_root_without_landlock_holds_what_base_holds(user):
    passing = {name for name in ATTACKS if tried(name, "root alone", user).refused is None}
    assert passing <= {name for name in ATTACKS if tried(name, "base", user).refused is None}


@pytest.mark.parametrize("refused", [TIMED_OUT, "SIGKILL", "SIGSEGV", "ended by itself, with code 1"])
def test_an_attack_that_says_nothing_of_what_held_it_is_not_held(refused):
    attack = ATTACKS["read_passwd"]
    assert wrong_confined(attack, "full", "user", Outcome(refused=refused)) is not None
    assert wrong_confined(attack, "full", "user", Outcome(refused="EACCES")) is None


def test_an_attack_that_waits_for_ever_shows_nothing_unconfined():
    assert wrong_unconfined(ATTACKS["mount"], "user", Outcome(refused=TIMED_OUT)) is not None


def test_every_attack_is_in_the_threat_model():
    text = THREAT_MODEL.read_text(encoding="utf-8")
    assert [name for name in ATTACKS if f"`{name}`" not in text] == []


def test_every_attack_that_the_threat_model_names_is_tried():
    table = THREAT_MODEL.read_text(encoding="utf-8").partition("## Attacks")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z0-9_]+)`", table))
    assert named - set(ATTACKS) == set()


def test_the_threat_model_counts_what_passes():
    text = THREAT_MODEL.read_text(encoding="utf-8")
    base, by_root, by_user = (
        sum(one.passes_in(column, user) for one in ATTACKS.values())
        for column, user in (("base", "user"), ("full", "root"), ("full", "user"))
    )
    counted = f"Of {len(ATTACKS)} attacks {base} pass `base`; {by_root} pass `full` as root, {by_user} as a user"
    assert counted in text


@pytest.mark.slow
def test_the_table_is_printed():
    """Not a test of its own: it puts the outcomes of the others into one picture."""
    heads = [f"{column} ({user})" for column in (UNCONFINED, *COLUMNS) for user in USERS]
    lines = [" | ".join(["attack".ljust(42), *heads])]
    counted: Counter[str] = Counter()
    for name in ATTACKS:
        cells = []
        for head, (column, user) in zip(heads, _cells(), strict=True):
            outcome = tried(name, column, user)
            counted[head] += outcome.refused is None
            cells.append((outcome.refused or "SUCCEEDED").ljust(len(head)))
        lines.append(" | ".join([name.ljust(42), *cells]))
    lines.append(" | ".join(["succeeded".ljust(42), *(str(counted[head]).ljust(len(head)) for head in heads)]))
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert counted[heads[0]] > counted[heads[-1]]


def _cells() -> list[tuple[str, str]]:
    return [(column, user) for column in (UNCONFINED, *COLUMNS) for user in USERS]
