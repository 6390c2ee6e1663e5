"""The story of install, update and rollback: plans as data, consent in the host's words, one transaction.

Names that need the network or the installer are loaded when they are first used, so that `list` stays light.
"""

from typing import TYPE_CHECKING, Any

from jackfield.management.consent import Consent, ConsentMissing
from jackfield.management.environment import Environment
from jackfield.management.inventory import Inventory
from jackfield.management.management import Management
from jackfield.management.plan import AskedPermission, ConsentRequest, Plan, PlanItem
from jackfield.management.policy import (
    MODES,
    Later,
    Mode,
    Policies,
    UpdatePolicy,
    parse_span,
    parse_version,
    same_version,
    span_words,
)
from jackfield.management.probation import FailedVersion, on_probation
from jackfield.management.reading import ManagementReader
from jackfield.management.reports import (
    HistoryEntry,
    Info,
    Outcome,
    PermissionReport,
    RollbackReport,
    Row,
    Said,
    Update,
)
from jackfield.management.revoked import RevokedReport
from jackfield.management.wait import Wait

if TYPE_CHECKING:
    from jackfield.management.allowing import RevocationEvent
    from jackfield.management.applying import Again
    from jackfield.management.bisection import Bisection, Trial, restore
    from jackfield.management.bundle import opened, write_bundle
    from jackfield.management.comparison import Asks, Difference, Moved
    from jackfield.management.diagnosis import diagnose
    from jackfield.management.export import Exported, as_pylock, as_requirements, exported
    from jackfield.management.finding import Finding
    from jackfield.management.keeping import DataReport, Keeping
    from jackfield.management.limits import LimitReport, LimitsReport, PluginLimits
    from jackfield.management.machine import fresh_grade
    from jackfield.management.moving import IsolationReport
    from jackfield.management.offers import Findings
    from jackfield.management.profiles import Vanished
    from jackfield.management.schedule import UpdateSchedule
    from jackfield.management.settings import SettingReport, SettingsReport, describe_settings
    from jackfield.management.specs import parse_spec, read_spec_file
    from jackfield.management.stepping import Progress
    from jackfield.management.taking import take_updates
    from jackfield.management.unmet import disabling
    from jackfield.management.upgrade import Upgraded, UpgradeReport
    from jackfield.management.upkeep import DamagedWheel

__all__ = [
    "MODES",
    "Again",
    "AskedPermission",
    "Asks",
    "Bisection",
    "Consent",
    "ConsentMissing",
    "ConsentRequest",
    "DamagedWheel",
    "DataReport",
    "Difference",
    "Environment",
    "Exported",
    "FailedVersion",
    "Finding",
    "Findings",
    "HistoryEntry",
    "Info",
    "Inventory",
    "IsolationReport",
    "Keeping",
    "Later",
    "LimitReport",
    "LimitsReport",
    "Management",
    "ManagementReader",
    "Mode",
    "Moved",
    "Outcome",
    "PermissionReport",
    "Plan",
    "PlanItem",
    "PluginLimits",
    "Policies",
    "Progress",
    "RevocationEvent",
    "RevokedReport",
    "RollbackReport",
    "Row",
    "Said",
    "SettingReport",
    "SettingsReport",
    "Trial",
    "Update",
    "UpdatePolicy",
    "UpdateSchedule",
    "UpgradeReport",
    "Upgraded",
    "Vanished",
    "Wait",
    "as_pylock",
    "as_requirements",
    "describe_settings",
    "diagnose",
    "disabling",
    "exported",
    "fresh_grade",
    "on_probation",
    "opened",
    "parse_span",
    "parse_spec",
    "parse_version",
    "read_spec_file",
    "restore",
    "same_version",
    "span_words",
    "take_updates",
    "write_bundle",
]


_LATER = {
    "Asks": "comparison",
    "Difference": "comparison",
    "Moved": "comparison",
    "DataReport": "keeping",
    "Keeping": "keeping",
    "Bisection": "bisection",
    "Finding": "finding",
    "Trial": "bisection",
    "diagnose": "diagnosis",
    "disabling": "unmet",
    "restore": "bisection",
    "write_bundle": "bundle",
    "Again": "applying",
    "DamagedWheel": "upkeep",
    "Exported": "export",
    "Findings": "offers",
    "IsolationReport": "moving",
    "LimitReport": "limits",
    "LimitsReport": "limits",
    "PluginLimits": "limits",
    "Progress": "stepping",
    "SettingReport": "settings",
    "SettingsReport": "settings",
    "RevocationEvent": "allowing",
    "UpdateSchedule": "schedule",
    "UpgradeReport": "upgrade",
    "Upgraded": "upgrade",
    "Vanished": "profiles",
    "as_pylock": "export",
    "as_requirements": "export",
    "describe_settings": "settings",
    "exported": "export",
    "fresh_grade": "machine",
    "opened": "bundle",
    "parse_spec": "specs",
    "read_spec_file": "specs",
    "take_updates": "taking",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"jackfield.management.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
