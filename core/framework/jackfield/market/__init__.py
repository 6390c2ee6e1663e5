"""The httpx client of marketplaces."""

from jackfield.market.client import Marketplace
from jackfield.market.models import Category, ChangelogEntry, Details, Found, FoundList, Latest
from jackfield.market.transport import Progress

__all__ = ["Category", "ChangelogEntry", "Details", "Found", "FoundList", "Latest", "Marketplace", "Progress"]
