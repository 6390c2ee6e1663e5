"""Who failed is told; whether the others go on is the spec's choice, else the manager's."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Generator, Iterator
from typing import Any

import pluggy
import pytest
from jackfield.errors import UsageError
from jackfield.hooks import HookManager

from tests.core.hooks.room import appending, failing, plugin, room, told


def crash(room: str) -> str:
    raise LookupError(room)


@pytest.fixture(params=["raise", "skip"])
def either(request: pytest.FixtureRequest) -> HookManager:
    return room(on_error=request.param)


def test_the_default_is_pluggys_to_raise() -> None:
    manager = room()
    manager.register(plugin("names", crash))

    with pytest.raises(LookupError):
        manager.hook.names(room="lobby")


def test_skip_goes_on_with_the_others_and_logs(caplog: pytest.LogCaptureFixture) -> None:
    manager = room(on_error="skip")
    manager.register(plugin("names", lambda room: "one"))
    manager.register(plugin("names", crash), "broken")
    manager.register(plugin("names", lambda room: "two"))

    with caplog.at_level(logging.ERROR, logger="jackfield.hooks"):
        assert manager.hook.names(room="lobby") == ["two", "one"]
    assert "plugin broken failed in hook names" in caplog.text
    assert "LookupError" in caplog.text


def test_skip_asks_the_next_one_for_the_first_result() -> None:
    manager = room(on_error="skip")
    manager.register(plugin("topic", lambda room: "weather"))
    manager.register(plugin("topic", crash))

    assert manager.hook.topic(room="lobby") == "weather"


def test_the_specs_word_counts_more_than_the_managers() -> None:
    manager = room(on_error="raise")
    manager.register(plugin("filtered", failing))

    assert manager.hook.filtered(message="hello") == "hello"


def test_a_failure_is_blamed_whether_it_is_raised_or_skipped(either: HookManager) -> None:
    blames = told(either)
    either.register(plugin("names", crash), "broken")

    with contextlib.suppress(LookupError):
        either.hook.names(room="lobby")

    assert [(name, hook, type(error)) for name, hook, error in blames] == [("broken", "names", LookupError)]
    assert either.counters.of("broken", "names").errors == 1


def test_a_listener_that_fails_does_not_disturb_the_call_or_the_other_listeners() -> None:
    manager = room(on_error="skip")

    def complain(name: str, hook: str, error: BaseException) -> None:
        raise RuntimeError("listener")

    manager.add_blame_listener(complain)
    blames = told(manager)
    manager.register(plugin("names", crash), "broken")

    assert manager.hook.names(room="lobby") == []
    assert [name for name, _, _ in blames] == ["broken"]


def test_a_listener_can_be_taken_off() -> None:
    manager = room(on_error="skip")
    blames: list[str] = []
    remove = manager.add_blame_listener(lambda name, hook, error: blames.append(name))
    manager.register(plugin("names", crash), "broken")
    manager.hook.names(room="lobby")

    remove()
    remove()
    manager.hook.names(room="lobby")

    assert blames == ["broken"]


def test_a_plugin_that_exits_does_not_end_a_host_that_skips() -> None:
    manager = room(on_error="skip")
    manager.register(plugin("names", lambda room: exit(3)), "leaving")
    blames = told(manager)

    assert manager.hook.names(room="lobby") == []
    assert [type(error) for _, _, error in blames] == [SystemExit]


@pytest.mark.parametrize("kind", [asyncio.CancelledError, GeneratorExit])
def test_what_would_cancel_its_caller_does_not_end_a_host_that_skips(kind: type[BaseException]) -> None:
    def cancelled(room: str) -> str:
        raise kind  # as the result of a task does that was cancelled

    manager = room(on_error="skip")
    manager.register(plugin("names", cancelled), "confused")
    blames = told(manager)

    assert manager.hook.names(room="lobby") == []
    assert [type(error) for _, _, error in blames] == [kind]


class Ended(BaseException):
    """A plugin's own kind, as libraries have it that cancel by raising."""


