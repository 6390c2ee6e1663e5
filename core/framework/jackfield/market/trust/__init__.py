"""What a marketplace says is believed as far as it is signed (TUF). What was verified once is read without the library.

python-tuf takes longer to load than most commands run: only `updates` imports it, where something is new.
"""

from jackfield.market.trust.anchor import (
    Anchor,
    fingerprint,
    folder_of,
    is_known,
    plain_address,
    split_address,
)
from jackfield.market.trust.cache import read_json, read_metadata
from jackfield.market.trust.carried import Proven, carried, verified
from jackfield.market.trust.remembered import Remembered, forget, pin, remembered
from jackfield.market.trust.sent import keep_upstream
from jackfield.market.trust.verified import Target
from jackfield.market.trust.witness import Standing, Witness

__all__ = [
    "Anchor",
    "Proven",
    "Remembered",
    "Standing",
    "Target",
    "Witness",
    "carried",
    "fingerprint",
    "folder_of",
    "forget",
    "is_known",
    "keep_upstream",
    "pin",
    "plain_address",
    "read_json",
    "read_metadata",
    "remembered",
    "split_address",
    "verified",
]
