"""The categories that plugins are sorted into: a fixed list, named by authors in their metadata's Keywords."""

from __future__ import annotations

from collections.abc import Iterable

CATEGORIES: dict[str, str] = {
    "appearance": "How things look",
    "automation": "Things that happen by themselves",
    "commands": "Commands to type",
    "connectors": "Links to other systems",
    "fun": "Games, dice and pastimes",
    "language": "Translation and text",
    "media": "Pictures, sound and video",
    "moderation": "Keeping a place in order",
    "productivity": "Polls, notes, reminders",
    "tools": "For administrators and authors",
}
"""Slug -> what a visitor reads."""


def categories_of(keywords: Iterable[str]) -> tuple[str, ...]:
    """The categories among a distribution's keywords, in the order of the list."""
    named = {keyword.casefold() for keyword in keywords}
    return tuple(slug for slug in CATEGORIES if slug in named)
