"""What a publisher may be called."""

from __future__ import annotations

import re

from jackfield.errors import UsageError

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class InvalidName(UsageError):
    """A user name outside the grammar, or one that is taken."""


class UnknownUser(UsageError):
    """No user of that name."""


def user_name(text: str) -> str:
    """Return `text` in lower case if it may name a publisher: 1 to 40 of `a-z`, `0-9`, `-`, no hyphen at the ends.

    ASCII alone, so that no publisher can look like another.

    Raises:
        InvalidName: it may not.
    """
    name = text.strip().lower()
    if not _NAME.fullmatch(name) or name == "__token__":
        raise InvalidName(f"{text!r} cannot name a user", hint="1 to 40 of a-z, 0-9 and hyphens, no hyphen at the ends")
    return name
