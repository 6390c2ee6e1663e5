"""Search: its order, slips of the finger, filters, and the numbers behind it."""

import re
from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield_marketplace.accounts import add_user
from jackfield_marketplace.catalog import rank_plugins
from jackfield_marketplace.db import Database, Plugin, Project, migrate, now, plain_words
from jackfield_marketplace.search import search
from jackfield_marketplace.search.vocabulary import neighbours, terms_beginning
from jackfield_marketplace.search.words import beginning, is_one_edit, match_expression, words_of
from jackfield_marketplace.stats import count_downloads
from sqlalchemy import select, text

from tests.support.wheels import manifest_text, plugin_source

WORDS = st.text("abc", max_size=6)
SOME_WORDS = ["".join(letters) for length in range(3, 7) for letters in product("abc", repeat=length)][::23]


def found(market, typed, **options):
    with market.database.read() as session:
        return [plugin.plugin_id for plugin, _ in search(session, typed, **options).plugins]


def full_width(word):
    """A word as an East Asian keyboard may write it."""
    return "".join(chr(ord(letter) - ord("!") + 0xFF01) for letter in word)


def count(market, plugin_id, times):
    with market.database.write() as session:
        project = session.scalar(select(Plugin.project_id).where(Plugin.plugin_id == plugin_id))
        count_downloads(session, {(project, "1.0.0", now().date()): times})
        rank_plugins(session)


def summaries(database, *texts):
    """Rows of plugins called p1, p2, …, each with one of these texts."""
    with database.write() as session:
        owner = add_user(session, "author")
        session.flush()
        for key, summary in enumerate(texts, 1):
            plugin_id, name = f"p{key}", f"chat-p{key}"
            session.add(Project(id=key, name=name, display_name=name, skeleton=name, owner_id=owner.id))
            about = {"plugin_id": plugin_id, "canonical_id": plugin_id, "distribution": name, "version": "1.0.0"}
            words = {"name": "", "summary": summary, "keywords": "", "facets": ""}
            source = {"publisher": "author", "isolation": "any", "app": "chat"}
            session.add(Plugin(project_id=key, rank=key, **about, **words, **source))


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    """A database with 47 words of three to six letters a, b and c, and some long ones."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('vocabulary') / 'market.sqlite3'}")
    migrate(database)
    many = " ".join(f"prefabricated{number}" for number in range(40))
    summaries(database, " ".join(SOME_WORDS), "Señoritas internationale", "internationally", many)
    yield database
    database.close()


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
        ("wetaher", ["weather"]),  # where its halves meet
        ("wqather", ["weather"]),
        ("wether chat", ["weather"]),
        ("pol", ["poll"]),
        ("pll", []),  # too short for a slip
        ("wethr", []),  # two
        ("WEATHER", ["weather"]),
        ("wéather", ["weather"]),
        (full_width("weather"), ["weather"]),
        (full_width("Wea"), ["weather"]),
        (full_width("wether"), ["weather"]),
    ],
)
def test_one_slip_in_a_longer_word(standing, typed, expected):
    for plugin_id in ("weather", "poll"):
        standing.publish(plugin_id)
    assert found(standing, typed) == expected


def test_a_text_in_full_width_letters_is_found_as_it_stands(market):
    market.publish("lots")
    text_of = manifest_text("fortune")
    market.publish("fortune", manifest=text_of.replace("The fortune plugin", f"Draws {full_width('lots')}"))
    assert found(market, full_width("lots")) == ["lots", "fortune"], "the exact id comes first"
    assert found(market, "lots") == ["lots"]


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


def test_a_long_word_is_the_beginning_of_others_too(vocabulary):
    def asked(word):
        with vocabulary.read() as session:
            return terms_beginning(session.connection(), word)

    def found_in(typed):
        with vocabulary.read() as session:
            return [plugin.plugin_id for plugin, _ in search(session, typed).plugins]

    assert asked("internation") == ['"internationale"', '"internationally"']
    assert found_in("internation") == ["p2", "p3"]
    assert found_in("internationall") == ["p3"]
    assert found_in("intrenation") == []  # a slip leads to whole words only
    assert found_in("intrenationally") == ["p3"]
    assert asked("prefabricat") == ['"prefabricat"*']  # too many to name
    assert found_in("prefabricat") == ["p4"]
    assert found_in("senorita") == found_in("SEÑORITA") == found_in("sen\u0303orita") == ["p2"]


@given(st.text("abc", min_size=4, max_size=7))
def test_every_word_one_edit_away_is_a_neighbour(vocabulary, word):
    with vocabulary.read() as session:
        found = neighbours(session.connection(), word)
    assert found == sorted(other for other in SOME_WORDS if is_one_edit(word, other))[:6]


def test_neighbours_that_more_plugins_have_come_first(market):
    summaries(market.database, "weather", "feather feather feather", "feather")
    with market.database.read() as session:
        assert neighbours(session.connection(), "xeather") == ["feather", "weather"]


def test_the_total_is_the_same_on_every_page_and_counted_up_to_a_thousand(market):
    summaries(market.database, *["alpha beta"] * 3, *["alpha"] * 998)

    def page(typed, limit, offset):
        with market.database.read() as session:
            found = search(session, typed, limit=limit, offset=offset)
            return len(found.plugins), found.total

    def told(typed):
        page = market.client.get("/search", params={"q": typed}, headers={"Accept": "text/html"}).text
        return re.findall(r"[^<>]*plugins, most downloaded first", page)

    assert [page("beta", 2, offset) for offset in (0, 1, 2, 3, 9)] == [(2, 3), (2, 3), (1, 3), (0, 3), (0, 3)]
    assert told("beta") == ["3 plugins, most downloaded first"]
    assert told("alpha") == ["more than 1000 plugins, most downloaded first"]
    assert [page("alpha", 100, offset) for offset in (0, 950, 1000, 1001)] == [
        (100, 1000),
        (51, 1000),
        (1, 1000),
        (0, 1000),
    ]
    assert page("p99", 5, 0) == (5, 11)  # itself first, then p990 to p993
    assert page("p99", 5, 10) == (1, 11)


def test_the_vocabulary_holds_the_words_of_the_table(market):
    def kept():
        with market.database.read() as session:
            rows = session.execute(text("SELECT word, backwards, plugins FROM plugin_search_words")).all()
            shown = session.scalars(select(Plugin)).all()
        words: Counter[str] = Counter()
        for plugin in shown:
            texts = f"{plugin.plugin_id} {plugin.name} {plugin.summary} {plugin.keywords}"
            words.update({word for word in plain_words(texts) if len(word) > 2})
        assert {word: plugins for word, _, plugins in rows} == words
        assert all(backwards == word[::-1] for word, backwards, _ in rows)
        return words

    market.publish("dice")
    market.publish("poll")
    assert kept()["plugin"] == 2
    manifest = manifest_text("poll", "1.1.0").replace("The poll plugin", "Asks a crowd")
    market.publish("poll", "1.1.0", manifest=manifest)
    assert "crowd" in kept()
    with market.database.write() as session:
        session.delete(session.scalars(select(Plugin).where(Plugin.plugin_id == "poll")).one())
    assert "crowd" not in kept()


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
    assert match_expression([[beginning(word)] for word in words], []).count('"') == 2 * len(words)


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
