"""Upload tokens, and who stands behind the credentials of a request."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from jackfield.errors import UsageError
from packaging.utils import InvalidName, canonicalize_name
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from jackfield_marketplace.accounts.passwords import verify_password
from jackfield_marketplace.db import Database, Direct, Prepared, Token, User, now

PREFIX = "jfm-"  # lets secret scanners, and people, see what it is
_USED_STEP = timedelta(minutes=1)
_TOKEN = Prepared(
    select(Token.id, Token.user_id, User.name, Token.project, Token.expires_at, Token.last_used_at)
    .join(User, Token.user_id == User.id)
    .where(Token.digest == bindparam("digest"))
)
_HASH = Prepared(select(User.password_hash).where(User.id == bindparam("user_id")))
_USER = Prepared(select(User.id, User.name, User.password_hash).where(User.name == bindparam("name")))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from.

    Args:
        user_id: of the user.
        name: of the user.
        unnoted_token: the id of a token whose use is yet to be noted.
        project: the one name, canonical, that the token may upload; None for all that are the user's.
        digest: of the token, by which it is found again; None for a password.
        password_hash: as it was when the password was checked; None for a token.
    """

    user_id: int
    name: str
    unnoted_token: int | None = None
    project: str | None = None
    digest: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)


def create_token(session: Session, user: User, *, lifetime: timedelta | None = None, project: str | None = None) -> str:
    """Make a token and return its text, which is nowhere else: the database keeps its hash.

    Args:
        session: one that writes.
        user: whose uploads it stands for.
        lifetime: after which it no longer counts; None for one that stays.
        project: the one name that it may upload, registered or not; None for all that are the user's.

    Raises:
        UsageError: `project` is no name of a distribution.
    """
    if project is not None:
        try:
            project = canonicalize_name(project, validate=True)
        except InvalidName as exc:
            raise UsageError(f"{project!r} is no name of a distribution") from exc
    text = PREFIX + secrets.token_urlsafe(32)
    expires_at = None if lifetime is None else now() + lifetime
    session.add(
        Token(
            user_id=user.id,
            digest=_digest(text),
            hint=text[: len(PREFIX) + 4],
            expires_at=expires_at,
            project=project,
        )
    )
    return text


def delete_token(session: Session, text: str) -> None:
    """Forget a token; without complaint where it is unknown."""
    session.execute(delete(Token).where(Token.digest == _digest(text)))


def tokens_of(session: Session, user: User) -> list[Token]:
    """A user's tokens, the oldest first."""
    return list(session.scalars(select(Token).where(Token.user_id == user.id).order_by(Token.id)))


def revoke_token(session: Session, number: int) -> None:
    """Forget a token by its number.

    Raises:
        UsageError: there is none.
    """
    token = session.get(Token, number)
    if token is None:
        raise UsageError(f"there is no token {number}", hint="see: jackfield-marketplace token list --user NAME")
    session.delete(token)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request says of who sends it: a user's name with the password, or a token."""

    user_name: str
    secret: str

    @property
    def is_token(self) -> bool:
        """Whether the secret is a token, as twine and uv send it: to look one up takes microseconds."""
        return self.user_name == "__token__"


def read_credentials(authorization: str | None) -> Credentials | None:
    """Take the `Authorization` header `Basic …` apart (RFC 7617), or None where it is not one."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user_name, _, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:  # no base64, no UTF-8, or letters that a header may hold and base64 has not
        return None
    return Credentials(user_name, secret)


def authenticate(database: Database, credentials: Credentials, *, at: datetime | None = None) -> Identity | None:
    """Say whose credentials these are, or None if they are nobody's. A password takes long to check, on purpose.

    Args:
        database: as of its last commit.
        credentials: of a request.
        at: the time that expiry is held against; now by default.
    """
    if credentials.is_token:
        return _by_token(database, credentials.secret.strip(), at or now())
    found = database.look_up(_USER, name=credentials.user_name.lower())
    user_id, name, password_hash = found or (0, "", None)
    if verify_password(password_hash, credentials.secret) and found is not None:
        return Identity(user_id, name, password_hash=password_hash)
    return None


def still_counts(direct: Direct, identity: Identity, *, at: datetime | None = None) -> bool:
    """Whether the credentials that were looked at before count now: an upload takes its time, or waits for its turn.

    Args:
        direct: the transaction that does what they allow: nobody revokes them before its end.
        identity: whose they were.
        at: the time that expiry is held against; now by default.
    """
    if identity.digest is None:
        return direct.row(_HASH, user_id=identity.user_id) == (identity.password_hash,)
    return _counts(direct.row(_TOKEN, digest=identity.digest), at or now())


def _by_token(database: Database, text: str, at: datetime) -> Identity | None:
    # Looked up by hash: 256 random bits need no slow hash, and an index lookup of a hash tells nothing by its time.
    digest = _digest(text)
    found = database.look_up(_TOKEN, digest=digest)
    if found is None or not _counts(found, at):
        return None
    token_id, user_id, name, project, _, last_used_at = found
    noted = last_used_at is not None and at - last_used_at < _USED_STEP
    return Identity(user_id, name, None if noted else token_id, project, digest)


def _counts(token: tuple[Any, ...] | None, at: datetime) -> bool:
    """Whether a row of `_TOKEN` is there and has not run out."""
    return token is not None and (token[4] is None or token[4] > at)


def note_use(session: Session, identity: Identity) -> None:
    """Keep the time of a token's last use, to the minute.

    Args:
        session: one that writes.
        identity: whose `unnoted_token` it is.
    """
    session.execute(update(Token).where(Token.id == identity.unnoted_token).values(last_used_at=now()))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
