"""`jackfield.PluginManager`: a drop-in for pluggy's, with a state that lasts and plugins that fail alone."""

import difflib
import importlib.metadata
import json
import logging
import os
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jackfield.errors import JackfieldError, StoreError, UnknownPlugin, UsageError
from jackfield.hooks import HookManager, OnError
from jackfield.manifest import canonical_id
from jackfield.storage import State
from jackfield.store import Layout

logger = logging.getLogger("jackfield.host")

GROUPS_FILE = "groups.json"
"""In the profile's folder: `{"schema": 1, "groups": [...]}`, the entry-point groups an adopted application loads."""

# pluggy 1.7 keeps distributions as they are and wraps them when they are listed; 1.6 keeps them wrapped.
_KEEPS_DISTRIBUTIONS = hasattr(HookManager, "list_plugin_distributions")


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """An entry point that could not be imported or registered; the others were loaded.

    Attributes:
        name: the entry point's name, which is the plugin's.
        group: its group.
        distribution: the distribution that brought it, with version: `chat-weather 1.2.0`.
        error: what was raised.
    """

    name: str
    group: str
    distribution: str
    error: BaseException

    @property
    def traceback(self) -> str:
        """The traceback as text, for a person."""
        return "".join(traceback.format_exception(self.error))


@dataclass(frozen=True, slots=True)
class PluginRow:
    """One plugin as `PluginManager.list_plugins` shows it.

    Attributes:
        name: the name it is, or would be, registered under.
        distribution: the distribution that brought it; empty for one that the application registered itself.
        version: that distribution's version.
        group: the entry-point group; empty for one that the application registered itself.
        enabled: the user's wish.
        state: "active" is registered; "disabled" by the user; "blocked" by the application (`set_blocked`); "failed"
            could not be loaded; "found" is not loaded yet.
        error: what it failed with, one line; empty otherwise.
    """

    name: str
    distribution: str
    version: str
    group: str
    enabled: bool
    state: Literal["active", "disabled", "blocked", "failed", "found"]
    error: str = ""


