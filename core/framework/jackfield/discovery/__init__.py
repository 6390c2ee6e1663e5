"""Finds candidates through entry points, manifests and script folders; imports no plugin."""

from jackfield.discovery.candidates import MANIFEST, discover, unique_distributions
from jackfield.discovery.headers import requirements_of
from jackfield.discovery.hosts import discover_hosts, find_host
from jackfield.discovery.scripts import SCRIPT_FOLDERS, discover_scripts, read_candidate, stamp_of_folders

__all__ = [
    "MANIFEST",
    "SCRIPT_FOLDERS",
    "discover",
    "discover_hosts",
    "discover_scripts",
    "find_host",
    "read_candidate",
    "requirements_of",
    "stamp_of_folders",
    "unique_distributions",
]
