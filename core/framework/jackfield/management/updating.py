"""Plans to update: forward only, and of the plugins that ask for nothing more where that is wanted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from packaging.version import Version as ReleaseVersion

from jackfield.management.catalog import MarketCatalog
from jackfield.management.plan import ConsentRequest, Plan, PlanItem
from jackfield.management.planning import Planner
from jackfield.management.reach import Reach
from jackfield.management.reports import Update
from jackfield.management.signatures import SignatureCheck
from jackfield.management.specs import canonical, installed_as
from jackfield.management.unmet import refusal
from jackfield.management.updates import UpdateCheck
from jackfield.manifest import Pin, Version
from jackfield.resolution import TOGETHER, Solution, Want, resolve_change, wheels_of


class Updater(Planner):
    """Makes plans to update plugins."""

    async def update(self, ids: Sequence[str] | None, *, pre: bool, growing: bool) -> Plan:
        """Plan to update; pins are kept, libraries move only where they must.

        What is asked for gets no older version, but where another plugin needs it, or the installed one was revoked,
        does not run here or is not what its pin says: else it stays, and the plan's notes say so.

        Args:
            ids: plugins, None for all.
            pre: whether pre-releases may be chosen; whoever has one is offered newer ones all the same.
            growing: whether updates that ask for more are part of it.

        Raises:
            UnknownPlugin: one is not installed.
            PluginError: one came by pip: it is updated with pip.
            ResolutionError, MarketError: as they say.
        """
        pins = self._inventory.pins
        held: dict[str, ConsentRequest] = {}
        older: dict[str, PlanItem] = {}
        async with self.catalog() as catalog:
            for pin in [pins[cid] for cid in map(canonical, ids or ()) if cid in pins]:
                catalog.expect(canonical(pin.id or ""), pin.distribution, pin.source, pin.version)
            await catalog.sent()
            await self._look()
            chosen = set(pins) if ids is None else {self._own(plugin, "update") for plugin in ids}
            while True:
                moving = chosen - held.keys() - older.keys()
                solution = await self._solved(moving, catalog, pre=pre)
                words = ", ".join(sorted(pins[cid].id or cid for cid in moving))
                plan = await self._compare(f"update {words}", solution, catalog, ())
                asking = {canonical(one.plugin): one for one in plan.consent if canonical(one.plugin) in chosen}
                growers = {} if growing else {cid: one for cid, one in asking.items() if cid not in held}
                back = {canonical(one.id or ""): one for one in plan.going_back}
                back = {cid: one for cid, one in back.items() if cid in moving and self._may_stay(cid, catalog)}
                if not growers and not back:
                    break
                held.update(growers)
                older.update(back)
            lost = [self._inventory.pins[cid] for cid in chosen]
            notes = [
                f"{pin.id} came from {pin.source}, which is not asked any more: it stays as it is"
                for pin in lost
                if pin.source != "file" and not catalog.asks(pin.source)
            ]
            notes += [note for pin in lost for note in catalog.withheld.notes(pin)]
            notes += [
                f"{one.id} stays at {one.old_version}: what could be had instead is older ({one.new_version})"
                for one in older.values()
                if one.id
                not in {item.id for item in plan.going_back}  # else another one wants it older, and the plan tells
            ]
        moved = [item.id for item in plan.changed if item.id is not None and canonical(item.id) in chosen]
        still = sorted(moving - {canonical(plugin) for plugin in moved})
        notes += [
            f"{pins[cid].id} stays at {pins[cid].version}: {' '.join(over)}"
            for cid in still
            if (over := _beyond(pins[cid], solution)) is not None
        ]
        what = f"update {', '.join(moved)}" if moved else plan.what  # what changed, not what was asked
        return replace(plan, what=what, notes=(*plan.notes, *notes), held=tuple(held[cid] for cid in sorted(held)))

    async def check(self, cids: Sequence[str] | None, *, pre: bool) -> tuple[list[Update], list[str]]:
        """The updates there are, without a plan; and a sentence on each marketplace that was met by looking.

        Args:
            cids: canonical ids, None for all.
            pre: whether pre-releases count.

        Raises:
            MarketUnreachable: no marketplace answers at all.
        """
        async with self.catalog() as catalog:

            async def reaching(chosen: Collection[str]) -> Mapping[str, Reach]:
                return await self.reached(chosen, catalog, pre=pre)

            check = UpdateCheck(
                self._app,
                self._hostfile,
                policies=self.policies,
                inventory=self._inventory,
                catalog=catalog,
                signatures=SignatureCheck(self._state, catalog),
                reaching=reaching,
                pre=pre,
            )
            return await check.run(cids), await catalog.standings(())

    async def reached(self, chosen: Collection[str], catalog: MarketCatalog, *, pre: bool) -> dict[str, Reach]:
        """What an update of some plugins would find of those that do not get their newest version by it.

        Args:
            chosen: canonical ids, of installed plugins.
            catalog: where to look.
            pre: whether pre-releases may be chosen.

        Returns:
            dict: by canonical id; what could have its newest version by itself is left out.

        Raises:
            ResolutionError, MarketError: there is no such set, or nobody knows.
        """
        solution = await self._solved(chosen, catalog, pre=pre)
        versions = {
            pin.distribution: pin.version for pin in (*solution.pins, *(own[0] for own in solution.workers.values()))
        }
        found = {}
        for cid in chosen:
            pin = self._inventory.pins[cid]
            over = _beyond(pin, solution)
            if over is not None and over[1] != TOGETHER:
                found[cid] = Reach(versions.get(pin.distribution, pin.version), *over)
        return found

    async def _solved(self, chosen: Collection[str], catalog: MarketCatalog, *, pre: bool) -> Solution:
        pins = self._inventory.pins
        moving = {cid: self._newest(cid, pre=pre) for cid in pins if cid in chosen}
        solution = await self._solve_change(list(moving.values()), catalog)
        if solution is None:
            wants = [moving.get(cid) or self._keep(pin) for cid, pin in pins.items()]
            prefer = self._prefer(without={want.distribution for want in moving.values()})
            solution = await self._solve(wants, catalog, prefer)
        return solution

    def _newest(self, cid: str, *, pre: bool) -> Want:
        """What is asked of a plugin that shall move: the newest version that its pin allows."""
        pin, held = self._inventory.pins[cid], self._held(cid)
        pre_too = pre or self.policies.of(cid).pre or Version.parse(installed_as(pin)).is_prerelease
        return replace(self._keep(pin), requirement=held, pre=pre_too, pinned=held is not None)

    async def _solve_change(self, wants: Sequence[Want], catalog: MarketCatalog) -> Solution | None:
        """The set with a few plugins in other versions, where it is plain that nothing else moves; else None.

        Only where every plugin is whole and at hand: what is not there is asked for, and may come in another version.
        """
        inventory, moving = self._inventory, {want.distribution for want in wants}
        installed = inventory.generation.places
        staying = [pin for (within, name), pin in installed.items() if within or name not in moving]
        if not inventory.memory.settled or not all(catalog.holds(pin.file) for pin in staying):
            return None
        return await resolve_change(
            wants,
            inventory.memory.settled,
            catalog=catalog,
            target=self._target(),
            installed=installed,
            remembered=inventory.memory.details,
            own_libraries=self._own_libraries,
            settle=inventory.memory.settle,
        )

    def _may_stay(self, cid: str, catalog: MarketCatalog) -> bool:
        """Whether an installed plugin is as good as it was, though it was yanked or others want it older."""
        pin, held = self._inventory.pins[cid], self._held(cid)
        manifest = self._inventory.manifests.get(cid)
        return (
            (held is None or held.accepts(Version.parse(installed_as(pin))))
            and pin.version not in catalog.left_out.revoked_of(pin.distribution)
            and manifest is not None
            and not refusal(manifest, self._app, self._hostfile)
            and all(one.problem is None for one in wheels_of(pin.distribution, [pin.file], self._target()))
        )


def _beyond(pin: Pin, solution: Solution) -> tuple[str, str] | None:
    """The newest version of an installed plugin that cannot be had, and why; None where it would have its newest."""
    over = solution.passed_over.get(pin.distribution)
    return over if over is not None and ReleaseVersion(over[0]) > ReleaseVersion(pin.version) else None
