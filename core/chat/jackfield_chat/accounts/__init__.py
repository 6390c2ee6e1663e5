"""People: passwords, sessions, roles."""

from jackfield_chat.accounts.model import Account, AccountError, Role, TooManyTries
from jackfield_chat.accounts.service import SESSION_SECONDS, Accounts
from jackfield_chat.accounts.throttle import Throttle

__all__ = ["SESSION_SECONDS", "Account", "AccountError", "Accounts", "Role", "Throttle", "TooManyTries"]
