"""A plugin that has connected, as a process that is there already."""

from __future__ import annotations

from jackfield.errors import PluginError
from jackfield.host.external.connections import Connections
from jackfield.host.remote import Started
from jackfield.isolation import limits_in_force, user_limits
from jackfield.manifest import Candidate
from jackfield.permissions import Placement
from jackfield.rpc import Serve
from jackfield.storage import State


class Connected:
    """Brings up plugins over the connections that they have made (`jackfield.host.remote.Starter`).

    Args:
        connections: who is connected.
        state: knows what the user allows each plugin.
    """

    def __init__(self, connections: Connections, state: State) -> None:
        self._connections = connections
        self._state = state

    async def start(self, candidate: Candidate, placement: Placement, serve: Serve) -> Started:
        """Return the connection of a plugin.

        Raises:
            PluginError: it is not connected, or not any more.
        """
        cid, manifest = candidate.canonical_id, candidate.manifest
        connection = self._connections.get(cid)
        if connection is None:
            raise PluginError(f"{candidate.id} is not connected", plugin=candidate.id)
        allowed = user_limits(self._state.get(f"limits/{cid}"), self._state.get(f"quota/{cid}"))
        limits = limits_in_force(manifest.limits if manifest is not None else {}, allowed)
        return Started(connection.take(serve, limits), None, limits)
