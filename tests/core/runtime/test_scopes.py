"""A scope ends what was begun in it, in reverse, whatever fails."""

from __future__ import annotations

import pytest
from jackfield.errors import PermissionDenied, PluginError
from jackfield.runtime import Scope


@pytest.fixture
def scope() -> Scope:
    made = Scope("weather")
    made.open()
    return made


@pytest.mark.feature("K26", "K27", "K28")
def test_everything_ends_in_reverse_even_when_one_will_not(scope, caplog):
    ended: list[str] = []

    def refuse() -> None:
        raise ValueError("no")

    scope.begin("first", lambda: ended.append("first"))
    scope.begin("stubborn", refuse)
    scope.begin("last", lambda: ended.append("last"))
    scope.close()
    assert ended == ["last", "first"]
    assert scope.begun == ()
    assert "weather: stubborn did not end" in caplog.text


def test_what_ended_earlier_does_not_end_twice(scope):
    ended: list[str] = []
    opened = scope.begin("listener", lambda: ended.append("listener"))
    opened.close()
    opened.close()
    scope.close()
    assert ended == ["listener"]


def test_nothing_begins_in_a_scope_that_is_closed(scope):
    scope.close()
    ended: list[str] = []
    with pytest.raises(PluginError, match="weather is not enabled, so it cannot begin: listener"):
        scope.begin("listener", lambda: ended.append("listener"))
    assert ended == ["listener"]


def test_it_can_be_opened_again(scope):
    scope.close()
    scope.open()
    scope.begin("listener", lambda: None)
    assert scope.begun == ("listener",)


def test_what_is_not_allowed_any_more_ends_and_the_rest_stays(scope):
    ended: list[str] = []
    allowed = {"box": True, "menu": True}
    for name in ("box", "timer", "menu"):
        may = (lambda name=name: allowed[name]) if name in allowed else None
        scope.begin(name, lambda name=name: ended.append(name), allowed=may)
    assert scope.take_back() == []
    allowed.update(box=False, menu=False)
    assert scope.take_back() == ended == ["menu", "box"]
    assert scope.begun == ("timer",)


def test_what_nobody_can_tell_of_ends_too(scope, caplog):
    ended: list[str] = []
    may = {"box": True, "file": True}

    def told() -> bool:
        if not may["file"]:
            raise OSError("the link went away")
        return True

    scope.begin("box", lambda: ended.append("box"), allowed=lambda: may["box"])
    scope.begin("file", lambda: ended.append("file"), allowed=told)
    may = dict.fromkeys(may, False)
    assert scope.take_back() == ended == ["file", "box"]
    assert "the link went away" in caplog.text


def test_what_is_begun_when_its_permission_is_gone_already_ends_at_once(scope):
    ended: list[str] = []
    with pytest.raises(PermissionDenied, match="weather lost the permission for file"):
        scope.begin("file", lambda: ended.append("file"), allowed=lambda: False)
    assert ended == ["file"]
    assert scope.begun == ()
