"""From a wish to a plan: solve, compare, and say what a user must agree to. Nothing is changed here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from jackfield.errors import PluginError, UnknownPlugin, UsageError
from jackfield.management.catalog import MarketCatalog
from jackfield.management.clashes import clashes
from jackfield.management.coming import coming_of, first_keys, makers_of
from jackfield.management.compatibility import compatibility_notes, extras_notes
from jackfield.management.consent import Consent, requests_and_grants
from jackfield.management.inventory import Inventory
from jackfield.management.machine import is_remembered
from jackfield.management.places import differs, preferred
from jackfield.management.plan import Plan, differences, migrations
from jackfield.management.policy import Policies
from jackfield.management.probation import failed_versions
from jackfield.management.published import published_distributions
from jackfield.management.reach import news_until
from jackfield.management.refusals import (
    naming_revoked,
    refuse_company,
    refuse_elsewhere,
    refuse_held_back,
    refuse_impostor,
)
from jackfield.management.removing import removal
from jackfield.management.revoked import RevokedHere, refuse_revoked
from jackfield.management.signatures import SignatureCheck
from jackfield.management.specs import Spec, canonical, installed_as, parse_spec
from jackfield.management.waiting import waiting
from jackfield.management.wanting import Wanting
from jackfield.manifest import HostFile, Manifest, Pin, Requirement, Version, places_of
from jackfield.permissions import Choice, Placement
from jackfield.resolution import Place, Solution, Target, Want, resolve
from jackfield.storage import State
from jackfield.store import Store


class Planner:
    """Makes plans for one profile as it is now.

    Args:
        app: the application's name.
        hostfile: its host file.
        store: what is unpacked.
        state: pins and grants.
        inventory: what is installed, and what is fixed.
        urls: the marketplaces, in order.
        policies: how the user wants plugins to be updated.
    """

    def __init__(
        self,
        app: str,
        hostfile: HostFile | None,
        *,
        store: Store,
        state: State,
        inventory: Inventory,
        urls: Sequence[str],
        policies: Policies | None = None,
    ) -> None:
        self._app = app
        self._hostfile = hostfile
        self._store = store
        self._state = state
        self._inventory = inventory
        self._urls = urls
        self.policies = policies or Policies(state)
        self._choices: Mapping[str, Choice] = {}
        self._own_processes: dict[tuple[str, str], bool] = {}
        self._solved_for: Target | None = None
        self._revoked = RevokedHere(store, state)

    def catalog(self) -> MarketCatalog:
        """The offers for one plan."""
        inventory = self._inventory
        active, failed = inventory.generation, failed_versions(self._state)
        return MarketCatalog(
            self._urls,
            self._store,
            active,
            lambda: inventory.stored,
            groups=inventory.groups,
            failed=failed,
            waits=waiting(self.policies, self._store.layout, inventory),
            revoked=self._revoked,
        )

    async def install(self, specs: Sequence[str], *, pre: bool, upgrade: bool = False, alone: bool = False) -> Plan:
        """Plan to install; what is installed stays in its version, as far as that is possible.

        Args:
            specs: what the user named.
            pre: whether pre-releases may be chosen.
            upgrade: whether what is named and installed already moves to its newest version.
            alone: whether nothing may come that was not named.

        Raises:
            UsageError, GrammarError: a spec that cannot be read, or no marketplace is configured; or more is needed
                than may come.
            UnknownPlugin: no marketplace has it.
            ResolutionError, MarketError, WheelError, PluginError: as they say.
        """
        parsed = [parse_spec(text) for text in specs]
        if not self._urls and any(spec.file is None for spec in parsed):
            raise UsageError(
                "no marketplace is configured",
                hint='set JACKFIELD_MARKETPLACE, or marketplaces = ["https://…"] in the configuration file',
            )
        async with self.catalog() as catalog:
            self._expect(parsed, catalog)
            await catalog.sent()
            await self._look()
            look = Wanting(self._app, self._inventory, self._urls, catalog, self.policies)
            wants = [await look.want(spec, pre=pre) for spec in parsed]
            # To try what the machine offers takes as long as the marketplaces do to answer.
            await asyncio.gather(*(refuse_held_back(want, catalog) for want in wants), self._try_machine())
            named = {want.distribution for want in wants}
            loose = {want.distribution for want in wants if upgrade or want.requirement is not None}
            loose |= {name for name in named if catalog.left_out.revoked_of(name)}
            files = set(catalog.wheels)
            prefer = self._prefer(without=loose | named if files else loose)
            kept = [self._keep(pin) for pin in self._inventory.pins.values() if pin.distribution not in named]
            catalog.ask_for(named)
            solution = await self._solve([*wants, *kept], catalog, prefer)
            for want in wants:
                refuse_impostor(want, solution)
            asked = [canonical(want.plugin) for want in wants]
            what = f"install {', '.join(want.plugin for want in wants)}"
            plan = await self._compare(what, solution, catalog, asked)
            if alone:
                refuse_company(plan, named)
            return plan

    async def _try_machine(self) -> None:
        """Have the machine's grade told, in a thread: where it is not remembered, that takes a process of its own."""
        if self._hostfile is not None and not is_remembered(os.environ):
            await asyncio.to_thread(lambda: self._inventory.grade)

    def remove(self, ids: Sequence[str], *, purge: bool = False) -> Plan:
        """Plan to remove plugins, and with them what only they brought; their data stays unless it is purged after.

        Raises:
            UnknownPlugin: one is not installed.
            MissingDependency: another installed plugin needs one.
            PluginError: one came by pip: it is removed with pip.
        """
        gone = {self._own(plugin, "remove") for plugin in ids}
        return removal(self._inventory, self._state, gone, layout=None if purge else self._store.layout)

    async def _look(self) -> None:
        """Look at what is installed, in a thread, while the marketplaces answer what we already knew to ask.

        Where all is as it was, a `stat` each tells so, a millisecond for a hundred plugins. Two threads that take turns
        at the interpreter for each of them take three.
        """
        whole = self._store.entries.found_whole(self._inventory.generation.plugin_wheels)
        if not self._inventory.look_again(whole):
            await asyncio.to_thread(self._inventory.look, whole)

    def _expect(self, specs: Sequence[Spec], catalog: MarketCatalog) -> None:
        """Ask for all plugins at once, and where one was looked up before, also for what was found then."""
        known = self._inventory.memory.distributions
        for cid in [canonical(spec.id) for spec in specs if spec.id is not None]:
            pin = self._inventory.pins.get(cid)
            catalog.expect(cid, pin.distribution if pin else known.get(cid), pin.source if pin else None)

    def _keep(self, pin: Pin) -> Want:
        """What is installed and not asked for: it may move where others need it to, but never out of its pin."""
        held = self._held(canonical(pin.id)) if pin.id is not None else None
        if held is not None and not held.accepts(Version.parse(installed_as(pin))):
            held = None  # a pin that leaves out what is installed counts from the next update of it
        return Want(pin.distribution, pin.id or pin.distribution, held, pinned=held is not None)

    def _held(self, cid: str) -> Requirement | None:
        if cid not in self._holding:
            return None  # as nearly all are: a plan asks this of every plugin
        text = self.policies.held(cid, installed_as(self._inventory.pins[cid]))
        return Requirement.parse(text) if text is not None else None

    @cached_property
    def _holding(self) -> frozenset[str]:
        return self.policies.holding(self._inventory.pins)

    def _own_libraries(self, manifest: Manifest) -> bool:
        """Whether a plugin has a process, and with it libraries, of its own."""
        cid = manifest.canonical_id
        chosen = self._choices.get(cid) or self._inventory.choice(cid)
        key = (manifest.isolation, str(chosen))
        found = self._own_processes.get(key)  # asked of each plugin in one plan
        if found is None:
            found = self._inventory.placement(cid, manifest, chosen=chosen).own_process
            self._own_processes[key] = found
        return found

    def _prefer(self, *, without: Collection[str]) -> dict[Place, str]:
        """What is installed, but for plugins that shall move; their libraries stay as far as they may."""
        found = preferred(self._inventory.generation, self._inventory.manifests, self._own_libraries)
        return {place: version for place, version in found.items() if place[0] or place[1] not in without}

    def _target(self) -> Target:
        """What runs now, with the application."""
        return Target.current(
            app=self._app if self._hostfile is not None else None,
            api_version=self._hostfile.api_version if self._hostfile is not None else None,
            installed=self._inventory.surroundings.installed,
            published=self._inventory.surroundings.published(self._app, published_distributions),
        )

    async def _solve(
        self, wants: Sequence[Want], catalog: MarketCatalog, prefer: Mapping[Place, str], *, staying: bool = True
    ) -> Solution:
        target = self._solved_for or self._target()
        with naming_revoked(catalog):
            return await resolve(
                wants,
                catalog=catalog,
                target=target,
                prefer=prefer,
                held=catalog.held(prefer) if self._solved_for is None else {},
                remembered=self._inventory.memory.details if self._solved_for is None else None,
                own_libraries=self._own_libraries,
                staying=self._staying() if staying and self._solved_for is None else {},
                settle=self._inventory.memory.settle if self._solved_for is None else None,
                named=len(catalog.sources) > 1,
            )

    def _staying(self) -> dict[Place, str]:
        """What is installed and may stay as it is, blocked by name, where no version of it runs here any more."""
        return {place: pin.file.sha256 for place, pin in self._inventory.generation.places.items()}

    async def _compare(self, what: str, solution: Solution, catalog: MarketCatalog, asked: Sequence[str]) -> Plan:
        generation = self._inventory.generation
        before, after = generation.places, places_of(solution.pins, solution.workers)
        new = {place for place, pin in after.items() if place not in before or differs(before[place], pin)}
        manifests = {name: one for name, one in solution.manifests.items() if ("", name) in new}
        placements = {name: self._placement(manifest) for name, manifest in manifests.items()}
        texts, makers = await asyncio.gather(
            asyncio.gather(*(self._news(before.get(("", name)), after["", name], catalog) for name in manifests)),
            makers_of(catalog, {one.canonical_id: after["", name] for name, one in manifests.items()}),
        )
        changelogs = {name: text for name, text in zip(manifests, texts, strict=True) if text}
        absent = {pin.file.sha256 for pin in after.values() if not catalog.holds(pin.file)}
        refuse_revoked(after.values(), generation.wheels, self._revoked, catalog.left_out.contents)
        added, changed, removed = differences(before, after, absent=absent, changelogs=changelogs)
        coming = {
            (cid := one.canonical_id): coming_of(name, solution, after, makers[cid], set(before), placements[name])
            for name, one in manifests.items()
        }
        fresh = [pin for place, pin in after.items() if place in new]
        await SignatureCheck(self._state, catalog).require(fresh, {cid: one.key for cid, one in makers.items()})
        words, manifests_here = Consent(self._app, self._hostfile), self._inventory.manifests
        makers_here = {cid: (self._inventory.published(cid)[0], self._inventory.signed_by(cid)) for cid in coming}
        # Before the grants are worked out from them: who revokes something after this look makes the plan void.
        granted = {cid: self._state.get(f"grants/{cid}") for cid in coming}
        consent, grants = requests_and_grants(words, coming, self._inventory.standing, manifests_here, makers_here)
        standings = await catalog.standings({item.source for item in (*added, *changed)})
        young = tuple(catalog.withheld.young_notes(fresh))
        ids = {cid: pin.id or cid for cid, pin in self._inventory.pins.items()}
        kept = {cid for cid, pin in self._inventory.pins.items() if ("", pin.distribution) in after}

        def stay() -> dict[str, Manifest]:
            others = {cid: one for cid, one in manifests_here.items() if cid not in coming}
            return {
                cid: one
                for cid, one in others.items()
                if self._inventory.enabled(cid) and (cid in kept or cid not in ids)
            }

        moved = kept & (solution.workers.keys() ^ generation.workers.keys())  # what goes runs nowhere
        return Plan(
            what=what,
            base=generation.number,
            pins=solution.pins,
            workers=solution.workers,
            moved={ids[cid]: "worker" if cid in solution.workers else "inline" for cid in sorted(moved)},
            migrates=migrations(manifests.values(), manifests_here),
            choices=self._choices,
            added=added,
            changed=changed,
            removed=removed,
            consent=consent,
            grants=grants,
            granted=granted,
            asked=tuple(asked),
            published={cid: one.said for cid, one in coming.items()},
            files=catalog.wheels,
            host_used=solution.host_used,
            young=young,
            notes=(
                *standings,
                *young,
                *first_keys(coming.values(), {cid: self._inventory.grant(cid) for cid in coming}),
                *self._revoked.notes({item.source for item in (*added, *changed)}),
                *clashes({one.canonical_id: one for one in manifests.values()}, stay, manifests_here),
                *compatibility_notes(self._app, self._hostfile, solution, manifests),
                *extras_notes(solution, after, new),
                *(f"{one.id}: {warning}" for one in manifests.values() for warning in one.warnings),
                *(f"{manifests[name].id} {one.problem}" for name, one in placements.items() if one.problem),
            ),
        )

    async def _news(self, old: Pin | None, new: Pin, catalog: MarketCatalog) -> str:
        if old is None or old.id is None:
            return ""
        entries = await catalog.changelog(canonical(old.id), old.source, old.version)
        return news_until(new.version, entries)

    def _own(self, plugin: str, verb: str) -> str:
        """The canonical id of a plugin that we may change."""
        refuse_elsewhere(self._inventory, plugin, verb)
        cid = canonical(plugin)
        if cid not in self._inventory.pins:
            hint = f"jackfield keys revoke {plugin}" if cid in self._inventory.external else "jackfield list"
            raise UnknownPlugin(f"{plugin} is not installed", plugin=plugin, hint=hint)
        return cid

    def _placement(self, manifest: Manifest) -> Placement:
        """Where a plugin that comes will run; one that this machine cannot confine is installed, and waits.

        Raises:
            PluginError: the application has no place for it at all.
        """
        placement = self._inventory.placement(manifest.canonical_id, manifest)
        if placement.problem and self._inventory.grade is None:
            raise PluginError(
                f"{manifest.id} {placement.problem}",
                plugin=manifest.id,
                hint='its author can allow both with isolation = "any"',
            )
        return placement
