"""People: passwords, sessions, roles, and how often a password may be guessed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jackfield_chat.accounts import AccountError, Accounts, Role, Throttle, TooManyTries
from jackfield_chat.accounts.throttle import MOST_KEYS
from jackfield_chat.db import Database

PASSWORD = "long enough 1"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "chat.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database)


async def test_the_owner_is_made_once_and_its_password_told_once(accounts: Accounts) -> None:
    password = await accounts.ensure_owner()
    assert password is not None
    assert await accounts.ensure_owner() is None
    owner = await accounts.sign_in("owner", password, client="here")
    assert owner.role is Role.OWNER


async def test_whoever_signs_up_is_a_user_and_can_sign_in_whatever_the_case_of_the_name(accounts: Accounts) -> None:
    assert (await accounts.sign_up("Ada", PASSWORD, client="here")).role is Role.USER
    assert (await accounts.sign_in(" aDA ", PASSWORD, client="here")).name == "Ada"


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        ("", PASSWORD, "name"),
        ("a", PASSWORD, "name"),
        ("a b", PASSWORD, "name"),
        ("<script>", PASSWORD, "name"),
        ("-ada", PASSWORD, "name"),
        ("a" * 33, PASSWORD, "name"),
        ("\u0430da", PASSWORD, "name"),  # a Cyrillic letter that looks like an a
        ("ADA", PASSWORD, "name"),
        ("bob", "short", "password"),
        ("bob", "x" * 201, "password"),
    ],
)
async def test_a_name_or_password_that_cannot_be_is_refused_at_its_field(
    accounts: Accounts, name: str, password: str, field: str
) -> None:
    await accounts.sign_up("ada", PASSWORD, client="here")
    with pytest.raises(AccountError) as caught:
        await accounts.sign_up(name, password, client="here")
    assert caught.value.field == field


async def test_a_wrong_password_and_an_unknown_name_are_told_in_the_same_words(accounts: Accounts) -> None:
    await accounts.sign_up("ada", PASSWORD, client="here")
    told = set()
    for name in ("ada", "nobody"):
        with pytest.raises(AccountError) as caught:
            await accounts.sign_in(name, "wrong password", client="here")
        told.add(caught.value.message)
    assert len(told) == 1


async def test_guessing_has_to_wait_and_locks_out_nobody_else(accounts: Accounts) -> None:
    await accounts.sign_up("ada", PASSWORD, client="here")
    await accounts.sign_up("bob", PASSWORD, client="here")
    for _ in range(5):
        with pytest.raises(AccountError):
            await accounts.sign_in("ada", "wrong password", client="there")
    with pytest.raises(TooManyTries) as caught:
        await accounts.sign_in("ada", PASSWORD, client="there")
    assert 0 < caught.value.wait_seconds <= 60
    assert (await accounts.sign_in("bob", PASSWORD, client="there")).name == "bob"
    assert (await accounts.sign_in("ada", PASSWORD, client="here")).name == "ada"


async def test_guessing_many_names_from_one_address_has_to_wait(accounts: Accounts) -> None:
    await accounts.sign_up("ada", PASSWORD, client="here")
    for number in range(20):
        with pytest.raises(AccountError):
            await accounts.sign_in(f"name{number}", "wrong password", client="there")
    with pytest.raises(TooManyTries):
        await accounts.sign_in("ada", PASSWORD, client="there")


@pytest.mark.slow
async def test_signing_in_to_ones_own_account_buys_no_guesses_at_others(accounts: Accounts) -> None:
    await accounts.sign_up("eve", PASSWORD, client="there")
    for number in range(20):
        with pytest.raises(AccountError):
            await accounts.sign_in(f"name{number}", "wrong password", client="there")
        if number < 19:
            await accounts.sign_in("eve", PASSWORD, client="there")
    with pytest.raises(TooManyTries):
        await accounts.sign_in("somebody", "wrong password", client="there")


async def test_a_session_names_its_account_until_it_is_closed(accounts: Accounts, database: Database) -> None:
    ada = await accounts.sign_up("ada", PASSWORD, client="here")
    token = accounts.open_session(ada)
    assert accounts.session(token) == ada
    assert accounts.session(token + "x") is None
    kept = database.row("SELECT token_hash FROM sessions")
    assert kept is not None
    assert token.encode() not in bytes(kept["token_hash"])
    accounts.close_session(token)
    assert accounts.session(token) is None


@pytest.mark.feature("U17")
async def test_each_level_may_do_what_the_lower_ones_may(accounts: Accounts) -> None:
    ada = await accounts.sign_up("ada", PASSWORD, client="here")
    assert [role.label for role in Role] == ["guest", "user", "helper", "admin", "owner"]
    admin = accounts.set_role("ADA", Role.parse("admin"))
    assert admin.may(Role.HELPER)
    assert not admin.may(Role.OWNER)
    assert accounts.find(ada.name) == admin


async def test_the_last_owner_stays_one(accounts: Accounts) -> None:
    await accounts.ensure_owner()
    with pytest.raises(AccountError, match="only owner"):
        accounts.set_role("owner", Role.USER)
    await accounts.sign_up("ada", PASSWORD, client="here")
    accounts.set_role("ada", Role.OWNER)
    assert accounts.set_role("owner", Role.USER).role is Role.USER


def test_a_role_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(AccountError, match="guest, user, helper, admin, owner"):
        Role.parse("king")


def test_a_throttle_lets_through_again_when_the_window_has_passed() -> None:
    now = 0.0
    throttle = Throttle(2, 10, clock=lambda: now)
    throttle.count("key")
    throttle.count("key")
    assert throttle.wait_seconds("key") == 10
    throttle.take_back("key")
    assert throttle.wait_seconds("key") == 0
    throttle.count("key")
    assert throttle.wait_seconds("other") == 0
    now = 10.5
    assert throttle.wait_seconds("key") == 0


def test_a_flood_of_names_wipes_out_the_oldest_counts_and_not_all() -> None:
    throttle = Throttle(1, 1000, clock=lambda: 0.0)
    for number in range(MOST_KEYS):
        throttle.count(str(number))
    throttle.count("0")  # tried again: the oldest is number 1 now
    throttle.count("one more")
    assert throttle.wait_seconds("1") == 0
    assert all(throttle.wait_seconds(key) for key in ("0", "2", "9999", "one more"))
