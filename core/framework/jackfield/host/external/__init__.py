"""Plugins that connect by themselves: who may, who does, and what becomes of a connection (J9 to J11, J13, J24)."""

from jackfield.host.external.connections import Connection, Connections
from jackfield.host.external.gate import Gate
from jackfield.host.external.starting import Connected

__all__ = ["Connected", "Connection", "Connections", "Gate"]
