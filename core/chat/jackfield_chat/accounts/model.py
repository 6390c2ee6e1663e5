"""An account and its role."""

from dataclasses import dataclass
from enum import IntEnum

from jackfield.errors import JackfieldError


class AccountError(JackfieldError):
    """A name, password or role that cannot be accepted.

    Args:
        message: one sentence for the person who typed it.
        field: the form field to show it at: "name", "password" or "" for the whole form.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TooManyTries(AccountError):
    """Too many failed tries in a short time.

    Args:
        wait_seconds: after how many seconds another try is looked at.
    """

    def __init__(self, wait_seconds: int) -> None:
        super().__init__(f"Too many tries. Wait {wait_seconds} seconds, then try again.")
        self.wait_seconds = wait_seconds


class Role(IntEnum):
    """What a person may do; each level may do all that the lower ones may (U17).

    A guest reads; a user writes and makes rooms; a helper and an admin are levels that plugins can ask for; the owner
    changes roles and plugins.
    """

    GUEST = 0
    USER = 1
    HELPER = 2
    ADMIN = 3
    OWNER = 4

    @property
    def label(self) -> str:
        """The word for it, in lower case."""
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> "Role":
        """Read the word for a role.

        Raises:
            AccountError: there is no such role; the message lists those there are.
        """
        try:
            return cls[text.strip().upper()]
        except KeyError as exc:
            known = ", ".join(role.label for role in cls)
            raise AccountError(f"there is no role {text!r}: choose one of {known}", field="role") from exc


@dataclass(frozen=True, slots=True)
class Account:
    """A person who can sign in.

    Args:
        name: unique, compared without regard to case.
        role: what they may do.
    """

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this account is at that level or above."""
        return self.role >= role
