"""Finds candidates through entry points and manifests; imports no plugin."""

from jackfield.discovery.candidates import MANIFEST, discover
from jackfield.discovery.hosts import discover_hosts, find_host

__all__ = ["MANIFEST", "discover", "discover_hosts", "find_host"]
