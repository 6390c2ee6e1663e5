"""What plugins keep for their user: settings and data, told and changed without running them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from jackfield.errors import StoreError, UnknownPlugin, UsageError
from jackfield.locks import locked
from jackfield.management.inventory import Inventory
from jackfield.management.limits import PluginLimits
from jackfield.management.specs import canonical
from jackfield.storage import FILE_NAME, Belongings, Kept, Settings, Snapshot, Snapshots, State
from jackfield.store import Layout

_BETWEEN_LOOKS_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class DataReport:
    """What one plugin keeps, and whether it is still there.

    Args:
        plugin: the id; of one that is gone in the canonical form.
        installed: whether it is installed.
        kept: what there is.
    """

    plugin: str
    installed: bool
    kept: Kept

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**self.kept.to_mapping(), "plugin": self.plugin, "installed": self.installed}


class Keeping:
    """What the plugins of one profile keep.

    Args:
        layout: where it lies.
        state: the log.
        inventory: what is installed.
    """

    def __init__(self, layout: Layout, state: State, inventory: Inventory) -> None:
        self._layout = layout
        self._state = state
        self._inventory = inventory
        self._belongings = Belongings(layout.root, state)

    def settings(self, plugin: str) -> Settings:
        """What the user may set for an installed plugin; `describe_settings` tells it as data (C22).

        Raises:
            UnknownPlugin: it is not installed.
        """
        candidate = self._inventory.candidate(plugin)
        declared = candidate.manifest.contributes.settings if candidate.manifest is not None else ()
        file = self._layout.config(candidate.canonical_id) / FILE_NAME
        cid, program = candidate.canonical_id, self._layout.program
        return Settings(self._state, cid, declared, plugin=candidate.id, file=file, program=program)

    def limits(self, plugin: str) -> PluginLimits:
        """What an installed plugin may use as a worker, told and changed (C26, C27).

        Raises:
            UnknownPlugin: it is not installed.
        """
        candidate = self._inventory.candidate(plugin)
        asked = candidate.manifest.limits if candidate.manifest is not None else {}
        return PluginLimits(self._state, candidate.canonical_id, plugin=candidate.id, manifest=asked)

    def with_settings(self) -> frozenset[str]:
        """The canonical ids of the installed plugins that let their user set something."""
        manifests = self._inventory.manifests
        return frozenset(cid for cid, manifest in manifests.items() if manifest.contributes.settings)

    def data(self, plugin: str) -> DataReport:
        """What one plugin keeps, installed or not.

        Raises:
            UnknownPlugin: it is not installed and keeps nothing.
        """
        cid = canonical(plugin)
        name = self._name(cid)
        manifest = self._inventory.manifests.get(cid)
        kept = self._belongings.of(cid, manifest.limits if manifest is not None else {})
        if name is None and not kept:
            raise UnknownPlugin(f"{plugin} is not installed and keeps nothing", plugin=plugin)
        return DataReport(name or cid, name is not None, kept)

    def all_data(self) -> list[DataReport]:
        """What every plugin keeps, by id; one that keeps nothing is left out."""
        return [self.data(cid) for cid in self._belongings.plugins()]

    def export_data(self, plugin: str, target: Path) -> DataReport:
        """Write what a plugin keeps into a zip archive; see `Belongings.export`.

        Raises:
            UnknownPlugin: it is not installed and keeps nothing.
            StoreError: it cannot be read or written.
        """
        report = self.data(plugin)
        manifest = self._inventory.manifests.get(report.kept.cid)
        self._belongings.export(report.kept.cid, target, manifest.limits if manifest is not None else None)
        return report

    def set_quota(self, plugin: str, limit: int | None, *, by: str) -> DataReport:
        """Say how many bytes a plugin may keep; None for as many as any other.

        Raises:
            UnknownPlugin: it is not installed and keeps nothing.
        """
        report = self.data(plugin)
        self._state.change({f"quota/{report.kept.cid}": limit}, by=by, why=f"quota of {report.plugin}")
        return self.data(plugin)

    def discard_data(self, plugin: str, *, by: str) -> DataReport:
        """Have what a plugin keeps deleted when the application starts the next time (U40).

        Raises:
            UnknownPlugin: it is not installed and keeps nothing.
        """
        self._belongings.mark(self.data(plugin).kept.cid, by=by)
        return self.data(plugin)

    def keep_data(self, plugin: str, *, by: str) -> bool:
        """Keep it after all; return whether it was to be deleted."""
        return self._belongings.unmark(canonical(plugin), by=by)

    def purge_data(self, plugin: str, *, by: str) -> bool:
        """Delete what a removed plugin keeps: at once, or by the running application as soon as it let go of it.

        Returns:
            whether it is deleted already.

        Raises:
            StoreError: something cannot be deleted, or the plugin is installed.
        """
        cid = canonical(plugin)
        if self._name(cid) is not None:
            raise StoreError(
                f"{plugin} is installed; remove it first", plugin=plugin, hint=f"jackfield remove {plugin}"
            )
        with ExitStack() as stack:
            if self._hold_host(stack):
                self._belongings.delete(cid, by=by)
                return True
        self._belongings.mark(cid, by=by)
        return False

    def wait_for_purge(self, plugin: str, *, seconds: float) -> bool:
        """Wait until the running application has deleted what `purge_data` left to it; return whether it has.

        Who installed the plugin again before that would find the old data, and lose it with the new at the next start.

        Args:
            plugin: its id.
            seconds: at most so long.
        """
        deadline = monotonic() + seconds
        while self._belongings.is_marked(canonical(plugin)):
            if monotonic() >= deadline:
                return False
            sleep(_BETWEEN_LOOKS_SECONDS)
        return True

    def snapshots(self, plugins: Sequence[str] = ()) -> list[Snapshot]:
        """The copies of what plugins kept, by id, the newest first; of all of them where none is named."""
        copies = Snapshots(self._layout.root, self._state)
        return list(copies.all()) if not plugins else [one for name in plugins for one in copies.of(canonical(name))]

    def restore_snapshot(self, plugin: str, number: int, *, by: str) -> bool:
        """Bring a copy back, and set aside what the plugin keeps now; where the application runs, at its next start.

        Returns:
            whether it is back already.

        Raises:
            UsageError: there is no such copy, or the installed version cannot read it.
            StoreError: the disk refused; the next start tries again.
        """
        cid = canonical(plugin)
        copies = Snapshots(self._layout.root, self._state)
        chosen = copies.one(cid, number)
        manifest = self._inventory.manifests.get(cid)
        if manifest is not None and manifest.data_version < chosen.data_version:
            raise UsageError(
                f"copy {number} is of shape {chosen.data_version}; the installed {plugin} reads "
                f"{manifest.data_version}",
                hint=f"jackfield update {plugin}",
            )
        with ExitStack() as stack:
            free = self._hold_host(stack)
            if not free and copies.pending(cid):
                raise UsageError(
                    f"a copy of {plugin} is being brought back already", hint="start the application anew first"
                )
            if free:
                for _step in copies.complete(cid, by=by):  # what was begun before
                    pass
            copies.go_back(cid, number, why=f"set aside for copy {number}", by=by)
            try:
                for _step in copies.complete(cid, by=by) if free else ():
                    pass
            except StoreError as error:
                hint = "the next start of the application tries it again"
                raise StoreError(
                    error.message, plugin=plugin, hint=f"{error.hint}; {hint}" if error.hint else hint
                ) from error
        return free

    def discard_snapshot(self, plugin: str, number: int) -> Snapshot:
        """Delete a copy for good, and return what it was; see `Snapshots.discard`."""
        return Snapshots(self._layout.root, self._state).discard(canonical(plugin), number)

    def _hold_host(self, stack: ExitStack) -> bool:
        """Keep the application from starting meanwhile; False where it runs."""
        if not self._layout.run.is_dir():
            return True
        try:
            stack.enter_context(locked(self._layout.host_lock, 0))
        except TimeoutError:
            return False
        except OSError as error:
            raise StoreError(f"{self._layout.run} cannot be written: {error.strerror}") from error
        return True

    def _name(self, cid: str) -> str | None:
        try:
            return self._inventory.candidate(cid).id
        except UnknownPlugin:
            return None
