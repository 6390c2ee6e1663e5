"""One application's plugins: found, planned, agreed to, installed, updated and taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from jackfield.management.probation import released_keys
from jackfield.management.reading import ManagementReader
from jackfield.management.reports import PermissionReport, RollbackReport
from jackfield.management.specs import canonical
from jackfield.store import GENERATIONS_KEPT, Garbage

if TYPE_CHECKING:
    from pathlib import Path

    from jackfield.errors import MarketError
    from jackfield.management.allowing import RevocationEvent
    from jackfield.management.applying import Again
    from jackfield.management.catalog import MarketCatalog
    from jackfield.management.locking import Locker
    from jackfield.management.plan import ConsentRequest, Plan
    from jackfield.management.profiles import Vanished
    from jackfield.management.reports import Outcome
    from jackfield.management.revoked import RevokedReport
    from jackfield.management.stepping import Progress
    from jackfield.management.upkeep import DamagedWheel
    from jackfield.permissions import Choice
    from jackfield.store import LockFile


class Management(ManagementReader):
    """The install, update and rollback story of one profile; the same for the command line and a running application.

    Making it reads nothing and asks nobody. No method imports plugin code. Calls that may wait are `async`;
    synchronous callers use `asyncio.run`. What only looks is `ManagementReader`, which takes the same arguments.
    """

    async def plan_install(
        self, specs: Sequence[str], *, pre: bool = False, upgrade: bool = False, alone: bool = False
    ) -> Plan:
        """Plan to install plugins; what is there stays in its version as far as possible (U9).

        Args:
            specs: each `id`, `id==1.2`, `id@^1.2` or the path of a wheel; `@sha256:` and digits hold it to a hash.
            pre: whether pre-releases may be chosen.
            upgrade: whether what is named and installed already moves to its newest version.
            alone: whether nothing may come that was not named; `UsageError` where more is needed.

        Raises:
            UsageError, GrammarError: a spec that cannot be read, or no marketplace is configured.
            UnknownPlugin: no marketplace has it.
            ResolutionError: no set holds; the message says who wants what, and the way out.
            PluginError: it came by pip, or it cannot run here.
            MarketError, WheelError: a source that does not answer, or a wheel that is refused.
        """
        return await self._planner().install(specs, pre=pre, upgrade=upgrade, alone=alone)

    async def plan_update(self, ids: Sequence[str] | None = None, *, pre: bool = False, growing: bool = True) -> Plan:
        """Plan to update plugins.

        Args:
            ids: which; None for all.
            pre: whether pre-releases may be chosen.
            growing: False leaves out plugins whose new version asks for more; the plan's notes name them.

        Raises:
            UnknownPlugin: one is not installed.
            PluginError: one came by pip: it is updated with pip.
            ResolutionError, MarketError: as for `plan_install`.
        """
        from jackfield.management.updating import Updater

        return await self._planning(Updater).update(ids, pre=pre, growing=growing)

    def plan_remove(self, ids: Sequence[str], *, purge: bool = False) -> Plan:
        """Plan to remove plugins, and with them what only they brought; their data stays unless it is purged after.

        Raises:
            UnknownPlugin: one is not installed.
            MissingDependency: another installed plugin needs one.
            PluginError: one came by pip: it is removed with pip.
        """
        return self._planner().remove(ids, purge=purge)

    async def plan_sync(
        self,
        lock: LockFile | None = None,
        local: Mapping[str, Path] | None = None,
        *,
        allow: Collection[str] = (),
        keeps: bool = True,
    ) -> Plan:
        """Plan to have exactly what a lock file names; without one, the installed set anew for the Python that runs.

        Args:
            lock: the file.
            local: sha256 -> wheel, of those that came with it; see `Locker.sync`.
            allow: names that are taken from it though no marketplace of the user vouches for them.
            keeps: whether what a bundle says was revoked is kept from now on; False for who only looks.
        """
        locker = self._locker()
        if lock is None:
            return await locker.rebuild()
        return await locker.sync(lock, local or {}, allow=allow, keeps=keeps)

    async def lock(self, targets: Sequence[str] = (), *, skip_missing: bool = False) -> LockFile:
        """A lock file of what is installed, for this machine or for named targets; see `Locker.lock`."""
        return await self._locker().lock(targets, skip_missing=skip_missing)

    async def bundle(self, target: Path) -> tuple[LockFile, int, list[str]]:
        """Write what is installed into one file, with its wheels and what their marketplaces signed of them.

        Returns:
            the lock, the size in bytes, and sentences that a user should read.

        Raises:
            StoreError: a wheel is not here, or the file cannot be written.
        """
        from jackfield.management.bundle import write_bundle
        from jackfield.management.vouching import proofs_for

        lock = await self.lock()
        proofs, notes = await proofs_for(lock, self.layout.root / "trust", self.marketplaces)
        return lock, write_bundle(target, lock, self.store, proofs), notes

    def _locker(self) -> Locker:
        from jackfield.management.locking import Locker

        return self._planning(Locker)

    async def plan_isolation(self, plugin: str, choice: Choice) -> Plan:
        """Plan to run a plugin where its user chose, with the libraries that it has there; see `Mover.move`."""
        from jackfield.management.moving import Mover

        return await self._planning(Mover).move(plugin, choice)

    async def apply(
        self,
        plan: Plan,
        *,
        accept_permissions: bool,
        enable: bool = True,
        by: str,
        progress: Progress | None = None,
        again: Again | None = None,
    ) -> Outcome:
        """Carry out a plan: the whole of it, or nothing.

        Args:
            plan: from one of the `plan_` methods.
            accept_permissions: whether the user said yes to everything in `plan.consent`.
            enable: whether plugins that come are enabled; without it they ask for consent when they are.
            by: who asked for it, for the history.
            progress: called with the name of each step, and with name, bytes and total of each download.
            again: makes the plan anew where another change made it void; used if it then does and asks the same.

        Raises:
            ConsentRequired: the plan asks for more than was agreed to; nothing was changed.
            StoreLocked: another installer is at work.
            StoreError: the set changed since the plan was made, wheels collide, or the disk refused.
            WheelError, MarketError: a wheel that is not what was promised; nothing was changed.
        """

        def catalog() -> MarketCatalog:
            from jackfield.management.catalog import MarketCatalog

            # Only fetching is asked of it: no manifest that is here is needed.
            return MarketCatalog(self.marketplaces, self.store, self.store.active(), dict, groups=self._groups)

        return await self._changes().apply(
            plan,
            catalog,
            groups=self._groups,
            accept_permissions=accept_permissions,
            enable=enable,
            by=by,
            progress=progress,
            again=again,
        )

    async def rollback(self, *, to: int | None = None, by: str, progress: Progress | None = None) -> RollbackReport:
        """Go back to what was active before, through the history; twice in a row goes back twice.

        Code and libraries return, and of the state exactly the keys that the undone changes set and nobody has set
        since. What a plugin stored itself stays, unless the version before cannot read it. Every generation whose files
        are there can be gone to: back over what was done, on over what was undone, or both, as one change.

        Args:
            to: a generation to go to; None for the one before.
            by: who asked for it.
            progress: called with the name of each step.

        Raises:
            UsageError: there is nothing to go back to, or no such generation.
            StoreLocked, StoreError: as for `apply`.
        """
        return await self._changes().rollback(to=to, by=by, progress=progress)

    async def give_up(
        self, failures: Mapping[str, str], *, by: str, progress: Progress | None = None
    ) -> RollbackReport | None:
        """Undo the changes that brought plugins on probation which failed, and hold back what they brought (C46).

        It is a rollback like every other: code, libraries and the keys of the undone changes go back together. What
        was changed after a guilty change goes with it.

        Args:
            failures: canonical id -> why, a sentence; plugins that are not on probation are passed over.
            by: who asks for it.
            progress: called with the name of each step.

        Returns:
            what it did; None where none of them is on probation any more.

        Raises:
            StoreLocked, StoreError: as for `apply`.
        """
        return await self._changes().give_up(failures, by=by, progress=progress)

    def release(self, plugin: str, *, by: str) -> bool:
        """Let versions of a plugin be taken again that failed here; returns whether there were any."""
        keys = released_keys(self.state, canonical(plugin))
        self.state.change(keys, by=by, why=f"let what failed of {plugin} be tried again")
        return bool(keys)

    def revocation_events(self) -> list[RevocationEvent]:
        """What was stopped because it was revoked, and what users allowed all the same, newest first."""
        from jackfield.management.allowing import revocation_events

        return revocation_events(self.state)

    async def check_revocations(self) -> dict[str, MarketError]:
        """Ask the marketplaces what they have revoked, and nothing else; address -> why it could not be had."""
        from jackfield.management.allowing import refresh_revocations

        return await refresh_revocations(self.marketplaces, self.layout.trust)

    def allow_revoked(self, plugin: str, *, by: str) -> RevokedReport:
        """Let a revoked plugin be installed and run for a day; see `allowing.allow_revoked`."""
        from jackfield.management.allowing import allow_revoked

        return allow_revoked(plugin, self.revoked, self.inventory(), self.state, by=by)

    def end_allowance(self, plugin: str, *, by: str) -> bool:
        """Have a revoked plugin stopped again before its day is over; whether there was anything to end."""
        from jackfield.management.allowing import end_allowance

        return end_allowance(plugin, self.state, by=by)

    def take_over(self, profile: str, *, by: str) -> Vanished:
        """Make this profile of one whose Python environment is gone; see `profiles.take_over`."""
        from jackfield.management.profiles import take_over

        return take_over(self.layout, profile, by=by)

    async def verify(self, *, repair: bool = False, by: str) -> Sequence[DamagedWheel]:
        """Hash every file of the store and name what is not as it was installed.

        With `repair` it is brought back, from the stored wheel or, where that is damaged too, from where it came.

        Raises:
            StoreLocked, StoreError: as for `apply`; what cannot be fetched is a record with its `problem`.
        """
        from jackfield.management.upkeep import Upkeep

        upkeep = Upkeep(self.store, lock_seconds=self._lock_seconds)
        if not repair:
            return await upkeep.verify(by=by)
        async with self._planner().catalog() as catalog:
            return await upkeep.repair(catalog, by=by)

    def collect(self, *, keep: int = GENERATIONS_KEPT, by: str) -> Garbage:
        """Remove generations and wheels that no rollback and no running program can reach; see `Store.collect`."""
        from jackfield.management.upkeep import Upkeep

        self.settle(by=by)  # of what an installer made that died, not all need have reached the disk
        return Upkeep(self.store, lock_seconds=self._lock_seconds).collect(keep=keep, by=by)

    def settle(self, *, by: str = "start") -> str | None:
        """Complete what an installer that died left open and return its words; an application calls it first.

        Raises:
            StoreLocked: an installer is at work.
        """
        return self._changes().settle_if_needed(by)

    def enable(
        self, plugin: str, *, accept_permissions: bool = False, shown: ConsentRequest | None = None, by: str
    ) -> None:
        """Enable a plugin, of the store or the environment; a running host notices by itself.

        Args:
            plugin: its id.
            accept_permissions: whether the user said yes to `enable_request(plugin)`.
            shown: the request that the user read; where something else is asked by now, the yes does not count.
            by: who asked for it.

        Raises:
            UnknownPlugin: it is not installed.
            ConsentRequired: it asks for something that nobody agreed to; nothing was changed.
            PluginError: it cannot run here at all.
        """
        self._wishes().enable(plugin, accept_permissions=accept_permissions, shown=shown, by=by)

    def disable(self, plugin: str, *, by: str) -> None:
        """Disable a plugin; its grant and data stay.

        Raises:
            UnknownPlugin: it is not installed.
        """
        self._wishes().disable(plugin, by=by)

    def grant(self, plugin: str, permission: str | None = None, *, by: str) -> PermissionReport:
        """Grant `resource:action`, or all that the manifest asks; see `Wishes.grant`."""
        return self._wishes().grant(plugin, permission, by=by)

    def revoke(self, plugin: str, permission: str | None = None, *, by: str) -> PermissionReport:
        """Take back `resource:action`, or everything; no rollback brings it back. See `Wishes.revoke`."""
        return self._wishes().revoke(plugin, permission, by=by)

    def pin(self, plugin: str, requirement: str | None, *, by: str) -> None:
        """Hold a plugin to versions for every later update; None lets it go. See `Wishes.pin`."""
        self._wishes().pin(plugin, requirement, by=by)
