"""From what was typed to what the full-text index is asked."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from jackfield_marketplace.db import plain_words

LONGEST_QUERY = 200
_MOST_WORDS = 8


def words_of(typed: str) -> list[str]:
    """The words of a query, in lower case, without accents; at most 200 characters and 8 words of it count."""
    return plain_words(typed[:LONGEST_QUERY])[:_MOST_WORDS]


def spellings(word: str) -> tuple[str, ...]:
    """A word as it was typed and, where letters of it stand for others, in those, as Unicode's NFKC tells.

    East Asian keyboards type full-width ones. Texts of plugins may hold them as well, so that both are asked for.

    Args:
        word: as `words_of` has it.
    """
    plain = plain_words(unicodedata.normalize("NFKC", word))
    return (word, plain[0]) if len(plain) == 1 and plain[0] != word else (word,)


def whole(word: str) -> str:
    """What FTS5 is asked for one word.

    It stands in quotes, a literal to FTS5: nothing that is typed can be one of its operators.
    """
    return f'"{word}"'


def beginning(word: str) -> str:
    """What FTS5 is asked for all words that begin with this one."""
    return f'"{word}"*'


def match_expression(alternatives: Iterable[Iterable[str]], facets: Iterable[str]) -> str:
    """What FTS5 is asked: one of each group of terms (`whole`, `beginning`), and every facet."""
    return " AND ".join([*map(whole, facets), *(f"({' OR '.join(group)})" for group in alternatives)])


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
