"""Joins the running side and the installing side for one application."""

from jackfield.application.application import Application
from jackfield.application.updates import QUIET_SECONDS, Updates, UpdateWatch
from jackfield.application.watch import POLL_SECONDS, Watch

__all__ = ["POLL_SECONDS", "QUIET_SECONDS", "Application", "UpdateWatch", "Updates", "Watch"]
