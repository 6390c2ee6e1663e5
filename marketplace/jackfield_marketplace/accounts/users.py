"""Users: made, and shut out, by command."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from jackfield_marketplace.accounts.names import InvalidName, UnknownUser, user_name
from jackfield_marketplace.accounts.passwords import hash_password
from jackfield_marketplace.db import Token, User


def add_user(session: Session, name: str, password: str | None = None) -> User:
    """Add a user; without a password one who uploads by token alone.

    Raises:
        InvalidName: the name cannot be one, or is taken.
        UsageError: the password is too short.
    """
    name = user_name(name)
    if session.scalar(select(User).where(User.name == name)) is not None:
        raise InvalidName(f"the user {name} is there already")
    user = User(name=name, password_hash=None if password is None else hash_password(password))
    session.add(user)
    session.flush()
    return user


def find_user(session: Session, name: str) -> User:
    """Return a user by name.

    Raises:
        UnknownUser: there is none; the hint is the command that makes one.
    """
    user = session.scalar(select(User).where(User.name == name.strip().lower()))
    if user is None:
        raise UnknownUser(f"no user is called {name}", hint=f"make one: jackfield-marketplace user add {name}")
    return user


def set_password(user: User, password: str | None) -> None:
    """Give a user another password, or none; from the commit on the old one counts no longer. Tokens stay.

    Raises:
        UsageError: the password is too short.
    """
    user.password_hash = None if password is None else hash_password(password)


def block_user(session: Session, user: User) -> int:
    """Forget all that a user can upload with; names and files stay the user's.

    Returns:
        how many tokens there were.
    """
    set_password(user, None)
    return len(session.execute(delete(Token).where(Token.user_id == user.id).returning(Token.id)).all())
