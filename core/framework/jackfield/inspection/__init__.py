"""What can be told of a wheel without running it: structure, RECORD, metadata against manifest, findings as data.

The store, the author's `check` and the marketplace's uploads use this one.
"""

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
from jackfield.inspection.sdist import SdistReport, inspect_sdist
from jackfield.inspection.wheel import DEFAULT_LIMITS, inspect_wheel
from jackfield.manifest import fingerprint

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
