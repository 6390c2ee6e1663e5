"""Plugins whose process has ended by itself: who needs them goes down, and they come back, with patience (J25)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any

from jackfield.errors import JackfieldError, UsageError
from jackfield.host.changes.following import Following
from jackfield.host.changes.runner import Runner
from jackfield.host.changes.survey import Survey
from jackfield.host.lifecycle import Happening, State
from jackfield.host.plugins import Plugins, Record
from jackfield.host.switch import Footing, with_dependents
from jackfield.isolation import Replacing

_log = logging.getLogger("jackfield.host")


class Recovering:
    """Brings plugins up again whose process ended though nobody wanted it to. External ones come by themselves.

    Args:
        plugins: where they stand.
        following: takes them from one state to another.
        look: reads what is there and what is wished.
        carry_out: does one change when no other is under way.
        end_released: unloads the plugins whose parents are down: whose process has ended is a parent like any other.
    """

    def __init__(
        self,
        plugins: Plugins,
        following: Following,
        look: Callable[[], Awaitable[Survey]],
        carry_out: Callable[[Coroutine[Any, Any, None]], Awaitable[None]],
        end_released: Callable[[], Awaitable[None]],
    ) -> None:
        self._plugins = plugins
        self._following = following
        self._look = look
        self._carry_out = carry_out
        self._end_released = end_released
        self._replacing: dict[str, Replacing] = {}
        self._ran: dict[str, tuple[Record, Footing]] = {}
        self._missing: dict[str, bool] = {}
        self._coming: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._rest: Callable[[str], float] = lambda _: 0.0

    def follow(self, runner: Runner) -> None:
        """Hear of the processes of all plugins."""
        runner.on_process_start, runner.on_process_end = self.started, self.ended
        runner.on_process_missing = self.missing
        self._rest = runner.elsewhere.rest_seconds

    def started(self, record: Record) -> None:
        """Note that a plugin's process runs."""
        record.comes_back = False
        if record.placement.isolation == "external":
            return
        cid, replacing = record.candidate.canonical_id, self._of(record)
        before, footing = self._ran.get(cid), record.footing
        if before is not None and (before[0] is not record or _differ(before[1], footing)):
            replacing.begin_anew()  # what ended was another version, an install before, or had other limits
        self._ran[cid] = record, footing
        replacing.started()

    def ended(self, record: Record, why: str, blamed: bool = True) -> str:
        """Note that a plugin's process has ended by itself, before its life is told; return what to tell.

        Args:
            record: the plugin.
            why: a sentence: `weather used 61 MiB of 50 MiB and was stopped`.
            blamed: whether that counts; False: it ended together with the process that forks all workers.
        """
        cid = record.candidate.canonical_id
        task = asyncio.get_running_loop().create_task(self._in_turn(partial(self._fall, cid)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if record.placement.isolation == "external":
            return why
        ending = self._of(record).ended(why, rest_seconds=self._rest(cid), blamed=blamed)
        record.comes_back = not ending.circuit_open
        return ending.sentence

    def missing(self, record: Record, why: str, ended: bool, blamed: bool) -> str:
        """Note that a plugin could not be started for want of a process; return what to tell.

        Args:
            record: the plugin.
            why: a sentence.
            ended: whether it had one, which ended by itself: then the next one follows as after any other end. Who
                cannot have one, on this machine or now, is not tried again by itself at its first start.
            blamed: as in `ended`.
        """
        cid = record.candidate.canonical_id
        if cid in self._coming:
            self._missing[cid] = blamed  # whoever starts it again counts it
            return why
        # What follows waits for its turn: it is no part of the change within which this is noticed.
        return Context().run(self.ended, record, why, blamed) if ended else why

    def begin_anew(self, cid: str) -> None:
        """Forget how often a plugin's process has ended: its user asks for it."""
        if (known := self._replacing.get(cid)) is not None:
            known.begin_anew()

    def close(self) -> None:
        """Start nothing any more: the host stops."""
        for one in self._replacing.values():
            one.release()
        self._replacing.clear()
        self._ran.clear()

    def _of(self, record: Record) -> Replacing:
        cid = record.candidate.canonical_id
        if cid not in self._replacing:
            self._replacing[cid] = Replacing(record.candidate.id, partial(self._up, cid))
        return self._replacing[cid]

    async def _up(self, cid: str) -> None:
        """Start a plugin again. Where the machine has no process for it now, that counts as an end."""
        problem = ""
        self._missing.pop(cid, None)
        self._coming.add(cid)
        try:
            await self._in_turn(partial(self._recover, cid))
        except (JackfieldError, OSError) as error:
            problem = str(error)
        finally:
            self._coming.discard(cid)
        record = self._plugins.records().get(cid)
        if record is None or record.life.state.runs_code or cid not in self._replacing:
            return
        if cid in self._missing:
            problem = record.life.problem
        if problem:
            told = f"{record.candidate.id} could not be started again: {problem}"
            blamed = self._missing.get(cid, True)
            ending = self._of(record).ended(told, rest_seconds=self._rest(cid), blamed=blamed)
            _log.warning("%s", ending.sentence)
            record.comes_back = not ending.circuit_open
            self._plugins.note(record, ending.sentence)

    async def _in_turn(self, change: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            await change()
            await self._end_released()

        with suppress(UsageError):  # the host has stopped
            await self._carry_out(whole())

    async def _fall(self, cid: str) -> None:
        """Take down who needs a plugin that is gone; they are blocked, and say why."""
        record = self._plugins.records().get(cid)
        if record is None or record.life.state is not State.FAILED:
            return
        records = self._plugins.records()
        footings = {name: one.footing for name, one in records.items() if one.life.state.runs_code or name == cid}
        gone = frozenset(with_dependents({cid}, footings) - {cid})
        if gone:
            await self._following.down(gone, replaced=gone)
            await self._following.settle(await self._look())

    async def _recover(self, cid: str) -> None:
        """Bring a plugin up again, and whoever needs it."""
        record = self._plugins.records().get(cid)
        if record is None or record.life.state.runs_code:
            return  # somebody was faster
        seen = await self._look()
        await self._fall(cid)
        self._plugins.tell(record, Happening.FOUND)
        if any(cid in footing.requires for footing in seen.footings.values()):
            await self._following.settle(seen)
        elif cid in seen.judgement.verdicts:
            await self._following.settle_one(seen, cid)  # nobody else can have changed, and that is sooner done


def _differ(before: Footing, after: Footing) -> bool:
    """Say whether a process runs other code, or by another word of its user, than the one before it."""
    return before.code != after.code or before.trees != after.trees
