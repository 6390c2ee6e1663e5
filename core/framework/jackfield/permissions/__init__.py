"""What a manifest may ask, what a user granted, and the pure rules between the two."""

from jackfield.permissions.grants import Grant, require
from jackfield.permissions.isolation import (
    CHOICES,
    UNCONFINED,
    Choice,
    Placement,
    allowed_choices,
    isolation_of,
    where_it_runs,
)
from jackfield.permissions.model import NAME_PATTERN, Permission
from jackfield.permissions.plain import described_value, hidden_character, shown_key, shown_text
from jackfield.permissions.policy import Asked, Decision, Growth, GrowthEntry, GrowthKind, decide, growth
from jackfield.permissions.publishers import key_in_words, publisher_in_words

__all__ = [
    "CHOICES",
    "NAME_PATTERN",
    "UNCONFINED",
    "Asked",
    "Choice",
    "Decision",
    "Grant",
    "Growth",
    "GrowthEntry",
    "GrowthKind",
    "Permission",
    "Placement",
    "allowed_choices",
    "decide",
    "described_value",
    "growth",
    "hidden_character",
    "isolation_of",
    "key_in_words",
    "publisher_in_words",
    "require",
    "shown_key",
    "shown_text",
    "where_it_runs",
]
