"""What is said of a worker that was stopped: a sentence that names plugin and limit, and what to do (C26, C27)."""

from dataclasses import dataclass
from typing import Final

from jackfield.errors import ProcessLost
from jackfield.isolation.limits import CPU_WINDOW_SECONDS, WorkerLimits
from jackfield.manifest import LIMIT, Limit, Measure

_MEBIBYTE: Final = 1 << 20
_SAID: Final = {
    "memory": "used {}",
    "threads": "had {} threads",
    "descriptors": "had {} files and connections open",
    "data": "kept {}",
    "files": "kept {} files",
    "requests": "asked the application {} times a second",
    "traffic": "sent the application {} a second",
}
_STAYING: Final = frozenset({"data", "files"})
"""Limits on what is still there when the worker is gone, and its next one is stopped for."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a worker broke.

    Args:
        plugin: whose worker it was.
        limit: the limit's name, as in `[limits]`.
        sentence: what happened.
        hint: what its user can do about it.
    """

    plugin: str
    limit: str
    sentence: str
    hint: str

    def error(self) -> ProcessLost:
        """The breach as those are told it who wait for the plugin."""
        return ProcessLost(self.sentence, plugin=self.plugin, hint=self.hint)


def overused(plugin: str, limit: str, used: float, limits: WorkerLimits) -> Breach:
    """Return the breach of a limit on what a worker has, keeps or asks.

    Args:
        plugin: whose it is.
        limit: the limit's name.
        used: how much that was, in the limit's own measure.
        limits: what was in force.
    """
    known = LIMIT[limit]
    allowed = getattr(limits, known.field)
    of = f"{known.shown(_whole(known, used))} of {known.shown(allowed)}"
    return _breach(plugin, known, _SAID[limit].format(of), used, allowed)


def too_slow(plugin: str, what: str, limits: WorkerLimits, seconds: float | None = None) -> Breach:
    """Return the breach of the time of a call.

    Args:
        plugin: whose worker did not answer.
        what: what was called, e.g. `message_received`.
        limits: what was in force.
        seconds: the time that this call had; None: what the limits say.
    """
    known, allowed = LIMIT["call"], limits.call_seconds if seconds is None else seconds
    said = f"did not answer {what} within {known.shown(allowed)}"
    if allowed < limits.call_seconds:
        return Breach(plugin, known.name, f"{plugin} {said} and was stopped", "the application gives it no more")
    return _breach(plugin, known, said, allowed, limits.call_seconds)


def too_busy(plugin: str, used_seconds: float, limits: WorkerLimits) -> Breach:
    """Return the breach of the share of a core.

    Args:
        plugin: whose it is.
        used_seconds: processor time within `CPU_WINDOW_SECONDS`.
        limits: what was in force.
    """
    allowed = limits.cpu_share * CPU_WINDOW_SECONDS
    said = f"used {used_seconds:.1f} s of {allowed:.1f} s of processor time within {CPU_WINDOW_SECONDS:.0f} s"
    return _breach(plugin, LIMIT["cpu"], said, used_seconds / CPU_WINDOW_SECONDS, limits.cpu_share)


def hiding(plugin: str, files: int) -> Breach:
    """Return the breach of who keeps files where their size cannot be seen.

    Args:
        plugin: whose worker it was.
        files: how many.
    """
    sentence = f"{plugin} held {files} files that are in no folder any more and was stopped"
    return Breach(plugin, "data", sentence, "what is kept lies in data_dir, where it is counted")


def _breach(plugin: str, limit: Limit, said: str, used: float, allowed: float) -> Breach:
    """Suggest the limit doubled until what was used would fit."""
    enough = max(allowed, limit.lowest)
    while enough <= used and enough < limit.highest:
        enough *= 2
    suggested = limit.shown(min(enough, limit.highest)).replace(" ", "")
    hint = f"if it should: jackfield limits {plugin} {limit.name}={suggested}"
    if limit.name in _STAYING:  # another version of it is stopped for it as well
        hint += f"; else it can be deleted: jackfield data discard {plugin}"
    return Breach(plugin, limit.name, f"{plugin} {said} and was stopped", hint)


def _whole(limit: Limit, used: float) -> float:
    """Sizes in whole MiB, rounded up: what broke a limit must not read as if it were within."""
    return -(-used // _MEBIBYTE) * _MEBIBYTE if limit.measure is Measure.SIZE and used > _MEBIBYTE else used
