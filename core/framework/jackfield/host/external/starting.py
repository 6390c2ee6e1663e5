"""A plugin that has connected, as a process that is there already."""

from __future__ import annotations

from jackfield.errors import PluginError
from jackfield.host.external.connections import Connections
from jackfield.host.remote import Started
from jackfield.isolation import WorkerLimits
from jackfield.manifest import Candidate
from jackfield.permissions import Placement
from jackfield.rpc import Serve


class Connected:
    """Brings up plugins over the connections that they have made (`jackfield.host.remote.Starter`).

    Args:
        connections: who is connected.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def start(self, candidate: Candidate, placement: Placement, serve: Serve) -> Started:
        """Return the connection of a plugin.

        Raises:
            PluginError: it is not connected, or not any more.
        """
        connection = self._connections.get(candidate.canonical_id)
        if connection is None:
            raise PluginError(f"{candidate.id} is not connected", plugin=candidate.id)
        return Started(connection.take(serve), None, WorkerLimits())
