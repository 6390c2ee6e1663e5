"""Each type of argument: what can be written, what it is worth, what is told of a mistake, and what is offered."""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.api import Choice, Custom, Duration, Float, Greedy, Integer, Quoted, Word, YesNo, argument, literal
from jackfield.errors import PluginError, UsageError
from jackfield.host import CommandRegistry, duration_text, quoted

from tests.support.speakers import People, Person, Speaker, run


class Colour(enum.Enum):
    RED = "red"
    GREEN = 2


def even(text: str) -> int:
    if int(text) % 2:
        raise ValueError(f"{text} is odd")
    return int(text)


EVEN = Custom(even, "an even number")


async def read(type_: Any, text: str) -> Any:
    """Give a command with one argument; return what its function got, or the sentence of the mistake."""
    got: list[Any] = []

    def handler(source, value) -> None:
        got.append(value)

    handler.__annotations__["value"] = type_
    registry = CommandRegistry(run, sources={Person: People()})
    registry.add("a", "do", handler)
    source = Speaker()
    await registry.dispatch(f"do {text}", source)
    return got[0] if got else source.answers[0].partition(":")[0]


@pytest.mark.feature("U13", "U26", "M43")
@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (int, "-12", -12),
        (int, "1.5", "value must be a whole number"),
        (int, "1_000", "value must be a whole number"),
        (int, "٣", "value must be a whole number"),
        (Annotated[int, Integer(1, 6)], "6", 6),
        (Annotated[int, Integer(1, 6)], "7", "value must be a whole number from 1 to 6"),
        (Annotated[int, Integer(minimum=1)], "0", "value must be a whole number, 1 or more"),
        (Annotated[int, Integer(maximum=9)], "10", "value must be a whole number, at most 9"),
        (float, "2.5e3", 2500.0),
        (float, "nan", "value must be a number"),
        (float, "1e999", "value must be a number"),
        (Annotated[float, Float(0, 1)], "1.01", "value must be a number from 0 to 1"),
        (bool, "On", True),
        (bool, "perhaps", "value must be yes or no"),
        (str, "the rest  of it", "the rest  of it"),
        (str, '"all of it"', "all of it"),
        (str, '"a" and "b"', '"a" and "b"'),
        (Annotated[str, Word()], '"one', '"one'),
        (Annotated[str, Word], "one two", "two is too much"),
        (Annotated[str, Quoted()], r'"a \"b\" \\ c\d"', r'a "b" \ c\d'),
        (Annotated[str, Quoted()], "'it is'", "it is"),
        (Annotated[str, Quoted()], "'tis", "'tis"),
        (Annotated[str, Quoted()], '"open', "value has a quote that is not closed"),
        (Literal["red", "green"], "red", "red"),
        (Literal["red", "green"], "Red", "value must be red or green"),
        (Literal[1, 2], "2", 2),
        (Colour, "green", Colour.GREEN),
        (Colour, "red", Colour.RED),
        (Annotated[str, Choice(("dark red", "blue"))], '"dark red"', "dark red"),
        (timedelta, "1h30m", timedelta(hours=1, minutes=30)),
        (timedelta, "2w1d500ms", timedelta(days=15, milliseconds=500)),
        (timedelta, "30m1h", "value must be a time like 1h30m"),
        (timedelta, "90", "value must be a time like 1h30m"),
        (timedelta, "999999999w", "value is longer than any calendar"),
        (Annotated[timedelta, Duration(timedelta(minutes=1), timedelta(hours=2))], "3h",
         "value must be a time like 1h30m from 1m to 2h"),
        (Annotated[int, EVEN], "4", 4),
        (Annotated[int, EVEN], "5", "5 is odd"),
        (Annotated[str, Custom(str.upper, "words", rest=True)], "a b c", "A B C"),
        (Person, "ada", Person("ada")),
        (Person, '"Big Ben"', Person("Big Ben")),
        (Person, "eve", "nobody here is called eve"),
        (Person | None, "bob", Person("bob")),
    ],
)  # fmt: skip
async def test_what_is_written_is_read_as_the_annotation_says(type_, text, value):
    assert await read(type_, text) == value


@given(st.text(max_size=30))
async def test_any_text_that_is_written_in_quotes_is_read_back(text):
    assert await read(Annotated[str, Quoted()], quoted(text)) == text


@given(st.integers(min_value=0, max_value=10**12).map(lambda count: timedelta(milliseconds=count)))
async def test_any_duration_that_is_written_is_read_back(span):
    assert await read(timedelta, duration_text(span)) == span


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
async def test_any_number_that_is_written_is_read_back(number):
    assert await read(type(number), str(number)) == number


@given(st.text(alphabet=st.characters(exclude_categories=["Z", "C"]), min_size=1))
async def test_any_word_is_read_back(text):
    assert await read(Annotated[str, Word()], text) == text


WRITTEN = [
    (Annotated[int, Integer(-99, 99)], st.integers(-99, 99), str),
    (float, st.floats(allow_nan=False, allow_infinity=False), repr),
    (bool, st.booleans(), lambda value: "yes" if value else "off"),
    (Annotated[str, Quoted()], st.text(), quoted),
    (Literal["red", "dark green"], st.sampled_from(["red", "dark green"]), quoted),
    (timedelta, st.integers(0, 10**9).map(lambda count: timedelta(milliseconds=count)), duration_text),
    (Person, st.sampled_from(["ada", "Big Ben"]).map(Person), lambda person: quoted(person.name)),
]


