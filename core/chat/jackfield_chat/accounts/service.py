"""Signing up, signing in, staying signed in."""

import hashlib
import re
import secrets
import sqlite3
import time

from jackfield_chat.accounts.languages import Languages
from jackfield_chat.accounts.model import Account, AccountError, Role, TooManyTries
from jackfield_chat.accounts.passwords import hash_password, random_password, verify_password
from jackfield_chat.accounts.permits import Permits
from jackfield_chat.accounts.throttle import Throttle
from jackfield_chat.db import Database

SESSION_SECONDS = 30 * 24 * 3600
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200
OWNER_NAME = "owner"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,31}", re.ASCII)


class Accounts:
    """The accounts of one chat.

    Failed sign-ins are limited, by the minute: 5 for a name from one address, 30 for a name from anywhere, 20 from one
    address. So a stranger who guesses cannot easily lock its owner out. Sign-ups: 20 an hour from one address.

    Args:
        database: where they are kept.

    Attributes:
        permits: what owners permit beyond roles.
        languages: which language each prefers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.permits = Permits(database, self.find)
        self.languages = Languages(database)
        self._failures = (Throttle(5, 60), Throttle(30, 60), Throttle(20, 60))
        self._sign_ups = Throttle(20, 3600)

    async def ensure_owner(self) -> str | None:
        """Make the owner's account if there is none; return its password, which is told this once only."""
        if self._database.row("SELECT 1 FROM accounts WHERE role = ?", (Role.OWNER,)):
            return None
        password = random_password()
        self._insert(OWNER_NAME, await hash_password(password), Role.OWNER)
        return password

    async def sign_up(self, name: str, password: str, *, client: str) -> Account:
        """Make an account with the role of a user.

        Args:
            name: 2 to 32 letters, digits, `_`, `.` or `-`.
            password: 10 to 200 characters.
            client: the address of whoever asks, for the limit.

        Raises:
            AccountError: the name is taken or malformed, or the password too short; `field` says which.
            TooManyTries: too many accounts were made from this address.
        """
        if wait := self._sign_ups.wait_seconds(client):
            raise TooManyTries(wait)
        name = name.strip()
        if not _NAME.fullmatch(name):
            raise AccountError(
                "Choose 2 to 32 letters, digits, _ . or -, starting with a letter or digit.", field="name"
            )
        if len(password) < SHORTEST_PASSWORD:
            raise AccountError(f"Choose at least {SHORTEST_PASSWORD} characters.", field="password")
        if len(password) > LONGEST_PASSWORD:
            raise AccountError(f"Choose at most {LONGEST_PASSWORD} characters.", field="password")
        if self.find(name) is not None:
            raise AccountError(f"The name {name} is taken.", field="name")
        hashed = await hash_password(password)
        self._sign_ups.count(client)
        try:
            return self._insert(name, hashed, Role.USER)
        except sqlite3.IntegrityError as exc:  # taken while the password was hashed
            raise AccountError(f"The name {name} is taken.", field="name") from exc

    async def sign_in(self, name: str, password: str, *, client: str) -> Account:
        """Return the account that the name and password belong to.

        Raises:
            AccountError: they belong to none; it is not said which of the two is wrong.
            TooManyTries: too many tries failed for this name or from this address.
        """
        key = name.strip().casefold()
        limits = tuple(zip(self._failures, (f"{key} {client}", key, client), strict=True))
        if wait := max(throttle.wait_seconds(limited) for throttle, limited in limits):
            raise TooManyTries(wait)
        # Counted before the password is looked at: tries that run side by side must not all slip through.
        for throttle, limited in limits:
            throttle.count(limited)
        row = self._database.row("SELECT name, role, password FROM accounts WHERE folded = ?", (key,))
        if not await verify_password(row["password"] if row else None, password[:LONGEST_PASSWORD]) or row is None:
            raise AccountError("The name or the password is wrong.", field="password")
        # Only this try is taken back: signing in to an account of one's own must not buy new guesses at others'.
        for throttle, limited in limits:
            throttle.take_back(limited)
        return Account(row["name"], Role(row["role"]))

    def find(self, name: str) -> Account | None:
        """Return the account of that name, whatever its case, or None."""
        row = self._database.row("SELECT name, role FROM accounts WHERE folded = ?", (name.strip().casefold(),))
        return Account(row["name"], Role(row["role"])) if row else None

    def all(self) -> list[Account]:
        """Return every account, by name."""
        rows = self._database.rows("SELECT name, role FROM accounts ORDER BY folded")
        return [Account(row["name"], Role(row["role"])) for row in rows]

    def beginning(self, name: str, *, limit: int) -> list[Account]:
        """Return the first accounts whose name begins so, whatever its case, by name; at most `limit`."""
        folded = name.casefold()
        rows = self._database.rows(
            "SELECT name, role FROM accounts WHERE folded >= ? AND substr(folded, 1, ?) = ? ORDER BY folded LIMIT ?",
            (folded, len(folded), folded, limit),
        )
        return [Account(row["name"], Role(row["role"])) for row in rows]

    def set_role(self, name: str, role: Role) -> Account:
        """Give an account another role.

        Raises:
            AccountError: there is no such account, or it is the last owner's.
        """
        account = self.find(name)
        if account is None:
            raise AccountError(f"there is no account {name}", field="name")
        with self._database.transaction():
            owners = self._database.rows("SELECT name FROM accounts WHERE role = ?", (Role.OWNER,))
            if account.role is Role.OWNER and role is not Role.OWNER and len(owners) == 1:
                raise AccountError(f"{account.name} is the only owner; make another one first", field="role")
            self._database.run("UPDATE accounts SET role = ? WHERE name = ?", (role, account.name))
        return Account(account.name, role)

    def open_session(self, account: Account) -> str:
        """Begin a session of 30 days; return its token, of which only the hash is kept."""
        token = secrets.token_urlsafe(32)
        now = time.time()
        self._database.run("DELETE FROM sessions WHERE expires_at <= ?", (now,))
        self._database.run(
            "INSERT INTO sessions (token_hash, account, expires_at) VALUES (?, ?, ?)",
            (session_key(token), account.name, now + SESSION_SECONDS),
        )
        return token

    def session(self, token: str) -> Account | None:
        """Return the account that a token is signed in as, or None."""
        row = self._database.row(
            "SELECT a.name, a.role FROM sessions s JOIN accounts a ON a.name = s.account"
            " WHERE s.token_hash = ? AND s.expires_at > ?",
            (session_key(token), time.time()),
        )
        return Account(row["name"], Role(row["role"])) if row else None

    def close_session(self, token: str) -> None:
        """End the session of a token; unknown tokens are nothing to do."""
        self._database.run("DELETE FROM sessions WHERE token_hash = ?", (session_key(token),))

    def _insert(self, name: str, password: str, role: Role) -> Account:
        self._database.run(
            "INSERT INTO accounts (name, folded, password, role, created_at) VALUES (?, ?, ?, ?, ?)",
            (name, name.casefold(), password, role, time.time()),
        )
        return Account(name, role)


def session_key(token: str) -> bytes:
    """Return what a session is kept under: nobody can sign in with it."""
    # The token is 256 random bits: a fast hash is enough, there is nothing to guess.
    return hashlib.sha256(token.encode()).digest()