def test_a_plugins_own_kind_of_base_exception_does_not_end_a_host_that_skips() -> None:
    def ended(room: str) -> str:
        raise Ended("of its own")

    manager = room(on_error="skip")
    manager.register(plugin("names", lambda room: "next"), "next")
    manager.register(plugin("names", ended), "ending")
    blames = told(manager)

    assert manager.hook.names(room="lobby") == ["next"]
    assert [(name, type(error)) for name, _, error in blames] == [("ending", Ended)]
    strict = room(on_error="raise")
    strict.register(plugin("names", ended), "ending")
    with pytest.raises(Ended):
        strict.hook.names(room="lobby")


@pytest.mark.parametrize("wrapping", [False, True])
@pytest.mark.feature("C8")
def test_an_interrupt_comes_through_a_host_that_skips_also_in_a_group(wrapping: bool) -> None:
    def interrupted(room: str) -> Any:
        raise BaseExceptionGroup("of tasks", [ValueError("no"), BaseExceptionGroup("inner", [KeyboardInterrupt()])])

    def around(room: str) -> Iterator[None]:
        yield
        interrupted(room)

    manager = room(on_error="skip")
    blames = told(manager)
    manager.register(plugin("names", around, wrapper=True) if wrapping else plugin("names", interrupted), "stopping")
    with pytest.raises(BaseExceptionGroup, match="of tasks"):
        manager.hook.names(room="lobby")
    assert blames == []


@pytest.mark.feature("C8")
def test_a_group_without_an_interrupt_does_not_end_a_host_that_skips() -> None:
    def ended(room: str) -> str:
        raise BaseExceptionGroup("of tasks", [Ended(), SystemExit(3)])

    manager = room(on_error="skip")
    manager.register(plugin("names", ended), "ending")
    blames = told(manager)

    assert manager.hook.names(room="lobby") == []
    assert [(name, type(error)) for name, _, error in blames] == [("ending", BaseExceptionGroup)]


def test_a_wrapper_of_which_such_a_kind_comes_leaves_the_outcome_as_it_was() -> None:
    def before(room: str) -> Iterator[None]:
        if room:
            raise Ended
        yield

    def after(room: str) -> Iterator[None]:
        yield
        raise Ended

    for wrapper in (before, after):
        manager = room(on_error="skip")
        manager.register(plugin("names", lambda room: "next"), "next")
        manager.register(plugin("names", wrapper, wrapper=True), "ending")
        blames = told(manager)

        assert manager.hook.names(room="lobby") == ["next"]
        assert [(name, type(error)) for name, _, error in blames] == [("ending", Ended)]


def test_an_interrupt_is_nobodys_failure(either: HookManager) -> None:
    def interrupted(room: str) -> str:
        raise KeyboardInterrupt

    blames = told(either)
    either.register(plugin("names", interrupted))

    with pytest.raises(KeyboardInterrupt):
        either.hook.names(room="lobby")
    assert blames == []


@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
@pytest.mark.parametrize("before", [True, False], ids=["before its yield", "after its yield"])
@pytest.mark.filterwarnings("ignore::pluggy.PluggyTeardownRaisedWarning")
def test_a_failing_wrapper_is_left_out_and_blamed(style: str, before: bool) -> None:
    def around(room: str) -> Generator[None, Any, Any]:
        if before:
            raise LookupError
        yield
        raise LookupError

    manager = room(on_error="skip")
    blames = told(manager)
    manager.register(plugin("names", lambda room: "one"))
    manager.register(plugin("names", around, **{style: True}), "around")

    assert manager.hook.names(room="lobby") == ["one"]
    assert [(name, type(error)) for name, _, error in blames] == [("around", LookupError)]


