"""The httpx client of marketplaces."""

from jackfield.market.client import Marketplace
from jackfield.market.download import Progress
from jackfield.market.models import Category, ChangelogEntry, Details, Found, FoundList, Latest
from jackfield.market.trust import Standing, is_known

__all__ = [
    "Category",
    "ChangelogEntry",
    "Details",
    "Found",
    "FoundList",
    "Latest",
    "Marketplace",
    "Progress",
    "Standing",
    "is_known",
]
