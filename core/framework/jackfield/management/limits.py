"""What a plugin may use as a worker, as data: the default, its manifest's word, its user's, and what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jackfield.errors import GrammarError, UsageError
from jackfield.isolation import WorkerLimits, limits_in_force, user_limits
from jackfield.manifest import LIMIT, LIMITS, Limit
from jackfield.storage import JSON, State

BACK = "default"
"""What is written for a value that nobody sets any more."""


@dataclass(frozen=True, slots=True)
class LimitReport:
    """One limit.

    Args:
        limit: its name, default and bounds.
        manifest: what the manifest asks; None: nothing.
        user: what the user said; None: nothing.
        in_force: what holds.
    """

    limit: Limit
    manifest: float | None
    user: float | None
    in_force: float

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values: bytes, seconds, shares of a core, numbers."""
        return {
            "name": self.limit.name,
            "measure": self.limit.measure.value,
            "description": self.limit.description,
            "default": self.limit.default,
            "manifest": self.manifest,
            "user": self.user,
            "in_force": self.in_force,
            "lowest": self.limit.lowest,
            "highest": self.limit.highest,
        }


@dataclass(frozen=True, slots=True)
class LimitsReport:
    """The limits of one plugin.

    Args:
        plugin: its id.
        limits: every limit, in the order of the reference.
    """

    plugin: str
    limits: tuple[LimitReport, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"plugin": self.plugin, "limits": [one.to_mapping() for one in self.limits]}


class PluginLimits:
    """What one plugin may use; kept under `limits/<cid>`, and how much data it may keep under `quota/<cid>`.

    Args:
        state: the profile's log.
        cid: the plugin's canonical id.
        plugin: the id as its author writes it.
        manifest: what its manifest asks, by the limits' names.
    """

    def __init__(self, state: State, cid: str, *, plugin: str, manifest: Mapping[str, float]) -> None:
        self._state = state
        self._cid = cid
        self._plugin = plugin
        self._manifest = manifest

    def in_force(self) -> WorkerLimits:
        """What holds for the plugin now."""
        return limits_in_force(self._manifest, self._said())

    def report(self) -> LimitsReport:
        """Every limit, and where its value is from."""
        said, values = self._said(), self.in_force()
        rows = (
            LimitReport(one, self._manifest.get(one.name), said.get(one.name), getattr(values, one.field))
            for one in LIMITS
        )
        return LimitsReport(self._plugin, tuple(rows))

    def change(self, written: Mapping[str, str], *, by: str) -> None:
        """Set limits, all or none; a running application follows.

        Args:
            written: name -> value as people write it, or `default`.
            by: who asked for it.

        Raises:
            UsageError: no such limit, or no such value; the sentence names what would fit.
        """
        said: dict[str, float] = dict(self._said())
        for name, text in written.items():
            if name not in LIMIT:
                raise UsageError(f"there is no limit {name}", hint=f"limits are {', '.join(LIMIT)}")
            if text == BACK:
                said.pop(name, None)
                continue
            try:
                said[name] = LIMIT[name].read(text)
            except GrammarError as error:
                raise UsageError(f"{name}: {error.message}", plugin=self._plugin) from error
        self._keep(said, by=by, why=f"limits of {self._plugin}: {', '.join(written)}")

    def reset(self, *, by: str) -> None:
        """Let the manifest and the defaults hold again."""
        self._keep({}, by=by, why=f"limits of {self._plugin}: all back")

    def _said(self) -> dict[str, float]:
        return user_limits(self._state.get(f"limits/{self._cid}"), self._state.get(f"quota/{self._cid}"))

    def _keep(self, said: Mapping[str, float], *, by: str, why: str) -> None:
        quota = said.get("data")
        others: dict[str, JSON] = {name: value for name, value in said.items() if name != "data"}
        wanted: dict[str, JSON] = {
            f"limits/{self._cid}": others or None,
            f"quota/{self._cid}": None if quota is None else int(quota),
        }
        changed = {key: value for key, value in wanted.items() if value != self._state.get(key)}
        self._state.change(changed, by=by, why=why)
