"""How a plan reads, how its yes is asked for, and how it is carried out: shared by install, update and remove."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from jackfield.cli.consent import other_key, require_yes, show_request, show_unasked
from jackfield.cli.failures import PlanRefused, Stopped
from jackfield.cli.interrupting import run_change
from jackfield.cli.output import JsonObject, Output
from jackfield.cli.progress import ProgressLine
from jackfield.cli.session import Session
from jackfield.cli.words import duration, joined, plain, plural, size
from jackfield.errors import JackfieldError, StoreError
from jackfield.manifest import canonical_id

if TYPE_CHECKING:
    from jackfield.management import Again, Plan

_FAILED = ("failed", "blocked")
_LEFT_OUT_SHOWN = 4  # of what a set of wheels brings beside its code; --json has all
_CHANGELOG_LINES = 12  # of one plugin's changelog; the rest is on its page
_CHANGELOG_CHARACTERS = 300  # of one line: what is asked stands above it, and must not be pushed out of sight


@dataclass(frozen=True, slots=True)
class Answers:
    """What the options of a changing command say before anything is asked.

    Args:
        yes: the plan is agreed to; no permission is.
        accept_permissions: the permissions that are asked for are granted; the plan is agreed to as well.
        dry_run: show, change nothing.
    """

    yes: bool = False
    accept_permissions: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """The words for what a plan does.

    Args:
        question: asked before, `Install and enable`; a plan that needs no consent is carried out unasked where empty.
        done: told after, `installed and enabled`.
        nothing: told where the plan is empty.
        enable: whether added plugins are enabled.
    """

    question: str
    done: str
    nothing: str
    enable: bool = True


def carry_out(
    session: Session,
    plan: "Plan",
    answers: Answers,
    deed: Deed,
    refusal: PlanRefused | None = None,
    again: "Again | None" = None,
    finish: Callable[[JsonObject], None] | None = None,
) -> None:
    """Show the plan, ask where a yes is missing, apply it, and say what was done.

    Args:
        session: what the command works with.
        plan: what to do.
        answers: what the options say already.
        deed: its words.
        refusal: what the command ends with, after everything else was done; with `--json` it carries the outcome.
        again: makes the plan anew where another installer was faster; used if it then does and asks the same.
        finish: does what is left to do after the change, and prints the answer, which it is given.

    Raises:
        ConsentRequired: nobody said yes; nothing was changed.
    """
    output, shown = session.output, plan.to_mapping()
    answer: JsonObject = {"app": session.host.name, "plan": shown, "applied": False, "outcome": None}
    for request in shown["held"]:
        show_request(output, request)
        output.line(f"  left       at {request['previous']}: what is new was not granted")
    if not plan:
        if finish is None or answers.dry_run:
            _end(output, answer, refusal)
        _show_notes(output, shown)
        output.line(deed.nothing)
        if finish is not None and not answers.dry_run:
            finish(answer)
        _refuse(refusal)
        return
    show_plan(output, shown)
    if answers.dry_run:
        output.data(answer)
        output.line("Nothing was changed: this was a dry run.")
        return
    accepted = _agreed(output, shown, answers, deed)
    began = time.monotonic()
    with interruptible(session), ProgressLine(quiet=output.as_json) as progress:
        applying = session.management.apply(
            plan, accept_permissions=accepted, enable=deed.enable, by=session.by, progress=progress, again=again
        )
        outcome = run_change(applying, output, progress)
    taken = duration(time.monotonic() - began)
    stand = _where_they_stand(session, shown)
    back = _rolled_back(session, shown) if stand is not None else {}
    if stand is not None:
        stand |= {plugin: {"state": "failed", "problem": why} for plugin, why in back.items()}
    answer |= {"applied": True, "outcome": outcome.to_mapping(), "running": stand}
    if finish is None:
        _end(output, answer, refusal)
    done = deed.done if not _only_changes(shown) else "updated"
    output.line(f"{_named(shown)} {_were(shown)} {done} in {taken}.")
    _tell_left_out(output, outcome.left_out)
    failed = {plugin: one for plugin, one in (stand or {}).items() if one["problem"]}
    for plugin, one in failed.items():
        if plugin in back:
            output.note(click.style("note:", bold=True) + f" {plain(one['problem'] or '')}.")
            continue
        told = f"{plain(plugin)} is {one['state']} in the running {plain(session.host.name)}: {plain(one['problem'])}"
        output.note(click.style("note:", bold=True) + f" {told}. See: {session.program} logs {plain(plugin)}")
    if finish is not None:
        finish(answer)
    _refuse(refusal)
    if failed:
        click.get_current_context().exit(1)


def _tell_left_out(output: Output, left_out: Mapping[str, Sequence[str]]) -> None:
    """Say what of the wheels pip would have put beside them: who waits for a library's script looks for it in vain."""
    paths = [f"{path} of {wheel.partition('-')[0]}" for wheel, left in left_out.items() for path in left]
    if paths:
        more = f" and {len(paths) - _LEFT_OUT_SHOWN} more" if len(paths) > _LEFT_OUT_SHOWN else ""
        output.line(f"Left out: {plain(', '.join(paths[:_LEFT_OUT_SHOWN]))}{more}.")


