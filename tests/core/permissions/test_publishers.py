"""A publisher in words: what a marketplace says of a name can never look like a key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jackfield.permissions import Asked, growth, key_in_words, publisher_in_words

KEY, OTHER = "34f3c0eb26998ed8" + "0" * 48, "34f3c0eb26998ed8" + "1" * 48
SIGNED = Asked(publisher="alice", key=KEY, plugin="poll")


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("alice", None, "alice"),
        (None, None, None),
        ("", None, None),
        ("alice", KEY, "alice, key 34f3 c0eb 2699 8ed8"),
        (None, KEY, "somebody, key 34f3 c0eb 2699 8ed8"),
        ("alice, key 34f3 c0eb 2699 8ed8", None, "alice_key_34f3_c0eb_2699_8ed8"),
        ("poll-team", None, "poll-team"),
    ],
)
def test_a_name_and_a_key_in_words(name, key, words):
    assert publisher_in_words(name, key) == words


def test_a_key_that_begins_like_the_pinned_one_is_another():
    assert key_in_words(KEY) == key_in_words(OTHER)
    assert [one.kind for one in growth(SIGNED, replace(SIGNED, key=OTHER)).entries] == ["publisher"]


@pytest.mark.parametrize("name", ["alice", "alice, key 34f3 c0eb 2699 8ed8"])
def test_a_name_does_not_stand_for_a_key(name):
    (entry,) = growth(SIGNED, Asked(publisher=name, plugin="poll")).entries
    assert " without a key, before by alice, key 34f3 c0eb 2699 8ed8" in entry.detail
