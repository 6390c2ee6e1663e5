"""Plans for exactly what a lock file names, and lock files for what is installed, for this machine and for others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jackfield.errors import PluginError, UsageError, WheelError
from jackfield.inspection import inspect_wheel
from jackfield.management.backing import Backing
from jackfield.management.bundle import Bundled
from jackfield.management.catalog import MarketCatalog
from jackfield.management.consent import Consent
from jackfield.management.locked import Claims, LockedCatalog
from jackfield.management.locked_places import choices_of, consents_to_move
from jackfield.management.plan import Plan
from jackfield.management.planning import Planner
from jackfield.management.probation import failed_versions
from jackfield.management.refusals import refuse_failed
from jackfield.management.salvage import kept_beside, not_to_be_had, salvage
from jackfield.management.specs import canonical, parse_spec
from jackfield.management.unmet import refusal
from jackfield.management.vouching import hold_to_proofs, keep, newer_list, refuse_misspelled, refuse_unsigned
from jackfield.manifest import Manifest, Pin
from jackfield.market import Proven
from jackfield.permissions import Placement
from jackfield.resolution import Offer, Solution, Target, Want, wheels_of
from jackfield.store import LockedSet, LockFile


class Locker(Planner):
    """Makes lock files, and plans from them."""

    async def lock(self, targets: Sequence[str], *, skip_missing: bool = False) -> LockFile:
        """Lock what is installed: for this machine as it is, for others solved anew with the same plugin versions.

        Args:
            targets: their names; none for this machine's.
            skip_missing: whether a plugin that is not to be had for one of them is left out there, and named in that
                set's `missing`.

        Raises:
            UsageError: there is no target of a name.
            ResolutionError: a plugin is not to be had for one of them; the sentence names both.
            MarketError: nobody answers.
        """
        here = self._target()
        named = [here.named(name) for name in dict.fromkeys(targets or (here.name,))]
        sets = [await self._locked(target, here, skip_missing=skip_missing) for target in named]
        version = str(self._hostfile.api_version) if self._hostfile is not None else ""
        return LockFile(self._app, version, tuple(sets))

    async def rebuild(self) -> Plan:
        """Plan the installed set anew for the Python and platform that run now, each plugin in its version.

        A plugin that is not to be had for them stays as it is, blocked, and is named in `blocked`.

        Raises:
            MarketError: nobody answers.
        """
        wants = dict(zip(self._inventory.pins, self._exactly(), strict=True))
        async with self.catalog() as catalog:

            async def solve(cids: Sequence[str]) -> Solution:
                return await self._solve([wants[cid] for cid in cids], catalog, self._prefer(without=()), staying=False)

            solution, lost = await salvage(self._inventory.pins, solve)
            solution = kept_beside(solution, self._inventory.generation, lost)
            plan = await self._compare(f"rebuild for {self._target().name}", solution, catalog, ())
        names = {cid: self._inventory.pins[cid].id or cid for cid in lost}
        return replace(
            plan,
            blocked={names[cid]: why for cid, why in lost.items()},
            notes=(*plan.notes, *(f"{names[cid]} stays as it is and does not run: {why}" for cid, why in lost.items())),
        )

    async def sync(
        self, lock: LockFile, local: Mapping[str, Path], *, allow: Collection[str] = (), keeps: bool = True
    ) -> Plan:
        """Plan to have exactly what a lock file names for this machine: what else is installed goes.

        Args:
            lock: the file.
            local: sha256 -> wheel, of those on this machine, their hashes checked; all of them for a bundle.
            allow: distributions or plugins that are taken at the lock's hash, though no marketplace of the user
                vouches for them; a library that one holds is not among what can be allowed.
            keeps: whether what a bundle says was revoked is kept from now on; False for who only looks.

        Raises:
            TrustError: a marketplace of the user holds a name, and not this file; or nobody vouches for one.
            UsageError: it is another application's, or not for this machine.
            PluginError: a plugin cannot run in this version of the application; the sentence names it.
            WheelError, MarketError: a wheel is not what the lock names, or nobody answers.
        """
        if lock.app != self._app:
            raise UsageError(f"the lock is for {lock.app}, not for {self._app}")
        target = self._target()
        chosen = lock.for_target(target.name)
        inventory = self._inventory
        catalog = LockedCatalog(
            self._urls, self._store, inventory.generation, lambda: inventory.stored, groups=inventory.groups
        )
        found = dict(local)
        here = inventory.generation.wheels
        refuse_failed((pin for pin in chosen.pins if pin.file.sha256 not in here), failed_versions(self._state))
        async with catalog:
            for pin in chosen.pins:
                refuse_misspelled(pin)
                self._refuse_unfit(pin, target)
                if pin.file.sha256 not in found and pin.source == "file" and self._store.lacks(pin):
                    raise WheelError(
                        f"{pin.file.filename} came from a file on another machine",
                        plugin=pin.id,
                        hint="take its wheel along: jackfield bundle",
                    )
            catalog.local = found
            said = await self._held_to_marketplaces(chosen, catalog, local, allow, keeps=keeps)
            manifests = {
                pin.distribution: await self._manifest(pin, catalog, found) for pin in chosen.pins if pin.id is not None
            }
            for manifest in manifests.values():
                problem = refusal(manifest, self._app, self._hostfile)
                if problem:
                    raise PluginError(f"{manifest.id} {problem}", plugin=manifest.id, hint="lock another version of it")
            self._choices = choices_of(chosen, manifests.values(), inventory)
            solution = Solution(chosen.inline, chosen.workers, manifests)
            asked = [manifest.canonical_id for manifest in manifests.values()]
            plan = await self._compare("sync with a lock file", solution, catalog, asked)
            words = Consent(self._app, self._hostfile)
            moves = consents_to_move(self._choices, plan.published, inventory, words)
            left = (f"{cid} is not in the lock for {target.name}: {why}" for cid, why in chosen.missing.items())
            plan = replace(plan, notes=(*said, *left, *plan.notes), consent=(*plan.consent, *moves))
            plan = _with_disabled(plan, chosen)
            absent = {pin.file.sha256 for pin in chosen.pins if self._store.lacks(pin)}
            return replace(plan, files={sha256: path for sha256, path in found.items() if sha256 in absent})

    async def _held_to_marketplaces(
        self,
        chosen: LockedSet,
        catalog: LockedCatalog,
        local: Mapping[str, Path],
        allow: Collection[str],
        *,
        keeps: bool,
    ) -> list[str]:
        """Believe no lock's word on where a file comes from; returns what a user has to be told.

        Raises:
            TrustError: a marketplace did not sign a file that is said to come from it, or nobody vouches for one.
            MarketError: it has to be asked, and does not answer.
        """
        there = {(pin.file.sha256, pin.source) for pin in self._inventory.generation.pins}
        fresh = [pin for pin in chosen.pins if (pin.file.sha256, pin.source) not in there]
        borrowed = next((pin for pin in fresh if pin.id is not None and pin.file.upstream is not None), None)
        if borrowed is not None:
            raise refuse_unsigned(borrowed)  # an upstream has libraries alone, whatever is in them
        self._know_plugins(chosen, catalog, {canonical(pin.id) for pin in fresh if pin.id is not None})
        proven, notes = None, list[str]()
        trust = self._store.layout.trust
        if local:
            proofs = local.proofs if isinstance(local, Bundled) else {}
            proven, notes = hold_to_proofs(fresh, proofs, trust, self._urls)
            self._learn_revoked(proven.values(), keeps=keeps)
        # What was unpacked here from a file once is nobody's word but its user's.
        asked = [pin for pin in fresh if pin.source != "file" or pin.file.sha256 in local]
        backing = Backing(catalog, trust, proven, allow)
        notes += await backing.require(asked)
        catalog.words = backing.words
        return notes

    def _know_plugins(self, chosen: LockedSet, catalog: LockedCatalog, fresh: Collection[str]) -> None:
        """Tell the catalog what the lock says of plugins, and what is known of those that are here as they are."""
        catalog.claims = Claims(chosen.publishers, chosen.signatures)
        inventory = self._inventory
        known = {
            cid: (inventory.published(cid)[0], inventory.signature(cid)) for cid in inventory.pins if cid not in fresh
        }
        catalog.known = {
            cid: Claims({cid: by} if by is not None else {}, {cid: text} if text is not None else {})
            for cid, (by, text) in known.items()
        }
        grants = {cid: inventory.grant(cid) for cid in fresh}
        catalog.keys = {cid: grant.key for cid, grant in grants.items() if grant is not None}

    def _learn_revoked(self, proven: Iterable[Proven], *, keeps: bool) -> None:
        """Have what a bundle says was revoked act in this plan, and from now on unless it is only looked at."""
        trust = self._store.layout.trust
        for newer in filter(None, [newer_list(one, trust) for one in proven]):
            self._revoked.lists.learn(newer)
            if keeps:
                keep(newer, trust)

    async def _locked(self, target: Target, here: Target, *, skip_missing: bool) -> LockedSet:
        inventory, active = self._inventory, self._inventory.generation
        inline, workers, missing = active.inline, dict(active.workers), dict[str, str]()
        if target.name != here.name:
            solution, missing = await self._solved_elsewhere(target)
            inline, workers = solution.pins, dict(solution.workers)
        if missing and not skip_missing:
            raise not_to_be_had(missing, inventory.pins, target.name)
        there = [cid for cid in inventory.pins if cid not in missing]
        choices = {cid: str(choice) for cid in there if (choice := inventory.choice(cid)) is not None}
        said = {cid: inventory.published(cid)[0] for cid in there}
        publishers = {cid: by for cid, by in said.items() if by is not None}
        signatures = {cid: text for cid in there if (text := inventory.signature(cid)) is not None}
        disabled = tuple(sorted(cid for cid in there if not inventory.enabled(cid)))
        return LockedSet(target.name, inline, workers, choices, publishers, signatures, disabled, missing)

    async def _solved_elsewhere(self, target: Target) -> tuple[Solution, dict[str, str]]:
        """The installed plugins, each in its version, for another target; and why some are not in that set."""
        wants = dict(zip(self._inventory.pins, self._exactly(), strict=True))
        self._solved_for = target
        try:
            async with self.catalog() as catalog:

                async def solve(cids: Sequence[str]) -> Solution:
                    return await self._solve([wants[cid] for cid in cids], catalog, self._prefer(without=()))

                return await salvage(self._inventory.pins, solve)
        finally:
            self._solved_for = None

    def _exactly(self) -> list[Want]:
        wants = []
        for pin in self._inventory.pins.values():
            spec = parse_spec(f"{pin.id}=={pin.version}")
            wants.append(Want(pin.distribution, pin.id or pin.distribution, spec.requirement, pre=True))
        return wants

    def _placement(self, manifest: Manifest) -> Placement:
        cid = manifest.canonical_id
        chosen = self._choices.get(cid)
        return self._inventory.placement(cid, manifest, chosen=chosen) if chosen else super()._placement(manifest)

    def _refuse_unfit(self, pin: Pin, target: Target) -> None:
        """Block by name what is made for another Python or platform."""
        (wheel,) = wheels_of(pin.distribution, [pin.file], target) or (None,)
        if wheel is None or wheel.problem is not None:
            why = wheel.problem if wheel is not None else "is no wheel of that name"
            raise WheelError(f"{pin.file.filename}: {why}", plugin=pin.id, hint="lock it for this machine")
        if str(wheel.version) != pin.version:
            # It is shown, and it is what ranges of a revocation are held against.
            raise WheelError(f"{pin.file.filename} is not version {pin.version}, which the lock says", plugin=pin.id)

    async def _manifest(self, pin: Pin, catalog: MarketCatalog, local: Mapping[str, Path]) -> Manifest:
        wheel = local.get(pin.file.sha256) or self._store.wheel(pin.file.sha256)
        if wheel is not None:
            manifest = inspect_wheel(wheel, groups=self._inventory.groups).manifest
        else:
            manifest = await catalog.manifest(Offer(pin.source, (pin.file,)), pin.file)
        if manifest is None or manifest.canonical_id != canonical(pin.id or ""):
            raise WheelError(f"{pin.file.filename} is not the plugin {pin.id}", plugin=pin.id)
        return manifest


def _with_disabled(plan: Plan, chosen: LockedSet) -> Plan:
    """Leave disabled what comes and was so where the lock was made; nothing is asked for it before it is enabled.

    What is here already is enabled or not by its own user's wish, whatever a lock says.
    """
    coming = {canonical(item.id) for item in plan.added if item.id is not None} & {*chosen.disabled}
    names = sorted(item.id for item in plan.added if item.id is not None and canonical(item.id) in coming)
    return replace(
        plan,
        disabled=frozenset(coming),
        consent=tuple(one for one in plan.consent if canonical(one.plugin) not in coming or one.before_enabling),
        notes=(*plan.notes, *(f"{name} comes disabled, as it was where the lock was made" for name in names)),
    )