def test_a_wrapper_without_a_yield_at_run_time_is_blamed() -> None:
    def around(room: str) -> Generator[None, Any, Any]:
        if room == "never":
            yield

    manager = room(on_error="skip")
    blames = told(manager)
    manager.register(plugin("names", around, wrapper=True), "around")

    assert manager.hook.names(room="lobby") == []
    assert "did not yield" in str(blames[0][2])


def test_a_wrapper_that_yields_twice_fails_the_call_and_the_wrappers_around_it_are_told() -> None:
    def twice(room: str) -> Generator[None, Any, Any]:
        yield
        yield

    def around(room: str) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except RuntimeError as error:
            return str(error)

    manager = room()
    manager.register(plugin("names", twice, wrapper=True))
    manager.register(plugin("names", around, wrapper=True))

    assert "has second yield" in manager.hook.names(room="lobby")


def test_a_wrapper_that_turns_an_error_into_a_result_is_not_blamed() -> None:
    def around(room: str) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except LookupError:
            return ["mended"]

    manager = room()
    blames = told(manager)
    manager.register(plugin("names", crash), "broken")
    manager.register(plugin("names", around, wrapper=True), "around")

    assert manager.hook.names(room="lobby") == ["mended"]
    assert [name for name, _, _ in blames] == ["broken"]


def test_a_wrapper_that_only_lets_an_error_pass_is_not_blamed() -> None:
    def around(room: str) -> Generator[None, Any, Any]:
        return (yield)

    manager = room()
    blames = told(manager)
    manager.register(plugin("names", crash), "broken")
    manager.register(plugin("names", around, wrapper=True), "around")

    with pytest.raises(LookupError):
        manager.hook.names(room="lobby")
    assert [name for name, _, _ in blames] == ["broken"]


def test_replayed_historic_calls_are_isolated() -> None:
    manager = room(on_error="skip")
    blames = told(manager)
    manager.hook.opened.call_historic(kwargs={"room": "lobby"})

    manager.register(plugin("opened", crash), "broken")

    assert [(name, hook) for name, hook, _ in blames] == [("broken", "opened")]
    assert manager.has_plugin("broken")


def test_hooks_without_a_spec_are_isolated() -> None:
    manager = room(on_error="skip")
    manager.register(plugin("unspecified", crash))
    manager.register(plugin("unspecified", lambda room: room))

    assert manager.hook.unspecified(room="lobby") == ["lobby"]


def test_an_interrupt_in_a_wrapper_is_nobodys_failure(either: HookManager) -> None:
    def interrupted(room: str) -> Generator[None, Any, Any]:
        yield
        raise KeyboardInterrupt

    blames = told(either)
    either.register(plugin("names", interrupted, wrapper=True))

    with pytest.raises(KeyboardInterrupt):
        either.hook.names(room="lobby")
    assert blames == []


def test_synchronous_code_that_outlasts_the_timeout_is_measured_and_reported_and_its_answer_used() -> None:
    import time

    def slow() -> str:
        until = time.perf_counter() + 0.02
        while time.perf_counter() < until:
            pass
        return "late"

    manager = room()
    blames = told(manager)
    manager.register(plugin("measured", slow), "slow")
    manager.register(plugin("measured", lambda: "quick"), "quick")

    assert manager.hook.measured() == ["quick", "late"]
    assert [name for name, _, _ in blames] == ["slow"]
    assert "0.01 s are allowed" in str(blames[0][2])
    assert "cannot be stopped" in str(blames[0][2])


def test_a_call_that_lacks_an_argument_is_the_callers_mistake(either: HookManager) -> None:
    either.register(plugin("sent", appending("!")))

    with pytest.warns(UserWarning, match="message"), pytest.raises(pluggy.HookCallError, match="message"):
        either.hook.sent(room="lobby")


def test_an_unknown_word_for_on_error_is_refused() -> None:
    with pytest.raises(UsageError, match="skip"):
        HookManager("room", on_error="ignore")  # type: ignore[arg-type]  # the mistake that is tested
