"""What is installed, wished and granted now, read from the store, the state and the environment; imports no plugin."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Collection, Mapping
from functools import cached_property, partial
from pathlib import Path

from jackfield.discovery import EXTERNAL, MANIFEST, SCRIPT_FOLDERS, discover_scripts, external_candidates, languages_of
from jackfield.errors import ManifestError, UnknownPlugin
from jackfield.management.consent import Standing
from jackfield.management.environment import Environment
from jackfield.management.machine import remembered_grade, telling
from jackfield.management.memory import Memory, Whole
from jackfield.management.policy import Policies
from jackfield.management.reports import Row, Said, State
from jackfield.management.revoked import RevokedHere, RevokedReport
from jackfield.management.specs import canonical, installed_as
from jackfield.management.unmet import refusal, unmet_need
from jackfield.manifest import Candidate, HostFile, Manifest, Pin
from jackfield.permissions import Grant, Placement, isolation_of
from jackfield.storage import State as StateLog
from jackfield.storage import longest_enabled
from jackfield.store import Generation, with_misfits

_PLACES = {"environment": "the environment (pip, uv)", "store": "the store"}


class Inventory:
    """One look at a profile; make a new one after a change.

    Args:
        generation: the active one.
        state: wishes and grants.
        environment: tells where the host imports from, once it is asked.
        groups: the entry-point groups of the application's plugins.
        app: the application's name.
        hostfile: its host file; without one, as for an application that only uses pluggy, plugins of the environment
            are enabled until somebody disables them.
        memory: what earlier looks have read.
        grade: tells how well this machine confines a process; what is remembered of it by default.
        revoked: what is revoked; None for nothing.
    """

    def __init__(
        self,
        generation: Generation,
        state: StateLog,
        environment: Callable[[], Environment],
        groups: Collection[str],
        app: str,
        hostfile: HostFile | None,
        memory: Memory | None = None,
        grade: Callable[[], str] | None = None,
        revoked: RevokedHere | None = None,
    ) -> None:
        self.generation = generation
        self._state = state
        self._environment = environment
        self.groups = groups
        self._app = app
        self._hostfile = hostfile
        self.memory = memory or Memory()
        self._revoked = revoked
        self._tell_grade = grade or partial(remembered_grade, os.environ)

    def look(self, whole: Whole) -> None:
        """Read for a plan what else is read when it is asked for: some milliseconds for a hundred; see `Memory`."""
        _ = self.environment
        self.stored = self._with_misfits(self.memory.stored(self.groups, self.generation.plugin_trees, whole))

    def look_again(self, whole: Whole) -> bool:
        """Look as `look` does, where all is as it was when it was read last; else False, and nothing was read."""
        around = self.memory.standing_environment()
        stored = self.memory.standing_set(self.generation.plugin_trees, whole) if around is not None else None
        if around is None or stored is None:
            return False
        self.surroundings, self.stored = around, self._with_misfits(stored)
        return True

    @cached_property
    def surroundings(self) -> Environment:
        """Where the host imports from."""
        return self._environment()

    @cached_property
    def stored(self) -> dict[str, Candidate]:
        """Canonical id -> plugin of the active generation."""
        return self._with_misfits(self.memory.stored(self.groups, self.generation.plugin_trees))

    def _with_misfits(self, found: Collection[Candidate]) -> dict[str, Candidate]:
        return {one.canonical_id: one for one in with_misfits(found, self.generation)}

    @cached_property
    def pins(self) -> dict[str, Pin]:
        """Canonical id -> pin, of the plugins of the active generation."""
        return {canonical(pin.id): pin for pin in self.generation.pins if pin.id is not None}

    @cached_property
    def environment(self) -> dict[str, Candidate]:
        """Canonical id -> plugin that pip or uv installed."""
        return self.surroundings.candidates

    @cached_property
    def scripts(self) -> dict[str, Candidate]:
        """Canonical id -> script, of the folders that the application named when it last started."""
        return {one.canonical_id: one for one in reversed(self._in_folders)}  # the first of an id wins (M8)

    @cached_property
    def external(self) -> dict[str, Candidate]:
        """Canonical id -> plugin that is a program of its own, of those that have keys."""
        return {one.canonical_id: one for one in external_candidates(self._state.items(EXTERNAL))}

    @cached_property
    def _in_folders(self) -> list[Candidate]:
        folders = self._state.get(SCRIPT_FOLDERS)
        if not isinstance(folders, list) or not folders:
            return []
        languages = languages_of([*self.environment.values(), *self.stored.values()], longest_enabled(self._state))
        return discover_scripts([Path(str(one)) for one in folders], languages)

    @cached_property
    def manifests(self) -> dict[str, Manifest]:
        """Canonical id -> manifest, of every installed plugin that has one."""
        found = {**self.external, **self.scripts, **self.stored, **self.environment}
        return {cid: one.manifest for cid, one in found.items() if one.manifest is not None}

    @cached_property
    def revoked(self) -> dict[str, RevokedReport]:
        """Canonical id -> what was revoked of it, of the plugins that are installed."""
        found = [*self.environment.values(), *self.stored.values(), *self.external.values()]
        return self._revoked.reports(found, self.generation) if self._revoked is not None else {}

    def telling(self) -> list[str]:
        """Every file and folder that `rows` is made from, besides the state and the pointer."""
        trees = [str(path) for path in self.generation.plugin_trees]
        stored = [str(one.folder / MANIFEST) for one in self.stored.values() if one.folder is not None]
        folders = [str(one) for one in self._state.get(SCRIPT_FOLDERS) or ()]
        scripts = [str(one.file) for one in self._in_folders]
        lists = self._revoked.telling() if self._revoked is not None else ()
        return [*self.surroundings.telling(), *trees, *stored, *folders, *scripts, *lists, *telling(os.environ)]

    def candidate(self, plugin: str) -> Candidate:
        """One installed plugin; the environment's own before the store's.

        Raises:
            UnknownPlugin: none of that id is installed.
        """
        cid = canonical(plugin)
        found = self._found(cid)
        if found is None:
            known = {cid: one.id for cid, one in {**self.scripts, **self.stored, **self.environment}.items()}
            near = [known[one] for one in difflib.get_close_matches(cid, known, n=1)]
            hint = f"did you mean {near[0]}?" if near else f"jackfield install {plugin}, or see jackfield list"
            raise UnknownPlugin(f"{plugin} is not installed", plugin=plugin, hint=hint)
        return found

    def _found(self, cid: str) -> Candidate | None:
        return self.environment.get(cid) or self.stored.get(cid) or self.scripts.get(cid) or self.external.get(cid)

    @cached_property
    def grade(self) -> str | None:
        """How well this machine confines a process; None where the application has no workers."""
        return self._tell_grade() if self._hostfile is not None else None

    def placement(self, cid: str, manifest: Manifest | None, *, chosen: object = None) -> Placement:
        """Where a plugin runs, or would.

        Args:
            cid: its canonical id.
            manifest: of the version that is meant; None for one without, and for a script: they run inline.
            chosen: what the user will have chosen; what they have by default.
        """
        if manifest is None:
            return Placement()
        asked, may_confine = manifest.isolation, manifest.isolation in ("worker", "any")
        return isolation_of(asked, chosen or self.choice(cid), self.grade if may_confine else None, plugin=manifest.id)

    def choice(self, cid: str) -> object:
        """Where the user chose to run a plugin; None where they did not."""
        return self._wishes.get(f"isolation/{cid}")

    @cached_property
    def _wishes(self) -> Mapping[str, object]:
        return self._state.items("wish/") | self._state.items("isolation/")  # asked of each plugin in one look

    def source(self, candidate: Candidate) -> str:
        """Where a plugin came from: the marketplace's URL, `file`, `environment`, `script` or `external`."""
        if candidate.origin in ("script", "external"):
            return candidate.origin
        pin = self.pins.get(candidate.canonical_id) if candidate.origin == "store" else None
        return pin.source if pin is not None else "environment"

    def published(self, cid: str) -> tuple[str | None, str | None]:
        """Who published the installed version of a plugin of the store, and when, as its marketplace said then."""
        return self._published(cid, "by"), self._published(cid, "at")

    def is_rolled_out(self, cid: str) -> bool:
        """Whether the installed version of a plugin was being rolled out in stages when it was installed."""
        return isinstance(said := self._state.get(f"published/{cid}"), dict) and said.get("rollout") is not None

    def own_libraries(self, cid: str) -> dict[str, str]:
        """Distribution -> version, of the libraries that a plugin of the store has for itself, by name (K41).

        Only one with a process of its own has any; those of the application's process share theirs.
        """
        own = self.generation.workers.get(cid, ())
        if cid in self.environment or not self.placement(cid, self.manifests.get(cid)).own_process:
            return {}
        return {pin.distribution: pin.version for pin in sorted(own[1:], key=lambda pin: pin.distribution)}

    def signed_by(self, cid: str) -> str | None:
        """The publisher's key that signed the installed version of a plugin of the store (sha256), None for none."""
        return self._published(cid, "key")

    def signature(self, cid: str) -> str | None:
        """The publisher's signature on it (a DSSE envelope), for who has to verify it elsewhere; None for none."""
        return self._published(cid, "signature")

    def _published(self, cid: str, name: str) -> str | None:
        said = self._state.get(f"published/{cid}")
        value = said.get(name) if isinstance(said, dict) else None
        return value if isinstance(value, str) else None

    def said(self, key: str) -> Said | None:
        """Who gave a key of the state its present value, and when; None where it has none."""
        if self._state.get(key) is None:
            return None
        made = (entry for entry in reversed(self._state.history()) if any(one.key == key for one in entry.changes))
        return next((Said(entry.by, entry.at) for entry in made), None)

    def grant(self, cid: str) -> Grant | None:
        """What the user granted a plugin; None also where the record is damaged: then nothing is granted."""
        mapping = self._state.get(f"grants/{cid}")
        if mapping is None:
            return None
        try:
            return Grant.from_mapping(mapping)
        except ManifestError:
            return None

    def standing(self, cid: str) -> Standing | None:
        """What there is of a plugin of the store before a change."""
        pin = self.pins.get(cid)
        if pin is None:
            return None
        candidate = self.stored.get(cid)
        manifest = candidate.manifest if candidate is not None else None
        return Standing(manifest, pin.version, self.grant(cid), self.placement(cid, manifest))

    def enabled(self, cid: str) -> bool:
        """The user's wish."""
        undecided = cid in self.scripts or (self._hostfile is None and cid in self.environment)
        return bool(self._wishes.get(f"wish/{cid}", undecided))

    def consented(self, candidate: Candidate) -> bool:
        """Whether the user said yes to this plugin from this source: a grant, or trust for one without a manifest."""
        if candidate.origin == "script":
            return True
        if candidate.legacy:
            return self._hostfile is None or bool(self._state.get(f"trust/{candidate.canonical_id}"))
        grant = self.grant(candidate.canonical_id)
        return grant is not None and grant.source == self.source(candidate)

    def rows(self) -> list[Row]:
        """Every installed plugin, by id; one of the store that the environment hides is there as well."""
        found = [*self.environment.values(), *self.stored.values(), *self._in_folders, *self.external.values()]
        missing = [pin for cid, pin in self.pins.items() if cid not in self.stored]
        rows = [self._row(candidate) for candidate in found] + [self._lost(pin) for pin in missing]
        return sorted(rows, key=lambda row: (row.id, row.state == "shadowed"))

    def row(self, plugin: str) -> Row | None:
        """The row of one plugin, None if it is not installed."""
        cid = canonical(plugin)
        return next((row for row in self.rows() if canonical(row.id) == cid), None)

    def _row(self, candidate: Candidate) -> Row:
        cid = candidate.canonical_id
        enabled = self.enabled(cid)
        winner = self.candidate(cid)
        shadowed = winner is not candidate
        problem = (
            self._problem(candidate)
            if not shadowed
            else f"{cid} of {_PLACES.get(winner.origin, winner.file)} is used instead"
        )
        placement = self.placement(cid, candidate.manifest if candidate.origin != "script" else None)
        return Row(
            id=candidate.id,
            name=candidate.name,
            version=candidate.version,
            distribution=candidate.distribution,
            state=self._row_state(candidate, enabled=enabled, shadowed=shadowed, problem=problem),
            enabled=enabled,
            origin=candidate.origin,
            source=self.source(candidate),
            isolation=placement.isolation,
            grade=placement.grade or None,
            problem=problem if enabled or shadowed else None,
            held=self._held(candidate),
            legacy=candidate.legacy,
            isolation_asked=candidate.manifest.isolation if candidate.manifest is not None else None,
            trusted=self.said(f"trust/{cid}") if candidate.legacy else None,
            revoked=self.revoked.get(cid) if not shadowed else None,
        )

    def _held(self, candidate: Candidate) -> str | None:
        pin = self.pins.get(candidate.canonical_id) if candidate.origin == "store" else None
        return Policies(self._state).held(candidate.canonical_id, installed_as(pin) if pin is not None else None)

    def _row_state(self, candidate: Candidate, *, enabled: bool, shadowed: bool, problem: str | None) -> State:
        if shadowed:
            return "shadowed"
        if enabled:
            return "blocked" if problem is not None else "enabled"
        undecided = candidate.origin == "environment" and self._state.get(f"wish/{candidate.canonical_id}") is None
        return "found" if undecided else "disabled"

    def _lost(self, pin: Pin) -> Row:
        plugin = pin.id or pin.distribution
        return Row(
            id=plugin,
            name=plugin,
            version=pin.version,
            distribution=pin.distribution,
            state="blocked",
            enabled=self.enabled(canonical(plugin)),
            origin="store",
            source=pin.source,
            isolation="worker" if canonical(plugin) in self.generation.workers else "inline",
            problem=f"its files are missing in the store: jackfield install {plugin}",
        )

    def _problem(self, candidate: Candidate) -> str | None:
        """Why an enabled plugin cannot run, as far as can be told without running it."""
        if candidate.problem is not None:
            return str(candidate.problem)
        if (revoked := self.revoked.get(candidate.canonical_id)) is not None and revoked.stopped:
            return revoked.problem
        if not self.consented(candidate):
            return f"nothing was granted to it: jackfield enable {candidate.id}"
        if (manifest := candidate.manifest) is None:
            return None
        if manifest.isolation == "external" and candidate.origin != "external":
            return f"is a program that connects by itself: jackfield keys new {candidate.id}"
        cid = candidate.canonical_id
        refused = refusal(manifest, self._app, self._hostfile) or self.placement(cid, manifest).problem
        return refused or unmet_need(manifest, self._found, self.enabled)
