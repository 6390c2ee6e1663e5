"""What is wrong with the plugins of a profile, as far as can be told without running them, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

from jackfield.errors import StoreError, UnknownPlugin
from jackfield.locks import locks_problem
from jackfield.management.clashes import roots_of
from jackfield.management.finding import Finding
from jackfield.management.inventory import Inventory
from jackfield.management.keeping import Keeping
from jackfield.management.probation import failed_versions, still_true
from jackfield.management.profiles import vanished
from jackfield.management.unmet import disabling
from jackfield.manifest import Candidate, canonical_id, is_canonical
from jackfield.permissions import UNCONFINED, decide
from jackfield.revocation import OLD_SECONDS, Lists
from jackfield.storage import BISECT_KEY, DATABASE, SLOW_SECONDS, Snapshots, Starts, State, damage_of, folder_size
from jackfield.store import SURROUNDINGS, Layout, Store, hindrance, is_read_only, misfits, unmet


def diagnose(
    layout: Layout,
    store: Store,
    state: State,
    inventory: Callable[[], Inventory],
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
        inventory: looks at what is installed.
        failures: what the running application says of each plugin that failed there, by id; None where none
            runs: then what its last run left word of.
        troubles: what it says of each plugin that runs there all the same, by id.
        adopted: whether the application was adopted, and so keeps no logs for jackfield.

    Returns:
        what is wrong, the most urgent kinds first, with the notes among them; empty where nothing is to be said. Where
        the pointer, the active generation, the journal or the state log cannot be read, that is a finding, once, and
        what can be told without it is told.
    """
    starts = Starts(layout.starts)
    look = cache(inventory)
    checks: tuple[Callable[[], Iterable[Finding]], ...] = (
        partial(_unwritable, layout),
        partial(_safe_mode, starts),
        partial(_unfinished, store, state),
        lambda: _failed(starts, look(), failures, adopted=adopted),
        lambda: _failing(
            troubles or {}, look(), [*_taken_back(troubles or {}, look()), *_mistyped(layout, state, look())]
        ),
        lambda: _taken_back(troubles or {}, look()),
        lambda: _revoked(look()),
        partial(_old_lists, layout),
        lambda: _rolled_back(state, look()),
        lambda: _unfit(look(), state),
        lambda: _broken(look(), store),
        lambda: _damaged(layout, state, look()),
        lambda: _mistyped(layout, state, look()),
        lambda: _blocked(look()),
        lambda: _conflicts(look()),
        lambda: _growth(look()),
        lambda: _unconfined(look()),
        lambda: _slow(starts, look()),
        lambda: _orphaned(layout, look()),
        lambda: _vanished(layout, look()),
    )
    return list(_all(checks))


def _all(checks: Iterable[Callable[[], Iterable[Finding]]]) -> Iterator[Finding]:
    """What every check finds; what keeps several of them from looking is told once."""
    told = set[Finding]()
    for check in checks:
        try:
            yield from check()
        except StoreError as error:
            finding = Finding("broken", error.plugin, error.message, error.hint or "see to the file, and look again")
            if finding not in told:
                told.add(finding)
                yield finding


def _unwritable(layout: Layout) -> Iterator[Finding]:
    why, without = hindrance(layout.root), locks_problem(layout.install_lock)
    if without is not None:
        yield Finding("unwritable", None, f"nothing can be changed: {without.message}", without.hint or "")
    if why is not None and is_read_only(layout.root):
        problem = f"no plugin can be installed, set or keep anything: {layout.root} is mounted read-only"
        yield Finding("read-only", None, problem, "nothing, if that is meant: what is installed runs")
    elif why is not None:
        problem = f"no plugin can be installed, set or keep anything: {why}"
        yield Finding("unwritable", None, problem, "see to it, or have JACKFIELD_HOME name another folder")


def _safe_mode(starts: Starts) -> Iterator[Finding]:
    safe = starts.safe_mode()
    if safe is not None:
        yield Finding("safe mode", None, f"no plugin is started, since {safe.reason}", "jackfield bisect")


def _unfinished(store: Store, state: State) -> Iterator[Finding]:
    if not store.settled():
        problem = "an install is at work, or was cut off"
        yield Finding("unfinished", None, problem, "wait for it, or start the application")
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
        first = "mend or update it and start the application" if adopted else f"jackfield logs {plugin}"
        yield Finding("failed", plugin, why, f"{first}, or {_off(inventory, plugin)}")


def _off(inventory: Inventory, plugin: str) -> str:
    return disabling(plugin, inventory.manifests, inventory.enabled)


