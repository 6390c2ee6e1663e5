"""Callers: compiled when first called, again after a change, and asynchronous ones beside them."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Generator
from typing import Any

import pluggy
import pytest
from jackfield.errors import UsageError
from jackfield.hooks import HookimplMarker, HookManager, HookspecMarker

from tests.core.hooks.room import Specs, answer, answer_later, hookimpl, plugin, room


def test_a_caller_stays_the_same_object_through_every_change() -> None:
    manager = room()
    caller = manager.hook.names
    one = plugin("names", answer)

    before = caller(room="lobby")
    manager.register(one)
    with_one = caller(room="lobby")
    manager.unregister(one)

    assert (before, with_one, caller(room="lobby")) == ([], ["lobby"], [])
    assert manager.hook.names is caller
    assert isinstance(caller, pluggy.HookCaller)


def test_a_plugin_may_register_another_during_the_call() -> None:
    manager = room()
    late = plugin("names", lambda room: "late")

    def register(room: str) -> str:
        manager.register(late)
        return "first"

    manager.register(plugin("names", register))

    assert manager.hook.names(room="lobby") == ["first"]
    manager.unregister(late)
    assert manager.hook.names(room="lobby") == ["first"]


class ChangedMeanwhile(HookManager):
    """A manager in which, as by another thread, a plugin is registered while a call is being compiled."""

    late: object = None

    def chain(self, *given: Any, **options: Any) -> Any:
        found = super().chain(*given, **options)
        late, self.late = self.late, None
        if late is not None:
            self.register(late)
        return found


async def test_a_change_while_a_call_is_compiled_is_not_lost() -> None:
    manager = ChangedMeanwhile("room")
    manager.add_hookspecs(Specs)

    manager.late = plugin("names", answer)
    manager.hook.names(room="lobby")
    assert manager.hook.names(room="lobby") == ["lobby"]

    manager.late = plugin("fetched", answer_later)
    await manager.call.fetched(room="lobby")
    assert await manager.call.fetched(room="lobby") == ["lobby later"]


@pytest.mark.slow
def test_a_call_that_comes_while_another_plugin_is_taken_away_reaches_the_others() -> None:
    """A list that shrinks between two steps of Python is, looked at backwards, an empty one."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    answers: list[list[str]] = []
    try:
        for _ in range(600):
            _call_while_one_leaves(answers)
    finally:
        sys.setswitchinterval(before)
    assert len(answers) == 5 * 5 * 600
    assert [one for one in answers if one not in (["c", "b", "a"], ["c", "a"])] == []


