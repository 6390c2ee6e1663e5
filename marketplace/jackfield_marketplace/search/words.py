"""From what was typed to what the full-text index is asked, and the words of the index that are one slip away."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

LONGEST_QUERY = 200
_MOST_WORDS = 8
_SHORTEST_SLIP = 4  # letters: of shorter words, half the vocabulary is one edit away
_MOST_NEIGHBOURS = 6
_WORD = re.compile(r"[^\W_]+")
_LETTERS = string.ascii_lowercase + string.digits
_HEAD = 2

# Words that begin alike are neighbours in the vocabulary; those with a slip in their first letters are looked up.
_SAME_HEAD = text(
    "SELECT term, doc FROM plugin_search_words"
    " WHERE term >= :low AND term < :high AND length(term) BETWEEN :least AND :most"
)
_ONE_OF = text("SELECT term, doc FROM plugin_search_words WHERE term IN :terms").bindparams(
    bindparam("terms", expanding=True)
)


def words_of(typed: str) -> list[str]:
    """The words of a query, in lower case; at most 200 characters and 8 words of it count."""
    return [word.lower() for word in _WORD.findall(typed[:LONGEST_QUERY])[:_MOST_WORDS]]


def match_expression(alternatives: Iterable[Iterable[str]], facets: Iterable[str]) -> str:
    """What FTS5 is asked: one of each group of words, by their beginnings, and every facet.

    Each word stands in quotes, a literal to FTS5: nothing that is typed can be one of its operators.
    """
    groups = [" OR ".join(f'"{word}"*' for word in group) for group in alternatives]
    return " AND ".join([*(f'"{facet}"' for facet in facets), *(f"({group})" for group in groups)])


def neighbours(session: Session, word: str) -> list[str]:
    """Words of the index that are one edit away: a letter too many, missing, wrong, or two that changed places.

    The most frequent ones first; none for a word of fewer than four letters.
    """
    if len(word) < _SHORTEST_SLIP:
        return []
    head = word[:_HEAD]
    bounds = {"low": head, "high": head[:-1] + chr(ord(head[-1]) + 1), "least": len(word) - 1, "most": len(word) + 1}
    rows = session.execute(_SAME_HEAD, bounds).all()
    found = {term: count for term, count in rows if is_one_edit(word, term)}
    slips = sorted(set(_slips_at_the_beginning(word)))
    found.update((term, count) for term, count in session.execute(_ONE_OF, {"terms": slips}))
    found.pop(word, None)
    return sorted(found, key=lambda term: (-found[term], term))[:_MOST_NEIGHBOURS]


def _slips_at_the_beginning(word: str) -> Iterator[str]:
    """Every word that differs by one edit in its first letters, over the letters that ids are made of."""
    for place in range(_HEAD):
        before, after = word[:place], word[place:]
        yield before + after[1:]
        yield before + after[1] + after[0] + after[2:]
        for letter in _LETTERS:
            yield before + letter + after
            yield before + letter + after[1:]


def is_one_edit(one: str, other: str) -> bool:
    """Tell whether one letter added, left out or replaced, or two that changed places, lead from one to the other."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True  # one is the other and a letter more
    rest, other_rest = one[start:], other[start:]
    if len(rest) == len(other_rest):
        swapped = rest[1:2] + rest[:1] + rest[2:] == other_rest
        return swapped or rest[1:] == other_rest[1:]
    return rest[1:] == other_rest or rest == other_rest[1:]
