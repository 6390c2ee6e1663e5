"""`jackfield.PluginManager`: a drop-in for pluggy's, with a state that lasts and plugins that fail alone."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from jackfield.adopted.adoption import Adoption, comparable, logger
from jackfield.adopted.installed import InstalledEntryPoint, entry_points_of
from jackfield.collector import HeldBack
from jackfield.hooks import HookManager

if TYPE_CHECKING:
    from importlib.metadata import Distribution

    from jackfield.adopted.outcomes import LoadFailure, PluginRow
    from jackfield.adopted.revoked import RevokedPlugins
    from jackfield.hooks import OnError
    from jackfield.store import Layout

COUNT_VARIABLE = "JACKFIELD_COUNT"
"""A user's way to have an adopted application count what its plugins do, though it has no option for that."""

SAFE_VARIABLE = "JACKFIELD_SAFE"
"""A user's way to start an adopted application without its plugins, though it has no option for that."""


class PluginManager(HookManager):
    """A `pluggy.PluginManager` whose plugins can be listed, switched off, blamed and counted.

    An application on pluggy adopts it by changing that one name. All plugins are loaded, as with pluggy, except those
    that the user switched off, here or with `jackfield --app <project name> disable`, and beside them those that
    `jackfield --app <project name> install` installed; a plugin that cannot be imported or registered is logged and
    kept in `failures`, and the rest are loaded; so is one that a marketplace revoked, and its code does not run. All
    of them run in this process.

    State lies where `jackfield.store.Layout` says for the project name. Reading it never fails the application, and
    a folder that cannot be written only means that nothing is remembered.

    Args:
        project_name: the name that markers and manager share; the app's name on the command line.
        on_error: "raise" is pluggy's meaning; see `HookManager`.
        count: count calls and time from the start; see `HookManager.count`. Also with the environment's
            `JACKFIELD_COUNT` (1, or empty). What was counted is added to the profile's numbers when the process ends:
            `jackfield --app <project name> stats`.
        layout: where state lies, if not where the project name says.
        remember: False neither reads nor writes any state.
        safe: load no plugin of any entry point; None: what the environment's `JACKFIELD_SAFE` says (1, or empty).

    Attributes:
        failures: entry points that could not be loaded, by name.
        safe: whether plugins of entry points are left out.
    """

    _pluggy_specs_are_pluggys = True

    def __init__(
        self,
        project_name: str,
        *,
        on_error: "OnError" = "raise",
        count: bool = False,
        layout: "Layout | None" = None,
        remember: bool = True,
        safe: bool | None = None,
    ) -> None:
        count = count or os.environ.get(COUNT_VARIABLE, "") not in ("", "0")
        super().__init__(project_name, on_error=on_error, count=count, may=self._may)
        self.failures: dict[str, LoadFailure] = {}
        self.safe = os.environ.get(SAFE_VARIABLE, "") not in ("", "0") if safe is None else safe
        self._remember = remember
        self._groups: list[str] = []
        self._brought: list[tuple[Any, InstalledEntryPoint]] = []
        self._from_store: set[str] = set()
        self._revoked: RevokedPlugins | None = None
        self._stopped: set[str] = set()
        self._adoption = Adoption(project_name, layout=layout, remember=remember)
        if count:
            self._adoption.keep_usage(self.counters)

    def count(self, enabled: bool = True) -> None:
        """Begin or stop counting calls and time; what is counted is kept when the process ends."""
        super().count(enabled)
        if enabled:
            self._adoption.keep_usage(self.counters)

    def load_setuptools_entrypoints(self, group: str, name: str | None = None) -> int:
        """Load the enabled plugins of an entry-point group; the contract is pluggy's, except that none fails the rest.

        The group is recorded, so that the command line knows this application.

        Args:
            group: the entry-point group.
            name: load only the entry points of this name.

        Returns:
            How many plugins were loaded by this call.
        """
        if group not in self._groups:
            self._groups.append(group)
            self._adoption.record(self._groups)
        if self.safe:
            logger().warning("safe mode: no plugin of %s is loaded", group)
            return 0
        with HeldBack():
            self._adoption.serve_store()
            wishes = self._adoption.wishes()
            self._look_for_revoked()
            found = list(entry_points_of(group, name=name, keep=self._remember))
            chosen = [one for one in found if self._wished(one, wishes)]
            loaded = self._load(chosen)
            self._keep_failures([one.name for one in found])
        return loaded

    def list_plugins(self) -> "tuple[PluginRow, ...]":
        """Return every plugin of the groups loaded so far and every registered one, by name; imports none."""
        from jackfield.adopted.outcomes import PluginRow

        wishes = self._adoption.wishes()
        rows: dict[str, PluginRow] = {}
        for group in self._groups:
            for entry_point in entry_points_of(group, keep=self._remember):
                if entry_point.name not in rows:
                    rows[entry_point.name] = self._row(entry_point, wishes)
        for name, plugin in self.list_name_plugin():
            if name not in rows:
                rows[name] = PluginRow(name, "", "", "", True, "blocked" if plugin is None else "active")
        return tuple(rows[name] for name in sorted(rows))

    def disable(self, name: str, *, by: str = "application") -> None:
        """Switch a plugin off, now and for every later start.

        Args:
            name: the entry point's name.
            by: who asked for it; kept in the state's history.

        Raises:
            UnknownPlugin: no group loaded so far has it.
            UsageError: the name is no plugin id, or this manager remembers nothing.
            StoreError: the state cannot be written; nothing was changed.
        """
        found = self._find(name)
        self._adoption.wish(name, False, by=by)
        for entry_point in found:
            self._unload(entry_point.name)
        self.failures.pop(name, None)
        self._keep_failures([name])

    def enable(self, name: str, *, by: str = "application") -> bool:
        """Switch a plugin on, for every later start too, and load it.

        Returns:
            Whether it is registered now; if not, `failures` says why, or the application blocks it. One that was
            revoked is not, unless its user allowed it for a day.

        Raises:
            UnknownPlugin: no group loaded so far has it.
            UsageError: the name is no plugin id, or this manager remembers nothing.
            ConsentRequired: jackfield installed it, and the user has not yet said yes to what it asks for.
            StoreError: the state cannot be written; nothing was changed.
        """
        found = self._find(name)
        if any(self._is_stored(entry_point) for entry_point in found):
            self._adoption.require_loadable(name, self._groups)
        self._adoption.wish(name, True, by=by)
        self._look_for_revoked()
        self._load(found)
        self._keep_failures([name])
        return self.has_plugin(name)

    def is_enabled(self, name: str) -> bool:
        """Return whether a plugin is loaded at a start, as far as the user is asked.

        Raises:
            UnknownPlugin: no group loaded so far has it.
        """
        return self._wished(self._find(name)[0], self._adoption.wishes())

    def list_plugin_distributions(self) -> "list[tuple[Any, Distribution]]":
        """Return (plugin, distribution) for what entry points brought, as pluggy 1.7 does; read when it is asked."""
        return [(plugin, entry_point.distribution) for plugin, entry_point in self._brought]

    def list_plugin_distinfo(self) -> list[tuple[Any, Any]]:
        """Return the same with each distribution behind pluggy's facade."""
        from pluggy._manager import DistFacade  # type: ignore[attr-defined]  # what pluggy's own method returns

        return [(plugin, DistFacade(distribution)) for plugin, distribution in self.list_plugin_distributions()]

    def _is_stored(self, entry_point: InstalledEntryPoint) -> bool:
        return not entry_point.indexed and self._adoption.is_stored(entry_point.distribution)

    def _wished(self, entry_point: InstalledEntryPoint, wishes: Mapping[str, bool]) -> bool:
        """Say whether a plugin is to be loaded.

        One that pip installed is, as with pluggy, until it is switched off; one that jackfield installed, once it is
        switched on.
        """
        wish = wishes.get(comparable(entry_point.name) or "") if wishes else None
        return wish if wish is not None else not self._is_stored(entry_point)

    def _may(self, name: str, resource: str, action: str) -> bool:
        """Hold what jackfield installed to its grant; everything else is the application's own business, as ever."""
        return name not in self._from_store or self._adoption.allows(name, resource, action)

    def _load(self, wanted: Iterable[InstalledEntryPoint]) -> int:
        """Load those that are not there and may be; returns how many were."""
        admitted: dict[str, InstalledEntryPoint] = {}
        others = []  # of a name that another one has: they are tried where that one could not be loaded
        for entry_point in wanted:
            name = entry_point.name
            if name in admitted:
                others.append(entry_point)
            elif not self._is_settled(name) and self._is_admitted(entry_point):
                admitted[name] = entry_point
        # All of them first: one may import what another one, which it requires, exports.
        self._adoption.open([one.distribution for name, one in admitted.items() if name in self._from_store])
        loaded = sum([self._bring(one) for one in admitted.values()])
        return loaded + (self._load(others) if others else 0)

    # One entry point

    def _is_settled(self, name: str) -> bool:
        return self.has_plugin(name) or self.is_blocked(name)

    def _is_admitted(self, entry_point: InstalledEntryPoint) -> bool:
        """Say whether a plugin's code may run, and tell why not."""
        if self._is_stopped(entry_point):
            return False
        try:
            if self._is_stored(entry_point):
                self._adoption.require_loadable(entry_point.name, self._groups)
                self._from_store.add(entry_point.name)
        except Exception as error:  # noqa: BLE001 (whatever is wrong with what lies there, the others are loaded)
            self._fail(entry_point, error)
            return False
        return True

    def _bring(self, entry_point: InstalledEntryPoint) -> bool:
        name = entry_point.name
        if self._is_settled(name):  # by another one that was brought before it, which may register and block
            return False
        try:
            plugin = entry_point.load()
            self.register(plugin, name=name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a plugin that exits ends itself, not the application)
            self._fail(entry_point, error)
            return False
        self.failures.pop(name, None)
        self._brought.append((plugin, entry_point))
        return True

    def _fail(self, entry_point: InstalledEntryPoint, error: BaseException) -> None:
        from jackfield.adopted.outcomes import LoadFailure

        name = entry_point.name
        self._unload(name)  # a replay of a historic call fails after the plugin was registered
        self.failures[name] = LoadFailure(name, entry_point.group, entry_point.label, error)
        logger().error("plugin %s of %s was not loaded; the others are", name, entry_point.label, exc_info=error)

    def _keep_failures(self, tried: Sequence[str]) -> None:
        """Have the command line told of what failed; what was revoked it knows by itself."""
        failed = [one for name, one in self.failures.items() if name not in self._stopped]
        layout = self._adoption.layout if failed or self._adoption.knows_of_failures() else None
        if layout is not None:
            from jackfield.adopted.kept_failures import keep_failures

            keep_failures(layout, failed, tried)

    def _look_for_revoked(self) -> None:
        """Look at what marketplaces revoked, where they revoked anything; else not even the module is loaded."""
        self._revoked = None
        layout = self._adoption.layout if self._adoption.knows_of_revocations() else None
        if layout is not None:
            from jackfield.adopted.revoked import RevokedPlugins

            self._revoked = RevokedPlugins(self.project_name, layout, self._groups, self._adoption.trees)

    def _is_stopped(self, entry_point: InstalledEntryPoint) -> bool:
        """Say whether a plugin may not run because it was revoked, and tell it."""
        name = entry_point.name
        self._stopped.discard(name)
        if self._revoked is None:
            return False
        told = entry_point.distribution_name, entry_point.version
        problem = self._revoked.problem(name, *told, stored=self._is_stored(entry_point))
        if problem is None:
            return False
        from jackfield.adopted.outcomes import LoadFailure
        from jackfield.errors import PluginError

        hint = f"to run it for a day all the same: jackfield --app {self.project_name} allow-revoked {name}"
        error = PluginError(f"{name} {entry_point.version} {problem}", plugin=name, hint=hint)
        self._stopped.add(name)
        self.failures[name] = LoadFailure(name, entry_point.group, entry_point.label, error)
        logger().error("REVOKED: %s", error)
        return True

    def _unload(self, name: str) -> None:
        self._from_store.discard(name)
        plugin = self.get_plugin(name)
        if plugin is not None:
            self.unregister(plugin, name)
            self._brought[:] = [pair for pair in self._brought if pair[0] is not plugin]

    def _row(self, entry_point: InstalledEntryPoint, wishes: Mapping[str, bool]) -> "PluginRow":
        from jackfield.adopted.outcomes import PluginRow

        name = entry_point.name
        enabled = self._wished(entry_point, wishes)
        failure = self.failures.get(name)
        state: Literal["active", "disabled", "blocked", "failed", "found"] = "found" if enabled else "disabled"
        if self.is_blocked(name) or name in self._stopped:
            state = "blocked"
        elif self.has_plugin(name):
            state = "active"
        elif failure is not None:
            state = "failed"
        said = "" if failure is None else f"{type(failure.error).__name__}: {failure.error}"
        told = entry_point.distribution_name, entry_point.version
        return PluginRow(name, *told, entry_point.group, enabled, state, said)

    def _find(self, name: str) -> list[InstalledEntryPoint]:
        known = [entry_point for group in self._groups for entry_point in entry_points_of(group, keep=self._remember)]
        found = [entry_point for entry_point in known if entry_point.name == name]
        if not found:
            import difflib

            from jackfield.errors import UnknownPlugin

            near = difflib.get_close_matches(name, [entry_point.name for entry_point in known], n=1)
            hint = f"did you mean {near[0]}?" if near else f"groups: {', '.join(self._groups) or 'none loaded yet'}"
            raise UnknownPlugin(f"{self.project_name} has no plugin {name!r}", plugin=name, hint=hint)
        return found
