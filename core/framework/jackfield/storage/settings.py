"""A plugin's settings: declared in its manifest, kept in the state log, checked when they are set (C22)."""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jackfield.errors import UsageError
from jackfield.manifest import SettingContribution
from jackfield.storage.state import State

MAXIMUM_CHARACTERS = 10_000
"""Of one value, as JSON."""


class Settings:
    """The settings of one plugin; every process that shares the state sees the same.

    Args:
        state: the profile's log; values lie under `settings/<cid>/<key>`.
        cid: the plugin's canonical id.
        declared: what the manifest declares.
        plugin: the id as its author writes it, for errors; empty: `cid`.
    """

    def __init__(self, state: State, cid: str, declared: Sequence[SettingContribution], *, plugin: str = "") -> None:
        self._state = state
        self._prefix = f"settings/{cid}/"
        self._plugin = plugin or cid
        self._declared = {setting.key: setting for setting in declared}
        self._listeners: list[Callable[[str, Any], None]] = []
        self._known = dict(self.all())

    def get(self, key: str) -> Any:
        """Return the user's value, or the default; a kept value that no longer fits counts as not set.

        Raises:
            UsageError: no such setting is declared.
        """
        setting = self._setting(key)
        kept = self._state.get(self._prefix + key)
        if kept is not None:
            try:
                return check_setting(setting, kept)
            except UsageError:
                pass  # the manifest of a later version narrowed it; the default is the better guess
        return default_of(setting)

    def set(self, key: str, value: Any, *, by: str = "") -> None:
        """Change a setting; None returns it to its default.

        Args:
            key: the setting.
            value: of its type, within its bounds.
            by: who asked for it; empty: the plugin itself.

        Raises:
            UsageError: the value does not fit; the sentence names the setting and what would fit.
        """
        setting = self._setting(key)
        checked = None if value is None else check_setting(setting, value)
        by = by or f"plugin {self._plugin}"
        self._state.change({self._prefix + key: checked}, by=by, why=f"set {key} of {self._plugin}")
        self.refresh()

    def all(self) -> Mapping[str, Any]:
        """Return every declared setting with its value."""
        return MappingProxyType({key: self.get(key) for key in self._declared})

    def on_change(self, listener: Callable[[str, Any], None]) -> Callable[[], None]:
        """Call `listener(key, value)` when `refresh` finds a change; returns what takes the listener away."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def refresh(self) -> None:
        """Look for changes, also by other processes, and tell the listeners; the host calls it as the log grows."""
        now = dict(self.all())
        changed = [key for key, value in now.items() if self._known.get(key) != value]
        self._known = now
        for key in changed:
            for listener in tuple(self._listeners):
                listener(key, now[key])

    def _setting(self, key: str) -> SettingContribution:
        setting = self._declared.get(key)
        if setting is None:
            known = ", ".join(sorted(self._declared)) or "none"
            raise UsageError(
                f"{self._plugin} declares no setting {key}", plugin=self._plugin, hint=f"declared: {known}"
            )
        return setting


def default_of(setting: SettingContribution) -> Any:
    """Return the declared default, or the least surprising value of the type."""
    if setting.default is not None:
        return setting.default
    if setting.type == "choice":
        return setting.choices[0] if setting.choices else ""
    if setting.type == "list":
        return []
    return {"boolean": False, "integer": 0, "number": 0.0}.get(setting.type, "")


def check_setting(setting: SettingContribution, value: Any) -> Any:
    """Return `value` as the setting holds it.

    Raises:
        UsageError: wrong type, or out of bounds; the sentence names the setting and what would fit.
    """
    problem = setting.problem(value)
    if problem is None and len(json.dumps(value)) > MAXIMUM_CHARACTERS:
        problem = f"it is longer than {MAXIMUM_CHARACTERS} characters"
    if problem is not None:
        raise UsageError(f"the setting {setting.key}: {problem}")
    return value
