"""Passwords as argon2id hashes."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's smallest argon2id setting: 19 MiB, two passes. The library's 64 MiB would be a tenth of a small server each.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Verified when a name is unknown, so that the answer takes as long as for a name that exists.
_NOBODY = _HASHER.hash(secrets.token_hex(16))


async def hash_password(password: str) -> str:
    """Hash a password, off the event loop's thread: it takes some 20 ms on purpose."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password fits the hash; takes the same time where there is no hash."""

    def verify() -> bool:
        try:
            _HASHER.verify(stored or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    return await asyncio.to_thread(verify)


def random_password() -> str:
    """Return a password that is safe and can be typed: four groups of four, 80 bits."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0 and 1, which look alike
    letters = [secrets.choice(alphabet) for _ in range(16)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 16, 4))
