"""What is offered and not taken yet: too young, not rolled out this far, halted, or not wanted.

One rule for every plan: such a file is not offered at all, unless it is installed or its version was named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from jackfield.management.inventory import Inventory
from jackfield.management.policy import Policies, span_words
from jackfield.management.rollout import Installation
from jackfield.management.wait import Wait
from jackfield.manifest import File
from jackfield.store import Layout


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
        self._default = policies.default
        self._now = policies.clock()

    def wait(self, distribution: str, version: str, file: File) -> Wait | None:
        """Why a plugin's file waits; None for one that may be taken.

        Args:
            distribution: its normalised name.
            version: normalised.
            file: as its marketplace offers it.
        """
        cid = self._ids.get(distribution)
        if cid is not None and version in self._policies.never(cid):
            return Wait(version, "never", f"{version} is passed over: you said never to it")
        if file.halted is not None:
            return Wait(version, "halted", f"{version} is held back by its marketplace: {file.halted}")
        if file.rollout is not None and not self._installation.reached(file.rollout, distribution, version):
            share = f"it has reached {file.rollout} % of the installations, and not this one"
            return Wait(version, "rollout", f"{version} is being rolled out: {share}")
        policy = self._policies.of(cid) if cid is not None else self._default
        if policy.delay_seconds and not (file.security is not None and file.security_confirmed):
            return self._young(version, file, policy.delay_seconds)
        return None

    def _young(self, version: str, file: File, delay_seconds: float) -> Wait | None:
        wished = f"you want versions to be {span_words(delay_seconds)} old"
        published = _moment(file.upload_time)
        if published is None:
            return Wait(version, "delay", f"{version} waits: nobody says when it was published, and {wished}")
        end = published + delay_seconds
        if end <= self._now:
            return None
        until = datetime.fromtimestamp(end, UTC)
        left = span_words(max(end - self._now, 60.0))
        return Wait(version, "delay", f"{version} waits for {left} more: {wished}", until.isoformat(timespec="seconds"))


def waiting(policies: Policies, layout: Layout, inventory: Inventory) -> Waits:
    """The rule for one profile as it is now."""
    ids = {pin.distribution: cid for cid, pin in inventory.pins.items()}
    return Waiting(policies, Installation(layout.installation), ids).wait


def _moment(text: str | None) -> float | None:
    """Seconds since the epoch of an upload time (PEP 700); None where it is none."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if found is None:
        return None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()


Waits = Callable[[str, str, File], Wait | None]
"""As `Waiting.wait`."""
