"""The log of failures: a traceback once, short lines at 10, 100 and so on."""

from __future__ import annotations

import logging

import pytest
from jackfield.hooks import FailureLog, HookimplMarker, HookManager, HookspecMarker

log = logging.getLogger("test.failures")


class Specs:
    @HookspecMarker("room")
    def told(self, text: str) -> None:
        """Hear a text."""


class Failing:
    @HookimplMarker("room")
    def told(self, text: str) -> None:
        if text == "other":
            raise KeyError(text)
        raise ValueError(text)


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, bool]]:
    return [(record.getMessage(), record.exc_info is not None) for record in caplog.records]


def test_a_plugin_that_fails_at_every_call_is_told_in_full_once(caplog: pytest.LogCaptureFixture) -> None:
    manager = HookManager("room", on_error="skip")
    manager.add_hookspecs(Specs)
    manager.register(Failing(), name="failing")
    for number in range(100):
        manager.hook.told(text=str(number))
    sentence = "plugin failing failed in hook told; the others go on"
    assert lines(caplog) == [
        (sentence, True),
        (f"{sentence} (10 times now): ValueError: 9", False),
        (f"{sentence} (100 times now): ValueError: 99", False),
    ]
    caplog.clear()
    manager.hook.told(text="other")
    assert lines(caplog) == [(sentence, True)]


def test_the_same_error_elsewhere_is_another_failure(caplog: pytest.LogCaptureFixture) -> None:
    failures = FailureLog()
    for what in ("poll failed in on_enable", "dice failed in on_enable", "poll failed in on_enable"):
        failures.tell(log, what, ValueError("boom"))
    assert lines(caplog) == [("poll failed in on_enable", True), ("dice failed in on_enable", True)]


def test_what_is_remembered_is_bounded(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jackfield.hooks.failures.MOST_KEPT", 2)
    failures = FailureLog()
    for what in ("a", "b", "a", "c", "a"):
        failures.tell(log, what, ValueError("boom"))
    assert [message for message, _ in lines(caplog)] == ["a", "b", "c", "a"]
