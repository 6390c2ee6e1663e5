"""Finds candidates through entry points and manifests; imports no plugin."""

from jackfield.discovery.candidates import MANIFEST, discover, unique_distributions
from jackfield.discovery.headers import requirements_of
from jackfield.discovery.hosts import discover_hosts, find_host

__all__ = ["MANIFEST", "discover", "discover_hosts", "find_host", "requirements_of", "unique_distributions"]
