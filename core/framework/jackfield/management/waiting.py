"""What is offered and not taken yet: too young, not rolled out this far, halted, or not wanted.

One rule for every plan: such a file is not offered at all, unless it is installed or its version was named. Libraries
are only tried last while they are young: a plugin's own fix may need the newest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from math import inf

from jackfield.management.inventory import Inventory
from jackfield.management.policy import Policies, same_version, span_words
from jackfield.management.rollout import Installation
from jackfield.management.wait import Wait
from jackfield.manifest import File
from jackfield.store import Layout

_LAST = datetime.max.replace(tzinfo=UTC).timestamp() - 86400
"""The end of what a calendar can say; a marketplace may name any time as that of an upload."""


class Waiting:
    """Decides of each file of a plugin whether it waits.

    Args:
        policies: what the user says.
        installation: whether a rollout has reached it.
        ids: canonical plugin id by distribution, of those that are installed; others go by the default.
    """

    def __init__(self, policies: Policies, installation: Installation, ids: Mapping[str, str]) -> None:
        self._policies = policies
        self._installation = installation
        self._ids = ids
        self._now = policies.clock()
        # Of each distribution once: a plan asks for every file, and the state is read anew at each question.
        self._said: dict[str, tuple[float, frozenset[str]]] = {}

    def may_wait(self, distribution: str, file: File) -> bool:
        """Whether a file could wait, whatever its version; spares reading the versions of all that is old enough."""
        delay_seconds, never = self._of(distribution)
        if never or file.rollout is not None or file.halted is not None:
            return True
        return bool(delay_seconds) and self._end(file, delay_seconds) > self._now

    def wait(self, distribution: str, version: str, file: File) -> Wait | None:
        """Why a plugin's file waits; None for one that may be taken.

        Args:
            distribution: its normalised name.
            version: normalised.
            file: as its marketplace offers it.
        """
        delay_seconds, never = self._of(distribution)
        if any(same_version(version, one) for one in never):
            return Wait(version, "never", f"{version} is passed over: you said never to it")
        if file.halted is not None:
            return Wait(version, "halted", f"{version} is held back by its marketplace: {file.halted}")
        if file.rollout is not None and not self._installation.reached(file.rollout, distribution, version):
            share = f"it has reached {file.rollout} % of the installations, and not this one"
            return Wait(version, "rollout", f"{version} is being rolled out: {share}")
        if delay_seconds and not (file.security is not None and file.security_confirmed):
            return self._young(version, file, delay_seconds)
        return None

    def is_young(self, file: File) -> bool:
        """Whether a library's file is younger than the default delay wishes; one whose age nobody says is not.

        Args:
            file: of a library, which has no policy of its own.
        """
        published = _moment(file.upload_time) if self._default_delay_seconds else None
        mends = file.security is not None and file.security_confirmed
        return published is not None and not mends and published + self._default_delay_seconds > self._now

    @cached_property
    def _default_delay_seconds(self) -> float:
        return self._policies.default.delay_seconds

    def of_library(self, distribution: str, version: str, file: File) -> str:
        """What is told of a library that comes though it is young."""
        age = span_words(max(self._now - (_moment(file.upload_time) or self._now), 60.0))
        wished = span_words(self._default_delay_seconds)
        return f"the library {distribution} {version} is only {age} old, and nothing older than {wished} will do"

    def _of(self, distribution: str) -> tuple[float, frozenset[str]]:
        """The delay of a plugin, and the versions that its user does not want."""
        found = self._said.get(distribution)
        if found is None:
            cid = self._ids.get(distribution)
            policy = self._policies.of(cid) if cid is not None else self._policies.default
            never = self._policies.never(cid) if cid is not None else ()
            found = self._said[distribution] = policy.delay_seconds, frozenset(never)
        return found

    def _young(self, version: str, file: File, delay_seconds: float) -> Wait | None:
        wished = f"you want versions to be {span_words(delay_seconds)} old"
        end = self._end(file, delay_seconds)
        if end <= self._now:
            return None
        if end == inf:
            return Wait(version, "delay", f"{version} waits: nobody says when it was published, and {wished}")
        until = datetime.fromtimestamp(end, UTC)
        left = span_words(max(end - self._now, 60.0))
        return Wait(version, "delay", f"{version} waits for {left} more: {wished}", until.isoformat(timespec="seconds"))

    def _end(self, file: File, delay_seconds: float) -> float:
        """When a file is old enough, in seconds since the epoch; never where nobody says how old it is."""
        published = _moment(file.upload_time)
        return inf if published is None else min(published + delay_seconds, _LAST)


def waiting(policies: Policies, layout: Layout, inventory: Inventory) -> Waiting:
    """The rule for one profile as it is now."""
    ids = {pin.distribution: cid for cid, pin in inventory.pins.items()}
    return Waiting(policies, Installation(layout.installation), ids)


def _moment(text: str | None) -> float | None:
    """Seconds since the epoch of an upload time (PEP 700); None where it is none."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if found is None:
        return None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
