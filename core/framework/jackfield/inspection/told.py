"""How much a release may say of itself where lists show it and search looks: a line, some words, a few links.

Uploads hold it, and so does whoever is about to upload; what is installed from elsewhere may say more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield.inspection.report import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

SUMMARY_CHARACTERS = 512
"""Of a summary, which is one line; PyPI takes as much."""

KEYWORDS_CHARACTERS = 4096
"""Of all keywords: each is indexed, and whoever sends a dictionary would be found with every word of it."""

CLASSIFIERS_CHARACTERS = 16 * 1024
"""Of all classifiers: a third of the list that there is."""

MOST_LINKS = 50
"""Project URLs of one release; its page shows each."""

LINK_CHARACTERS = 2048
"""Of one project URL with its label."""


def check_told(
    path: str, summary: str, keywords: Collection[str], classifiers: Collection[str], links: Mapping[str, str]
) -> Iterator[Finding]:
    """Findings where METADATA says more than lists and search take.

    Args:
        path: of METADATA, or PKG-INFO.
        summary: the line.
        keywords: each word.
        classifiers: each line.
        links: label -> URL.
    """
    longest_link = max((len(label) + len(url) for label, url in links.items()), default=0)
    bounds = (
        ("Summary", len(summary), SUMMARY_CHARACTERS),
        ("Keywords", sum(map(len, keywords)), KEYWORDS_CHARACTERS),
        ("Classifier", sum(map(len, classifiers)), CLASSIFIERS_CHARACTERS),
        ("a Project-URL", longest_link, LINK_CHARACTERS),
    )
    for field, length, bound in bounds:
        if length > bound:
            message = f"METADATA: {field} has {length} characters, more than {bound}"
            yield Finding("metadata-bounds", "refuse", message, path)
    if len(links) > MOST_LINKS:
        message = f"METADATA: it has more than {MOST_LINKS} lines of Project-URL"
        yield Finding("metadata-bounds", "refuse", message, path)