# Drawn before the test: what Hypothesis raises within a coroutine would be left in a task that nobody asks.
LINES = st.lists(
    st.sampled_from(WRITTEN).flatmap(lambda one: st.tuples(st.just(one[0]), one[1], st.just(one[2]))),
    min_size=1,
    max_size=5,
)


@given(line=LINES, gap=st.sampled_from([" ", "  ", "\t "]))
async def test_any_arguments_that_are_written_out_are_read_back(line, gap):
    got: list[Any] = []

    def handler(source, **arguments: Any) -> None:
        got.extend(arguments.values())

    node = None
    for number, (type_, _, _) in reversed(list(enumerate(line))):
        following = argument(f"value{number}", type_)
        node = following.runs(handler) if node is None else following.then(node)
    assert node is not None
    registry = CommandRegistry(run, sources={Person: People()})
    registry.add_tree("a", literal("do").then(node))
    source = Speaker()
    await registry.dispatch(gap.join(["do", *(write(value) for _, value, write in line)]), source)
    assert source.answers == []
    assert got == [value for _, value, _ in line]


KINDS = [Integer(1, 6), Float(), YesNo(), Word(), Quoted(), Greedy(), Choice(("a", "b c")), Duration(), EVEN, Person]


@pytest.mark.parametrize(
    "kind", KINDS, ids=lambda kind: kind.__name__ if isinstance(kind, type) else type(kind).__name__
)
@given(text=st.text(max_size=20) | st.text(alphabet="0123456789.eE+-whdms'\"\\ ab", max_size=20))
async def test_no_text_breaks_a_type(kind, text):
    registry = CommandRegistry(run, sources={Person: People()})

    def handler(source, value) -> None:
        """Take it."""

    handler.__annotations__["value"] = kind
    registry.add("a", "do", handler)
    source = Speaker()
    await registry.dispatch(f"do {text}", source)
    await registry.complete(f"do {text}", 3 + len(text), source)
    assert len(source.answers) <= 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Integer(2, 1),
        lambda: Float(2, 1),
        lambda: Duration(timedelta(2), timedelta(1)),
        lambda: Choice(()),
        lambda: Choice(("a", "")),
        lambda: Choice(("a", "b"), (1,)),
    ],
    ids=["whole", "number", "duration", "no words", "an empty word", "too few values"],
)
def test_a_type_that_nothing_could_fit_is_refused_where_it_is_written(make):
    with pytest.raises(UsageError):
        make()


@pytest.mark.parametrize(
    ("type_", "told"),
    [
        (bytes, "value cannot be an argument of the type bytes"),
        (int | str, "value cannot be an argument of the type"),
        ("Elsewhere", "value cannot be an argument of the type Elsewhere"),
        (Annotated[str, Choice], "value cannot be an argument"),
    ],
)
def test_a_type_that_no_argument_can_have_is_the_authors_mistake(registry, type_, told):
    def handler(source, value) -> None:
        """Never called."""

    handler.__annotations__["value"] = type_
    with pytest.raises(PluginError, match=told) as caught:
        registry.add("a", "do", handler)
    assert caught.value.plugin == "a"
    assert "Person" in str(caught.value.hint)


def test_functions_that_cannot_be_commands_are_refused(registry):
    def nothing() -> None: ...
    def named(source, *, key): ...
    def early(source, rest: Annotated[str, Greedy()], more: int): ...

    for handler, told in [
        (nothing, "must take the source"),
        (named, "nothing can be written for its parameter key"),
        (early, "rest takes the rest of the line, so nothing can follow it"),
    ]:
        with pytest.raises(PluginError, match=told):
            registry.add("a", "do", handler)
    assert not registry.has("do")


async def test_a_type_of_the_plugins_own_that_fails_is_the_plugins_failure(registry):
    def broken(text: str) -> int:
        raise RuntimeError("boom")

    async def handler(source, value: Annotated[int, Custom(broken, "anything")]) -> None: ...

    handler.__annotations__["value"] = Annotated[int, Custom(broken, "anything")]
    registry.add("a", "do", handler)
    source = Speaker()
    await registry.dispatch("do it", source)
    assert source.answers == ["do failed: RuntimeError: boom"]


@pytest.mark.parametrize("raised", [SystemExit(2), type("Odd", (BaseException,), {})("no")])
async def test_a_type_of_the_plugins_own_cannot_end_the_application(registry, raised):
    def broken(text: str) -> int:
        raise raised

    async def handler(source, value) -> None: ...

    handler.__annotations__["value"] = Annotated[int, Custom(broken, "an option")]
    registry.add("a", "do", handler)
    source = Speaker()
    await registry.dispatch("do it", source)
    assert source.answers == [f"do: an option cannot be read: {type(raised).__name__}: {raised}"]
    assert await registry.complete("do it ", 6, source) == []


def test_what_reads_an_argument_waits_for_nothing():
    async def ask(text: str) -> str:
        return text

    with pytest.raises(UsageError, match=r"parse of a city is async def, .* without waiting") as refused:
        Custom(ask, "a city")
    assert refused.value.hint == "take the text, and await in the command"
