"""The import of a plugin's code: here, or in a process of its own, where it can be prepared beside the one at work."""

import asyncio
import contextlib
from time import perf_counter
from typing import NamedTuple

from jackfield.errors import PluginError
from jackfield.host.changes.data_shape import DataShape
from jackfield.host.changes.imports import Packages
from jackfield.host.changes.patience import Patience
from jackfield.host.facets import Surroundings, Wiring, settings_of
from jackfield.host.loader import load
from jackfield.host.plugins import Plugins
from jackfield.host.remote import Elsewhere, RemotePlugin
from jackfield.manifest import Candidate
from jackfield.permissions import Placement
from jackfield.runtime import Loaded


class Brought(NamedTuple):
    """A plugin's code and what ties it to the host.

    Args:
        wiring: its context and what is behind it.
        loaded: its code, or what stands for it.
        remote: the way to its code, where that is in another process.
        import_seconds: what the import of its code took, without a process for it.
    """

    wiring: Wiring
    loaded: Loaded
    remote: RemotePlugin | None = None
    import_seconds: float = 0.0


class Bringing:
    """Brings plugins' code to the host; nothing of it is called.

    Args:
        plugins: all that are known.
        around: what their contexts share.
        elsewhere: brings up those that run in another process.
        shape: keeps their data in the shape that their code reads.
        patience: with the starts of external ones.
    """

    def __init__(
        self, plugins: Plugins, around: Surroundings, elsewhere: Elsewhere, shape: DataShape, patience: Patience
    ) -> None:
        self._plugins = plugins
        self._around = around
        self._elsewhere = elsewhere
        self._shape = shape
        self._patience = patience
        self._prepared: dict[str, Brought] = {}
        self._known: tuple[tuple[Candidate, ...], Packages] | None = None

    async def bring(self, candidate: Candidate, placement: Placement) -> Brought:
        """Import a plugin's code and tie it to a context of its own; nothing of it has been called.

        Args:
            candidate: the plugin.
            placement: where it runs.

        Raises:
            PluginError: its code is not where its manifest is, it imports what it may not, or did not come to an end.
            Exception: whatever the plugin's code raises.
        """
        problem = "" if placement.own_process else self.problem(candidate)
        if problem:
            raise PluginError(problem, plugin=candidate.id)
        return await self._bring(candidate, placement)

    async def prepare(self, candidate: Candidate, placement: Placement) -> None:
        """Import a plugin's next code in a process of its own while the one before is still at work.

        The next `load` of the plugin takes it. What fails here fails there once more, where it is told.
        """
        if self._shape.exchanges(candidate):
            return  # it would hold the folder that makes room for another one
        with contextlib.suppress(Exception), self._patience.step(candidate, placement):  # told when it is loaded
            self._prepared[candidate.canonical_id] = await self._bring(candidate, placement)

    def exchanges_data(self, candidate: Candidate) -> bool:
        """Say whether what a plugin keeps is put aside for another folder before this code of it is loaded."""
        return self._shape.exchanges(candidate)

    def take(self, candidate: Candidate) -> Brought | None:
        """Return what was prepared for a plugin, once."""
        return self._prepared.pop(candidate.canonical_id, None)

    async def end_prepared(self) -> None:
        """End the processes that were prepared and not needed."""
        prepared, self._prepared = self._prepared, {}
        await asyncio.gather(*(one.remote.end() for one in prepared.values() if one.remote is not None))

    def problem(self, candidate: Candidate) -> str:
        """Say why a plugin's packages cannot be imported beside those of all others; empty where they can."""
        return self._packages().problem(candidate)

    def _packages(self) -> Packages:
        """Whose packages are whose, among all plugins that are known; the same for every plugin of one start."""
        candidates = tuple(record.candidate for record in self._plugins.records().values())
        if self._known is None or self._known[0] != candidates:
            self._known = (candidates, Packages.of(candidates))
        return self._known[1]

    async def _bring(self, candidate: Candidate, placement: Placement) -> Brought:
        wiring = Wiring(candidate, self._around, await settings_of(candidate, self._around))
        if placement.own_process:
            loaded, remote = await self._elsewhere.bring(candidate, placement, wiring)
            return Brought(wiring, loaded, remote, remote.import_seconds)
        language = self._plugins.records().get(candidate.language)
        speaker = language.loaded.target if language is not None and language.loaded is not None else None
        began = perf_counter()
        loaded = await self._around.guard.run(candidate.id, "import", load, candidate, wiring.context, speaker)
        return Brought(wiring, loaded, None, perf_counter() - began)