class PluginManager(HookManager):
    """A `pluggy.PluginManager` whose plugins can be listed, switched off, blamed and counted.

    An application on pluggy adopts it by changing that one name. All plugins are loaded, as with pluggy, except those
    that the user switched off, here or with `jackfield --app <project name> disable`; a plugin that cannot be
    imported or registered is logged and kept in `failures`, and the rest are loaded.

    State lies where `jackfield.store.Layout` says for the project name. Reading it never fails the application, and
    a folder that cannot be written only means that nothing is remembered.

    Args:
        project_name: the name that markers and manager share; the app's name on the command line.
        on_error: "raise" is pluggy's meaning; see `HookManager`.
        count: count calls and time from the start; see `HookManager.count`.
        layout: where state lies, if not where the project name says.
        remember: False neither reads nor writes any state.

    Attributes:
        failures: entry points that could not be loaded, by name.
    """

    _pluggy_specs_are_pluggys = True

    def __init__(
        self,
        project_name: str,
        *,
        on_error: OnError = "raise",
        count: bool = False,
        layout: Layout | None = None,
        remember: bool = True,
    ) -> None:
        super().__init__(project_name, on_error=on_error, count=count)
        self.failures: dict[str, LoadFailure] = {}
        self._groups: list[str] = []
        self._given_layout = layout
        self._remember = remember

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
            self._record()
        switched_off = self._switched_off()
        loaded = 0
        for distribution, entry_point in _entry_points(group):
            if name is not None and entry_point.name != name:
                continue
            if self.has_plugin(entry_point.name) or self.is_blocked(entry_point.name):
                continue
            if _key(entry_point.name) not in switched_off:
                loaded += self._load(distribution, entry_point)
        return loaded

    def list_plugins(self) -> tuple[PluginRow, ...]:
        """Return every plugin of the groups loaded so far and every registered one, by name; imports none."""
        switched_off = self._switched_off()
        rows: dict[str, PluginRow] = {}
        for group in self._groups:
            for distribution, entry_point in _entry_points(group):
                if entry_point.name not in rows:
                    rows[entry_point.name] = self._row(distribution, entry_point, switched_off)
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
        self._wish(name, False, by)
        for _, entry_point in found:
            if self.get_plugin(entry_point.name) is not None:
                self.unregister(name=entry_point.name)
        self.failures.pop(name, None)

    def enable(self, name: str, *, by: str = "application") -> bool:
        """Switch a plugin on, for every later start too, and load it.

        Returns:
            Whether it is registered now; if not, `failures` says why, or the application blocks it.

        Raises:
            UnknownPlugin: no group loaded so far has it.
            UsageError: the name is no plugin id, or this manager remembers nothing.
            StoreError: the state cannot be written; nothing was changed.
        """
        found = self._find(name)
        self._wish(name, True, by)
        for distribution, entry_point in found:
            if not self.has_plugin(entry_point.name) and not self.is_blocked(entry_point.name):
                self._load(distribution, entry_point)
        return self.has_plugin(name)

    def is_enabled(self, name: str) -> bool:
        """Return the user's wish for a plugin; True where none was uttered."""
        return _key(name) not in self._switched_off()

    # One entry point

    def _load(self, distribution: importlib.metadata.Distribution, entry_point: importlib.metadata.EntryPoint) -> bool:
        name = entry_point.name
        try:
            plugin = entry_point.load()
            self.register(plugin, name=name)
        except (Exception, SystemExit) as error:  # a plugin that exits at import ends itself, not the application
            self.failures[name] = LoadFailure(name, entry_point.group, _label(distribution), error)
            logger.exception("plugin %s of %s was not loaded; the others are", name, _label(distribution))
            return False
        self.failures.pop(name, None)
        kept: Any = distribution
        if not _KEEPS_DISTRIBUTIONS:
            from pluggy._manager import DistFacade  # type: ignore[attr-defined]  # where 1.6 has it

            kept = DistFacade(distribution)
        self._plugin_distinfo.append((plugin, kept))
        return True

    def _row(
        self,
        distribution: importlib.metadata.Distribution,
        entry_point: importlib.metadata.EntryPoint,
        switched_off: frozenset[str],
    ) -> PluginRow:
        name = entry_point.name
        enabled = _key(name) not in switched_off
        failure = self.failures.get(name)
        state: Literal["active", "disabled", "blocked", "failed", "found"] = "found" if enabled else "disabled"
        if self.is_blocked(name):
            state = "blocked"
        elif self.has_plugin(name):
            state = "active"
        elif failure is not None:
            state = "failed"
        said = "" if failure is None else f"{type(failure.error).__name__}: {failure.error}"
        metadata = distribution.metadata
        return PluginRow(name, metadata["Name"], metadata["Version"], entry_point.group, enabled, state, said)

    def _find(self, name: str) -> list[tuple[importlib.metadata.Distribution, importlib.metadata.EntryPoint]]:
        pairs = [pair for group in self._groups for pair in _entry_points(group)]
        found = [pair for pair in pairs if pair[1].name == name]
        if not found:
            near = difflib.get_close_matches(name, [entry_point.name for _, entry_point in pairs], n=1)
            hint = f"did you mean {near[0]}?" if near else f"groups: {', '.join(self._groups) or 'none loaded yet'}"
            raise UnknownPlugin(f"{self.project_name} has no plugin {name!r}", plugin=name, hint=hint)
        return found

    # State

    @cached_property
    def _layout(self) -> Layout | None:
        """Where state lies; None where nothing is remembered, or the project name cannot be a folder's."""
        if not self._remember:
            return None
        try:
            return self._given_layout or Layout.locate(self.project_name)
        except UsageError as error:
            logger.debug("nothing is remembered for the project %r: %s", self.project_name, error)
            return None

    @cached_property
    def _state(self) -> State | None:
        return None if self._layout is None else State(self._layout.state)

    def _switched_off(self) -> frozenset[str]:
        if self._state is None:
            return frozenset()
        try:
            wishes = self._state.items("wish/")
        except (StoreError, OSError) as error:
            logger.warning(
                "the state of %s cannot be read, so all its plugins are loaded: %s", self.project_name, error
            )
            return frozenset()
        return frozenset(key for key, wish in wishes.items() if wish is False)

    def _wish(self, name: str, wish: bool, by: str) -> None:
        key = _key(name)
        if key is None:
            raise UsageError(f"{name!r} is no plugin id, so no state can be kept for it", hint="rename its entry point")
        if self._state is None:
            raise UsageError(f"the plugin manager of {self.project_name!r} remembers nothing")
        self._state.change({key: wish}, by=by, why=f"{'enable' if wish else 'disable'} {name}")

    def _record(self) -> None:
        """Write the groups down where the command line finds them, if that changes anything and can be done."""
        if self._layout is None:
            return
        file = self._layout.root / GROUPS_FILE
        try:
            known = _recorded(file)
            if set(self._groups) <= set(known):
                return
            file.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"schema": 1, "groups": sorted({*known, *self._groups})})
            _replace(file, text)
        except OSError as error:
            logger.debug("the entry-point groups of %s were not recorded: %s", self.project_name, error)


def _entry_points(
    group: str,
) -> Iterator[tuple[importlib.metadata.Distribution, importlib.metadata.EntryPoint]]:
    for distribution in list(importlib.metadata.distributions()):
        for entry_point in distribution.entry_points:
            if entry_point.group == group:
                yield distribution, entry_point


def _key(name: str) -> str | None:
    """Return the state key of a plugin's wish; None for a name that cannot be an id."""
    try:
        return f"wish/{canonical_id(name)}"
    except JackfieldError:
        return None


def _label(distribution: importlib.metadata.Distribution) -> str:
    return f"{distribution.metadata['Name']} {distribution.metadata['Version']}"


def _recorded(file: Path) -> list[str]:
    try:
        groups = json.loads(file.read_text(encoding="utf-8"))["groups"]
        return [group for group in groups if isinstance(group, str)]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []  # absent, or not ours: written anew


def _replace(file: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=file.name, dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).replace(file)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
