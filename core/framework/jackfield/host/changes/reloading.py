"""Code imported anew while the host runs; a reload that fails leaves the old code running (M24, M36).

The new code is imported while the old instance is only disabled; in a process of its own, while that is at work. Not
until every import has succeeded is the old code told `on_unload`; what it returns goes to the new code's `on_load`
(M36). Where the new code then fails in `on_load` or `on_enable`, the old modules and instances come back, get what they
handed over themselves, and are enabled again.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from jackfield.errors import PluginError
from jackfield.host.changes.bringing import Brought
from jackfield.host.changes.code import Code
from jackfield.host.changes.postponed import Postponed
from jackfield.host.changes.runner import HandedOver, Runner
from jackfield.host.changes.survey import Survey
from jackfield.host.facets import Wiring
from jackfield.host.judgement import Verdict, levels
from jackfield.host.lifecycle import Happening, State
from jackfield.host.plugins import Plugins, Record
from jackfield.host.remote import RemotePlugin, starting
from jackfield.host.switch import Footing, with_dependents
from jackfield.manifest import Candidate
from jackfield.runtime import Loaded

_UP = (State.ACTIVE, State.PENDING_RESTART)


@dataclass(slots=True)
class _Before:
    """What a plugin was before its reload. One that was being enabled when that began is up when it has to rest."""

    record: Record
    candidate: Candidate
    footing: Footing
    wiring: Wiring
    loaded: Loaded
    remote: RemotePlugin | None
    was_up: bool


class Reloading:
    """Reloads plugins of a running host.

    Args:
        host_name: the application's name for people.
        plugins: where they stand.
        runner: takes each through its steps.
        code: exchanges modules.
    """

    def __init__(self, host_name: str, *, plugins: Plugins, runner: Runner, code: Code) -> None:
        self._host_name = host_name
        self._plugins = plugins
        self._runner = runner
        self._code = code
        self._postponed = Postponed()

    def changed(self, seen: Survey, *, on_disk: bool) -> frozenset[str]:
        """Return the loaded plugins whose own code is another one than the one that was imported, and may run.

        Scripts tell by themselves; what an editable install or pip changed is looked for file by file. Code that was
        taken back for another plugin's sake is another one, too, once that is worth a new try.

        Args:
            seen: what is there now.
            on_disk: look for changed files of the environment's plugins, too.
        """
        found, able = set(), set()
        for cid, record in self._plugins.records().items():
            verdict = seen.judgement.verdicts.get(cid)
            if verdict is None or not record.life.state.runs_code:
                continue
            if verdict.problem and not is_saved_broken(record, verdict):
                continue
            if self._needs_other_data(verdict) and record.footing.code != seen.footings[cid].code:
                continue  # whoever follows the change of version takes it down first, and exchanges both
            able.add(cid)
            if self._is_new(record, verdict, seen, on_disk=on_disk):
                found.add(cid)
        waiting = self._postponed.due(found, self._running)
        return frozenset(found) | {cid for cid in waiting if cid in able}

    @property
    def is_due(self) -> bool:
        """Whether there is code to try again although nobody saved anything."""
        return bool(self._postponed.due((), self._running))

    @property
    def _running(self) -> frozenset[str]:
        return frozenset(cid for cid, record in self._plugins.records().items() if record.life.state.runs_code)

    def _is_new(self, record: Record, verdict: Verdict, seen: Survey, *, on_disk: bool) -> bool:
        if record.candidate.origin == "script" and verdict.candidate.origin == "script":
            return record.footing.code != seen.footings[record.candidate.canonical_id].code
        return on_disk and record.own_folder is not None and self._code.changed_on_disk(record)

    async def reload(self, seen: Survey, chosen: frozenset[str]) -> set[str]:
        """Reload plugins that are loaded, and whoever needs them, in the order of their dependencies.

        Args:
            seen: what is there now; the new code is what it names.
            chosen: canonical ids.

        Returns:
            The canonical ids of all that were reloaded.

        Raises:
            PluginError: one of them cannot be exchanged, or its new code failed and the old one runs on; the sentence
                says which, and why.
        """
        others = self._runner.stand_ins.plugins
        try:
            with starting():  # what plugins ask for that its callbacks call must not wait for its end
                return await self._reload(seen, chosen)
        finally:
            self._runner.stand_ins.end(but=others)

    async def _reload(self, seen: Survey, chosen: frozenset[str]) -> set[str]:
        records = self._plugins.records()
        running = {cid: record.footing for cid, record in records.items() if record.life.state.runs_code}
        going = with_dependents(chosen & running.keys(), running)
        order = _levels(going, seen, running)
        befores = {cid: self._before(records[cid], seen) for cid in going}
        verdicts = seen.judgement.verdicts
        new = {cid for cid in going if self._is_new(records[cid], verdicts[cid], seen, on_disk=True)}
        new |= self._postponed.among(going)
        ordered = [cid for level in order for cid in level]
        brought, aside = {}, None
        try:
            # A new process is up before the one before has to rest; in this one the old code makes room first.
            for cid in (cid for cid in ordered if verdicts[cid].placement.own_process):
                brought[cid] = await self._runner.bringing.bring(verdicts[cid].candidate, verdicts[cid].placement)
            for level in reversed(order):
                await asyncio.gather(*(self._rest(befores[one]) for one in level))
            aside = self._code.set_aside([befores[one].record for one in going])
            for cid in (cid for cid in ordered if cid not in brought):
                brought[cid] = await self._runner.bringing.bring(verdicts[cid].candidate, verdicts[cid].placement)
        except Exception as error:
            if aside is not None:
                aside.put_back()
            await _end(one.remote for one in brought.values())
            self._tried(befores, seen)
            await self._wake(order, befores)
            problem = _failure(records[cid], f"{type(error).__name__}: {error}")
            _say(records[cid], problem, records[cid].last_error)
            self._postpone(new, records[cid])
            raise problem from error
        handed = await self._exchange(order, befores, brought, seen)
        broken = [cid for cid in going if not _is_as_before(befores[cid])]
        if not broken:
            self._postponed.came(going)
            await self._runner.elsewhere.finish(one.remote for one in befores.values() if one.remote is not None)
            for cid in going:
                self._code.note_files(records[cid])
            return going
        failed = next((cid for cid in broken if records[cid].life.state is State.FAILED), broken[0])
        problem = _failure(records[failed], records[failed].life.problem)
        if all(_keeps_its_data(befores[cid], seen) for cid in going):
            trace = records[failed].life.traceback
            left = await self._go_back(order, befores)
            aside.put_back()
            for cid in going:
                self._runner.hand(cid, handed)
            await self._restore(order, befores, seen)
            await self._runner.elsewhere.finish(left)
            _say(records[failed], problem, trace)
            self._postpone(new, records[failed])
        else:
            await _end(one.remote for one in befores.values())
        raise problem

    def _postpone(self, new: Collection[str], failed: Record) -> None:
        """Have new code that is not to blame wait for the plugin that failed beside it, and say so where it stands."""
        waiting = {cid: self._plugins.record(cid) for cid in new if cid != failed.candidate.canonical_id}
        self._postponed.note(waiting, failed.candidate.canonical_id)
        for record in waiting.values():
            if record.life.state.runs_code:
                problem = _failure(record, f"{failed.candidate.id} failed beside its new code")
                record.last_failure = f"{problem.message}; the code before runs on"

    def _before(self, record: Record, seen: Survey) -> _Before:
        """Return what a plugin is now.

        Raises:
            PluginError: its code cannot be exchanged, or must not run any more.
        """
        cid, identity = record.candidate.canonical_id, record.candidate.id
        verdict = seen.judgement.verdicts.get(cid)
        problem = verdict.problem if verdict is not None else "it is not installed any more"
        candidate = verdict.candidate if verdict is not None else record.candidate
        manifests = (record.candidate.manifest, candidate.manifest)
        machine_code = self._code.loaded_machine_code(self._code.places(record))
        if any(manifest is not None and manifest.reload == "restart" for manifest in manifests):
            problem = f'its manifest says reload = "restart": it needs a restart of {self._host_name}'
        elif record.candidate.origin == "external":
            problem = "its program has to be started anew"
        elif record.remote is None and (not self._code.places(record) or record.footing.restart_only):
            problem = f"others imported its code, too: it needs a restart of {self._host_name}"
        elif machine_code:
            problem = f"it holds machine code, {', '.join(machine_code)}: it needs a restart of {self._host_name}"
        elif verdict is not None and self._needs_other_data(verdict):
            problem = f"its new code reads an older shape of what it keeps: it needs a restart of {self._host_name}"
        elif verdict is not None and is_saved_broken(record, verdict):
            record.footing = seen.footings[cid]  # not tried again before it is saved again
            self._postponed.note((), cid)
            _say(record, _failure(record, problem), "")
        if problem or record.wiring is None or record.loaded is None:
            raise PluginError(f"{identity} was not reloaded: {problem}", plugin=identity)
        up = record.life.state in _UP
        return _Before(record, record.candidate, record.footing, record.wiring, record.loaded, record.remote, up)

    def _needs_other_data(self, verdict: Verdict) -> bool:
        """Say whether new code needs other data than there is: the old code is at work on that, up to the last."""
        return self._runner.bringing.exchanges_data(verdict.candidate)

    async def _rest(self, before: _Before) -> None:
        async with before.record.step:
            if before.record.life.state in _UP:
                before.was_up = True
                await self._runner.disable(before.record, replaced=True)

    async def _wake(self, order: Sequence[Sequence[str]], befores: dict[str, _Before]) -> None:
        for level in order:
            await asyncio.gather(*(self._enable(befores[cid]) for cid in level))

    async def _enable(self, before: _Before) -> None:
        async with before.record.step:
            if before.was_up and before.record.life.state in (State.LOADED, State.IDLE):
                await self._runner.enable(before.record)

    async def _exchange(
        self,
        order: Sequence[Sequence[str]],
        befores: dict[str, _Before],
        brought: dict[str, Brought],
        seen: Survey,
    ) -> HandedOver:
        """Let the old code go and the new code begin, as far as it does; returns what the old code handed over."""
        for level in reversed(order):
            await asyncio.gather(
                *(
                    self._runner.unload(befores[cid].record, removed=False, replaced=True, keep_process=True)
                    for cid in level
                )
            )
        handed = self._runner.handed()
        for level in order:
            for cid in level:
                record = befores[cid].record
                verdict = seen.judgement.verdicts[cid]
                record.candidate, record.placement = verdict.candidate, verdict.placement
                record.footing = seen.footings[cid]
                self._resolve(record)
            await asyncio.gather(*(self._runner.load(befores[cid].record, brought[cid]) for cid in level))
            if any(befores[cid].record.life.state is not State.LOADED for cid in level):
                return handed
        for level in order:
            await asyncio.gather(*(self._enable(befores[cid]) for cid in level))
            if not all(_is_as_before(befores[cid]) for cid in level):
                break
        return handed

    async def _go_back(self, order: Sequence[Sequence[str]], befores: dict[str, _Before]) -> list[RemotePlugin]:
        """Take down what of the new code came up; what it hands over is lost, the old code has its own.

        Who calls it waits for the old code. Returns its processes, which still answer what they were asked.
        """
        left = []
        for level in reversed(order):
            for cid in level:
                record = befores[cid].record
                if record.life.state in _UP:
                    await self._runner.disable(record, replaced=True)
                if record.life.state in (State.LOADED, State.IDLE):
                    left += [record.remote] if record.remote is not None else []
                    await self._runner.unload(record, removed=False, replaced=False, keep_process=True)
        return left

    async def _restore(self, order: Sequence[Sequence[str]], befores: dict[str, _Before], seen: Survey) -> None:
        for level in order:
            for cid in level:
                before = befores[cid]
                before.record.candidate, before.record.footing = before.candidate, before.footing
                self._resolve(before.record)
            self._tried(befores, seen)
            await asyncio.gather(*(self._runner.load(befores[cid].record, _brought(befores[cid])) for cid in level))
        await self._wake(order, befores)

    def _resolve(self, record: Record) -> None:
        self._plugins.tell(record, Happening.FOUND)
        self._plugins.tell(record, Happening.RESOLVED)

    def _tried(self, befores: dict[str, _Before], seen: Survey) -> None:
        """Remember what failed: it is not tried again before it is saved again."""
        for cid, before in befores.items():
            if before.candidate.origin == "script":
                before.record.footing = seen.footings[cid]
            self._code.note_files(before.record)


def _brought(before: _Before) -> Brought:
    return Brought(before.wiring, before.loaded, before.remote)


async def _end(remotes: Iterable[RemotePlugin | None]) -> None:
    """End the processes of code that does not come back."""
    await asyncio.gather(*(remote.end() for remote in remotes if remote is not None))


def is_saved_broken(record: Record, verdict: Verdict) -> bool:
    """Say whether a script runs whose file cannot be read any more: its author is at work on it, and it runs on."""
    scripts = record.candidate.origin == verdict.candidate.origin == "script"
    return scripts and record.life.state.runs_code and verdict.candidate.problem is not None


def _levels(going: Collection[str], seen: Survey, running: Mapping[str, Footing]) -> tuple[tuple[str, ...], ...]:
    """Order plugins by what they need of each other, in their old code and in their new one."""
    needs = {
        cid: (running[cid].requires | (seen.footings[cid].requires if cid in seen.footings else frozenset()))
        & frozenset(going) - {cid}
        for cid in going
    }
    return levels(sorted(going), needs)


def _is_as_before(before: _Before) -> bool:
    state = before.record.life.state
    return state in _UP if before.was_up else state in (State.LOADED, State.IDLE)


def _keeps_its_data(before: _Before, seen: Survey) -> bool:
    """Say whether the old code can still read the plugin's data: what `on_migrate` did is not undone here."""
    new = seen.judgement.verdicts[before.candidate.canonical_id].candidate.manifest
    old = before.candidate.manifest
    return new is None or old is None or new.data_version <= old.data_version


def _failure(record: Record, why: str) -> PluginError:
    identity = record.candidate.id
    return PluginError(f"{identity} was not reloaded: {why}", plugin=identity)


def _say(record: Record, problem: PluginError, trace: str) -> None:
    """Keep the failure where the plugin's status shows it, although its old code runs on."""
    if record.life.state.runs_code:
        record.errors += 1
        record.last_failure, record.last_error = f"{problem.message}; the code before runs on", trace
