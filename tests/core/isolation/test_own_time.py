"""The time of a plugin's calls stands still while it waits for another plugin, also of those that come meanwhile."""

from __future__ import annotations

import inspect
from time import monotonic

import pytest
from jackfield.isolation import OwnTime
from jackfield.rpc import CallCodec
from jackfield.rpc.ledger import Ledger

CODEC = CallCodec(inspect.Signature(return_annotation=None))


@pytest.mark.feature("C26")
def test_a_call_that_comes_while_another_one_waits_stands_still_when_it_waits_itself() -> None:
    ledger = Ledger("the worker of weather", 256)
    own_time = OwnTime(ledger.mine, lambda: None)
    begun = monotonic()
    first = ledger.open("service.call", CODEC, None, begun + 5)
    own_time.stop()
    second = ledger.open("service.call", CODEC, None, begun + 5)
    assert (first.deadline, second.deadline) == (begun + 65, begun + 5), "it does not wait yet"
    own_time.stop()
    assert (first.deadline, second.deadline) == (begun + 65, begun + 65)
    own_time.go_on()
    assert second.deadline == begun + 65
    own_time.go_on()
    over = monotonic()
    assert begun + 5 <= second.deadline <= first.deadline <= over + 5, "what each of them has waited is added"


@pytest.mark.feature("C26")
def test_a_call_has_only_so_much_beyond_its_own_time_however_often_it_waits() -> None:
    ledger = Ledger("the worker of weather", 256)
    own_time = OwnTime(ledger.mine, lambda: None)
    begun = monotonic()
    call = ledger.open("service.call", CODEC, None, begun + 5)
    for _ in range(3):
        own_time.stop()
        assert call.deadline <= begun + 65
        own_time.go_on()
        assert begun + 5 <= call.deadline < begun + 65
