"""The story of install, update and rollback: plans as data, consent in the host's words, one transaction.

Names that need the network or the installer are loaded when they are first used, so that `list` stays light.
"""

from typing import TYPE_CHECKING, Any

from jackfield.management.consent import Consent
from jackfield.management.environment import Environment
from jackfield.management.management import Management
from jackfield.management.plan import AskedPermission, ConsentRequest, Plan, PlanItem
from jackfield.management.reports import (
    HistoryEntry,
    Info,
    Outcome,
    PermissionReport,
    RollbackReport,
    Row,
    Update,
)

if TYPE_CHECKING:
    from jackfield.management.applying import ConsentMissing, Progress

__all__ = [
    "AskedPermission",
    "Consent",
    "ConsentMissing",
    "ConsentRequest",
    "Environment",
    "HistoryEntry",
    "Info",
    "Management",
    "Outcome",
    "PermissionReport",
    "Plan",
    "PlanItem",
    "Progress",
    "RollbackReport",
    "Row",
    "Update",
]


def __getattr__(name: str) -> Any:
    if name in ("ConsentMissing", "Progress"):
        from jackfield.management import applying

        return getattr(applying, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