def _failing(troubles: Mapping[str, str], inventory: Inventory, told: Sequence[Finding]) -> Iterator[Finding]:
    """Name what runs and has trouble, but for what has a finding of its own."""
    for plugin in sorted(troubles):
        why = troubles[plugin]
        for one in told:
            if one.plugin == plugin:
                why = "; ".join(each for each in why.replace(one.problem, "").split("; ") if each)
        if why:
            yield Finding("failing", plugin, why, f"jackfield logs {plugin}, or {_off(inventory, plugin)}")


def _taken_back(troubles: Mapping[str, str], inventory: Inventory) -> Iterator[Finding]:
    """Name the hooks that are not called for want of a permission that a plugin asks for: nothing of it failed."""
    for plugin, why in sorted(troubles.items()):
        cid = canonical_id(plugin)
        manifest, grant = inventory.manifests.get(cid), inventory.grant(cid)
        asked = [(one.resource, action) for one in (manifest.permissions if manifest else ()) for action in one.actions]
        # What a plugin says of a failure of its own must not pass for this: nothing that it was granted is taken back.
        lacking = {
            f"{resource}:{action}" for resource, action in asked if not grant or not grant.allows(resource, action)
        }
        for sentence in why.split("; "):
            hook, _, name = sentence.partition(f" is not called: {plugin} may not ")
            if name in lacking and hook.isidentifier():
                yield Finding(
                    "taken back", plugin, sentence, f"to have it called: jackfield permissions grant {plugin} {name}"
                )


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


def _rolled_back(state: State, inventory: Inventory) -> Iterator[Finding]:
    for one in still_true(failed_versions(state), inventory.pins):
        became = f"{one.before} is back since" if one.before else "it was taken out again"
        advice = f"wait for its next version, or try it again: jackfield pin {one.plugin} --release"
        others = f"; {one.others}" if one.along else ""
        yield Finding("rolled back", one.plugin, f"{one.version} failed here, {became}: {one.why}{others}", advice)


def _unfit(inventory: Inventory, state: State) -> Iterator[Finding]:
    """Name what was installed for another Python, or beside other distributions: these may have come after it."""
    active = inventory.generation
    names = {canonical_id(plugin): plugin for plugin in active.plugins}
    for cid, problem in sorted(misfits(active).items()):
        yield Finding("other Python", names[cid], problem, "jackfield sync")
    for cid, problem in sorted(unmet(active, state.get(SURROUNDINGS)).items()):
        yield Finding("blocked", names[cid], problem, "jackfield sync")


def _vanished(layout: Layout, inventory: Inventory) -> Iterator[Finding]:
    if inventory.generation.plugins:
        return  # they would have to be merged: a choice that is nobody's but the user's
    for one in vanished(layout):
        problem = f"{one.prefix}, an environment that is gone, had {', '.join(one.plugins)}: they can be had here"
        yield Finding("vanished", None, problem, f"jackfield doctor --take-over {one.name}")


def _broken(inventory: Inventory, store: Store) -> Iterator[Finding]:
    active = inventory.generation
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
            needed, _, lacks = problem.removeprefix("needs ").partition(", which is ")
            mend = f"jackfield enable {needed}" if lacks == "disabled" else mend
            way_out = f"jackfield {advice}" if advice else f"{mend}, or {_off(inventory, row.id)}"
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
        for root in roots_of(manifest):
            first = holders.setdefault(root, candidate.id)
            if first != candidate.id:
                problem = f"its command {root} is that of {first}, too: only one of them can have it"
                one, other = _off(inventory, candidate.id), _off(inventory, first)
                advice = f"{one}, or {other if ', ' in one else other.removeprefix('jackfield disable ')}"
                yield Finding("conflict", candidate.id, problem, advice)


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
        elif unseen := grant.unseen(one.canonical_id for one in manifest.requires):
            problem = f"{candidate.version} uses more plugins than you allowed: {', '.join(unseen)}"
            yield Finding("growth", candidate.id, problem, f"jackfield enable {candidate.id}")


def _unconfined(inventory: Inventory) -> Iterator[Finding]:
    """Name what runs as a process that nothing confines: its user chose that, and may have forgotten it since."""
    for row in inventory.rows():
        if row.enabled and row.isolation == "process":
            problem = "it runs in a process of its own that is not confined: it can do what you can"
            advice = f"jackfield isolation {row.id} worker, to have it confined"
            if inventory.grade == UNCONFINED:
                advice = "jackfield doctor --sandbox says what this machine lacks for more"
            yield Finding("not confined", row.id, problem, advice)


def _slow(starts: Starts, inventory: Inventory) -> Iterator[Finding]:
    names = {candidate.canonical_id: candidate.id for candidate in _enabled(inventory)}
    for cid, seconds in sorted(starts.slow().items(), key=lambda one: -one[1]):
        if cid in names:
            problem = f"it took {seconds:.1f} s of the last start; {SLOW_SECONDS:g} s are much"
            yield Finding("slow", names[cid], problem, f"tell its author, or {_off(inventory, names[cid])}")


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
