"""From what runs to what shall run: who goes down, who comes up, in which order (K18, K19, K23, U37)."""

import asyncio
from collections.abc import Collection, Iterable

from jackfield.hooks import HookManager
from jackfield.host.changes.code import Code
from jackfield.host.changes.demand import Demand
from jackfield.host.changes.needs import required
from jackfield.host.changes.reloading import is_saved_broken
from jackfield.host.changes.rising import Rising
from jackfield.host.changes.roots import KeptRoots
from jackfield.host.changes.runner import Runner
from jackfield.host.changes.survey import Survey
from jackfield.host.hearing import Hearing
from jackfield.host.judgement import Verdict, levels
from jackfield.host.lifecycle import Happening, Life, State
from jackfield.host.plugins import Plugins, Record
from jackfield.host.remote import starting
from jackfield.host.switch import Switch, compare, with_dependents
from jackfield.host.uses import sentence, uses
from jackfield.manifest import Candidate
from jackfield.store import Holds, Store


class Following:
    """Makes the plugins of a running host follow what is installed and wished.

    Args:
        host_name: the application's name for people.
        plugins: where they stand.
        runner: takes each through its steps.
        manager: calls their hooks.
        hearing: whose grants let them hear hooks.
        code: what of them is in the process.
        store: where installed plugins lie.
        holds: the generations in use.
        demand: shows what plugins declare that are asleep.

    Attributes:
        plugins: whom it takes from state to state.
        demand: as given.
    """

    def __init__(
        self,
        host_name: str,
        *,
        plugins: Plugins,
        runner: Runner,
        manager: HookManager,
        hearing: Hearing,
        code: Code,
        store: Store,
        holds: Holds,
        demand: Demand,
    ) -> None:
        self._host_name = host_name
        self.plugins = plugins
        self._runner = runner
        self._manager = manager
        self._hearing = hearing
        self._code = code
        self._store = store
        self._holds = holds
        self.demand = demand
        self._roots = KeptRoots(store.layout.roots, plugins, demand.commands)
        self._rising = Rising(host_name, plugins, runner, code, store)
        self._seen: Survey | None = None
        self._woken: set[str] = set()
        self._went: dict[str, str] = {}
        """Who was taken down by changes within the one that goes on, each with what its note says: they stay down."""

    def begin(self) -> None:
        """Let everybody sleep again who is loaded on demand: the host starts."""
        self._woken.clear()
        self._roots.begin()

    def rouse(self, cid: str) -> None:
        """Have a plugin loaded at the next change, whether or not something of it is used."""
        self._woken.add(cid)

    def is_asleep(self, cid: str) -> bool:
        """Say whether a plugin is loaded when something that it declares is first used, and was not yet."""
        return self._seen is not None and cid in self._asleep(self._seen)

    async def wake(self, cid: str, *, one_by_one: bool = False) -> None:
        """Bring up a plugin that is asleep, and what it requires; nothing happens if it is not.

        Args:
            cid: its canonical id.
            one_by_one: wait for nothing but the plugins themselves, so that plain callbacks need no event loop.
        """
        seen = self._seen
        if seen is None or not self.is_asleep(cid):
            return
        self._woken.add(cid)
        await self._up(seen, required(cid, seen), one_by_one=one_by_one)
        self._show_asleep(seen)
        self._hearing.tell(self._manager)

    def _asleep(self, seen: Survey) -> dict[str, Candidate]:
        """Return the plugins that shall run, are loaded on demand, and are needed by none that runs already."""
        records = self.plugins.records()
        runs = [cid for level in seen.judgement.levels for cid in level]
        sleepy = {
            cid
            for cid in runs
            if cid in records  # else it came with a change that is not as far as it
            and records[cid].life.state is State.RESOLVED
            and cid not in self._woken
            and uses(records[cid].candidate)
        }
        for cid in runs:
            if cid not in sleepy and cid not in seen.wishes.loads_only:
                sleepy -= required(cid, seen)
        return {cid: records[cid].candidate for cid in runs if cid in sleepy}

    def _failed(self, seen: Survey) -> dict[str, Candidate]:
        """Return the plugins that shall run, are loaded on demand, and could not be brought up, by whatever use."""
        records = self.plugins.records()
        runs = {cid for level in seen.judgement.levels for cid in level}
        return {
            cid: records[cid].candidate
            for cid in runs & records.keys()
            if records[cid].life.state in (State.FAILED, State.BLOCKED) and uses(records[cid].candidate)
        }

    def _show_asleep(self, seen: Survey) -> None:
        asleep = self._asleep(seen)
        self.demand.follow(asleep, self._failed(seen))
        for cid, record in self.plugins.records().items():
            revoked = seen.revoked[cid].note if cid in seen.revoked and record.enabled else ""
            said = sentence(asleep[cid]) if cid in asleep else self._went.get(cid) or seen.wishes.out.get(cid, "")
            self.plugins.note(record, revoked or said)

    async def _up(self, seen: Survey, chosen: Collection[str] | None = None, *, one_by_one: bool = False) -> None:
        """Bring up plugins in one start; who uses one of them that was asleep waits until it is up, or is not.

        Args:
            seen: names the levels.
            chosen: the only plugins to bring up; None: all that are not asleep.
            one_by_one: not side by side.
        """
        asleep = self._asleep(seen)
        coming = {cid for level in seen.judgement.levels for cid in level if chosen is None or cid in chosen}
        coming -= asleep.keys() | self._went.keys()

        def passed(cid: str) -> None:
            self._roots.arrive(cid)
            record = self.plugins.record(cid)
            if chosen is None and not record.life.state.runs_code:
                self._runner.stand_ins.fail(record.candidate.id)  # who waits for it need not wait for the others
            if self.demand.arrive({cid}):
                self._show_asleep(self._seen or seen)

        with starting() as start:
            self.demand.come_up(coming, start)
            self._show_asleep(seen)
            try:
                await self._rising.rise(
                    seen.judgement.levels,
                    lambda cid: cid in coming and cid not in self._went,
                    seen.wishes.loads_only,
                    passed,
                    one_by_one=one_by_one,
                )
            finally:
                self.demand.arrive(coming)

    async def settle(self, seen: Survey) -> None:
        """Go from what runs to what shall run.

        Args:
            seen: what is there and what is wished.
        """
        try:
            with starting():  # also what goes down calls others, whose requests must not wait for the end of all this
                await self._settle(seen)
        finally:  # whatever has kept it from its end: nothing comes any more of what is waited for
            self._runner.stand_ins.end()

    async def _settle(self, seen: Survey) -> None:
        self._seen = seen
        self._went.clear()
        verdicts = seen.judgement.verdicts
        records = self.plugins.records()
        running = {cid: record.footing for cid, record in records.items() if record.life.state.runs_code}
        let_be = {*seen.wishes.enabled, *seen.wishes.out}
        resting = {cid for cid in running if cid in verdicts and cid not in let_be}
        wanted = {cid: seen.footings[cid] for cid, verdict in verdicts.items() if verdict.runs or cid in resting}
        broken = (cid for cid in running if cid in verdicts and is_saved_broken(records[cid], verdicts[cid]))
        wanted |= {cid: running[cid] for cid in broken}
        switch = compare(running, wanted, self._code.loaded_machine_code)
        idle = tuple(cid for cid in resting if cid not in switch.stop)
        removed = frozenset(cid for cid in records if cid not in verdicts)
        self._hearing.follow(seen.wishes.grants, self._manager, leaving=True)
        await self._prepare(seen, switch)
        harmful = {cid for cid in switch.stop if cid in seen.revoked and seen.revoked[cid].at_once}
        await asyncio.gather(*(self._runner.silence(records[cid]) for cid in harmful))
        await self.down(switch.stop, idle=idle, removed=removed, replaced=frozenset(wanted))
        self._hearing.follow(seen.wishes.grants, self._manager)
        self._code.exchange(seen.trees(but=self._went), switch, records)
        for cid in removed - set(switch.held):
            self.plugins.remove(cid)
        for cid, verdict in verdicts.items():
            if cid not in self._went:  # what was seen before it all began says less of it than the change within
                self._note(cid, verdict, seen, switch)
        self.plugins.shadow(tuple(self._shadow(verdict, seen) for verdict in seen.judgement.shadowed))
        self._roots.claim(seen)
        await self._up(seen)
        await self._roots.note()
        self._show_asleep(seen)
        self._runner.stand_ins.end()
        await self._runner.end_prepared()
        self._mark_held(switch)
        if not switch.held:  # else older code still runs, and may read its files at any time
            self._holds.release(keep=seen.generation.number)
        self._hearing.tell(self._manager)

    async def _prepare(self, seen: Survey, switch: Switch) -> None:
        """Have the next process of each worker up and its code imported before the one before has to go."""
        records, verdicts = self.plugins.records(), seen.judgement.verdicts
        runs = {cid for level in seen.judgement.levels for cid in level}
        exchanged = [cid for cid in switch.stop & runs if records[cid].remote is not None]
        exchanged = [cid for cid in exchanged if verdicts[cid].placement.own_process]
        await asyncio.gather(
            *(self._runner.bringing.prepare(verdicts[cid].candidate, verdicts[cid].placement) for cid in exchanged)
        )

    async def settle_one(self, seen: Survey, cid: str) -> None:
        """Do for one plugin what `settle` does for all; what it needs comes up before it, who needs it goes before it.

        For a change within a change: everything else is on its way already.

        Args:
            seen: what is there and what is wished.
            cid: canonical id of an installed plugin.
        """
        self._seen = seen
        if seen.judgement.verdicts[cid].runs:
            chosen = required(cid, seen)
            self._went = {one: note for one, note in self._went.items() if one not in chosen}
            self._hearing.follow(seen.wishes.grants, self._manager, leaving=True)
            self._code.look_into(seen.trees(but=self._went), self.plugins.records())
            self._note_each(chosen, seen)
            self._roots.claim(seen)
            await self._up(seen, chosen)
        else:
            records = self.plugins.records()
            running = {name: record.footing for name, record in records.items() if record.life.state.runs_code}
            gone = with_dependents({cid} & running.keys(), running)
            self._went |= {one: seen.wishes.out.get(one, "") for one in {cid, *gone}}
            stays = set() if cid in seen.wishes.out or seen.judgement.verdicts[cid].problem else {cid}
            await self.down(frozenset(gone - stays), idle=gone & stays)
            self._code.look_into(seen.trees(but=self._went), records)
            self._code.drop_unused(records)
            self._note_each({cid, *gone}, seen)
        self._show_asleep(seen)
        self._hearing.tell(self._manager)

    def _note_each(self, chosen: Iterable[str], seen: Survey) -> None:
        for cid in chosen:
            self._note(cid, seen.judgement.verdicts[cid], seen, Switch())

    async def down(
        self,
        stop: frozenset[str],
        *,
        idle: Iterable[str] = (),
        removed: frozenset[str] = frozenset(),
        replaced: frozenset[str] = frozenset(),
    ) -> None:
        """Disable what is active and unload what stops, dependents first.

        Args:
            stop: canonical ids of plugins to unload.
            idle: of plugins to disable only.
            removed: of those that are not installed any more.
            replaced: of those that are loaded again; their new code gets what `on_unload` returns.
        """
        records = self.plugins.records()
        going = [cid for cid in records if cid in stop or cid in idle]
        needs = {cid: records[cid].footing.requires & frozenset(going) for cid in going}

        async def take_down(cid: str) -> None:
            record = records[cid]
            async with record.step:
                if record.life.state in (State.ACTIVE, State.PENDING_RESTART):
                    await self._runner.disable(record, stays=cid not in stop, replaced=cid in stop & replaced)
                if cid in stop and record.life.state in (State.LOADED, State.IDLE):
                    await self._runner.unload(record, removed=cid in removed, replaced=cid in replaced)

        for level in reversed(levels(going, needs)):
            await asyncio.gather(*(take_down(cid) for cid in level))

    def _note(self, cid: str, verdict: Verdict, seen: Survey, switch: Switch) -> None:
        """Bring a plugin's record up to date, short of running code."""
        record = self.plugins.records().get(cid)
        if record is None:
            record = Record(verdict.candidate)
            self.plugins.put(cid, record)
        wish_before, record.enabled = record.enabled, cid in seen.wished
        record.revoked = seen.revoked.get(cid)
        if cid in switch.held:
            if record.life.state is State.ACTIVE:
                problem = (
                    f"{verdict.candidate.version} takes over when {self._host_name} starts again: {switch.held[cid]}"
                )
                self.plugins.tell(record, Happening.HELD, problem)
            return
        # An external plugin that has failed is sent away, and is what it is until it comes again.
        ended = (State.UNLOADED, State.FAILED) if verdict.candidate.origin == "external" else (State.UNLOADED,)
        if record.life.state.runs_code or (cid in seen.wishes.out and record.life.state in ended):
            return
        footing = seen.footings[cid]
        same = record.footing.code == footing.code and record.footing.trees == footing.trees
        same = same and wish_before == record.enabled
        if record.life.state is State.FAILED and same and verdict.runs:
            return  # trying the same code again at every change of anything would fail again every time
        record.candidate, record.footing, record.placement = verdict.candidate, footing, verdict.placement
        target = State.BLOCKED if verdict.problem else State.FOUND
        if record.life.state is target and record.life.problem == verdict.problem and not verdict.runs:
            return
        self.plugins.tell(record, Happening.FOUND)
        if verdict.problem:
            self.plugins.tell(record, Happening.BLOCKED, verdict.problem)
        elif verdict.runs:
            self.plugins.tell(record, Happening.RESOLVED)

    def _mark_held(self, switch: Switch) -> None:
        """Tell whose installed code waits for a restart, and whose does not any more."""
        for cid, record in self.plugins.records().items():
            if cid in switch.held and record.life.state in (State.ACTIVE, State.PENDING_RESTART):
                why = f"what is installed waits for a restart of {self._host_name}: {switch.held[cid]}"
                self.plugins.tell(record, Happening.HELD, why)
            elif cid not in switch.held and record.life.state is State.PENDING_RESTART:
                self.plugins.tell(record, Happening.RELEASED)

    def _shadow(self, verdict: Verdict, seen: Survey) -> Record:
        life = Life(State.SHADOWED, verdict.problem)
        return Record(verdict.candidate, life, verdict.candidate.canonical_id in seen.wished)
