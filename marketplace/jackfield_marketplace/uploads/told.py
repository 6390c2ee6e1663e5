"""How much a release may say of itself where lists show it and search looks: a line, some words, a few links."""

from __future__ import annotations

from jackfield_marketplace.catalog import Refusal, Upload

SUMMARY_CHARACTERS = 512
"""Of a summary, which is one line; PyPI takes as much."""

KEYWORDS_CHARACTERS = 4096
"""Of all keywords: each is indexed, and whoever sends a dictionary would be found with every word of it."""

MOST_LINKS = 50
"""Project URLs of one release; its page shows each."""

LINK_CHARACTERS = 2048
"""Of one project URL with its label."""


def check_told(upload: Upload) -> None:
    """Hold what lists and search take from METADATA to its bounds. Classifiers are neither kept nor shown.

    Raises:
        Refusal: 400, there is more of it.
    """
    links = upload.links or {}
    longest_link = max((len(label) + len(url) for label, url in links.items()), default=0)
    bounds = (
        ("Summary", len(upload.summary), SUMMARY_CHARACTERS),
        ("Keywords", sum(map(len, upload.keywords)), KEYWORDS_CHARACTERS),
        ("a Project-URL", longest_link, LINK_CHARACTERS),
    )
    for field, length, bound in bounds:
        if length > bound:
            raise Refusal(400, f"METADATA of {upload.filename}: {field} has {length} characters, more than {bound}")
    if len(links) > MOST_LINKS:
        raise Refusal(400, f"METADATA of {upload.filename}: it has more than {MOST_LINKS} lines of Project-URL")
