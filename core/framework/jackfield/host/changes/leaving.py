"""The processes of plugins that were replaced and still answer what they were asked; the next ones are at work."""

from __future__ import annotations

from jackfield.host.remote import Elsewhere, RemotePlugin
from jackfield.manifest import Candidate


class Leaving:
    """Those that are there at the moment.

    Args:
        elsewhere: ends them.
    """

    def __init__(self, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        self._leaving: dict[str, tuple[RemotePlugin, int]] = {}

    def add(self, candidate: Candidate, remote: RemotePlugin) -> None:
        """Let a process answer until `end`.

        Args:
            candidate: the plugin whose code is in it.
            remote: the process.
        """
        self._leaving[candidate.canonical_id] = remote, _data_version(candidate)

    async def make_room(self, candidate: Candidate, *, is_up: bool) -> None:
        """End the process before where it would be in the way of a plugin's next code.

        Args:
            candidate: the plugin, as it is next.
            is_up: whether the next code is up already. Else what the plugin keeps may be exchanged first; and where
                that changes its shape, nothing of the code before may write to it any more.
        """
        remote, version = self._leaving.get(candidate.canonical_id, (None, 0))
        if remote is not None and (not is_up or version != _data_version(candidate)):
            del self._leaving[candidate.canonical_id]
            await remote.finish()

    async def end(self) -> None:
        """End all of them, each as soon as it has answered."""
        leaving, self._leaving = self._leaving, {}
        await self._elsewhere.finish(remote for remote, _ in leaving.values())


def _data_version(candidate: Candidate) -> int:
    return candidate.manifest.data_version if candidate.manifest is not None else 0
