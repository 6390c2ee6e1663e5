"""Users: made by command."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from jackfield_marketplace.accounts.names import InvalidName, UnknownUser, user_name
from jackfield_marketplace.accounts.passwords import hash_password
from jackfield_marketplace.db import User


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
