"""The words that plugins have: those that begin as one that was typed, and those that are one slip away from it."""

from __future__ import annotations

from sqlalchemy import Connection

from jackfield_marketplace.search.words import beginning, is_one_edit, whole

_INDEXED = 6  # letters: of so long beginnings the full-text index has lists of their own, read only as far as needed
_MOST_ENDINGS = 32
_SHORTEST_SLIP = 4  # letters: of shorter words, half the vocabulary is one edit away
_MOST_NEIGHBOURS = 6
_LAST = "\U0010ffff"  # sorts after every letter

_BEGIN = "SELECT word FROM plugin_search_words WHERE word >= ? AND word < ? LIMIT ?"
# One edit leaves the first half of a word as it is, or its second half, unless it swaps the letters where they meet.
_ALIKE = """
SELECT word, plugins FROM plugin_search_words WHERE word >= ? AND word < ? AND length(word) BETWEEN ? AND ?
UNION
SELECT word, plugins FROM plugin_search_words WHERE backwards >= ? AND backwards < ? AND length(word) BETWEEN ? AND ?
UNION
SELECT word, plugins FROM plugin_search_words WHERE word = ?
"""


def terms_beginning(connection: Connection, word: str) -> list[str]:
    """What FTS5 is asked for every word that begins with this one: any of these terms.

    For a long word they are the words themselves. Where FTS5 has no list of a beginning, it reads and merges the whole
    lists of all words that have it before it tells the first find; the list of one word it reads no further than asked.

    Args:
        connection: one that reads.
        word: as `words_of` has it.
    """
    if len(word) > _INDEXED and word.isascii():  # of other alphabets FTS5 may cut and fold words in a way of its own
        words = connection.exec_driver_sql(_BEGIN, (word, word + _LAST, _MOST_ENDINGS + 1)).scalars().all()
        if 0 < len(words) <= _MOST_ENDINGS:
            return [whole(one) for one in words]
    return [beginning(word)]


def neighbours(connection: Connection, word: str) -> list[str]:
    """Words of plugins that are one edit away: a letter too many, missing, wrong, or two that changed places.

    Those that most plugins have first, at most six; none for a word of fewer than four letters.
    """
    if len(word) < _SHORTEST_SLIP:
        return []
    middle = len(word) // 2
    lengths = len(word) - 1, len(word) + 1
    head, tail = word[:middle], word[: middle - 1 : -1]
    swapped = word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]
    asked = (head, head + _LAST, *lengths, tail, tail + _LAST, *lengths, swapped)
    rows = connection.exec_driver_sql(_ALIKE, asked).all()
    found = {other: plugins for other, plugins in rows if is_one_edit(word, other)}
    return sorted(found, key=lambda other: (-found[other], other))[:_MOST_NEIGHBOURS]
