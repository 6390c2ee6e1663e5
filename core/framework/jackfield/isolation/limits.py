"""What one worker may use, as plain data, and which of several wishes is in force (C26, C27)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from jackfield.errors import GrammarError
from jackfield.manifest import LIMIT, LIMITS

ADDRESS_SPACE_ABOVE_BYTES: Final = 1 << 30
"""How much more a worker may map than use: under 50 MiB more eight threads do not start and numpy is not imported."""

_STACK_BYTES: Final = 8 << 20
"""What a thread's stack maps, as systems have it."""

CPU_WINDOW_SECONDS: Final = 30.0
"""The time over which a worker's share of a core is taken: an import or one long answer is no breach."""

FLOW_WINDOW_SECONDS: Final = 2.0
"""The time over which it is counted what a worker asks of the host and sends there."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker may use; the defaults are those of `jackfield.manifest.LIMITS`. Carried to the zygote as data.

    Args:
        memory_bytes: of memory beyond what an empty worker uses, as PSS: pages shared by n processes count one n-th.
        call_seconds: to answer one call of the host.
        cpu_share: of one processor core, over `CPU_WINDOW_SECONDS`; 2.0 are two cores.
        threads: at one time.
        descriptors: open at one time.
        data_bytes: kept in its database and its files together.
        data_files: how many files it keeps.
        log_lines_per_second: lines of log; more are dropped and counted.
        requests_per_second: what it asks of the host and is answered; more waits, and much more is a breach.
        traffic_bytes_per_second: what it sends to the host, over `FLOW_WINDOW_SECONDS`.
    """

    memory_bytes: int = int(LIMIT["memory"].default)
    call_seconds: float = LIMIT["call"].default
    cpu_share: float = LIMIT["cpu"].default
    threads: int = int(LIMIT["threads"].default)
    descriptors: int = int(LIMIT["descriptors"].default)
    data_bytes: int = int(LIMIT["data"].default)
    data_files: int = int(LIMIT["files"].default)
    log_lines_per_second: int = int(LIMIT["log"].default)
    requests_per_second: int = int(LIMIT["requests"].default)
    traffic_bytes_per_second: int = int(LIMIT["traffic"].default)

    @property
    def address_space_bytes(self) -> int:
        """What it may map (RLIMIT_AS): the backstop for memory that grows faster than anybody measures."""
        more_threads = max(0, self.threads - int(LIMIT["threads"].default))
        return self.memory_bytes + ADDRESS_SPACE_ABOVE_BYTES + more_threads * _STACK_BYTES


def limits_in_force(manifest: Mapping[str, float], user: Mapping[str, float]) -> WorkerLimits:
    """Return what holds for a plugin: the user's word, else the lower one of the manifest's and the default.

    Args:
        manifest: what its manifest asks, by the limits' names; what is above the default does not count.
        user: what its user said, by the limits' names; higher or lower than either.
    """
    values: dict[str, Any] = {}
    for limit in LIMITS:
        value = user.get(limit.name, min(limit.default, manifest.get(limit.name, limit.default)))
        values[limit.field] = type(limit.default)(value)
    return WorkerLimits(**values)


def user_limits(said: object, quota: object) -> dict[str, float]:
    """Return what a plugin's user said, as it is kept; what does not fit any more counts as not said.

    Args:
        said: the state key `limits/<cid>`: values by the limits' names.
        quota: the state key `quota/<cid>`: the bytes that it may keep, which `jackfield data quota` sets too.
    """
    kept = {**(said if isinstance(said, Mapping) else {}), **({} if quota is None else {"data": quota})}
    read: dict[str, float] = {}
    for name, value in kept.items():
        with suppress(KeyError, GrammarError):
            read[name] = LIMIT[name].read(value)
    return read
