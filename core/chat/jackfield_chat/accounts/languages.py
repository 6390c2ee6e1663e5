"""In which language a member reads what plugins write (U14): their own word, else what their browser asks for."""

import re

from jackfield_chat.accounts.model import AccountError
from jackfield_chat.db import Database

_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_MOST_HEARD = 10_000  # members whose browser is remembered; a preference of their own is in the database


class Languages:
    """The languages of the members of one chat.

    Args:
        database: where members' own words are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heard: dict[str, str] = {}

    def of(self, name: str) -> str | None:
        """Return the language of a member, None where nothing is known."""
        return self.chosen(name) or self._heard.get(name.strip().casefold())

    def chosen(self, name: str) -> str | None:
        """Return the language that a member chose themselves."""
        row = self._database.row("SELECT language FROM accounts WHERE folded = ?", (name.strip().casefold(),))
        return str(row["language"]) if row and row["language"] else None

    def choose(self, name: str, language: str | None) -> None:
        """Keep a member's own word; None: go by their browser again.

        Args:
            name: the member.
            language: a tag (BCP 47), `de` or `de-AT`.

        Raises:
            AccountError: it is no language.
        """
        if language is not None and not _TAG.fullmatch(language):
            raise AccountError(f"{language[:40]!r} is no language. Write de, en-GB or another tag like these.")
        self._database.run("UPDATE accounts SET language = ? WHERE folded = ?", (language, name.strip().casefold()))

    def hear(self, name: str, header: str) -> None:
        """Remember what a member's browser asks for (Accept-Language, RFC 9110, section 12.5.4)."""
        best, weight = "", 0.0
        for part in header[:500].split(","):
            tag, _, parameters = part.strip().partition(";")
            quality = _quality(parameters)
            if _TAG.fullmatch(tag.strip()) and quality > weight:
                best, weight = tag.strip(), quality
        if best and (name.casefold() in self._heard or len(self._heard) < _MOST_HEARD):
            self._heard[name.casefold()] = best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(float(value), 1.0)
    except ValueError:
        return 0.0
