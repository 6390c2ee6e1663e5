"""Trees of commands that cross to another process, and descriptions that are no signature at all."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.api import (
    Integer,
    Level,
    argument,
    literal,
)
from jackfield.errors import PluginError, UsageError
from jackfield.host.commands import CommandRegistry
from jackfield.runtime import (
    FunctionData,
    NodeData,
    ParameterData,
    TypeData,
    describe_tree,
    restore_tree,
)

from tests.core.runtime.other_side import SOURCES, Colour, OtherSide, answers
from tests.support.speakers import Speaker, run


class TestTrees:
    @staticmethod
    def tree():
        async def close(source) -> None:
            """Close it."""
            await source.reply("closed")

        async def vote(source, choice: Any, share: Any = None) -> None:
            await source.reply(f"{choice!r} {share!r}")

        number = argument("choice", Annotated[int, Integer(1, 9)]).runs(vote, help="By its number")
        colour = argument("choice", Colour).runs(vote).then(argument("share", timedelta).runs(vote))
        return (
            literal("poll", "p")
            .then(literal("close").runs(close).requires("admin"))
            .then(literal("vote").then(number, colour))
        )

    @pytest.mark.feature("M43", "U13", "U17")
    async def test_one_that_crossed_runs_as_it_does_here(self):
        told = []
        for apart in (False, True):
            registry, side, tree = CommandRegistry(run, sources=SOURCES), OtherSide(), self.tree()
            if apart:
                data = describe_tree(tree, side.keep, side.keep)
                data = msgspec.msgpack.decode(msgspec.msgpack.encode(data), type=NodeData)
                tree = restore_tree(data, side.restoring, side.call)
            registry.add_tree("polls", tree)
            answered = [registry.help()]
            for line in ("poll close", "p vote 3", "poll vote red 5m", "poll vote green", "poll vote 10", "poll"):
                for level in (Level.USER, Level.ADMIN):
                    speaker = Speaker(level=level)
                    await registry.dispatch(line, speaker)
                    answered += speaker.answers
            told.append(answered)
        assert told[0] == told[1]
        assert "3 None" in told[1]
        assert "<Colour.RED: 'red'> datetime.timedelta(seconds=300)" in told[1]

    def test_one_that_nobody_could_need_is_refused(self):
        side = OtherSide()
        deep = NodeData("end")
        for _ in range(40):
            deep = NodeData("more", children=(deep,))
        for tree in (deep, NodeData("wide", children=(NodeData("end"),) * 1000)):
            with pytest.raises(UsageError, match="at most 1000 nodes, 32 deep"):
                restore_tree(tree, side.restoring, side.call)
        with pytest.raises(UsageError, match="there is no level 9"):
            restore_tree(NodeData("end", level=9), side.restoring, side.call)


class TestHostile:
    @pytest.mark.parametrize(
        "parameters",
        [
            (ParameterData("not a name", TypeData("text")),),
            (ParameterData("twice", TypeData("text")),) * 2,
            (ParameterData("last", TypeData("text"), way="keywords"), ParameterData("one", TypeData("text"))),
            (ParameterData("one", TypeData("text"), way="sideways"),),
            (ParameterData("one", TypeData("object")),),
            (ParameterData("one", TypeData("choice")),),
            (ParameterData("one", TypeData("integer", minimum=3, maximum=1)),),
            (ParameterData("one", TypeData("integer", minimum=0.5)),),
        ],
    )
    def test_what_is_no_signature_is_the_plugins_mistake(self, parameters):
        side = OtherSide()
        with pytest.raises(UsageError):
            side.restoring.function(FunctionData(parameters), side.call(0))

    async def test_the_name_of_a_type_is_never_evaluated(self, capsys):
        side = OtherSide()
        for name in (":1 / 0", ":print('evaluated')", "\ud800\0", "", "builtins:dict"):
            data = FunctionData(
                (ParameterData("source", TypeData("text")), ParameterData("it", TypeData("thing", name=name)))
            )
            with pytest.raises(PluginError, match="it cannot be an argument of the type"):
                await answers(side.restoring.function(data, side.call(0)))
        assert capsys.readouterr().out == ""


@given(
    st.builds(
        TypeData,
        st.sampled_from(
            (
                "text",
                "integer",
                "float",
                "boolean",
                "word",
                "quoted",
                "rest",
                "choice",
                "duration",
                "custom",
                "thing",
                "no",
            )
        ),
        minimum=st.none() | st.integers(-5, 5) | st.floats(allow_nan=False),
        maximum=st.none() | st.integers(-5, 5),
        words=st.lists(st.text(max_size=4), max_size=3).map(tuple),
        label=st.text(max_size=5),
        rest=st.booleans(),
        name=st.text(max_size=20),
    )
)
def test_whatever_is_described_becomes_an_annotation_or_a_sentence(data):
    side = OtherSide()
    data = msgspec.msgpack.decode(msgspec.msgpack.encode(data), type=TypeData)
    annotation: object = None
    with contextlib.suppress(UsageError):
        annotation = side.restoring.annotation(data)
    assert not isinstance(annotation, str)
