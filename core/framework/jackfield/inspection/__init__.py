"""What can be told of a wheel without running it: structure, RECORD, metadata against manifest, findings as data.

The store, the author's `check` and the marketplace's uploads use this one. What reads files is loaded when it is first
used: who asks a marketplace reads none.
"""

from typing import TYPE_CHECKING, Any

from jackfield.inspection.attestation import (
    Attestation,
    attest,
    attestation_beside,
    make_publisher_key,
    read_attestation,
)
from jackfield.inspection.fingerprint import payload
from jackfield.inspection.plugin import MISSING_MANIFEST, is_deceptive, is_plugin_group
from jackfield.inspection.report import EntryPoint, Finding, Severity, WheelFile, WheelLimits, WheelReport
from jackfield.manifest import fingerprint

if TYPE_CHECKING:
    from jackfield.inspection.sdist import SdistReport, inspect_sdist
    from jackfield.inspection.wheel import DEFAULT_LIMITS, inspect_wheel

__all__ = [
    "DEFAULT_LIMITS",
    "MISSING_MANIFEST",
    "Attestation",
    "EntryPoint",
    "Finding",
    "SdistReport",
    "Severity",
    "WheelFile",
    "WheelLimits",
    "WheelReport",
    "attest",
    "attestation_beside",
    "fingerprint",
    "inspect_sdist",
    "inspect_wheel",
    "is_deceptive",
    "is_plugin_group",
    "make_publisher_key",
    "payload",
    "read_attestation",
]

_LATER = {"DEFAULT_LIMITS": "wheel", "SdistReport": "sdist", "inspect_sdist": "sdist", "inspect_wheel": "wheel"}


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use (PEP 562)."""
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"jackfield.inspection.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
