"""The httpx client of marketplaces."""

from jackfield.market.client import Marketplace
from jackfield.market.download import Progress
from jackfield.market.models import Category, ChangelogEntry, Details, Found, FoundList, Latest
from jackfield.market.trust import Remembered, Standing, forget, is_known, pin, plain_address, remembered

__all__ = [
    "Category",
    "ChangelogEntry",
    "Details",
    "Found",
    "FoundList",
    "Latest",
    "Marketplace",
    "Progress",
    "Remembered",
    "Standing",
    "forget",
    "is_known",
    "pin",
    "plain_address",
    "remembered",
]
