"""What users run is what is tested: every attack again, each by a worker that a zygote forked for a spec."""

from __future__ import annotations

import pytest
from jackfield.sandbox import Grade, grade_of, probe

from tests.scenarios.attacks.by_workers import tried_by_workers
from tests.scenarios.attacks.catalogue import ATTACKS, COLUMNS
from tests.scenarios.attacks.trial import USERS, wrong_confined
from tests.support.workers import usable_interpreter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade"),
]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("user", USERS)
def test_every_attack_is_held_in_a_worker(user, column):
    if USERS[user] is not None and usable_interpreter() is None:
        pytest.skip("no interpreter here can be run by an ordinary user")
    outcomes = tried_by_workers(column, user)
    assert set(outcomes) == set(ATTACKS)
    wrong = {name: wrong_confined(ATTACKS[name], column, user, outcome) for name, outcome in outcomes.items()}
    assert {name: said for name, said in wrong.items() if said is not None} == {}
