"""A pipeline hands a value along: each implementation gets what the one before returned (S8, S9)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import UsageError
from jackfield.hooks import HookManager, HookspecMarker

from tests.core.hooks.room import appending, appending_later, failing, nothing, plugin, room, told


@pytest.mark.feature("S8")
def test_each_implementation_receives_what_the_one_before_returned() -> None:
    manager = room()
    manager.register(plugin("sent", appending(" one")))
    manager.register(plugin("sent", appending(" two")))

    assert manager.hook.sent(message="hello", room="lobby") == "hello two one"


@pytest.mark.feature("S8")
def test_tryfirst_and_trylast_order_the_chain() -> None:
    manager = room()
    manager.register(plugin("sent", appending(" first"), tryfirst=True))
    manager.register(plugin("sent", appending(" middle")))
    manager.register(plugin("sent", appending(" last"), trylast=True))
    manager.register(plugin("sent", appending(" middle again")))

    assert manager.hook.sent(message="hello", room="lobby") == "hello first middle again middle last"


@pytest.mark.feature("S9")
def test_none_leaves_the_value_as_it_is() -> None:
    manager = room()
    manager.register(plugin("sent", appending(" one")))
    manager.register(plugin("sent", nothing))
    manager.register(plugin("sent", appending(" two")))

    assert manager.hook.sent(message="hello", room="lobby") == "hello two one"


@pytest.mark.feature("S9")
def test_a_failing_implementation_is_left_out_where_errors_are_skipped() -> None:
    manager = room()
    blames = told(manager)
    manager.register(plugin("filtered", appending(" one")), "one")
    manager.register(plugin("filtered", failing), "broken")
    manager.register(plugin("filtered", appending(" two")), "two")

    assert manager.hook.filtered(message="hello") == "hello two one"
    assert [(name, hook, str(error)) for name, hook, error in blames] == [
        ("broken", "filtered", "cannot read hello two")
    ]


@pytest.mark.feature("S9")
def test_a_failing_implementation_raises_where_errors_are_raised() -> None:
    manager = room()
    manager.register(plugin("sent", failing))

    with pytest.raises(ValueError, match="cannot read hello"):
        manager.hook.sent(message="hello", room="lobby")


def test_without_implementations_the_value_comes_back() -> None:
    assert room().hook.sent(message="hello", room="lobby") == "hello"


def test_falsy_values_are_handed_along_too() -> None:
    manager = room()
    manager.register(plugin("sent", appending(" seen")))
    manager.register(plugin("sent", lambda message: ""))

    assert manager.hook.sent(message="hello", room="lobby") == " seen"


def test_a_wrapper_sees_the_first_value_and_the_result_and_may_replace_it() -> None:
    seen: list[Any] = []

    def around(message: str) -> Generator[None, str, str]:
        seen.append(message)
        result = yield
        seen.append(result)
        return f"<{result}>"

    manager = room()
    manager.register(plugin("sent", appending(" one")))
    manager.register(plugin("sent", around, wrapper=True))

    assert manager.hook.sent(message="hello", room="lobby") == "<hello one>"
    assert seen == ["hello", "hello one"]


@pytest.mark.feature("S9")
@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
def test_a_wrapper_that_returns_nothing_leaves_the_value_too(style: str) -> None:
    def around(message: str) -> Generator[None, Any, None]:
        outcome = yield
        if style == "hookwrapper":
            outcome.force_result(None)

    manager = room()
    manager.register(plugin("sent", appending(" one")))
    manager.register(plugin("sent", around, **{style: True}))

    assert manager.hook.sent(message="hello", room="lobby") == "hello one"


def test_call_extra_and_subsets_are_pipelines_too() -> None:
    manager = room()
    one, two = plugin("sent", appending(" one")), plugin("sent", appending(" two"))
    manager.register(one)
    manager.register(two)

    assert manager.hook.sent.call_extra([appending(" extra")], {"message": "hello", "room": "lobby"}) == (
        "hello extra two one"
    )
    assert manager.subset_hook_caller("sent", [two])(message="hello", room="lobby") == "hello one"


async def test_asynchronous_and_plain_implementations_share_one_chain() -> None:
    manager = room()
    manager.register(plugin("received", appending_later(" one")))
    manager.register(plugin("received", nothing))
    manager.register(plugin("received", appending(" two")))
    manager.register(plugin("received", appending_later(" first"), tryfirst=True))

    assert await manager.call.received(message="hello") == "hello first two one"


async def test_a_plain_pipeline_can_be_awaited() -> None:
    manager = room()
    manager.register(plugin("sent", appending(" one")))

    assert await manager.call.sent(message="hello", room="lobby") == "hello one"


@given(st.lists(st.sampled_from(["append", "none", "fail"]), max_size=8))
def test_any_chain_is_the_fold_of_its_implementations(kinds: Sequence[str]) -> None:
    functions = [
        {"append": appending(f" {place}"), "none": nothing, "fail": failing}[kind] for place, kind in enumerate(kinds)
    ]
    manager = room()
    for place, function in enumerate(functions):
        manager.register(plugin("filtered", function), f"plugin{place}")
    expected = "hello"
    for place, kind in reversed(list(enumerate(kinds))):
        if kind == "append":
            expected += f" {place}"

    assert manager.hook.filtered(message="hello") == expected
    assert manager.subset_hook_caller("filtered", [])(message="hello") == expected
    assert manager.hook.filtered.call_extra([nothing], {"message": "hello"}) == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pipeline": "massage"}, 'pipeline="massage" is not an argument of the spec; it has: message'),
        ({"pipeline": "keyword"}, 'pipeline="keyword" is not an argument of the spec; it has: message'),
        ({"pipeline": "message", "firstresult": True}, "neither firstresult nor historic"),
        ({"pipeline": "message", "historic": True}, "neither firstresult nor historic"),
        ({"on_error": "ignore"}, 'on_error is "skip" or "raise", not \'ignore\''),
        ({"timeout": 0}, "timeout is a number of seconds above 0, not 0"),
        ({"timeout": "5"}, "timeout is a number of seconds above 0, not '5'"),
        ({"timeout": True}, "timeout is a number of seconds above 0, not True"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_and_nothing_is_added(options: Any, said: str) -> None:
    class Wrong:
        @HookspecMarker("room")(**options)
        def odd(self, message: str, *, keyword: int = 0) -> None: ...

    manager = HookManager("room")

    with pytest.raises(UsageError, match=f"hook odd: .*{said}"):
        manager.add_hookspecs(Wrong)
    assert not hasattr(manager.hook, "odd")


def answering(value: object) -> Callable[..., object]:
    def answer(message: str) -> object:
        return value

    return answer


def test_an_answer_of_another_class_is_the_failure_of_whoever_gave_it() -> None:
    manager = room()
    blames = told(manager)
    manager.register(plugin("filtered", appending(" one")), "one")
    manager.register(plugin("filtered", answering(42)), "nonsense")
    manager.register(plugin("filtered", appending(" two")), "two")

    assert manager.hook.filtered(message="hello") == "hello two one"
    assert [(name, hook, str(error)) for name, hook, error in blames] == [
        ("nonsense", "filtered", "nonsense answered filtered with int, not str or None")
    ]


async def test_the_same_holds_for_an_awaited_pipeline_and_is_raised_where_errors_are() -> None:
    manager = room()
    manager.register(plugin("received", answering(b"bytes")), "nonsense")

    with pytest.raises(TypeError, match="nonsense answered received with bytes, not str or None"):
        await manager.call.received(message="hello")


@pytest.mark.parametrize("annotation", ["int | str", "float", "Any", "Unknown", "Sequence[int]", "Readable"])
def test_an_annotation_that_is_no_plain_class_holds_nobody_to_anything(annotation: str) -> None:
    class Readable(Protocol):
        def read(self) -> str: ...

    @HookspecMarker("room")(pipeline="message")
    def handed(message: object) -> object: ...

    handed.__annotations__["message"] = Readable if annotation == "Readable" else annotation
    manager = HookManager("room")
    manager.add_hookspecs(SimpleNamespace(handed=handed))
    manager.register(plugin("handed", answering(1)))

    assert manager.hook.handed(message=2) == 1
