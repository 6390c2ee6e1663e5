"""On the way up: plugins are loaded, then enabled, those that others need before them (K18, K19)."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from jackfield.host.changes.code import Code
from jackfield.host.changes.needs import missing_need
from jackfield.host.changes.runner import Runner
from jackfield.host.lifecycle import Happening, State
from jackfield.host.plugins import Plugins, Record
from jackfield.store import Store

_ON_THE_WAY = (State.RESOLVED, State.LOADED, State.IDLE)


class Rising:
    """Brings plugins up in their order.

    Args:
        host_name: the application's name for people.
        plugins: where they stand.
        runner: takes each through its steps.
        code: what of them is in the process.
        store: where installed plugins lie.
    """

    def __init__(self, host_name: str, plugins: Plugins, runner: Runner, code: Code, store: Store) -> None:
        self._host_name = host_name
        self._plugins = plugins
        self._runner = runner
        self._code = code
        self._store = store

    async def rise(
        self,
        levels: Sequence[Collection[str]],
        is_chosen: Callable[[str], bool],
        loads_only: Collection[str],
        passed: Callable[[str], None],
        *,
        one_by_one: bool = False,
    ) -> None:
        """Load, then enable, level by level; whoever needs a plugin that did not come up is blocked.

        Args:
            levels: canonical ids, those that others need first.
            is_chosen: says whether one comes up; asked before each of its steps.
            loads_only: are loaded and not enabled.
            passed: told of each that is enabled, or can go no further.
            one_by_one: not side by side.
        """
        for step, left_out in ((self._load, frozenset[str]()), (self._enable, loads_only)):
            for level in levels:
                steps: list[Awaitable[None]] = []
                before: asyncio.Event | None = None
                for cid in (cid for cid in level if cid not in left_out and is_chosen(cid)):
                    through = asyncio.Event()
                    steps.append(self._step(self._plugins.record(cid), step, before, through, passed))
                    before = through
                if not one_by_one:
                    await asyncio.gather(*steps)
                    continue
                for each in steps:
                    await each

    async def _step(
        self,
        record: Record,
        step: Callable[[Record, asyncio.Event | None], Awaitable[None]],
        before: asyncio.Event | None,
        through: asyncio.Event,
        passed: Callable[[str], None],
    ) -> None:
        try:
            async with record.step:
                await step(record, before)
        finally:
            through.set()
        if record.life.state not in _ON_THE_WAY:
            passed(record.candidate.canonical_id)

    async def _load(self, record: Record, _: asyncio.Event | None) -> None:
        if record.life.state is not State.RESOLVED:
            return
        problem = missing_need(
            record, self._plugins.records(), State.LOADED, State.IDLE, State.ACTIVE, State.PENDING_RESTART
        )
        stuck = self._code.stuck(record.footing.trees) if not record.footing.own_process else ""
        if stuck:
            problem = f"waits for a restart of {self._host_name}: an earlier {stuck} is machine code and still there"
        damage = self._store.damage_below(record.footing.trees)
        if damage:
            problem = f"{damage[0]} since it was installed: jackfield store verify --repair"
        if problem:
            self._plugins.tell(record, Happening.BLOCKED, problem)
            return
        if not record.footing.own_process:
            self._code.note_owner(record)
            self._code.note_files(record)
        await self._runner.load(record)

    async def _enable(self, record: Record, before: asyncio.Event | None) -> None:
        if record.life.state not in (State.LOADED, State.IDLE):
            return
        problem = missing_need(record, self._plugins.records(), State.ACTIVE, State.PENDING_RESTART)
        if problem:
            await self._runner.unload(record, removed=False, replaced=False)
            self._plugins.tell(record, Happening.FOUND)
            self._plugins.tell(record, Happening.BLOCKED, problem)
        else:
            await self._runner.enable(record, before)
