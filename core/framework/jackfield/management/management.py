"""One application's plugins: found, planned, agreed to, installed, updated and taken back."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from jackfield.errors import StoreError
from jackfield.management.environment import Environment
from jackfield.management.inventory import Inventory
from jackfield.management.memory import Memory
from jackfield.management.reports import HistoryEntry, Info, PermissionReport, RollbackReport, Row, Update
from jackfield.management.specs import canonical
from jackfield.manifest import HostFile
from jackfield.storage import State
from jackfield.store import GENERATIONS_KEPT, WAIT_SECONDS, Garbage, Layout, Store

if TYPE_CHECKING:
    from jackfield.management.applying import Again, Changes
    from jackfield.management.keeping import Keeping
    from jackfield.management.offers import Findings
    from jackfield.management.plan import ConsentRequest, Plan
    from jackfield.management.planning import Planner
    from jackfield.management.reports import Outcome
    from jackfield.management.stepping import Progress
    from jackfield.management.upkeep import DamagedWheel
    from jackfield.management.wishes import Wishes


class Management:
    """The install, update and rollback story of one profile; the same for the command line and a running application.

    Making it reads nothing and asks nobody. No method imports plugin code. Calls that may wait are `async`;
    synchronous callers use `asyncio.run`.

    Args:
        app: the application's name, as in its host.toml.
        layout: where the profile lies.
        marketplaces: addresses, asked in this order.
        hostfile: its resources, sentences and API version; None for an application that only uses pluggy.
        groups: the entry-point groups of its plugins; the host file's by default, else `<app>.plugins`.
        environment: where the host imports from; the process that runs now by default.
        lock_seconds: how long a change waits for another installer.
    """

    def __init__(
        self,
        app: str,
        layout: Layout,
        marketplaces: Sequence[str],
        hostfile: HostFile | None = None,
        *,
        groups: Collection[str] = (),
        environment: Environment | None = None,
        lock_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.app = app
        self.layout = layout
        self.marketplaces = tuple(marketplaces)
        self.hostfile = hostfile
        self._groups = tuple(groups) or (hostfile.groups if hostfile is not None else (f"{app}.plugins",))
        self.store = Store(layout, groups=self._groups)
        self.state = State(layout.state)
        self._environment = environment
        self._lock_seconds = lock_seconds
        self._memory = Memory()

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
        return await self._planner().update(ids, pre=pre, growing=growing)

    def plan_remove(self, ids: Sequence[str], *, purge: bool = False) -> Plan:
        """Plan to remove plugins, and with them what only they brought; their data stays unless it is purged after.

        Raises:
            UnknownPlugin: one is not installed.
            MissingDependency: another installed plugin needs one.
            PluginError: one came by pip: it is removed with pip.
        """
        return self._planner().remove(ids, purge=purge)

    async def check_updates(self, ids: Sequence[str] | None = None, *, pre: bool = False) -> list[Update]:
        """Look for updates; a plugin that cannot be looked up is a record with its `problem`, never the end (C42).

        Args:
            ids: which; None for all.
            pre: whether pre-releases count.

        Raises:
            MarketUnreachable: no marketplace answers at all.
        """
        from jackfield.management.updates import UpdateCheck

        inventory = self.inventory()
        async with self._planner(inventory).catalog() as catalog:
            check = UpdateCheck(
                self.app, self.hostfile, state=self.state, inventory=inventory, catalog=catalog, pre=pre
            )
            return await check.run([canonical(plugin) for plugin in ids] if ids is not None else None)

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
        from jackfield.management.catalog import MarketCatalog

        active = self.store.active()  # only fetching is asked of the catalog: no manifest that is here is needed
        async with MarketCatalog(self.marketplaces, self.store, active, {}, groups=self._groups) as catalog:
            return await self._changes().apply(
                plan,
                catalog,
                accept_permissions=accept_permissions,
                enable=enable,
                by=by,
                progress=progress,
                again=again,
            )

    async def rollback(self, *, to: int | None = None, by: str, progress: Progress | None = None) -> RollbackReport:
        """Go back to what was active before, through the history; twice in a row goes back twice.

        Code and libraries return, and of the state exactly the keys that the undone changes set and nobody has set
        since. What a plugin stored itself stays. A generation that was undone, and was made from the active one, is
        gone forward to in the same way; that is a change of its own.

        Args:
            to: a generation to go to; None for the one before.
            by: who asked for it.
            progress: called with the name of each step.

        Raises:
            UsageError: there is nothing to go back to, or no such generation.
            StoreLocked, StoreError: as for `apply`.
        """
        return await self._changes().rollback(to=to, by=by, progress=progress)

    def history(self) -> list[HistoryEntry]:
        """Every change of the installed set, newest first."""
        return self._changes().history()

    async def verify(self, *, repair: bool = False, by: str) -> Sequence[DamagedWheel]:
        """Hash every file of the store and name what is not as it was installed.

        With `repair` it is brought back, from the stored wheel or, where that is damaged too, from where it came.

        Raises:
            StoreLocked, StoreError: as for `apply`; what cannot be fetched is a record with its `problem`.
        """
        from jackfield.management.upkeep import Upkeep

        upkeep = Upkeep(self.store, lock_seconds=self._lock_seconds)
        if not repair:
            return await upkeep.verify()
        async with self._planner().catalog() as catalog:
            return await upkeep.repair(catalog, by=by)

    def collect(self, *, keep: int = GENERATIONS_KEPT, by: str) -> Garbage:
        """Remove generations and wheels that no rollback and no running program can reach; see `Store.collect`."""
        from jackfield.management.upkeep import Upkeep

        return Upkeep(self.store, lock_seconds=self._lock_seconds).collect(keep=keep, by=by)

    def settle(self, *, by: str = "start") -> str | None:
        """Complete what an installer that died left open and return its words; an application calls it first.

        Raises:
            StoreLocked: an installer is at work.
        """
        return self._changes().settle_if_needed(by)

    def list(self) -> list[Row]:
        """Every plugin, from the store and from the environment, by id."""
        return self.inventory().rows()

    async def info(self, plugin: str) -> Info:
        """All about one plugin, installed or not; a marketplace that is down is the answer's `problem`.

        Raises:
            UnknownPlugin: it is neither installed nor offered.
        """
        from jackfield.errors import UnknownPlugin
        from jackfield.management.offers import find_details, near_ids

        inventory = self.inventory()
        row = inventory.row(plugin)
        details, where, problem = await find_details(self.marketplaces, plugin)
        if row is None and details is None:
            if problem is not None:
                raise problem
            near = await near_ids(self.marketplaces, plugin, app=self.app)
            hint = f"did you mean {' or '.join(near)}?" if near else f"jackfield search {plugin}"
            raise UnknownPlugin(f"there is no plugin {plugin}", plugin=plugin, hint=hint)
        asked = self._wishes(inventory).permissions(plugin).request.permissions if row is not None else ()
        said = problem.message if problem is not None else None
        return Info(canonical(plugin) if row is None else row.id, row, details, where, asked, said)

    async def search(self, query: str = "", *, category: str | None = None, limit: int = 50) -> Findings:
        """Search all marketplaces at the same time; an id that two of them hold is the first one's.

        Args:
            query: words; empty lists everything.
            category: only plugins of this one.
            limit: how many at most.

        Returns:
            the plugins, each with its marketplace; how many fit in all; and the marketplaces that did not answer.

        Raises:
            UsageError: no marketplace is configured.
            MarketUnreachable: none of them answered.
        """
        from jackfield.management.offers import search

        return await search(self.marketplaces, query, category=category, app=self.app, limit=limit)

    def enable_request(self, plugin: str) -> ConsentRequest:
        """What enabling a plugin asks; its growth is empty where the user agreed before.

        Raises:
            UnknownPlugin: it is not installed.
            PluginError: it cannot run here at all.
        """
        return self._wishes().request(plugin)

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

    def permissions(self, plugin: str) -> PermissionReport:
        """What a plugin asks, and what of it is granted.

        Raises:
            UnknownPlugin: it is not installed.
        """
        return self._wishes().permissions(plugin)

    def grant(self, plugin: str, permission: str | None = None, *, by: str) -> PermissionReport:
        """Grant `resource:action`, or all that the manifest asks; see `Wishes.grant`."""
        return self._wishes().grant(plugin, permission, by=by)

    def revoke(self, plugin: str, permission: str | None = None, *, by: str) -> PermissionReport:
        """Take back `resource:action`, or everything; no rollback brings it back. See `Wishes.revoke`."""
        return self._wishes().revoke(plugin, permission, by=by)

    def pin(self, plugin: str, requirement: str | None, *, by: str) -> None:
        """Hold a plugin to versions for every later update; None lets it go. See `Wishes.pin`."""
        self._wishes().pin(plugin, requirement, by=by)

    @property
    def kept(self) -> Keeping:
        """What plugins keep: settings and data."""
        from jackfield.management.keeping import Keeping

        return Keeping(self.layout, self.state, self.inventory())

    def inventory(self) -> Inventory:
        """One look at what is installed, wished and granted."""
        self._heal()
        environment = self._environment or self._memory.environment(self._groups)
        return Inventory(
            self.store.active(), self.state, environment, self._groups, self.app, self.hostfile, self._memory
        )

    def _heal(self) -> None:
        """Complete what an installer that died left open; one that is still at work is left alone."""
        if not self.store.settled():
            from jackfield.management.applying import Changes

            with contextlib.suppress(StoreError):  # at work, or a disk that cannot be written: reading goes on
                Changes(self.store, self.state, check=lambda _table: None, lock_seconds=0).settle_if_needed("reader")

    def _planner(self, inventory: Inventory | None = None) -> Planner:
        from jackfield.management.planning import Planner

        inventory = inventory or self.inventory()
        return Planner(
            self.app,
            self.hostfile,
            store=self.store,
            state=self.state,
            inventory=inventory,
            environment=inventory.surroundings,
            urls=self.marketplaces,
        )

    def _changes(self) -> Changes:
        from jackfield.management.applying import Changes

        environment = self._environment or Environment(self._groups)
        return Changes(self.store, self.state, check=environment.refuse_shadowing, lock_seconds=self._lock_seconds)

    def _wishes(self, inventory: Inventory | None = None) -> Wishes:
        from jackfield.management.wishes import Wishes

        return Wishes(self.app, self.hostfile, self.state, inventory or self.inventory())
