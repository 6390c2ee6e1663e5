"""People: passwords, sessions, roles."""

from jackfield_chat.accounts.model import Account, AccountError, Role, TooManyTries
from jackfield_chat.accounts.permits import Permit, Permits, checked
from jackfield_chat.accounts.service import SESSION_SECONDS, Accounts, session_key
from jackfield_chat.accounts.throttle import Throttle

__all__ = [
    "SESSION_SECONDS",
    "Account",
    "AccountError",
    "Accounts",
    "Permit",
    "Permits",
    "Role",
    "Throttle",
    "TooManyTries",
    "checked",
    "session_key",
]
