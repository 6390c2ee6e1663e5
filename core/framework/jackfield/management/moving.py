"""Where a plugin runs, as its user sees it, and the plan to have it run elsewhere: its libraries move with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from jackfield.errors import PluginError, UsageError
from jackfield.management.consent import Coming, Consent, Standing, required_by
from jackfield.management.inventory import Inventory
from jackfield.management.plan import ConsentRequest, Plan
from jackfield.management.planning import Planner
from jackfield.manifest import Candidate
from jackfield.permissions import Choice, Placement, allowed_choices

_WORDS: dict[str, str] = {
    "worker": "in a process of its own",
    "inline": "in the application",
    "process": "in a process of its own that is not confined",
}


@dataclass(frozen=True, slots=True)
class IsolationReport:
    """Where one plugin runs.

    Args:
        plugin: its id.
        asked: what its manifest asks; None without one.
        chosen: what the user chose; None where the default holds.
        choices: what they may choose; empty where there is nothing to choose.
        placement: where it runs, or would.
        sentence: the same in words.
    """

    plugin: str
    asked: str | None
    chosen: str | None
    choices: tuple[Choice, ...]
    placement: Placement
    sentence: str

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "plugin": self.plugin,
            "asked": self.asked,
            "chosen": self.chosen,
            "choices": list(self.choices),
            "isolation": self.placement.isolation,
            "grade": self.placement.grade or None,
            "problem": self.placement.problem or None,
            "sentence": self.sentence,
        }


def isolation_report(inventory: Inventory, words: Consent, plugin: str) -> IsolationReport:
    """Where one plugin runs.

    Args:
        inventory: what is installed.
        words: the application's.
        plugin: its id.

    Raises:
        UnknownPlugin: it is not installed.
    """
    candidate = inventory.candidate(plugin)
    cid, manifest = candidate.canonical_id, candidate.manifest if candidate.origin != "script" else None
    choices = allowed_choices(manifest.isolation) if manifest is not None and inventory.grade is not None else ()
    chosen = inventory.choice(cid)
    placement = inventory.placement(cid, manifest)
    return IsolationReport(
        plugin=candidate.id,
        asked=manifest.isolation if manifest is not None else None,
        chosen=chosen if isinstance(chosen, str) and chosen in choices else None,
        choices=choices if len(choices) > 1 else (),
        placement=placement,
        sentence=words.isolation_sentence(placement),
    )


class Mover(Planner):
    """Makes plans to run plugins elsewhere."""

    async def move(self, plugin: str, choice: Choice) -> Plan:
        """Plan to run a plugin where its user chose; what is installed stays in its version, as far as it may.

        Args:
            plugin: its id.
            choice: one that its manifest allows.

        Raises:
            UnknownPlugin: it is not installed.
            UsageError: it cannot be chosen for this plugin.
            ResolutionError: its libraries do not fit those that plugins in the application share.
            MarketError: another version is needed, and its marketplace does not answer.
        """
        inventory = self._inventory
        candidate = inventory.candidate(plugin)
        self._require_movable(candidate, choice)
        cid = candidate.canonical_id
        what = f"run {candidate.id} {_WORDS[choice]}"
        if inventory.choice(cid) == choice:
            generation = inventory.generation
            return Plan(what, generation.number, generation.inline, workers=generation.workers)
        self._choices = {cid: choice}
        plan = await self._moved(what, candidate)
        request = consent_to_move(inventory, Consent(self._app, self._hostfile), candidate, choice)
        return replace(plan, consent=(*plan.consent, request)) if request is not None and request.growth else plan

    async def _moved(self, what: str, candidate: Candidate) -> Plan:
        """The set with the plugin elsewhere; one of the environment has no libraries here."""
        generation = self._inventory.generation
        if candidate.origin != "store":
            return Plan(what, generation.number, generation.inline, workers=generation.workers, choices=self._choices)
        async with self.catalog() as catalog:
            wants = [self._keep(pin) for pin in self._inventory.pins.values()]
            solution = await self._solve(wants, catalog, self._prefer(without=()))
            return await self._compare(what, solution, catalog, ())

    def _require_movable(self, candidate: Candidate, choice: Choice) -> None:
        manifest = candidate.manifest
        if candidate.problem is not None:
            raise candidate.problem
        if manifest is None or candidate.origin == "script":
            why = "is a script" if candidate.origin == "script" else "has no manifest"
            raise UsageError(f"{candidate.id} {why}: it runs in the application, with all its rights")
        if self._inventory.grade is None:
            raise PluginError(f"{self._app} runs all plugins in its own process", plugin=candidate.id)
        choices = allowed_choices(manifest.isolation)
        if choice not in choices:
            raise UsageError(
                f'{candidate.id} cannot run {_WORDS[choice]}: its manifest says isolation = "{manifest.isolation}"',
                hint=f"it can be {' or '.join(choices)}" if choices else None,
            )


def consent_to_move(
    inventory: Inventory, words: Consent, candidate: Candidate, choice: Choice
) -> ConsentRequest | None:
    """What must be agreed to where a plugin runs elsewhere: less confinement than before.

    What is not enabled is asked about when it is.

    Args:
        inventory: what is installed.
        words: the application's.
        candidate: the plugin.
        choice: where it would run.
    """
    cid, manifest = candidate.canonical_id, candidate.manifest
    grant = inventory.grant(cid)
    if grant is None or manifest is None:
        return None
    agreed = replace(grant, requires=required_by(manifest))  # like the source: not what is asked here
    before = Standing(manifest, candidate.version, agreed, inventory.placement(cid, manifest))
    after = Coming(
        manifest,
        candidate.version,
        grant.source,  # not what is asked here
        grant.publisher,
        inventory.published(cid)[1] if candidate.origin == "store" else None,
        {name: inventory.manifests[name] for name in grant.dependencies if name in inventory.manifests},
        placement=inventory.placement(cid, manifest, chosen=choice),
        key=grant.key,
    )
    return words.request(after, before, inventory.manifests)
