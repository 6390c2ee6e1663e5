"""Whatever plugins do, a call gives what pluggy gives: generated, with everything on, or awaited.

One thing differs on purpose, and has its test in test_errors.py: where a wrapper yields twice, pluggy abandons the
wrappers around it, and here they are told of the failure like of any other.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import pluggy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.hooks import HookManager

hookspec = pluggy.HookspecMarker("same")
hookimpl = pluggy.HookimplMarker("same")


class AllAnswer:
    @hookspec
    def visit(self, one: int, two: int = 2) -> object: ...


class FirstAnswers:
    @hookspec(firstresult=True)
    def visit(self, one: int, two: int = 2) -> object: ...


class Crash(Exception):
    """A plugin's failure."""


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Thousands of failures are not worth a log each."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


Log = list[Any]
Function = Callable[..., Any]


def answers(number: int, log: Log) -> Function:
    def visit(one: int) -> object:
        log.append((number, one))
        return number

    return visit


def answers_with_both(number: int, log: Log) -> Function:
    def visit(two: int, one: int) -> object:
        log.append((number, one, two))
        return number, two

    return visit


def is_silent(number: int, log: Log) -> Function:
    def visit() -> None:
        log.append(number)

    return visit


def crashes(number: int, log: Log) -> Function:
    def visit(one: int) -> object:
        log.append((number, "crashes"))
        raise Crash(number)

    return visit


def ends_the_iteration(number: int, log: Log) -> Function:
    def visit() -> object:
        log.append((number, "stops"))
        raise StopIteration(number)

    return visit


def looks_on(number: int, log: Log) -> Function:
    def visit(one: int) -> Generator[None, Any, Any]:
        log.append((number, "before", one))
        try:
            result = yield
        finally:
            log.append((number, "after"))
        return result

    return visit


def replaces(number: int, log: Log) -> Function:
    def visit() -> Generator[None, Any, Any]:
        result = yield
        log.append((number, "saw", repr(result)))
        return [number, result]

    return visit


def mends(number: int, log: Log) -> Function:
    def visit() -> Generator[None, Any, Any]:
        try:
            return (yield)
        except Crash as crash:
            log.append((number, "mended", crash.args))
            return ("mended", number)

    return visit


def crashes_before(number: int, log: Log) -> Function:
    def visit() -> Generator[None, Any, Any]:
        if number >= 0:
            raise Crash(number)
        yield

    return visit


def crashes_after(number: int, log: Log) -> Function:
    def visit() -> Generator[None, Any, Any]:
        yield
        raise Crash(number, "after")

    return visit


def old_looks_on(number: int, log: Log) -> Function:
    def visit(one: int) -> Generator[None, pluggy.Result[Any], None]:
        outcome = yield
        log.append((number, "old", type(outcome.exception).__name__))

    return visit


def old_replaces(number: int, log: Log) -> Function:
    def visit() -> Generator[None, pluggy.Result[Any], None]:
        outcome = yield
        outcome.force_result(("old", number))

    return visit


def old_crashes(number: int, log: Log) -> Function:
    def visit() -> Generator[None, pluggy.Result[Any], None]:
        yield
        raise Crash(number, "old")

    return visit


PLAIN = (answers, answers_with_both, is_silent, crashes, ends_the_iteration)
WRAPPERS = (looks_on, replaces, mends, crashes_before, crashes_after)
OLD = (old_looks_on, old_replaces, old_crashes)

implementations = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(st.sampled_from(PLAIN), st.just("")),
            st.tuples(st.sampled_from(WRAPPERS), st.just("wrapper")),
            st.tuples(st.sampled_from(OLD), st.just("hookwrapper")),
        ),
        st.sampled_from(["", "tryfirst", "trylast"]),
    ),
    max_size=7,
)


def outcome_of(
    manager: pluggy.PluginManager,
    specs: type,
    chosen: Sequence[Any],
    call: Callable[[Any], Any],
    without: Sequence[Function] = (),
) -> Any:
    """Register the plugins, call twice, and tell all that can be seen: answers, errors, warnings, what was run."""
    log: Log = []
    manager.add_hookspecs(specs)
    for number, ((make, style), place) in enumerate(chosen):
        if make in without:
            continue
        options: dict[str, Any] = {option: True for option in (style, place) if option}
        marked = hookimpl(**options)(make(number, log))
        manager.register(type("Plugin", (), {"visit": staticmethod(marked)})(), f"plugin{number}")
    told = []
    for _ in range(2):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                told.append(("result", call(manager)))
            except Exception as error:  # noqa: BLE001  # whatever comes out is compared
                told.append((type(error).__name__, str(error)))
        told.append(("warnings", [type(each.message).__name__ for each in warned]))
    return told, log


def called(manager: Any) -> Any:
    return manager.hook.visit(one=1)


def awaited(manager: Any) -> Any:
    async def main() -> Any:
        return await manager.call.visit(one=1)

    return asyncio.run(main())


def watched() -> HookManager:
    manager = HookManager("same", count=True)
    manager.add_blame_listener(lambda plugin, hook, error: None)
    return manager


@given(implementations, st.sampled_from([AllAnswer, FirstAnswers]))
def test_any_chain_gives_what_pluggy_gives(chosen: Sequence[Any], specs: type) -> None:
    expected = outcome_of(pluggy.PluginManager("same"), specs, chosen, called)

    assert outcome_of(HookManager("same"), specs, chosen, called) == expected
    assert outcome_of(watched(), specs, chosen, called) == expected
    monitored = HookManager("same")
    monitored.add_hookcall_monitoring(lambda *given: None, lambda *given: None)
    assert outcome_of(monitored, specs, chosen, called) == expected


@given(
    implementations.filter(lambda chosen: all(make is not ends_the_iteration for (make, _), _ in chosen)),
    st.sampled_from([AllAnswer, FirstAnswers]),
)
def test_an_awaited_call_gives_the_same(chosen: Sequence[Any], specs: type) -> None:
    # StopIteration is left out: it cannot leave a coroutine (PEP 479).
    expected = outcome_of(pluggy.PluginManager("same"), specs, chosen, called)

    assert outcome_of(HookManager("same"), specs, chosen, awaited) == expected


@given(implementations, st.sampled_from([AllAnswer, FirstAnswers]), st.sampled_from([called, awaited]))
def test_skipping_failures_is_as_if_the_failing_plugins_were_not_there(
    chosen: Sequence[Any], specs: type, call: Callable[[Any], Any]
) -> None:
    failing = (crashes, ends_the_iteration, crashes_before, crashes_after, old_crashes)
    expected, _ = outcome_of(pluggy.PluginManager("same"), specs, chosen, called, without=failing)

    told, _ = outcome_of(HookManager("same", on_error="skip"), specs, chosen, call)

    assert [each for each in told if each[0] == "result"] == [each for each in expected if each[0] == "result"]
