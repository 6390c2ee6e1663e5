"""The one story of a change: lock, settle, fetch, unpack, switch, record; and the way back.

Everything that can fail is done before the pointer is replaced; from then on the journal carries the rest, and whoever
comes next completes it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jackfield.apart import done_apart
from jackfield.errors import JackfieldError, StoreError, UsageError
from jackfield.management.consent import ConsentMissing
from jackfield.management.fetching import fetch
from jackfield.management.look import Look
from jackfield.management.plan import Plan
from jackfield.management.plan_keys import changed_keys, told
from jackfield.management.probation import failed_keys, on_probation, to_undo
from jackfield.management.promises import hold_to_promise
from jackfield.management.reports import HistoryEntry, Outcome, RollbackReport
from jackfield.management.revoked import refuse_revoked_wheels
from jackfield.management.stepping import Progress, hold, run_steps
from jackfield.management.timeline import across, again, back, moved, none_to_go_to
from jackfield.manifest import distinct
from jackfield.storage import Reverted, State
from jackfield.store import Activation, Check, Generation, Store, StoredFile, now

if TYPE_CHECKING:  # the history, a rollback and the users' wishes need neither the network nor the resolver
    from jackfield.management.catalog import MarketCatalog

Again = Callable[[], Awaitable[Plan]]
"""Makes a plan anew, for what is installed by then."""


class Changes:
    """Applies plans to one profile.

    Args:
        store: the installed sets.
        state: wishes, grants and the rest.
        check: looks at a new generation's files before anything becomes visible.
        lock_seconds: how long to wait for another installer.
    """

    def __init__(self, store: Store, state: State, *, check: Check, lock_seconds: float) -> None:
        self._store = store
        self._state = state
        self._check = check
        self._lock_seconds = lock_seconds
        self._reverted = Reverted((), ())
        self._cleared = False

    async def apply(
        self,
        plan: Plan,
        catalog: Callable[[], MarketCatalog],
        *,
        groups: Collection[str],
        accept_permissions: bool,
        enable: bool,
        by: str,
        progress: Progress | None,
        again: Again | None = None,
    ) -> Outcome:
        """Carry out a plan; see `Management.apply`.

        Args:
            plan: what.
            catalog: where what is not here is fetched; made only where something has to be.
            groups: the entry-point groups of the application's plugins.
            accept_permissions: as there, and so are the rest.
            enable: whether what comes is enabled.
            by: who asked for it.
            progress: told the steps.
            again: makes the plan anew.
        """
        self._refuse_without_consent(plan, accept_permissions=accept_permissions, enable=enable)
        with ExitStack() as held:
            await self._hold(held, f"{by}: {plan.what}")
            await done_apart(self._make_ready)  # it may wait, for the disk and for who writes the state
            since = self._state.version()  # before the look: who revokes something after it has spoken last
            if self._is_outdated(plan):
                plan = await self._planned_again(plan, again)
                since = self._state.version()
            activation, every = self._activation(plan, by, enable=enable, since=since), plan.every_pin

            async def carry_out(sound: Collection[str], require_whole: Callable[[], None]) -> Outcome:
                def confirm() -> None:
                    require_whole()
                    if self._is_outdated(plan):  # somebody revoked something while the wheels were fetched
                        raise _void()

                rest = [pin for pin in every if pin.file.sha256 not in sound]
                absent = [pin for pin in rest if not self._store.sound(pin) and self._store.lacks(pin)]
                wheels = await fetch(absent, plan.files, self._store, catalog, held, progress)
                refuse_revoked_wheels(self._store, self._state, absent, wheels)
                if progress is not None:
                    progress("downloaded")
                steps = self._store.commit(
                    plan.pins,
                    wheels,
                    activation=activation,
                    record=self._record,
                    workers=plan.workers,
                    check=partial(self._check_all, plan, groups),
                    sound=sound,
                    cleared=self._cleared,
                    confirm=confirm,
                )
                self._cleared = False
                await run_steps(steps, progress)
                return Outcome(activation.transaction, self._store.active_number(), self._left_out(plan, wheels))

            look = Look(self._store, every)
            try:
                return await carry_out(look.asked, look.require_whole)
            except JackfieldError:
                if await asyncio.to_thread(lambda: look.whole):
                    raise
            return await carry_out(look.sound, lambda: None)  # with what is damaged mended, or fetched again

    async def rollback(self, *, to: int | None, by: str, progress: Progress | None) -> RollbackReport:
        """Go back through the journal; see `Management.rollback`."""
        with ExitStack() as held:
            await self._hold(held, f"{by}: rollback")
            await done_apart(self._make_ready)
            done, made, standing = self._journal
            before = self._active(done[-1].generation if done else 0)
            if to is not None and to == before:
                raise UsageError(f"generation {to} is active already", hint="jackfield history")
            undone = back(standing, to)
            found = across(made, standing, before, to) if undone is None and to is not None else None
            there = {0, *self._store.numbers()}
            if (to is not None and to not in there) or (undone is None and found is None):
                raise none_to_go_to(to or 0, made, standing, before, there)
            way: list[Activation] = []
            if found is not None:
                undone, way = found
            activation = self._on(before, undone or (), way, by) if way else self._back(before, undone or (), by)
            await run_steps(self._store.activate(activation, record=self._record), progress)
            return self._report(activation, undone or (), way)

    @property
    def _journal(self) -> tuple[Sequence[Activation], Sequence[Activation], Sequence[Activation]]:
        journal = self._store.journal
        return journal.activations(), journal.made(), journal.standing()

    async def give_up(
        self, failures: Mapping[str, str], *, by: str, progress: Progress | None = None
    ) -> RollbackReport | None:
        """Undo the changes that brought plugins which failed; see `Management.give_up`."""
        with ExitStack() as held:
            await self._hold(held, f"{by}: rollback")
            await done_apart(self._make_ready)
            guilty = {cid: why for cid, why in failures.items() if cid in on_probation(self._state)}
            undone = to_undo(self._store.journal.standing(), guilty)
            if not undone:
                return None  # somebody was faster, or its change is not the newest any more
            bad, good = self._store.active(), self._store.generation(undone[-1].previous)
            changes = failed_keys(self._state, bad, good, guilty, at=now())
            why = "; ".join(dict.fromkeys(guilty.values()))
            activation = replace(self._back(bad.number, undone, by), why=why, changes=changes)
            await run_steps(self._store.activate(activation, record=self._record), progress)
            return self._report(activation, undone)

    def _report(
        self, activation: Activation, undone: Sequence[Activation], way: Sequence[Activation] = ()
    ) -> RollbackReport:
        before, after = activation.previous, activation.generation
        return RollbackReport(
            previous=before,
            generation=after,
            restored=told(self._reverted.restored),
            kept=told(self._reverted.kept),
            undone=tuple(one.what for one in undone),
            redone=tuple(one.what for one in way),
            plugins=moved(self._versions(before), self._versions(after)),
        )

    def _back(self, before: int, undone: Sequence[Activation], by: str) -> Activation:
        target = undone[-1].previous
        return Activation(
            transaction=uuid.uuid4().hex,
            previous=before,
            generation=target,
            at=now(),
            by=by,
            # Generations are numbers; people remember what they did.
            what=f'roll back to before "{undone[-1].what}"',
            undoes=tuple(one.transaction for one in undone),
        )

    def _on(self, before: int, undone: Sequence[Activation], way: Sequence[Activation], by: str) -> Activation:
        """A change of its own, with what the undone ones set and nobody has set since; it can be undone like them.

        Where the way goes back first, that is part of the same change: nobody ever sees what lies between.
        """
        target = way[-1].generation
        history = self._state.history()
        changes, kept = again(way, history, undone, self._store.journal.made())
        self._reverted = Reverted(tuple(sorted(changes)), kept)
        return Activation(
            transaction=uuid.uuid4().hex,
            previous=before,
            generation=target,
            at=now(),
            by=by,
            what=f'go {"over" if undone else "forward"} to after "{way[-1].what}"',
            changes=changes,
            undoes=tuple(one.transaction for one in undone),
            since=len(history),
            redoes=tuple(one.transaction for one in way),
        )

    def _make_ready(self) -> None:
        """Before a change: complete what was left open, and find out whether the state would take its part.

        Found after the pointer was replaced, that would leave a set whose wishes and grants are another's.
        """
        self._cleared = self.settle() is None
        self._state.require()

    def settle(self) -> str | None:
        """Complete what an installer that died left open; the lock must be held."""
        return self._store.settle(self._record)

    def settle_if_needed(self, by: str) -> str | None:
        """Complete what an installer that died left open, if there is anything and nobody is at work."""
        if self._store.settled():
            return None
        with self._store.lock(by=by, timeout_seconds=self._lock_seconds):
            return self.settle()

    def history(self) -> list[HistoryEntry]:
        """Every activation, newest first."""
        journal = self._store.journal
        done = journal.activations()
        undone = {transaction for one in done for transaction in one.undoes}
        there = {0, *self._store.numbers()}
        entries = [
            HistoryEntry(
                generation=one.generation,
                previous=one.previous,
                at=one.at,
                by=one.by,
                what=one.what,
                why=one.why,
                transaction=one.transaction,
                current=one is done[-1],
                undone=one.transaction in undone,
                gone=one.generation not in there,
                plugins=self._versions(one.generation),
            )
            for one in done
        ]
        return entries[::-1]

    def _active(self, journalled: int) -> int:
        """The active generation; what the journal says where the pointer is damaged: going back mends it."""
        try:
            return self._store.active_number()
        except StoreError:
            return journalled

    async def _hold(self, held: ExitStack, by: str) -> None:
        await hold(held, self._store, by=by, seconds=self._lock_seconds)

    def _refuse_without_consent(self, plan: Plan, *, accept_permissions: bool, enable: bool) -> None:
        needed = [one for one in plan.consent if enable or one.before_enabling]
        if needed and not accept_permissions:
            raise ConsentMissing(needed)

    def _is_outdated(self, plan: Plan) -> bool:
        same = all(self._state.get(f"grants/{cid}") == grant for cid, grant in plan.granted.items())
        return self._store.active_number() != plan.base or not same

    async def _planned_again(self, plan: Plan, again: Again | None) -> Plan:
        """The same plan for what is installed now: once is enough, since the lock keeps everybody else out."""
        fresh = await again() if again is not None else None
        if fresh is None or not fresh.does_the_same(plan) or self._is_outdated(fresh):
            raise _void()
        return fresh

    def _check_all(self, plan: Plan, groups: Collection[str], table: Mapping[str, StoredFile], plugin: str) -> None:
        if not plugin:
            self._hold_to_promises(plan, groups)
        self._check(table, plugin)

    def _hold_to_promises(self, plan: Plan, groups: Collection[str]) -> None:
        fresh = {item.distribution for item in (*plan.added, *plan.changed)}
        every = (*plan.pins, *(pin for own in plan.workers.values() for pin in own))
        for pin in distinct(pin for pin in every if pin.distribution in fresh):
            hold_to_promise(pin, self._store.entries.tree(pin.file.sha256), groups)

    def _activation(self, plan: Plan, by: str, *, enable: bool, since: int) -> Activation:
        return Activation(
            transaction=uuid.uuid4().hex,
            previous=plan.base,
            generation=0,  # the store counts
            at=now(),
            by=by,
            what=plan.what,
            changes=changed_keys(plan, self._state, self._store.active(), enable=enable),
            since=since,
        )

    def _record(self, activation: Activation) -> None:
        """The state's part of an activation; asked again after a crash, it does nothing twice."""
        about: dict[str, Any] = {"by": activation.by, "why": activation.what, "transaction": activation.transaction}
        if activation.undoes and not self._state.seen(activation.transaction, reverting=True):
            done = self._state.revert(activation.undoes, **about)
            restored = {*done.restored, *self._reverted.restored}
            kept = {*done.kept, *self._reverted.kept} - restored
            self._reverted = Reverted(tuple(sorted(restored)), tuple(sorted(kept)))
        if activation.changes and not self._state.seen(activation.transaction):
            stayed = self._state.change(activation.changes, **about, since=activation.since)
            set_again = tuple(key for key in self._reverted.restored if key not in stayed)
            self._reverted = Reverted(set_again, tuple(sorted({*self._reverted.kept, *stayed})))

    def _left_out(self, plan: Plan, wheels: Mapping[str, Path]) -> dict[str, tuple[str, ...]]:
        if not wheels:
            return {}
        files = {pin.file.filename: pin.file.sha256 for pin in plan.every_pin if pin.file.sha256 in wheels}
        return {name: left for name, sha256 in files.items() if (left := self._store.left_out(sha256))}

    def _versions(self, number: int) -> dict[str, str]:
        try:
            generation: Generation = self._store.generation(number)
        except StoreError:
            return {}  # its files are gone; the history still tells the words
        return {pin.id: pin.version for pin in generation.pins if pin.id is not None}


def _void() -> StoreError:
    return StoreError("something else was installed, removed or granted meanwhile", hint="try again")
