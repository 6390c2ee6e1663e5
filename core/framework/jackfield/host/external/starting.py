"""A plugin that has connected, as a process that is there already."""

from __future__ import annotations

from jackfield.errors import PluginError
from jackfield.host.external.connections import Connections
from jackfield.host.remote import Started
from jackfield.isolation import WorkerLimits, limits_in_force, user_limits
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
        connection = self._connections.get(candidate.canonical_id)
        if connection is None:
            raise PluginError(f"{candidate.id} is not connected", plugin=candidate.id)
        limits = limits_of(candidate, self._state)
        asked = candidate.manifest.limits if candidate.manifest is not None else {}
        said = user_limits(self._state.get(f"limits/{candidate.canonical_id}"), None)
        return Started(connection.take(serve, limits, holds_memory="memory" in {**asked, **said}), None, limits)


def limits_of(candidate: Candidate, state: State) -> WorkerLimits:
    """Return what holds for an external plugin by its manifest and its user's word."""
    cid, manifest = candidate.canonical_id, candidate.manifest
    allowed = user_limits(state.get(f"limits/{cid}"), state.get(f"quota/{cid}"))
    return limits_in_force(manifest.limits if manifest is not None else {}, allowed)
