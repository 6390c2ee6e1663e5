"""The httpx client of marketplaces."""

from jackfield.market.client import Marketplace
from jackfield.market.download import Progress
from jackfield.market.models import Category, ChangelogEntry, Details, Found, FoundList, Latest
from jackfield.market.trust import (
    Proven,
    Remembered,
    Standing,
    carried,
    folder_of,
    forget,
    is_known,
    pin,
    plain_address,
    remembered,
    split_address,
    verified,
)
from jackfield.market.uploading import upload
from jackfield.market.word import Word, proven_elsewhere, remembered_elsewhere, remembered_word, word_of_proven

__all__ = [
    "Category",
    "ChangelogEntry",
    "Details",
    "Found",
    "FoundList",
    "Latest",
    "Marketplace",
    "Progress",
    "Proven",
    "Remembered",
    "Standing",
    "Word",
    "carried",
    "folder_of",
    "forget",
    "is_known",
    "pin",
    "plain_address",
    "proven_elsewhere",
    "remembered",
    "remembered_elsewhere",
    "remembered_word",
    "split_address",
    "upload",
    "verified",
    "word_of_proven",
]
