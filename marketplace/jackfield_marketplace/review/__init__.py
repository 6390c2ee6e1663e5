"""Quarantine and its decisions."""

from jackfield_marketplace.review.quarantine import Held, quarantined, release

__all__ = ["Held", "quarantined", "release"]