def _call_while_one_leaves(answers: list[list[str]]) -> None:
    manager, together = room(), threading.Barrier(6)
    plugins = [plugin("names", lambda mark=mark: mark) for mark in ("a", "b", "c")]
    for each in plugins:
        manager.register(each)

    def called() -> None:
        together.wait(20)
        answers.extend([manager.hook.names(room="lobby") for _ in range(5)])

    def taken_away() -> None:
        together.wait(20)
        manager.unregister(plugins[1])

    threads = [threading.Thread(target=one) for one in (taken_away, *[called] * 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_arguments_with_defaults_reach_the_implementations() -> None:
    manager = room()
    manager.register(plugin("names", lambda room, limit: f"{room} {limit}"))

    assert manager.hook.names(room="lobby", limit=3) == ["lobby 3"]
    assert manager.hook.names(room="lobby") == ["lobby 9"]


def test_arguments_that_the_spec_does_not_know_are_ignored_as_pluggy_does() -> None:
    manager = room()
    manager.register(plugin("names", answer))

    assert manager.hook.names(room="lobby", unknown=1) == ["lobby"]


def test_a_missing_argument_warns_at_the_line_of_the_call() -> None:
    manager = room()
    manager.register(plugin("names", lambda: "fine without"))

    for _ in range(2):
        with pytest.warns(UserWarning, match="'room'") as warned:
            assert manager.hook.names() == ["fine without"]
        assert warned[0].filename == __file__


@pytest.mark.parametrize("name", ["_jf_answer", "None_", "results"])
def test_no_argument_name_gets_in_the_way_of_the_generated_names(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def visit({name}): return {name}", namespace)
    specs = type("Odd", (), {"visit": staticmethod(HookspecMarker("room")(namespace["visit"]))})
    manager = HookManager("room")
    manager.add_hookspecs(specs)
    namespace = {}
    exec(f"def visit({name}): return {name}", namespace)
    manager.register(plugin("visit", namespace["visit"]))

    assert [manager.hook.visit(**{name: 7}) for _ in range(2)] == [[7], [7]]


async def test_no_argument_hides_what_python_has_built_in() -> None:
    class Odd:
        @HookspecMarker("room")
        async def visit(self, hasattr: int, BaseException: int) -> int: ...  # noqa: A002, N803 (that is the test)

    def failing(hasattr: int) -> int:  # noqa: A002 (a name that compiled code could shadow)
        raise LookupError

    def around(BaseException: int) -> Generator[None, Any, Any]:  # noqa: A002, N803 (a name that compiled code could shadow)
        try:
            return (yield)
        except LookupError:
            return "mended"

    manager = HookManager("room")
    manager.add_hookspecs(Odd)
    manager.register(plugin("visit", lambda hasattr: hasattr))  # noqa: A006 (likewise)
    assert await manager.call.visit(hasattr=7, BaseException=8) == [7]

    manager.register(plugin("visit", failing))
    manager.register(plugin("visit", around, wrapper=True))
    assert await manager.call.visit(hasattr=7, BaseException=8) == "mended"


def test_monitors_see_compiled_calls_from_the_moment_they_are_added() -> None:
    manager = room()
    manager.register(plugin("names", answer))
    manager.hook.names(room="lobby")
    seen: list[Any] = []

    undo = manager.add_hookcall_monitoring(
        lambda name, impls, given: seen.append(("before", name, dict(given))),
        lambda outcome, name, impls, given: seen.append(("after", name, outcome.get_result())),
    )
    manager.hook.names(room="lobby", limit=1)
    undo()
    manager.hook.names(room="attic")

    assert seen == [("before", "names", {"room": "lobby", "limit": 1}), ("after", "names", ["lobby"])]


def test_an_asynchronous_hook_cannot_be_called_without_awaiting_and_says_what_to_do() -> None:
    manager = room()
    manager.register(plugin("fetched", answer_later))

    with pytest.raises(UsageError, match=r"await manager\.call\.fetched"):
        manager.hook.fetched(room="lobby")
    with pytest.raises(UsageError, match=r"await manager\.call\.fetched"):
        manager.hook.fetched.call_extra([], {"room": "lobby"})


def test_an_unknown_hook_is_an_attribute_error_both_ways() -> None:
    manager = room()

    with pytest.raises(AttributeError, match="nowhere"):
        _ = manager.hook.nowhere
    with pytest.raises(AttributeError, match="nowhere"):
        _ = manager.call.nowhere


def test_a_traceback_leads_from_the_call_to_the_plugin() -> None:
    def crash(room: str) -> str:
        raise LookupError(room)

    manager = room()
    manager.register(plugin("names", crash))

    with pytest.raises(LookupError) as caught:
        manager.hook.names(room="lobby")

    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert files[0] == files[-1] == __file__


def test_an_asynchronous_implementation_of_a_plain_spec_is_refused_and_leaves_nothing_behind() -> None:
    class Mixed:
        @hookimpl
        def topic(self, room: str) -> str:
            return room

        @hookimpl
        async def names(self, room: str) -> str:
            return room

    manager = room()

    with pytest.raises(pluggy.PluginValidationError, match="'mixed' cannot implement hook 'names': it is async def"):
        manager.register(Mixed(), "mixed")
    assert not manager.has_plugin("mixed")
    assert manager.hook.topic(room="lobby") is None


def test_what_a_decorator_leaves_on_a_plain_implementation_does_not_make_it_asynchronous() -> None:
    async def decorated(room: str) -> str:
        return room

    def plain(room: str) -> str:
        return room

    plain.func = decorated  # type: ignore[attr-defined]  # a decorator's way to reach what it wraps
    manager = room()
    manager.register(plugin("names", plain))

    assert manager.hook.names(room="lobby") == ["lobby"]


def test_it_is_refused_too_when_the_spec_comes_after_the_plugin() -> None:
    manager = HookManager("room")
    manager.register(plugin("names", answer_later))

    with pytest.raises(pluggy.PluginValidationError, match="async def"):
        manager.add_hookspecs(Specs)


def test_an_asynchronous_generator_is_refused() -> None:
    async def generate(room: str) -> Any:
        yield room

    with pytest.raises(pluggy.PluginValidationError, match="async generator"):
        room().register(plugin("fetched", generate))


def test_specs_with_our_options_can_be_read_by_pluggys_own_manager() -> None:
    manager = pluggy.PluginManager("room")
    manager.add_hookspecs(Specs)
    manager.register(plugin("names", answer))

    assert manager.hook.names(room="lobby") == ["lobby"]


def test_the_marker_is_used_with_and_without_options() -> None:
    marker = HookspecMarker("other")

    class Two:
        @marker
        def bare(self) -> None: ...

        @marker(firstresult=True, timeout=2.5)
        def optioned(self) -> None: ...

    manager = HookManager("other")
    manager.add_hookspecs(Two)
    manager.register(type("P", (), {"bare": staticmethod(HookimplMarker("other")(lambda: 1))})())

    assert manager.hook.bare() == [1]
    assert manager.options("optioned").timeout_seconds == 2.5
    assert manager.options("optioned").firstresult