def tell_of_files(session: Session, plugins: Sequence[str] | None = None) -> None:
    """Say of what came from a file that no marketplace is asked for it: else "nothing newer" would not be true.

    Args:
        session: what the command works with.
        plugins: the ids that were named; None for all that are installed.
    """
    rows = [row for row in session.management.list() if row.source == "file"]
    named = None if plugins is None else {canonical_id(one.strip()) for one in plugins}
    ids = [plain(row.id) for row in rows if named is None or canonical_id(row.id) in named]
    if ids:
        name, where, what = (ids[0], "a file", "it") if len(ids) == 1 else ("PLUGIN", "files", "them")
        told = f"{joined(ids)} came from {where}: no marketplace is asked for {what}"
        way = f"{session.program} remove {name}, then {session.program} install {name}"
        session.output.note(click.style("note:", bold=True) + f" {told}. To have one's: {way}; its data stays")


def _where_they_stand(session: Session, plan: JsonObject) -> dict[str, JsonObject] | None:
    """Have a running application follow, and return where the plugins that came or changed stand; None without one.

    Installed is installed, whatever becomes of it there: who cannot be asked any more says nothing against it.
    """
    if not session.running.is_there:
        return None
    ids = {item["id"] for item in (*plan["added"], *plan["changed"]) if item["kind"] == "plugin"}
    try:
        told = session.running.ask("follow")["plugins"]
    except JackfieldError:
        return None
    return {
        one["id"]: {"state": one["state"], "problem": one["problem"] if one["state"] in _FAILED else None}
        for one in told
        if one["id"] in ids
    }


def _rolled_back(session: Session, plan: JsonObject) -> dict[str, str]:
    """Plugin -> why, of those that failed in the running application and were taken back by it at once."""
    came = {item["id"]: item["new_version"] for item in (*plan["added"], *plan["changed"])}
    found = {}
    for one in session.management.failed():
        if came.get(one.plugin) == one.version:
            became = f"{one.before} is back" if one.before else "it was taken out again"
            logs, release = f"{session.program} logs {one.plugin}", f"{session.program} pin {one.plugin} --release"
            others = f"; {one.others}" if one.along else ""
            found[one.plugin] = f"{one.sentence}; {became}{others}. See: {logs}. To try it again: {release}"
    return found


def _end(output: Output, answer: JsonObject, refusal: PlanRefused | None) -> None:
    """Print the answer; where a refusal follows, that one prints it: there is one document."""
    if refusal is None:
        output.data(answer)
    else:
        refusal.beside = {key: value for key, value in answer.items() if key != "app"}


def _refuse(refusal: PlanRefused | None) -> None:
    if refusal is not None:
        raise refusal


@contextmanager
def interruptible(session: Session) -> Iterator[None]:
    """Say the truth after Ctrl-C: before the store's pointer moved nothing has changed, after it everything has.

    Raises:
        Stopped: the change was complete before it could be stopped.
    """
    before = _active_number(session)
    try:
        yield
    except KeyboardInterrupt:
        number = _active_number(session)
        if number == before or number is None:
            raise
        was = "damaged" if before is None else before
        message = f"the change was complete already: generation {number} is active, before it was {was}"
        raise Stopped(message, hint=f"{session.program} rollback") from None


def _active_number(session: Session) -> int | None:
    """The number in the pointer; None where it is damaged, which a rollback mends."""
    try:
        return session.management.store.active_number()
    except StoreError:
        return None


