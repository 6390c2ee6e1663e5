"""Events with types, and the marks of listeners."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.api import PRIORITY, Event, EventType, ListenerMark, listener, listener_marks, plain_data
from jackfield.errors import PluginError, UsageError


class Kind(enum.Enum):
    TEA = "tea"


@dataclass
class Voted:
    choice: str
    count: int = 1
    kinds: list[Kind] = field(default_factory=list)
    at: dt.datetime | None = None
    raw: bytes = b""


class VotedStruct(msgspec.Struct):
    choice: str
    count: int = 1


class VotedDict(TypedDict):
    choice: str
    count: int


VOTED = EventType("plugin:poll:voted", Voted)


@pytest.mark.feature("M40")
@given(
    st.builds(
        Voted,
        st.text(),
        st.integers(-(2**63), 2**63 - 1),
        st.lists(st.just(Kind.TEA)),
        st.none() | st.datetimes(),
        st.binary(),
    )
)
def test_a_payload_arrives_as_it_was_sent(payload):
    plain = VOTED.to_plain(payload)
    assert isinstance(plain, dict)
    assert VOTED.from_plain(Event("plugin:poll:voted", "poll", plain)) == Event("plugin:poll:voted", "poll", payload)


@pytest.mark.parametrize("there", [VotedStruct("tea", 2), VotedDict(choice="tea", count=2)])
def test_sender_and_listener_may_each_have_their_own_definition(there):
    plain = EventType("voted", type(there)).to_plain(there)
    heard = VOTED.from_plain(Event("plugin:poll:voted", "poll", plain))
    assert heard.data == Voted("tea", 2)


def test_a_payload_that_does_not_fit_names_who_sent_it():
    with pytest.raises(PluginError, match=r"the event plugin:poll:voted from poll is no Voted: Expected `int`"):
        VOTED.from_plain(Event("plugin:poll:voted", "poll", {"choice": "tea", "count": "two"}))


def test_a_wrong_payload_is_the_senders_mistake():
    with pytest.raises(UsageError, match="is no Voted: Expected `str`"):
        VOTED.to_plain(Voted(7))  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("data", [{"a": object()}, {1: "a"}, [1], "text", {"a": lambda: 0}])
def test_what_no_process_can_be_told_is_refused(data):
    with pytest.raises(UsageError, match="the event voted carries"):
        plain_data(data, "voted")


def test_what_was_sent_cannot_be_changed_afterwards():
    sent = {"choices": ["tea"]}
    plain = plain_data(sent, "voted")
    sent["choices"].append("coffee")
    assert plain == {"choices": ["tea"]}


def test_an_event_without_data_carries_an_empty_mapping():
    assert Event("plugin:poll:opened", "poll").data == {}


@pytest.mark.feature("U7", "M42")
def test_marks_say_what_is_heard_and_when():
    @listener("plugin:poll:voted", priority=5)
    @listener(VOTED)
    def heard(event):
        """Not this."""

    assert listener_marks(heard) == (ListenerMark(VOTED, PRIORITY), ListenerMark("plugin:poll:voted", 5))
    assert listener_marks(print) == ()
    assert PRIORITY == 1000


def test_a_listener_without_a_name_is_refused_where_it_is_written():
    with pytest.raises(UsageError, match="a listener needs the name of an event"):
        listener("")
