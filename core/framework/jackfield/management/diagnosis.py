"""What is wrong with the plugins of a profile, as far as can be told without running them, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jackfield.errors import UnknownPlugin
from jackfield.management.bisection import BISECT_KEY
from jackfield.management.inventory import Inventory
from jackfield.management.keeping import Keeping
from jackfield.management.probation import failed_versions
from jackfield.management.profiles import vanished
from jackfield.manifest import Candidate, canonical_id, is_canonical
from jackfield.permissions import decide
from jackfield.revocation import OLD_SECONDS, Lists
from jackfield.storage import DATABASE, SLOW_SECONDS, Snapshots, Starts, State, damage_of, folder_size
from jackfield.store import SURROUNDINGS, Layout, Store, misfits, unmet

Kind = Literal[
    "safe mode",
    "unfinished",
    "failed",
    "failing",
    "revoked",
    "old list",
    "rolled back",
    "other Python",
    "broken",
    "blocked",
    "conflict",
    "growth",
    "slow",
    "orphaned",
    "vanished",
]


_NOTES: frozenset[Kind] = frozenset({"rolled back"})
"""What was taken care of: it is told as long as it holds, and nothing is wrong for it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or a note on what was put right and still holds something back.

    Args:
        kind: `safe mode`: no plugin is started; `unfinished`: an install or a search was cut off; `failed`: it does
            not run in the application that runs now; `failing`: it runs there, though something of it failed: a call,
            or new code, in whose place the code before runs on; `revoked`: a marketplace revoked it, also where it runs
            because its user allowed it; `old list`: what a marketplace revoked is not known any more, or as of long
            ago; `rolled back`: a new version failed and is held back; `broken`: files that are not as they were
            installed, a storage or a settings.toml that cannot be read;
            `blocked`: enabled and cannot run; `conflict`: two plugins want the same; `growth`: a version waits for
            consent to more; `slow`: it held up the last start; `orphaned`: data of plugins that are not installed;
            `other Python`: a file is made for another Python or platform; `vanished`: plugins of a Python environment
            that is gone.
        plugin: whose, as its author writes the id; None where it is nobody's.
        problem: one sentence.
        advice: what to do: a command, or a sentence.
    """

    kind: Kind
    plugin: str | None
    problem: str
    advice: str

    @property
    def is_note(self) -> bool:
        """Whether nothing is wrong: the plugins run as they should."""
        return self.kind in _NOTES

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "note": self.is_note}


def diagnose(
    layout: Layout,
    store: Store,
    state: State,
    inventory: Inventory,
    failures: Mapping[str, str] | None = None,
    *,
    troubles: Mapping[str, str] | None = None,
    adopted: bool = False,
) -> list[Finding]:
    """Look at everything; reads every installed file once, which takes about a second for each gigabyte.

    Args:
        layout: where the profile lies.
        store: its installed sets.
        state: its wishes and grants.
        inventory: what is installed.
        failures: what the running application says of each plugin that failed there, by id; None where none
            runs: then what its last run left word of.
        troubles: what it says of each plugin that runs there all the same, by id.
        adopted: whether the application was adopted, and so keeps no logs for jackfield.

    Returns:
        what is wrong, the most urgent kinds first, with the notes among them; empty where nothing is to be said.
    """
    starts = Starts(layout.starts)
    mistyped = list(_mistyped(layout, state, inventory))
    return [
        *_safe_mode(starts),
        *_unfinished(store, state),
        *_failed(starts, inventory, failures, adopted=adopted),
        *_failing(troubles or {}, mistyped),
        *_revoked(inventory),
        *_old_lists(layout),
        *_rolled_back(state),
        *_unfit(store, state),
        *_broken(store),
        *_damaged(layout, state, inventory),
        *mistyped,
        *_blocked(inventory),
        *_conflicts(inventory),
        *_growth(inventory),
        *_slow(starts, inventory),
        *_orphaned(layout, inventory),
        *_vanished(layout, store),
    ]


def _safe_mode(starts: Starts) -> Iterator[Finding]:
    safe = starts.safe_mode()
    if safe is not None:
        yield Finding("safe mode", None, f"no plugin is started, since {safe.reason}", "jackfield bisect")


def _unfinished(store: Store, state: State) -> Iterator[Finding]:
    if not store.settled():
        yield Finding(
            "unfinished", None, "an install is at work, or was cut off", "wait for it, or start the application"
        )
    if state.get(BISECT_KEY) is not None:
        problem = "a search for who is to blame was cut off: plugins that you enabled are disabled"
        yield Finding("unfinished", None, problem, "jackfield bisect --restore")


def _failed(
    starts: Starts, inventory: Inventory, failures: Mapping[str, str] | None, *, adopted: bool
) -> Iterator[Finding]:
    if failures is None:
        names = {candidate.canonical_id: candidate.id for candidate in _enabled(inventory)}
        told = starts.failures()
        failures = {names[cid]: f"{told[cid]}, when the application last ran" for cid in told if cid in names}
    for plugin, why in sorted(failures.items()):
        advice = f"jackfield logs {plugin}, or jackfield disable {plugin}"
        if adopted:
            advice = f"mend or update it and start the application, or jackfield disable {plugin}"
        yield Finding("failed", plugin, why, advice)


def _failing(troubles: Mapping[str, str], mistyped: Sequence[Finding]) -> Iterator[Finding]:
    """Name what runs and has trouble; what is wrong in its settings has a finding of its own."""
    for plugin in sorted(troubles):
        why = troubles[plugin]
        for one in mistyped:
            if one.plugin == plugin:
                why = why.replace(one.problem, "").strip("; ")
        if why:
            yield Finding("failing", plugin, why, f"jackfield logs {plugin}, or jackfield disable {plugin}")


def _revoked(inventory: Inventory) -> Iterator[Finding]:
    for row in inventory.rows():
        one = row.revoked
        if one is None or not row.enabled:
            continue
        until = f"runs until {one.allowed_until} though it " if one.allowed_until else ""
        advice = f"jackfield update {row.id}, or jackfield remove {row.id}"
        if one.stopped:
            advice += f"; to run it for a day all the same: jackfield allow-revoked {row.id}"
        yield Finding("revoked", row.id, f"{row.version} {until}{one.problem}", advice)


def _old_lists(layout: Layout) -> Iterator[Finding]:
    lists = Lists(layout.trust)
    for problem in lists.problems():
        yield Finding("old list", None, f"what was revoked is not known: {problem}", "jackfield update --check")
    for kept in lists.kept():
        if kept.age_seconds() > OLD_SECONDS:
            days = kept.age_seconds() / 86_400
            problem = f"what {kept.marketplace} revoked is known as of {kept.checked[:10]}, {days:.0f} days ago"
            yield Finding("old list", None, problem, "jackfield update --check")


def _rolled_back(state: State) -> Iterator[Finding]:
    for one in failed_versions(state):
        became = f"{one.back_to} is back since" if one.back_to else "it was taken out again"
        advice = f"wait for its next version, or try it again: jackfield pin {one.plugin} --release"
        others = f"; {one.others}" if one.along else ""
        yield Finding("rolled back", one.plugin, f"{one.version} failed here, {became}: {one.why}{others}", advice)


def _unfit(store: Store, state: State) -> Iterator[Finding]:
    """Name what was installed for another Python, or beside other distributions: these may have come after it."""
    active = store.active()
    names = {canonical_id(plugin): plugin for plugin in active.plugins}
    for cid, problem in sorted(misfits(active).items()):
        yield Finding("other Python", names[cid], problem, "jackfield sync")
    for cid, problem in sorted(unmet(active, state.get(SURROUNDINGS)).items()):
        yield Finding("blocked", names[cid], problem, "jackfield sync")


def _vanished(layout: Layout, store: Store) -> Iterator[Finding]:
    if store.active().plugins:
        return  # they would have to be merged: a choice that is nobody's but the user's
    for one in vanished(layout):
        problem = f"{one.prefix}, an environment that is gone, had {', '.join(one.plugins)}: they can be had here"
        yield Finding("vanished", None, problem, f"jackfield doctor --take-over {one.name}")


def _broken(store: Store) -> Iterator[Finding]:
    active = store.active()
    pins = {pin.file.sha256: pin for pin in active.pins}
    for sha256, damage in store.verify().items():
        pin = pins.get(sha256)
        if pin is not None:
            told = f"{damage[0]} since it was installed" + (f", and {len(damage) - 1} more" if len(damage) > 1 else "")
            owners = " and ".join(active.owners(sha256))
            whose = f"{pin.distribution} (a library of {owners})" if owners else pin.id or pin.distribution
            yield Finding("broken", whose, told, "jackfield store verify --repair")


def _damaged(layout: Layout, state: State, inventory: Inventory) -> Iterator[Finding]:
    """Name plugins whose storage is spoilt; whether they do without it is their user's choice."""
    copies = Snapshots(layout.root, state)
    for row in inventory.rows():
        cid = canonical_id(row.id)
        damage = damage_of(layout.data(cid) / DATABASE)
        if damage:
            advice = f"jackfield data discard {row.id}, to have it begin anew at the application's next start"
            newest = next(iter(copies.of(cid)), None)
            if newest is not None:
                advice = f"jackfield snapshots restore {row.id} {newest.number}, to have a copy back; or {advice}"
            yield Finding("broken", row.id, f"its storage is damaged: {damage}", advice)


