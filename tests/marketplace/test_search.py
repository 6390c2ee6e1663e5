"""Search: its order, slips of the finger, filters, and the numbers behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield_marketplace.catalog import rank_plugins
from jackfield_marketplace.db import Plugin, now
from jackfield_marketplace.search import search
from jackfield_marketplace.search.words import is_one_edit, match_expression, words_of
from jackfield_marketplace.stats import count_downloads
from sqlalchemy import select, text

from tests.support.wheels import plugin_source

WORDS = st.text("abc", max_size=6)


def found(market, typed, **options):
    with market.database.read() as session:
        return [plugin.plugin_id for plugin, _ in search(session, typed, **options).plugins]


def count(market, plugin_id, times):
    with market.database.write() as session:
        project = session.scalar(select(Plugin.project_id).where(Plugin.plugin_id == plugin_id))
        count_downloads(session, {(project, "1.0.0", now().date()): times})
        rank_plugins(session)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("weather", ["weather"]),
        ("wether", ["weather"]),
        ("weaather", ["weather"]),
        ("waether", ["weather"]),
        ("weathre", ["weather"]),
        ("qeather", ["weather"]),
        ("eather", ["weather"]),
        ("ewather", ["weather"]),
        ("wqather", ["weather"]),
        ("wether chat", ["weather"]),
        ("pol", ["poll"]),
        ("pll", []),  # too short for a slip
        ("wethr", []),  # two
        ("WEATHER", ["weather"]),
        ("wéather", ["weather"]),
    ],
)
def test_one_slip_in_a_longer_word(standing, typed, expected):
    for plugin_id in ("weather", "poll"):
        standing.publish(plugin_id)
    assert found(standing, typed) == expected


def test_what_is_there_as_it_was_typed_needs_no_slip(market):
    market.publish("polls")
    market.publish("bolls")
    assert found(market, "polls") == ["polls"]


def test_order_is_by_downloads_with_the_exact_id_first_on_every_page(market):
    ids = ["dice", *(f"dice-{name}" for name in ("blue", "green", "red"))]
    for plugin_id in ids:
        market.publish(plugin_id)
    count(market, "dice-red", 5)
    count(market, "dice-green", 2)
    expected = ["dice", "dice-red", "dice-green", "dice-blue"]
    assert found(market, "dice") == expected
    assert [one for offset in range(4) for one in found(market, "dice", limit=1, offset=offset)] == expected
    assert found(market, "dic") == ["dice-red", "dice-green", "dice", "dice-blue"]


def test_filters_by_app_and_category(market):
    for plugin_id, keywords in (("dice", ["fun"]), ("poll", ["productivity"]), ("quiz", ["fun"])):
        source = plugin_source(plugin_id)
        source.metadata_lines = [f"Keywords: {','.join(keywords)}"]
        assert market.upload(source.build(market.wheels)).status_code == 200
    assert sorted(found(market, "", category="fun")) == ["dice", "quiz"]
    assert found(market, "dice", category="fun", app="chat") == ["dice"]
    assert found(market, "dice", category="productivity") == []
    assert found(market, "", app="other") == []
    assert len(found(market, "", app="chat")) == 3


def test_the_full_text_index_holds_what_the_table_does(market):
    for plugin_id in ("dice", "poll", "quiz"):
        market.publish(plugin_id)
    count(market, "quiz", 3)
    market.publish("poll", "1.1.0")
    with market.database.write() as session:
        assert rank_plugins(session) is False
        session.execute(text("INSERT INTO plugin_search (plugin_search, rank) VALUES ('integrity-check', 1)"))


@given(st.text(max_size=300))
def test_any_text_becomes_literals(typed):
    words = words_of(typed)
    assert all('"' not in word and word for word in words)
    assert match_expression([[word] for word in words], []).count('"') == 2 * len(words)


@given(WORDS, st.integers(0, 6), st.sampled_from("abcd"))
def test_every_single_edit_is_one(word, place, letter):
    place = min(place, len(word))
    edits = {word[:place] + letter + word[place:], word[:place] + word[place + 1 :]}
    edits |= {word[:place] + letter + word[place + 1 :]} if place < len(word) else set()
    edits |= {word[:place] + word[place + 1] + word[place] + word[place + 2 :]} if place + 1 < len(word) else set()
    assert all(is_one_edit(word, other) for other in edits - {word})


@given(WORDS, WORDS)
def test_one_edit_is_the_same_both_ways_and_never_none(one, other):
    assert is_one_edit(one, other) == is_one_edit(other, one)
    assert not is_one_edit(one, one)
