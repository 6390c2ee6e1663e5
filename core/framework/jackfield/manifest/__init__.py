"""What a plugin says of itself: identity, versions, requirements, permissions, contributions."""

from jackfield.manifest.candidate import Candidate, Origin
from jackfield.manifest.compatibility import (
    FRAMEWORK,
    framework_version,
    host_problem,
    outgrown_by,
    record_of_tests,
    vouches_for,
    was_tested_with,
)
from jackfield.manifest.contents import fingerprint, tells_origin
from jackfield.manifest.contributions import (
    CommandContribution,
    ComponentContribution,
    Contributions,
    MenuContribution,
)
from jackfield.manifest.hostfile import (
    FRAMEWORK_RESOURCES,
    Action,
    HostEvent,
    HostFile,
    Resource,
    Risk,
    read_hostfile,
    read_hostfile_file,
)
from jackfield.manifest.identity import canonical_id, is_canonical, logger_name, parse_id
from jackfield.manifest.limits import LIMIT, LIMITS, Limit, Measure
from jackfield.manifest.reader import manifest_values, read_manifest, read_manifest_file
from jackfield.manifest.release import File, Pin, Release, distinct, places_of
from jackfield.manifest.requirements import Dependency, Requirement
from jackfield.manifest.revocations import (
    SEVERITIES,
    Revocation,
    RevocationList,
    Severity,
    means,
    normalised,
    one_line,
    read_revocation,
    read_revocations,
)
from jackfield.manifest.schema import SCHEMA, Manifest, manifest_schema
from jackfield.manifest.scripts import HOST_ID, nearest_id, read_script, script_manifest
from jackfield.manifest.settings import SettingContribution, path_problem
from jackfield.manifest.targets import (
    BINS,
    PAGE,
    PLUGIN,
    REVOCATIONS,
    bin_of,
    page_path,
    plugin_document,
    plugin_path,
    role_of,
    target_folder,
)
from jackfield.manifest.toml import parse_toml
from jackfield.manifest.versions import Version

__all__ = [
    "BINS",
    "FRAMEWORK",
    "FRAMEWORK_RESOURCES",
    "HOST_ID",
    "LIMIT",
    "LIMITS",
    "PAGE",
    "PLUGIN",
    "REVOCATIONS",
    "SCHEMA",
    "SEVERITIES",
    "Action",
    "Candidate",
    "CommandContribution",
    "ComponentContribution",
    "Contributions",
    "Dependency",
    "File",
    "HostEvent",
    "HostFile",
    "Limit",
    "Manifest",
    "Measure",
    "MenuContribution",
    "Origin",
    "Pin",
    "Release",
    "Requirement",
    "Resource",
    "Revocation",
    "RevocationList",
    "Risk",
    "SettingContribution",
    "Severity",
    "Version",
    "bin_of",
    "canonical_id",
    "distinct",
    "fingerprint",
    "framework_version",
    "host_problem",
    "is_canonical",
    "logger_name",
    "manifest_schema",
    "manifest_values",
    "means",
    "nearest_id",
    "normalised",
    "one_line",
    "outgrown_by",
    "page_path",
    "parse_id",
    "parse_toml",
    "path_problem",
    "places_of",
    "plugin_document",
    "plugin_path",
    "read_hostfile",
    "read_hostfile_file",
    "read_manifest",
    "read_manifest_file",
    "read_revocation",
    "read_revocations",
    "read_script",
    "record_of_tests",
    "role_of",
    "script_manifest",
    "target_folder",
    "tells_origin",
    "vouches_for",
    "was_tested_with",
]
