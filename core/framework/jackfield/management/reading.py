"""One application's plugins as they are, and what marketplaces offer: looked at, never changed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from jackfield.errors import StoreError
from jackfield.management.environment import Environment
from jackfield.management.inventory import Inventory
from jackfield.management.memory import Memory
from jackfield.management.policy import Policies
from jackfield.management.probation import FailedVersion, failed_versions, still_true
from jackfield.management.reports import HistoryEntry, Info, PermissionReport, Row, Update
from jackfield.management.revoked import RevokedHere
from jackfield.management.specs import canonical
from jackfield.manifest import HostFile, Manifest
from jackfield.permissions import Placement, isolation_of
from jackfield.storage import State
from jackfield.store import WAIT_SECONDS, Generation, Layout, Store, StoredFile

if TYPE_CHECKING:
    from jackfield.management.applying import Changes
    from jackfield.management.comparison import Difference
    from jackfield.management.external import ExternalPlugins
    from jackfield.management.keeping import Keeping
    from jackfield.management.marketplaces import Marketplaces
    from jackfield.management.moving import IsolationReport
    from jackfield.management.offers import Findings
    from jackfield.management.plan import ConsentRequest
    from jackfield.management.planning import Planner
    from jackfield.management.upgrade import UpgradeReport
    from jackfield.management.wishes import Wishes

    Kind = TypeVar("Kind", bound=Planner)


class ManagementReader:
    """What one profile has and what it is offered; the half of `Management` that changes nothing.

    The one thing it ever writes is what an installer that died left half done: that is completed before it is read.

    Args:
        app: the application's name, as in its host.toml.
        layout: where the profile lies.
        marketplaces: addresses, asked in this order.
        hostfile: its resources, sentences and API version; None for an application that only uses pluggy.
        groups: the entry-point groups of its plugins; the host file's by default, else `<app>.plugins`.
        environment: where the host imports from; the process that runs now by default.
        lock_seconds: how long a change waits for another installer.
        clock: seconds since the epoch, for what waits until it is old enough.

    Attributes:
        revoked: what is revoked, as the last lists say.
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
        clock: Callable[[], float] = time.time,
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
        self.policies = Policies(self.state, clock)
        self.revoked = RevokedHere(self.store, self.state)

    async def check_updates(
        self, ids: Sequence[str] | None = None, *, pre: bool = False, tell: Callable[[str], object] | None = None
    ) -> list[Update]:
        """Look for updates; a plugin that cannot be looked up is a record with its `problem`, never the end (C42).

        Args:
            ids: which; None for all.
            pre: whether pre-releases count.
            tell: is given a sentence for each marketplace that was met by this look: its user has to compare its root.

        Raises:
            MarketUnreachable: no marketplace answers at all.
        """
        from jackfield.management.allowing import with_revoked
        from jackfield.management.updating import Updater

        asked = [canonical(plugin) for plugin in ids] if ids is not None else None
        found, met = await self._planning(Updater).check(asked, pre=pre)
        if tell is not None:
            for sentence in met:
                tell(sentence)
        return with_revoked(found, self.inventory(), asked)  # what was revoked is known by now

    async def check_upgrade(self, versions: Mapping[str, str], python: str | None = None) -> UpgradeReport:
        """What becomes of the installed plugins with another version of their host, or another Python (K36).

        Args:
            versions: name -> version, of the application, of jackfield, or of a distribution of the environment.
            python: `3.13`; None for the one that runs.

        Raises:
            UsageError: a name that is none of these, or a version that cannot be read.
            MarketError: a marketplace that has to be asked does not answer, or nonsense.
        """
        from jackfield.management.upgrade import UpgradeCheck

        check = UpgradeCheck(
            self.app,
            self.hostfile,
            store=self.store,
            state=self.state,
            inventory=self.inventory(),
            urls=self.marketplaces,
        )
        return await check.run(versions, python)

    def history(self) -> list[HistoryEntry]:
        """Every change of the installed set, newest first."""
        return self._changes().history()

    def diff(self, old: int | None = None, new: int | None = None) -> Difference:
        """What differs between two generations.

        Args:
            old: its number; None for the one that was active before.
            new: its number; None for the active one.

        Raises:
            StoreError: there is none of that number, or it is damaged.
        """
        from jackfield.management.comparison import compare

        self._heal()
        done = self.store.journal.activations()
        first = old if old is not None else (done[-1].previous if done else 0)
        after = self.store.generation(new) if new is not None else self.store.active()

        def manifests(generation: Generation) -> Mapping[str, Manifest]:
            found = self._memory.stored(self._groups, generation.plugin_trees)
            return {one.canonical_id: one.manifest for one in found if one.manifest is not None}

        return compare(self.store.generation(first), after, manifests)

    def failed(self, *, replaced: bool = False) -> tuple[FailedVersion, ...]:
        """The versions that were rolled back because they failed here and are not taken again, the newest first.

        Args:
            replaced: also those of which another file of the same version is installed since.
        """
        failures = failed_versions(self.state)
        return failures if replaced or not failures else still_true(failures, self.inventory().pins)

    def list(self) -> list[Row]:
        """Every plugin, from the store and from the environment, by id."""
        return self.inventory().rows()

    async def info(self, plugin: str) -> Info:
        """All about one plugin, installed or not; a marketplace that is down is the answer's `problem`.

        Raises:
            UnknownPlugin: it is neither installed nor offered.
        """
        from jackfield.errors import UnknownPlugin
        from jackfield.management.compatibility import offered_works_with, works_with
        from jackfield.management.offers import find_details, near_ids

        inventory = self.inventory()
        row = inventory.row(plugin)
        found = await find_details(self.marketplaces, plugin, self.layout.root / "trust")
        if row is None and found.details is None:
            if found.problem is not None:
                raise found.problem
            near = await near_ids(self.marketplaces, plugin, app=self.app)
            hint = f"did you mean {' or '.join(near)}?" if near else f"jackfield search {plugin}"
            raise UnknownPlugin(f"there is no plugin {plugin}", plugin=plugin, hint=hint)
        asked = self._wishes(inventory).permissions(plugin).request.permissions if row is not None else ()
        manifest = inventory.manifests.get(canonical(plugin))
        works = (
            works_with(manifest, self.app, self.hostfile)
            if manifest is not None
            else offered_works_with(found.details or {"id": plugin}, self.app, self.hostfile)
        )
        return Info(
            id=canonical(plugin) if row is None else row.id,
            row=row,
            details=found.details,
            marketplace=found.marketplace,
            permissions=asked,
            problem=found.problem.message if found.problem is not None else None,
            works=works,
            key=inventory.signed_by(canonical(plugin)) if row is not None else None,
            offered_key=found.key,
            libraries=inventory.own_libraries(canonical(plugin)),
            revoked=tuple((hit.revocation.versions, hit.problem) for hit in self.revoked.of_name(plugin)),
        )

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

    def would_run(self, asked: str, *, plugin: str) -> Placement:
        """Where a plugin that is not installed would run.

        Args:
            asked: `worker`, `inline` or `any`, as its marketplace says.
            plugin: its id.
        """
        return isolation_of(asked, None, self.inventory().grade, plugin=plugin)

    def isolation(self, plugin: str) -> IsolationReport:
        """Where an installed plugin runs, and what its user may choose; see `isolation_report`."""
        from jackfield.management.consent import Consent
        from jackfield.management.moving import isolation_report

        return isolation_report(self.inventory(), Consent(self.app, self.hostfile), plugin)

    def enable_request(self, plugin: str) -> ConsentRequest:
        """What enabling a plugin asks; its growth is empty where the user agreed before.

        Raises:
            UnknownPlugin: it is not installed.
            PluginError: it cannot run here at all.
        """
        return self._wishes().request(plugin)

    def clashes(self, plugin: str) -> tuple[str, ...]:
        """Say which commands of a plugin are those of others that have been enabled longer, a sentence each.

        Raises:
            UnknownPlugin: it is not installed.
        """
        return self._wishes().clashes(plugin)

    def permissions(self, plugin: str) -> PermissionReport:
        """What a plugin asks, and what of it is granted.

        Raises:
            UnknownPlugin: it is not installed.
        """
        return self._wishes().permissions(plugin)

    @property
    def kept(self) -> Keeping:
        """What plugins keep: settings and data."""
        from jackfield.management.keeping import Keeping

        return Keeping(self.layout, self.state, self.inventory())

    @property
    def trusted(self) -> Marketplaces:
        """The marketplaces: how each is known, and which signatures are demanded."""
        from jackfield.management.marketplaces import Marketplaces

        sources = {pin.id or cid: pin.source for cid, pin in self.inventory().pins.items()}
        return Marketplaces(self.layout, self.state, self.marketplaces, sources)

    @property
    def external(self) -> ExternalPlugins:
        """Plugins that are programs of their own, and their keys."""
        from jackfield.isolation import KeyUses
        from jackfield.management.external import ExternalPlugins

        uses = KeyUses(self.layout.key_uses)
        return ExternalPlugins(self.app, self.hostfile, self.state, self.inventory(), uses)

    def inventory(self) -> Inventory:
        """One look at what is installed, wished and granted."""
        self._heal()
        active, around, revoked = self.store.active(), self._surroundings, self.revoked
        return Inventory(
            active, self.state, around, self._groups, self.app, self.hostfile, self._memory, revoked=revoked
        )

    def _surroundings(self) -> Environment:
        return self._environment or self._memory.environment(self._groups)

    def _heal(self) -> None:
        """Complete what an installer that died left open; one that is still at work is left alone."""
        if not self.store.settled():
            from jackfield.management.applying import Changes

            with contextlib.suppress(StoreError):  # at work, or a disk that cannot be written: reading goes on
                Changes(self.store, self.state, check=lambda _table, _plugin: None, lock_seconds=0).settle_if_needed(
                    "reader"
                )

    def _planner(self, inventory: Inventory | None = None) -> Planner:
        from jackfield.management.planning import Planner

        return self._planning(Planner, inventory)

    def _planning(self, kind: type[Kind], inventory: Inventory | None = None) -> Kind:
        return kind(
            self.app,
            self.hostfile,
            store=self.store,
            state=self.state,
            inventory=inventory or self.inventory(),
            urls=self.marketplaces,
            policies=self.policies,
        )

    def _changes(self) -> Changes:
        from jackfield.management.applying import Changes

        environment = self._environment or Environment(self._groups)

        def check(table: Mapping[str, StoredFile], plugin: str) -> None:
            from jackfield.management.published import refuse_hidden, refuse_second

            refuse_second(table, self.app)
            if plugin:
                refuse_hidden(table, plugin, self.app)
            else:
                environment.refuse_shadowing(table)

        return Changes(self.store, self.state, check=check, lock_seconds=self._lock_seconds)

    def _wishes(self, inventory: Inventory | None = None) -> Wishes:
        from jackfield.management.wishes import Wishes

        return Wishes(self.app, self.hostfile, self.state, inventory or self.inventory())
