"""Keys of external plugins."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import UsageError
from jackfield.isolation import KEYS, TEMPORARY_SECONDS, TemporaryKeys, find_key, kept_keys, new_key


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.feature("J1", "J2")
def test_a_key_is_256_random_bits_and_what_is_kept_does_not_contain_it():
    keys = [new_key("echo", by="ada", name="the laptop") for _ in range(100)]
    assert len({made.text for made in keys}) == len({made.key.number for made in keys}) == 100
    for key, text in keys:
        random = text.removeprefix(f"jfk_{key.number}_")
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", random)  # 32 bytes in base64
        kept = json.dumps(key.to_mapping())
        assert random not in kept
        assert (key.plugin, key.by, key.name) == ("echo", "ada", "the laptop")


@pytest.mark.feature("J7", "J8")
def test_a_key_is_found_by_its_text_alone_and_belongs_to_one_plugin():
    echo, dice = new_key("echo", by="ada"), new_key("dice", by="ada")
    kept = kept_keys({one.key.state_key: one.key.to_mapping() for one in (echo, dice)})
    assert find_key(echo.text, kept) == echo.key
    assert find_key(dice.text, kept) == dice.key
    assert find_key(echo.text.replace(echo.key.number, dice.key.number), kept) is None
    assert find_key(echo.text[:-1], kept) is None
    assert find_key(echo.text + "\n", kept) is None
    assert find_key(echo.key.digest, kept) is None
    del kept[echo.key.number]
    assert find_key(echo.text, kept) is None


@pytest.mark.feature("J8")
@given(st.text() | st.from_regex(r"jfk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", fullmatch=True))
def test_nothing_else_is_a_key(text):
    made = new_key("echo", by="ada")
    assert find_key(text, {made.key.number: made.key}) is None


def test_a_damaged_record_lets_nobody_in():
    made = new_key("echo", by="ada")
    whole = made.key.to_mapping()
    damaged: list[object] = [
        None,
        [],
        "key",
        {},
        {**whole, "digest": "0"},
        {**whole, "plugin": ""},
        {**whole, "number": 3},
    ]
    assert kept_keys({f"{KEYS}{place}": one for place, one in enumerate(damaged)}) == {}
    assert kept_keys({"grants/echo": whole}) == {}


@pytest.mark.feature("J27")
def test_a_temporary_key_works_once():
    temporary = TemporaryKeys(Clock())
    text = temporary.new("echo", by="ada")
    key = temporary.take(text)
    assert key is not None
    assert (key.plugin, key.temporary) == ("echo", True)
    assert temporary.take(text) is None


@pytest.mark.feature("J27")
def test_a_temporary_key_works_for_thirty_seconds():
    clock = Clock()
    temporary = TemporaryKeys(clock)
    early, late = temporary.new("echo", by="ada"), temporary.new("echo", by="ada")
    clock.now += TEMPORARY_SECONDS - 0.001
    assert temporary.take(early) is not None
    clock.now += 0.001
    assert temporary.take(late) is None


def test_temporary_keys_are_bounded_and_room_comes_back():
    clock = Clock()
    temporary = TemporaryKeys(clock)
    for _ in range(1000):
        temporary.new("echo", by="ada")
    with pytest.raises(UsageError, match="1000 temporary keys wait"):
        temporary.new("echo", by="ada")
    clock.now += TEMPORARY_SECONDS
    assert temporary.take(temporary.new("echo", by="ada")) is not None


def test_what_a_temporary_key_was_wrongly_tried_with_does_not_use_it_up():
    temporary = TemporaryKeys(Clock())
    text = temporary.new("echo", by="ada")
    assert temporary.take(text[:-1]) is None
    assert temporary.take(text) is not None
