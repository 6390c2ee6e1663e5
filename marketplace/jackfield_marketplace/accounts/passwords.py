"""Passwords, by argon2id."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from jackfield.errors import UsageError

SHORTEST_PASSWORD = 12
_LONGEST_PASSWORD = 1024
# OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return the hash to store.

    Raises:
        UsageError: it has fewer than 12 characters, or more than 1024.
    """
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise UsageError(f"a password has {SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters")
    return _HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Tell whether `password` is the one behind `stored`; takes as long for a user who has none."""
    if len(password) > _LONGEST_PASSWORD:
        return False
    try:
        _HASHER.verify(stored or _nobody(), password)
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None


@cache
def _nobody() -> str:
    return _HASHER.hash("nobody has this password")
