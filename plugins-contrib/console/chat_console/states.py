"""Errors under the names that scripts import."""


class IllegalCallError(Exception):
    """A call from where it must not be made."""


class IllegalStateError(Exception):
    """A call at a time when it cannot be answered."""
