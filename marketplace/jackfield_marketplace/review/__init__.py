"""Quarantine and its decisions, and what people report of plugins."""

from jackfield_marketplace.review.quarantine import Held, quarantined, release
from jackfield_marketplace.review.reports import REASONS, Filed, Incomplete, close_report, file_report, reports

__all__ = ["REASONS", "Filed", "Held", "Incomplete", "close_report", "file_report", "quarantined", "release", "reports"]
