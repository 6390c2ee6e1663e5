"""Users, passwords and tokens, over a real database."""

import base64
import time
from datetime import timedelta

import pytest
from jackfield.errors import UsageError
from jackfield_marketplace.accounts import (
    InvalidName,
    UnknownUser,
    add_user,
    authenticate,
    create_token,
    delete_token,
    find_user,
    hash_password,
    note_use,
    read_credentials,
    user_name,
    verify_password,
)
from jackfield_marketplace.db import Database, Token, migrate, now
from sqlalchemy import select

PASSWORD = "correct horse battery"


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'market.sqlite3'}")
    migrate(database)
    yield database
    database.close()


def basic(user, secret):
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def who(database, header, **options):
    credentials = read_credentials(header)
    return None if credentials is None else authenticate(database, credentials, **options)


@pytest.mark.parametrize(("text", "name"), [("Alice", "alice"), (" bob-2 ", "bob-2"), ("a", "a"), ("x" * 40, "x" * 40)])
def test_user_names(text, name):
    assert user_name(text) == name


@pytest.mark.parametrize("text", ["", "-a", "a-", "a b", "ünal", "аlice", "__token__", "x" * 41, "a/b"])  # noqa: RUF001 (a look-alike on purpose)
def test_texts_that_name_nobody(text):
    with pytest.raises(InvalidName):
        user_name(text)


def test_a_token_stands_for_its_user(database):
    with database.write() as session:
        text = create_token(session, add_user(session, "alice"))
    identity = who(database, basic("__token__", text))
    assert identity is not None
    assert identity.name == "alice"
    assert who(database, basic("alice", text)) is None
    assert who(database, basic("__token__", text + "x")) is None


def test_a_token_ends_at_its_time(database):
    with database.write() as session:
        text = create_token(session, add_user(session, "alice"), lifetime=timedelta(days=1))
    assert who(database, basic("__token__", text), at=now() + timedelta(hours=23)) is not None
    assert who(database, basic("__token__", text), at=now() + timedelta(days=1)) is None


def test_a_deleted_token_is_forgotten(database):
    with database.write() as session:
        text = create_token(session, add_user(session, "alice"))
    with database.write() as session:
        delete_token(session, text)
    assert who(database, basic("__token__", text)) is None


def test_the_use_of_a_token_is_noted_once_a_minute(database):
    with database.write() as session:
        text = create_token(session, add_user(session, "alice"))
    identity = who(database, basic("__token__", text))
    assert identity.unnoted_token is not None
    with database.write() as session:
        note_use(session, identity)
    assert who(database, basic("__token__", text)).unnoted_token is None
    assert who(database, basic("__token__", text), at=now() + timedelta(minutes=2)).unnoted_token is not None


def test_neither_token_nor_password_is_stored(database):
    with database.write() as session:
        user = add_user(session, "alice", PASSWORD)
        text = create_token(session, user)
        assert str(user.password_hash).startswith("$argon2id$")
    with database.read() as session:
        token = session.scalars(select(Token)).one()
    assert text not in (token.digest, token.hint)
    assert len(token.hint) < 10 < len(token.digest)


def test_a_password(database):
    with database.write() as session:
        add_user(session, "alice", PASSWORD)
        add_user(session, "bob")
    assert who(database, basic("Alice", PASSWORD)).name == "alice"
    for user, secret in (
        ("alice", "wrong"),
        ("bob", ""),
        ("bob", PASSWORD),
        ("nobody", PASSWORD),
        ("alice", "x" * 5000),
    ):
        assert who(database, basic(user, secret)) is None


def test_a_guess_takes_as_long_for_a_user_who_is_not_there(database):
    """Else the time of the answer tells which users there are."""
    with database.write() as session:
        add_user(session, "alice", PASSWORD)
        add_user(session, "bob")
    spent = {}
    for user in ("alice", "bob", "nobody"):
        who(database, basic(user, "wrong"))  # what is made once is made
        began = time.process_time()  # no other process takes part in it
        for _ in range(3):
            who(database, basic(user, "wrong"))
        spent[user] = time.process_time() - began
    assert min(spent.values()) > max(spent.values()) / 5  # without the hash it is a hundredth


@pytest.mark.parametrize(
    "header", [None, "", "Basic", "Basic ***", "Bearer abc", basic("\x00", "\x00"), "Basic /////w=="]
)
def test_headers_that_tell_nobody(database, header):
    assert who(database, header) is None


@pytest.mark.parametrize("password", ["", "short", "x" * 1025])
def test_passwords_that_are_refused(password):
    with pytest.raises(UsageError, match="12 to 1024"):
        hash_password(password)


def test_a_damaged_hash_lets_nobody_in():
    assert verify_password("nonsense", PASSWORD) is False


def test_users_are_found_by_name_and_named_when_missing(database):
    with database.write() as session:
        add_user(session, "alice")
        assert find_user(session, "ALICE").name == "alice"
        with pytest.raises(InvalidName, match="is there already"):
            add_user(session, "alice")
        with pytest.raises(UnknownUser, match="user add carol"):
            find_user(session, "carol")
