"""Finds a set of versions in which everything fits, and the order in which plugins load."""

from jackfield.resolution.changing import resolve_change
from jackfield.resolution.demands import unreadable
from jackfield.resolution.knowledge import Remembered
from jackfield.resolution.model import Catalog, Offer, Place, Solution, Want
from jackfield.resolution.order import load_order
from jackfield.resolution.provider import TOGETHER
from jackfield.resolution.resolver import resolve
from jackfield.resolution.settled import Settled
from jackfield.resolution.target import Installed, Target
from jackfield.resolution.wheels import Wheel, wheel_name, wheels_of

__all__ = [
    "TOGETHER",
    "Catalog",
    "Installed",
    "Offer",
    "Place",
    "Remembered",
    "Settled",
    "Solution",
    "Target",
    "Want",
    "Wheel",
    "load_order",
    "resolve",
    "resolve_change",
    "unreadable",
    "wheel_name",
    "wheels_of",
]
