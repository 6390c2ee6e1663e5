"""Numbers, times and foreign texts as they read on a terminal."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.cli.words import ago, count, day, duration, joined, plain, plural, shorten, size, whom, width

NOW = datetime(2026, 5, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (310, "310"), (4231, "4.2k"), (99_950, "100k"), (999_499, "999k"), (1_300_000, "1.3M")],
)
def test_counts_are_short(number, text):
    assert count(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (812, "812 bytes"),
        (1200, "1.2 KiB"),
        (48_000, "47 KiB"),
        (2_400_000, "2.3 MiB"),
        (1_048_400, "1.0 MiB"),
    ],
)
def test_sizes_carry_units(number, text):
    assert size(number) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-05-22T11:59:40+00:00", "just now"),
        ("2026-05-22T11:58:00Z", "2 minutes ago"),
        ("2026-05-22T11:00:00", "1 hour ago"),
        ("2026-05-01T12:00:00+00:00", "3 weeks ago"),
        ("2024-05-01T12:00:00+00:00", "2 years ago"),
        ("2026-05-22T12:00:40+00:00", "just now"),
        ("2026-05-23T12:00:00+00:00", "on 23 May"),
        ("2031-01-02T12:00:00+00:00", "on 2 January 2031"),
        ("yesterday", "yesterday"),
    ],
)
def test_times_are_relative(moment, text):
    assert ago(moment, now=NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.04 s"), (0.096, "0.1 s"), (0.8, "0.8 s"), (12.4, "12 s"), (125, "2 min 5 s")]
)
def test_durations_carry_units(seconds, text):
    assert duration(seconds) == text


def test_lists_and_numbers_read_as_sentences():
    assert joined([]) == ""
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert plural(1, "plugin") == "1 plugin"
    assert plural(2, "library", "libraries") == "2 libraries"


def test_a_plugins_text_cannot_move_the_cursor_or_turn_the_direction():
    assert plain("poll\x1b[2K\rdice") == "poll[2K dice"
    assert plain("safe\u202etxet\u2066") == "safetxet"
    assert plain("two\nlines") == "two lines"


@given(st.text())
def test_cleaned_text_holds_no_control_character(text):
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in plain(text))


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_shortened_text_fits(text, columns):
    cleaned = plain(text)
    short = shorten(cleaned, columns)
    assert width(short) <= columns
    assert short == cleaned or short.endswith("…")


def test_wide_characters_take_two_columns():
    assert width("投票") == 4
    assert width("e\u0301") == 1


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-05-02T12:00:00+00:00", "2 May"),
        ("2025-12-24T12:00:00.123+00:00", "24 December 2025"),
        ("some day\x1b[2K", "some day[2K"),
    ],
)
def test_days_carry_their_year_only_where_it_is_another(moment, text):
    assert day(moment, now=NOW) == text


def test_readers_are_told_what_they_did_themselves():
    assert whom("mira on the command line", "mira on the command line") == "you"
    assert whom("mira in the chat\x07", "mira on the command line") == "mira in the chat"
