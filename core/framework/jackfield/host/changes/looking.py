"""Looks at the profile for each decision of a running host, off its event loop's thread."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from jackfield.errors import StoreError
from jackfield.host.changes.attendance import Attendance
from jackfield.host.changes.presence import Presences
from jackfield.host.changes.survey import Survey, survey
from jackfield.host.scripts import Scripts
from jackfield.manifest import Candidate, HostFile, framework_version
from jackfield.storage import State
from jackfield.store import Holds, Store

Circumstances: TypeAlias = tuple[bool, Attendance, Mapping[Path, Candidate]]

MOST_LOOKS = 40
BETWEEN_SECONDS = 0.025
"""An installer needs milliseconds from the pointer to the state; one that died there is not waited for longer."""

AT_WORK_SECONDS = 10.0
"""How long one is waited for that lives: its disk may be slow, and what lies between would be a wrong set."""


class Looking:
    """Makes surveys for one host.

    Args:
        store: the profile's.
        state: the profile's.
        hostfile: the host's own.
        scripts: folders whose scripts run.
        holds: keeps what is looked at from being removed.
        presences: what was asked for this run.
        circumstances: tells whether nothing shall run but what was asked for this run (safe mode), which external
            plugins are connected, and which script runs from which file.
    """

    def __init__(
        self,
        store: Store,
        state: State,
        hostfile: HostFile,
        scripts: Scripts,
        holds: Holds,
        presences: Presences,
        circumstances: Callable[[], Circumstances],
    ) -> None:
        self._store = store
        self._state = state
        self._hostfile = hostfile
        self._scripts = scripts
        self._holds = holds
        self._presences = presences
        self._circumstances = circumstances

    async def look(self) -> Survey:
        """Look at the active generation, which is held from now on.

        Raises:
            StoreError: the active generation or the state log is damaged.
        """
        looks, until = MOST_LOOKS, time.monotonic() + AT_WORK_SECONDS
        while True:
            stamp = self._stamp()
            seen = await self._survey(*self._circumstances())
            if not self._is_changing() or time.monotonic() > until:
                looks -= 1
            if looks and (stamp is None or stamp != self._stamp()):
                await asyncio.sleep(BETWEEN_SECONDS)
                continue
            if self._holds.take(seen.generation):
                self._presences.keep(seen.wished)
                return seen

    def _stamp(self) -> object:
        """What the set and the state are now; None while an installer is between the two, so that they do not agree."""
        try:
            return (self._store.active_number(), self._state.stamp()) if self._store.settled() else None
        except StoreError:
            return ""  # the survey says what is damaged

    def _is_changing(self) -> bool:
        try:
            return self._store.is_changing()
        except StoreError:
            return False

    async def unwelcome(self, cid: str) -> str:
        """Say why an external plugin may not run if it connects now; empty where it may.

        Args:
            cid: its canonical id.

        Raises:
            StoreError: the active generation or the state log is damaged.
        """
        safe, here, running = self._circumstances()
        seen = await self._survey(safe, Attendance({**here.connected, cid: "arrives"}, here.absent), running)
        verdict = seen.judgement.verdicts.get(cid)
        if verdict is None or verdict.candidate.origin != "external":
            return "is not known any more" if verdict is None else "is installed, so nobody else can be it"
        return "" if verdict.runs else verdict.problem or seen.wishes.out.get(cid, "is disabled")

    async def _survey(self, safe: bool, attendance: Attendance, running: Mapping[Path, Candidate]) -> Survey:
        return await asyncio.to_thread(
            survey,
            self._store,
            self._state,
            self._hostfile,
            self._scripts,
            framework=framework_version(),
            safe=safe,
            presences=self._presences.copy(),
            attendance=attendance,
            running=running,
        )
