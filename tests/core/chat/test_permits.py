"""What is permitted beyond roles: to whom, by which pattern, and until when."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jackfield_chat.accounts import Account, AccountError, Accounts, Permit, Role
from jackfield_chat.db import Database


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    database = Database(tmp_path / "chat.sqlite3")
    yield Accounts(database)
    database.close()


@pytest.mark.feature("U24")
@pytest.mark.parametrize(
    ("who", "permission", "holds"),
    [
        ("ada", "rooms:wipe", True),
        ("bob", "rooms:wipe", False),
        ("ada", "rooms:*", True),
        ("ada", "*:wipe", True),
        ("ada", "*:*", True),
        ("ada", "messages:wipe", False),
        ("ada", "rooms:wipe.all", False),
        ("*", "rooms:wipe", True),
        ("role:user", "rooms:wipe", True),
        ("role:helper", "rooms:wipe", True),
        ("role:admin", "rooms:wipe", False),
    ],
)
def test_a_permit_holds_for_whom_and_what_it_names(who: str, permission: str, holds: bool) -> None:
    assert Permit(who, permission).holds_for(Account("ada", Role.HELPER), "rooms:wipe") is holds


@pytest.mark.feature("U24")
async def test_permits_are_kept_once_and_taken_back_as_they_were_given(accounts: Accounts) -> None:
    ada = await accounts.sign_up("ada", "long enough 1", client="here")
    permits = accounts.permits
    for _ in range(2):
        assert permits.permit("ADA", "rooms:*") == Permit("ada", "rooms:*")
    permits.permit("role:Helper", "rooms:wipe")
    assert permits.all() == [Permit("ada", "rooms:*"), Permit("role:helper", "rooms:wipe")]
    assert permits.allows(ada, "rooms:wipe")
    with pytest.raises(AccountError, match="rooms:wipe was not permitted to ada"):
        permits.cancel("ada", "rooms:wipe")
    permits.cancel("@ada", "rooms:*")
    assert not permits.allows(ada, "rooms:wipe")
    assert permits.cancel_all("role:helper") == 1
    assert permits.all() == []


@pytest.mark.parametrize(
    ("who", "permission", "told"),
    [
        ("eve", "rooms:wipe", "there is no member eve"),
        ("a\x00", "rooms:wipe", "there is no member"),
        ("role:boss", "rooms:wipe", "there is no role 'boss'"),
        ("*", "wipe", "'wipe' is no permission"),
        ("*", "rooms:", "is no permission"),
        ("*", "rooms:wi pe", "is no permission"),
    ],
)
def test_what_names_nobody_or_nothing_is_refused(accounts: Accounts, who: str, permission: str, told: str) -> None:
    with pytest.raises(AccountError, match=told):
        accounts.permits.permit(who, permission)
    assert accounts.permits.all() == []
