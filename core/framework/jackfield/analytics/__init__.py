"""What plugins did: uses, errors, time and log lines by plugin, told while it happens and kept for later."""

from jackfield.analytics.analytics import Analytics
from jackfield.analytics.log_file import LogFile
from jackfield.analytics.log_lines import LEVEL_KEY, LEVELS, LogLine, LogRing, message_of
from jackfield.analytics.stats import KINDS, PluginStats, UseStats, stats_of
from jackfield.analytics.usage import PluginUsage, UsageListener
from jackfield.analytics.usage_file import UsageFile

__all__ = [
    "KINDS",
    "LEVELS",
    "LEVEL_KEY",
    "Analytics",
    "LogFile",
    "LogLine",
    "LogRing",
    "PluginStats",
    "PluginUsage",
    "UsageFile",
    "UsageListener",
    "UseStats",
    "message_of",
    "stats_of",
]
