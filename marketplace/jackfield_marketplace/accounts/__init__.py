"""Users, passwords and tokens."""

from jackfield_marketplace.accounts.limits import Limit, network_of
from jackfield_marketplace.accounts.names import InvalidName, UnknownUser, user_name
from jackfield_marketplace.accounts.passwords import hash_password, verify_password
from jackfield_marketplace.accounts.tokens import (
    Credentials,
    Identity,
    authenticate,
    create_token,
    delete_token,
    note_use,
    read_credentials,
    revoke_token,
    still_counts,
    tokens_of,
)
from jackfield_marketplace.accounts.users import add_user, block_user, find_user, set_password

__all__ = [
    "Credentials",
    "Identity",
    "InvalidName",
    "Limit",
    "UnknownUser",
    "add_user",
    "authenticate",
    "block_user",
    "create_token",
    "delete_token",
    "find_user",
    "hash_password",
    "network_of",
    "note_use",
    "read_credentials",
    "revoke_token",
    "set_password",
    "still_counts",
    "tokens_of",
    "user_name",
    "verify_password",
]
