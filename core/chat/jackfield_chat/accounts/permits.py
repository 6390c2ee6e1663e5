"""What owners permit beyond roles: to a member, to a role and those above it, or to everyone (U23, U24)."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from jackfield_chat.accounts.model import Account, AccountError, Role
from jackfield_chat.db import Database

EVERYONE = "*"
ROLE = "role:"
_PERMISSION = re.compile(r"(?:\*|[A-Za-z0-9_-]{1,64}):(?:\*|[A-Za-z0-9_.-]{1,256})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Permit:
    """One thing that is permitted.

    Args:
        who: a member's name, `role:helper` for a role and those above it, or `*` for everyone.
        permission: `resource:action`, `resource:*`, or `*:*` for all there is.
    """

    who: str
    permission: str

    def holds_for(self, account: Account, permission: str) -> bool:
        """Say whether it lets an account do something."""
        resource, _, action = self.permission.partition(":")
        asked_resource, _, asked_action = permission.partition(":")
        if resource not in ("*", asked_resource) or action not in ("*", asked_action):
            return False
        if self.who.startswith(ROLE):
            return account.may(Role.parse(self.who.removeprefix(ROLE)))
        return self.who in (EVERYONE, account.name)


class Permits:
    """All that is permitted in one chat.

    Args:
        database: where it is kept.
        find: looks an account up by its name.
    """

    def __init__(self, database: Database, find: Callable[[str], Account | None]) -> None:
        self._database = database
        self._find = find

    def who(self, text: str) -> str:
        """Return whom a text names, as it is kept.

        Raises:
            AccountError: it names no member, no role and not everyone.
        """
        if text == EVERYONE:
            return text
        if text.startswith(ROLE):
            return ROLE + Role.parse(text.removeprefix(ROLE)).label
        name = text.removeprefix("@")
        account = self._find(name) if name.isprintable() else None
        if account is None:
            raise AccountError(f"there is no member {name}; a role is written role:helper, everyone *")
        return account.name

    def permit(self, who: str, permission: str) -> Permit:
        """Permit something from now on; to do it again changes nothing.

        Raises:
            AccountError: nobody is named so, or it is no permission.
        """
        permit = Permit(self.who(who), checked(permission))
        self._database.run("INSERT OR IGNORE INTO permits (who, permission) VALUES (?, ?)", (permit.who, permission))
        return permit

    def cancel(self, who: str, permission: str) -> Permit:
        """Take back one thing that was permitted, as it was written then.

        Raises:
            AccountError: it was not permitted.
        """
        permit = Permit(self.who(who), checked(permission))
        if permit not in self.all():
            raise AccountError(f"{permit.permission} was not permitted to {permit.who}")
        self._database.run("DELETE FROM permits WHERE who = ? AND permission = ?", (permit.who, permission))
        return permit

    def cancel_all(self, who: str) -> int:
        """Take back all that was permitted to someone; return how much that was.

        Raises:
            AccountError: nobody is named so.
        """
        held = [permit for permit in self.all() if permit.who == self.who(who)]
        self._database.run("DELETE FROM permits WHERE who = ?", (self.who(who),))
        return len(held)

    def all(self) -> list[Permit]:
        """Return everything that is permitted, by whom and what."""
        rows = self._database.rows("SELECT who, permission FROM permits ORDER BY who, permission")
        return [Permit(row["who"], row["permission"]) for row in rows]

    def allows(self, account: Account, permission: str) -> bool:
        """Say whether something was permitted to an account, by its name, its role or to everyone."""
        return any(permit.holds_for(account, permission) for permit in self.all())


def checked(permission: str) -> str:
    """Return a permission as it is.

    Raises:
        AccountError: it is none.
    """
    if not _PERMISSION.fullmatch(permission):
        raise AccountError(f"{permission!r} is no permission; write it like messages:send, messages:* or *:*")
    return permission
