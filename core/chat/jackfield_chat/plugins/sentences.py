"""What is asked and told of plugins, in sentences: the room and the page show the same ones (docs: words)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jackfield_chat.plugins.answers import AnswerLine
from jackfield_chat.plugins.figures import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jackfield.management import ConsentRequest, HistoryEntry, Plan, PlanItem, RollbackReport, Update

_TRUST = "full trust"  # what management calls code that runs in the chat itself
_OTHER_GROWTH = {"dependency", "isolation"}
_SOURCES = {"environment": "this Python environment", "file": "a file", "script": "a script folder"}

OF_A_FILE = (
    "came from a file: no marketplace is asked for another version. To have one's: remove it, then install it again; "
    "its data stays"
)
"""What is said of an installed plugin in the place of "is at its newest version", which nobody looked for."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a consent request.

    Args:
        title: what it answers.
        lines: the answer.
    """

    title: str
    lines: tuple[AnswerLine, ...]


def parts(request: ConsentRequest) -> tuple[Part, ...]:
    """Return what someone says yes to: what it wants (risky first, new ones marked), where it runs, who made it."""
    wishes = tuple(_wish(one.sentence, one.reason, one.risk, new=one.new) for one in request.permissions)
    mark = "new: " if request.previous is not None else ""
    uses = tuple(AnswerLine(f"{mark}{phrase}", "medium") for phrase in request.growth.uses)
    risk = "high" if _TRUST in request.isolation_sentence else ""
    runs = (AnswerLine(f"runs in {request.isolation_sentence}", risk),)
    made = [f"by {request.made_by}" if request.made_by else "nobody says who published it"]
    if request.published is not None:
        made.append(f"published on {day(request.published)}")
    made.append(f"from {_SOURCES.get(request.source, request.source)}")
    brings = f"brings {', '.join(request.brings)}" if request.brings else "brings nothing else"
    others = [entry.detail for entry in request.growth.entries if entry.kind in {"publisher", "source"}]
    who = (
        AnswerLine(", ".join(made)),
        AnswerLine(brings),
        *(AnswerLine(detail, "high") for detail in others if detail),
    )
    return (
        Part("What it wants", (*(wishes or (AnswerLine("nothing that needs a permission"),)), *uses)),
        Part("Where it runs", runs),
        Part("Who made it", who),
    )


def besides(plan: Plan) -> tuple[str, ...]:
    """Return what a plan does besides what is asked: to data, to libraries, and how much it fetches."""
    told = [
        f"{plugin} changes the shape of its data, from {before} to {after}; a copy is kept"
        for plugin, (before, after) in plan.migrates.items()
    ]
    told += [f"{one.id} goes back from {one.old_version} to {one.new_version}" for one in plan.going_back]
    moved = [f"{one.distribution} {one.old_version} → {one.new_version}" for one in plan.changed if one.id is None]
    told += [f"changes the libraries {', '.join(moved)}"] if moved else []
    told += [f"fetches {size(plan.download_bytes)}"] if plan.download_bytes else []
    return tuple(told)


def update_plan(update: Update) -> tuple[AnswerLine, ...]:
    """Return all that an update brings, each a line: the plan that a yes carries out, before it is made."""
    lines = []
    if update.security is not None:
        who = "security fix" if update.security_confirmed else "its publisher calls it a security fix"
        lines.append(AnswerLine(f"{who}: {update.security}"))
    lines += [_wish(one.sentence, one.reason, one.risk, new=True) for one in update.permissions if one.new]
    lines += [AnswerLine(one.detail, "high") for one in update.growth.entries if one.kind in {"publisher", "source"}]
    lines += [AnswerLine(one.detail, "medium") for one in update.growth.entries if one.kind in _OTHER_GROWTH]
    if not update.growth:
        lines.append(AnswerLine("asks for nothing new"))
    lines.append(AnswerLine(f"brings {', '.join(update.brings)}" if update.brings else "brings no other plugin"))
    if update.migrates is not None:
        before, after = update.migrates
        lines.append(AnswerLine(f"changes the shape of its data, from {before} to {after}; a copy is kept"))
    if update.size:
        lines.append(AnswerLine(f"fetches {size(update.size)}"))
    return tuple(lines)


def day(moment: str) -> str:
    """Return a moment, ISO 8601, as a day: `3 May 2026`."""
    # The chat's people may sit in other zones than its server; a day is exact enough to say how new a version is.
    day = datetime.fromisoformat(moment).astimezone(UTC)
    return f"{day.day} {day:%B %Y}"


def _wish(sentence: str, reason: str, risk: str, *, new: bool) -> AnswerLine:
    text = f"{sentence} ({reason})" if reason else sentence
    return AnswerLine(f"new: {text}" if new else text, risk)


def headline(request: ConsentRequest) -> str:
    """Return which plugin is meant: `Poll 1.3.1` or `Poll 1.3.1 → 2.0.0`."""
    name = called(request.name, request.plugin)
    if request.previous is not None and request.previous != request.version:
        return f"{name} {request.previous} → {request.version}"
    return f"{name} {request.version}"


def called(name: str, plugin: str) -> str:
    """Return what a plugin is called that may not be here yet: `Poll`, or `Poll (pole)` where the name is not its id.

    Anybody may call a plugin like another one, and of each id there is one.
    """
    spelled = "-".join(name.lower().split()).replace("_", "-").replace(".", "-")
    return name if spelled == plugin.replace("_", "-").replace(".", "-") else f"{name} ({plugin})"


def done(plan: Plan) -> str:
    """Return what applying a plan did, as one sentence."""
    told = [f"{_named(item)} {item.new_version} was installed" for item in plan.added if item.kind == "plugin"]
    told += [
        f"{_named(item)} was updated from {item.old_version} to {item.new_version}"
        for item in plan.changed
        if item.kind == "plugin"
    ]
    told += [f"{_named(item)} {item.old_version} was removed" for item in plan.removed if item.kind == "plugin"]
    libraries = sum(item.kind == "library" for item in (*plan.added, *plan.changed, *plan.removed))
    if libraries:
        told.append(f"{libraries} {'library' if libraries == 1 else 'libraries'} changed with it")
    return f"{', '.join(told)}." if told else "Nothing had to be changed."


def _named(item: PlanItem) -> str:
    return item.id or item.distribution


def rolled_back(report: RollbackReport) -> str:
    """Return what a rollback did, as sentences."""
    told = []
    for plugin, (before, now) in report.plugins.items():
        if now is None:
            told.append(f"{plugin} {before} was taken away")
        elif before is None:
            told.append(f"{plugin} {now} is back")
        else:
            told.append(f"{plugin} went back from {before} to {now}")
    undone = f"Undone: {', '.join(report.undone)}. " if report.undone else ""
    left = ", ".join(report.kept_in_words())
    kept = f" Changed since, and left as it is: {left}." if left else ""
    return f"{undone}{', '.join(told) or 'The plugins are the same as before'}.{kept}"


def update_line(update: Update) -> AnswerLine:
    """Return one line about one update: `poll 1.3.1 → 2.0.0, asks for more: …`."""
    if update.new is None:
        waits = update.waits.sentence if update.waits is not None else None
        said = update.revoked or update.problem or update.failed or waits or "no newer version"
        return AnswerLine(f"{update.name} {update.current}: {said}")
    line = f"{update.name} {update.current} → {update.new}"
    if update.held:
        line += f", held at {update.held}"
    if update.security is not None and update.security_confirmed:
        line += ", a security fix"
    new = [one for one in update.permissions if one.new]
    if new:
        wishes = ", ".join(f"{one.sentence} ({one.reason})" if one.reason else one.sentence for one in new)
        return AnswerLine("; ".join((f"{line}, asks for more: {wishes}", *update.growth.uses)), new[0].risk)
    if update.growth:
        return AnswerLine(f"{line}, {'; '.join(entry.detail for entry in update.growth.entries)}", "medium")
    return AnswerLine(f"{line}, no new permissions")


def runs_in(isolation: str, grade: str | None) -> str:
    """Return where a plugin runs, as the end of a sentence: `a confined process of its own (full)`.

    Args:
        isolation: worker, process, inline or external.
        grade: of the machine, where the plugin is confined.
    """
    if isolation == "worker":
        return f"a confined process of its own ({grade})" if grade else "a process of its own"
    if isolation == "process":
        return "a process of its own that is not confined"
    if isolation == "external":
        return "a program of its own, which somebody starts"
    return "the chat itself, with all its rights"


def history_lines(entries: Sequence[HistoryEntry], limit: int) -> list[str]:
    """Return the newest changes, each as a line."""
    lines = []
    for entry in entries[:limit]:
        mark = " (now)" if entry.current else " (undone)" if entry.undone else ""
        when = datetime.fromisoformat(entry.at).astimezone(UTC)
        why = f" ({entry.why})" if entry.why else ""
        lines.append(f"{entry.generation}{mark}: {entry.what}{why}, by {entry.by}, {when:%Y-%m-%d %H:%M} UTC")
    return lines
