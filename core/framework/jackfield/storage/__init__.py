"""Each plugin's database, settings, and the log of state changes."""

from jackfield.storage.state import Change, Entry, Reverted, State

__all__ = ["Change", "Entry", "Reverted", "State"]
