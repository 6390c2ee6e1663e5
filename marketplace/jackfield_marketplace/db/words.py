"""Words of a plugin's texts, as SQLite's triggers ask for them to keep the vocabulary of search."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

SHORTEST_KEPT = 3  # letters: shorter ones are neither searched by their beginning nor one slip from any that counts
_WORD = re.compile(r"[^\W_]+")


def plain_words(text: str) -> list[str]:
    """The words of a text, in their order, in lower case, and without accents where that leaves a letter of ASCII.

    They are cut and folded as FTS5's `unicode61 remove_diacritics 2` does it, but for a few signs that are no letters.
    """
    text = text.lower()
    return _WORD.findall(text if text.isascii() else "".join(map(_plain, unicodedata.normalize("NFC", text))))


def _plain(letter: str) -> str:
    if "\u0300" <= letter <= "\u036f":
        return ""  # an accent by itself: no letter is made of the two
    bare = unicodedata.normalize("NFD", letter)[0]
    return bare if bare.isascii() else letter


def add_word_functions(connection: sqlite3.Connection) -> None:
    """Give a connection `words_backwards(text)`: a JSON object of each word of three letters and more, and its reverse.

    The triggers on `plugins` call it: SQL itself would walk every text letter by letter, and knows no accents.
    """
    connection.create_function("words_backwards", 1, _words_backwards, deterministic=True)


def _words_backwards(text: str) -> str:
    return json.dumps({word: word[::-1] for word in plain_words(text) if len(word) >= SHORTEST_KEPT})
