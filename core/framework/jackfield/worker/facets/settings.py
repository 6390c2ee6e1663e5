"""`context.settings` in a worker: the values are kept here until the host says that one has changed."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from jackfield.api import Subscription
from jackfield.runtime import fill_dataclass
from jackfield.worker.facets.asking import Asking

Model = TypeVar("Model")


class RemoteSettings:
    """See `jackfield.api.Settings`.

    Args:
        asking: leads to the host.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._guard = threading.Lock()
        self._kept: dict[str, Mapping[str, Any]] = {}
        self._turn = 0

    def get(self, key: str) -> Any:
        """Return the user's value, or the default."""
        values = self._known("settings.values")
        return values[key] if key in values else self._asking.now("settings.get", {"key": key})

    def set(self, key: str, value: Any) -> None:
        """Change a setting, checked against its type and bounds."""
        try:
            self._asking.now("settings.set", {"key": key, "value": value})
        finally:
            self.changed()

    def all(self) -> Mapping[str, Any]:
        """Return every declared setting with its value, without the secrets."""
        return MappingProxyType(dict(self._known("settings.all")))

    def typed(self, model: type[Model]) -> Model:
        """Return the settings as a dataclass: each field takes the setting of its name."""
        values = self._known("settings.values")
        return fill_dataclass(model, values, values.__getitem__, plugin=self._asking.plugin)

    def on_change(self, handler: Callable[[str, Any], Awaitable[None] | None]) -> Subscription:
        """Call `handler(key, value)` after a change, until the plugin is disabled."""
        number = self._asking.handlers.keep(handler)
        return self._asking.begun("settings.on_change", {"handler": number}, number)

    def changed(self) -> None:
        """Forget the values: the host has told that one has changed."""
        with self._guard:
            self._turn += 1
            self._kept.clear()

    def _known(self, method: str) -> Mapping[str, Any]:
        with self._guard:
            values, turn = self._kept.get(method), self._turn
        if values is None:
            values = self._asking.now(method, {}, dict[str, Any])
            with self._guard:
                if turn == self._turn:  # else one has changed while they were on their way
                    self._kept[method] = values
        return values