def _mistyped(layout: Layout, state: State, inventory: Inventory) -> Iterator[Finding]:
    """Name what is wrong in files of settings: it does not count, and its user may think that it does."""
    keeping = Keeping(layout, state, inventory)
    for candidate in _enabled(inventory):
        manifest = candidate.manifest
        if manifest is not None and manifest.contributes.settings and layout.config(candidate.canonical_id).is_dir():
            for problem in keeping.settings(candidate.id).problems:
                yield Finding("broken", candidate.id, problem, f"jackfield settings edit {candidate.id}")


def _blocked(inventory: Inventory) -> Iterator[Finding]:
    told = {finding.plugin for finding in _growth(inventory)}
    told |= {row.id for row in inventory.rows() if canonical_id(row.id) in misfits(inventory.generation)}
    for row in inventory.rows():
        if row.state == "blocked" and row.id not in told and row.revoked is None:
            problem, _, advice = (row.problem or "it cannot run").partition(": jackfield ")
            # What a script needs stands in its file, and a marketplace has no newer one.
            mend = f"mend {row.id}" if row.source == "script" else f"jackfield update {row.id}"
            way_out = f"jackfield {advice}" if advice else f"{mend}, or jackfield disable {row.id}"
            yield Finding("blocked", row.id, problem, way_out)