def show_plan(output: Output, plan: JsonObject) -> None:
    """Print the plan: consent requests in full, who made what comes unasked, all else as a table with what changed."""
    requests = plan["consent"]
    for request in requests:
        show_request(output, request)
    requested = {request["plugin"] for request in requests}
    brought = {name for request in requests for name in request["brings"]}
    told = {*requested, *brought}
    unasked = [item for item in plan["added"] if item["kind"] == "plugin" and item["id"] not in told]
    for item in unasked:
        show_unasked(output, item)
    requested |= {item["id"] for item in unasked}
    rows = [
        (verb, *_item(item))
        for verb, key in (("add", "added"), ("update", "changed"), ("remove", "removed"))
        for item in plan[key]
        if item["kind"] == "library" or item["id"] not in requested
    ]
    rows += [("move", plugin, f"→ {where}", "") for plugin, where in plan["moved"].items()]
    rows = [row for row in rows if not (row[0] == "add" and row[1] in brought)]
    output.table((), rows)
    for item in plan["changed"]:
        show_changelog(output, item["id"] or item["distribution"], item["changelog"] or "")
    for plugin, (before, after) in plan["migrates"].items():
        output.line(f"{plain(plugin)} changes the shape of its data, from {before} to {after}; a copy is kept")
    if requested and plan["download_bytes"]:
        output.line(f"fetches {size(plan['download_bytes'])}")
    _show_notes(output, plan)


def _show_notes(output: Output, plan: JsonObject) -> None:
    """What a user should read besides: what was left as it is, what a manifest says that nobody knows."""
    for note in plan["notes"]:
        output.line(f"note: {plain(note)}")


def _item(item: JsonObject) -> tuple[str, str, str]:
    """Name, versions and size of one item."""
    name = item["id"] if item["kind"] == "plugin" else item["distribution"]
    versions = " → ".join(part for part in (item["old_version"], item["new_version"]) if part)
    of = f" of {plain(item['of'])}" if item["of"] else ""
    note = f"library{of}" if item["kind"] == "library" else ""
    if item["unsigned"] and item["new_version"]:
        note = f"unsigned library{of} from {plain(item['source'])}"
    if item["size"] and item["new_version"]:
        note = f"{note}  {size(item['size'])}".strip()
    return name, versions, note


def show_changelog(output: Output, name: str, changelog: str) -> None:
    """What is new in a plugin, in its author's words, a dozen lines at most; nothing where the author tells nothing."""
    lines = [plain(line) for line in changelog.splitlines() if line.strip()]
    if not lines:
        return
    output.line(f"new in {plain(name)}:")
    for line in lines[:_CHANGELOG_LINES]:
        output.line(f"  {line[:_CHANGELOG_CHARACTERS]}{'…' if len(line) > _CHANGELOG_CHARACTERS else ''}")
    if len(lines) > _CHANGELOG_LINES:
        output.line(f"  … {plural(len(lines) - _CHANGELOG_LINES, 'line')} more")


def _agreed(output: Output, plan: JsonObject, answers: Answers, deed: Deed) -> bool:
    """Whether the permissions are accepted; asked where the options do not say.

    `--yes` agrees to the plan and never to a permission; `--accept-permissions` to both (design §8).

    Raises:
        ConsentRequired: the answer is no, or nobody is here to answer.
    """
    # What is installed and not enabled gets no rights yet; an update of something that runs does.
    consent = any(deed.enable or request["previous"] or other_key(request) for request in plan["consent"])
    if answers.accept_permissions or (not consent and (answers.yes or not deed.question)):
        return answers.accept_permissions
    option = "--accept-permissions" if consent else "--yes"
    words = f"{'Update' if _only_changes(plan) else deed.question or 'Change'} {_names(plan)}"
    if answers.yes and (output.as_json or not sys.stdin.isatty()):  # nobody is there to be asked
        who = plain(joined([request["plugin"] for request in plan["consent"]]))
        asks = "asks" if len(plan["consent"]) == 1 else "ask"
        told = f"--yes says yes to the plan, and not to what {who} {asks} for; nothing was changed"
        raise PlanRefused(told, plan, hint=f"add {option}")
    require_yes(output, f"{words}?", words[0].lower() + words[1:], plan, option)
    return consent


def _only_changes(plan: JsonObject) -> bool:
    """Whether nothing comes and nothing goes: `install poll==2.0` over an older one is an update in all but name."""
    return bool(plan["changed"]) and not plan["added"] and not plan["removed"]


def _plugins(plan: JsonObject) -> list[JsonObject]:
    """The plan's plugins, libraries left out where there is any plugin."""
    items = [*plan["added"], *plan["changed"], *plan["removed"]]
    return [item for item in items if item["kind"] == "plugin"] or items


def _names(plan: JsonObject) -> str:
    """`poll`, `poll and dice`: the ids for a question."""
    return plain(joined([item["id"] or item["distribution"] for item in _plugins(plan)]))


def _named(plan: JsonObject) -> str:
    """`poll 1.3.1 and dice 2.0`: with the versions that are there afterwards, else those that were."""
    return plain(
        joined(
            [
                f"{item['id'] or item['distribution']} {item['new_version'] or item['old_version']}"
                for item in _plugins(plan)
            ]
        )
    )


def _were(plan: JsonObject) -> str:
    return "was" if len(_plugins(plan)) == 1 else "were"
