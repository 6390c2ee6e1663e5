"""A plugin's settings: declared in its manifest, kept in the state log, checked when they are set (C22)."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from jackfield.errors import UsageError
from jackfield.storage.state import State

MAXIMUM_TEXT_CHARACTERS = 10_000


class Declared(Protocol):
    """One setting of a manifest, as `[contributes] settings` describes it."""

    @property
    def key(self) -> str:
        """The name in code."""

    @property
    def type(self) -> str:
        """boolean, integer, float, text or choice."""

    @property
    def default(self) -> Any:
        """What holds until the user chooses."""

    @property
    def minimum(self) -> float | None:
        """The least number allowed, or None."""

    @property
    def maximum(self) -> float | None:
        """The greatest number allowed, or None."""

    @property
    def choices(self) -> Sequence[str]:
        """What a choice offers."""


class Settings:
    """The settings of one plugin; every process that shares the state sees the same.

    Args:
        state: the profile's log; values lie under `settings/<cid>/<key>`.
        cid: the plugin's canonical id.
        declared: what the manifest declares.
        plugin: the id as its author writes it, for errors; empty: `cid`.
    """

    def __init__(self, state: State, cid: str, declared: Sequence[Declared], *, plugin: str = "") -> None:
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

    def _setting(self, key: str) -> Declared:
        setting = self._declared.get(key)
        if setting is None:
            known = ", ".join(sorted(self._declared)) or "none"
            raise UsageError(
                f"{self._plugin} declares no setting {key}", plugin=self._plugin, hint=f"declared: {known}"
            )
        return setting


def default_of(setting: Declared) -> Any:
    """Return the declared default, or the least surprising value of the type."""
    if setting.default is not None:
        return setting.default
    if setting.type == "choice":
        return setting.choices[0] if setting.choices else ""
    return {"boolean": False, "integer": 0, "float": 0.0}.get(setting.type, "")


def check_setting(setting: Declared, value: Any) -> Any:
    """Return `value` as the setting holds it.

    Raises:
        UsageError: wrong type, or out of bounds.
    """
    kind = setting.type
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        raise _misfit(setting, value, "true or false")
    if kind in ("integer", "float"):
        return _check_number(setting, value)
    if kind == "choice":
        if value in setting.choices:
            return value
        raise _misfit(setting, value, f"one of {', '.join(map(str, setting.choices))}")
    if not isinstance(value, str):
        raise _misfit(setting, value, "text")
    if len(value) > MAXIMUM_TEXT_CHARACTERS:
        raise UsageError(f"{setting.key} must have at most {MAXIMUM_TEXT_CHARACTERS} characters")
    return value


def _check_number(setting: Declared, value: Any) -> int | float:
    whole = setting.type == "integer"
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value):
        raise _misfit(setting, value, "a whole number" if whole else "a number")
    if setting.minimum is not None and value < setting.minimum:
        raise _misfit(setting, value, f"at least {setting.minimum:g}")
    if setting.maximum is not None and value > setting.maximum:
        raise _misfit(setting, value, f"at most {setting.maximum:g}")
    return int(value) if whole else float(value)


def _misfit(setting: Declared, value: Any, wanted: str) -> UsageError:
    return UsageError(f"{setting.key} must be {wanted}, not {value!r}")
