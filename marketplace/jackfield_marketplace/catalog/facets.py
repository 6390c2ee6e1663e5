"""Terms in the full-text index that stand for an app or a category, so that a filter costs no second look-up."""

from __future__ import annotations

from collections.abc import Iterable

# A letter for private use (U+E000): the tokenizer takes it as part of a word, and no word of a query can begin so.
_MARK = "\ue000"
_OTHER = "\ue001"


def app_facet(app: str) -> str:
    """The term of every plugin for this app."""
    return _facet("a", app)


def category_facet(category: str) -> str:
    """The term of every plugin in this category."""
    return _facet("c", category)


def facets_of(app: str, categories: Iterable[str]) -> str:
    """What the index holds of one plugin."""
    return " ".join([app_facet(app), *map(category_facet, categories)])


def _facet(kind: str, value: str) -> str:
    # One term, whatever the value: the tokenizer would cut it at anything but letters and digits.
    return f"{_MARK}{kind}" + "".join(one if one.isalnum() else _OTHER for one in value.lower())