def _conflicts(inventory: Inventory) -> Iterator[Finding]:
    """Name who is hidden, and whose commands clash, also by an alias: the second one would fail when it starts."""
    for row in inventory.rows():
        if row.state == "shadowed" and row.enabled:
            advice = f"remove one of the two: pip uninstall, or jackfield remove {row.id}"
            if row.source == "script":
                advice = "remove the file that you do not want"
            yield Finding("conflict", row.id, row.problem or "another one of its id wins", advice)
    holders: dict[str, str] = {}
    for candidate in _enabled(inventory):
        manifest = candidate.manifest
        if manifest is None:
            continue
        names = [name for one in manifest.contributes.commands for name in (one.name, *one.aliases) if name.split()]
        for root in dict.fromkeys(name.split()[0] for name in names):
            first = holders.setdefault(root, candidate.id)
            if first != candidate.id:
                problem = f"its command {root} is that of {first}, too: only one of them can have it"
                yield Finding("conflict", candidate.id, problem, f"jackfield disable {candidate.id}, or {first}")


def _growth(inventory: Inventory) -> Iterator[Finding]:
    for candidate in _enabled(inventory):
        manifest = candidate.manifest
        grant = inventory.grant(candidate.canonical_id)
        if manifest is None or grant is None or candidate.origin == "script":
            continue
        seen = grant.version in (str(manifest.version or ""), candidate.version)
        missing = decide(manifest.permissions, grant).missing
        if missing and not seen:
            problem = f"{candidate.version} asks for more than you allowed: {'; '.join(map(str, missing))}"
            yield Finding("growth", candidate.id, problem, f"jackfield enable {candidate.id}")


def _slow(starts: Starts, inventory: Inventory) -> Iterator[Finding]:
    names = {candidate.canonical_id: candidate.id for candidate in _enabled(inventory)}
    for cid, seconds in sorted(starts.slow().items(), key=lambda one: -one[1]):
        if cid in names:
            problem = f"it took {seconds:.1f} s of the last start; {SLOW_SECONDS:g} s are much"
            yield Finding("slow", names[cid], problem, f"tell its author, or jackfield disable {names[cid]}")


def _orphaned(layout: Layout, inventory: Inventory) -> Iterator[Finding]:
    known = {canonical_id(row.id) for row in inventory.rows()}
    try:
        folders = sorted(path for path in layout.data("x").parent.iterdir() if path.is_dir())
    except OSError:
        return
    for folder in folders:
        if is_canonical(folder.name) and folder.name not in known and (kept_bytes := folder_size(folder)):
            problem = f"{_in_words(kept_bytes)} of data of a plugin that is not installed, in {folder}"
            advice = f"jackfield install {folder.name} to use it again, or jackfield remove {folder.name} --purge"
            yield Finding("orphaned", folder.name, problem, advice)


def _enabled(inventory: Inventory) -> list[Candidate]:
    """The plugins that the user wants to run, in the order of their ids."""
    found = []
    for row in inventory.rows():
        if row.enabled and row.state != "shadowed":
            try:
                found.append(inventory.candidate(row.id))
            except UnknownPlugin:  # its files are gone from the store, which its row says
                continue
    return found


def _in_words(total: int) -> str:
    for unit, length in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if total >= length:
            return f"{total / length:.1f} {unit}"
    return f"{total} byte{'s' if total != 1 else ''}"
