"""What a manifest may ask, what a user granted, and the pure rules between the two."""

from jackfield.permissions.grants import Grant, require
from jackfield.permissions.model import NAME_PATTERN, Permission
from jackfield.permissions.plain import described_value, hidden_character, shown_key
from jackfield.permissions.policy import Asked, Decision, Growth, GrowthEntry, GrowthKind, decide, growth

__all__ = [
    "NAME_PATTERN",
    "Asked",
    "Decision",
    "Grant",
    "Growth",
    "GrowthEntry",
    "GrowthKind",
    "Permission",
    "decide",
    "described_value",
    "growth",
    "hidden_character",
    "require",
    "shown_key",
]
