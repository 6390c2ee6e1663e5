"""`jackfield update`, and `--check`."""

import asyncio
from collections.abc import Sequence

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.failures import NOTHING_TO_DO, FailedInPart, PlanRefused
from jackfield.cli.options import accept_option, command, dry_run_option, pre_option, yes_option
from jackfield.cli.output import JsonObject
from jackfield.cli.plans import Answers, Deed, carry_out, show_changelog, tell_of_files
from jackfield.cli.session import Session
from jackfield.cli.words import day, joined, plain, whom
from jackfield.errors import JackfieldError, MarketError, MarketUnreachable, TrustError

_UNCHECKED: tuple[tuple[str, type[JackfieldError], str], ...] = (
    ("untrusted", TrustError, "what is said of {} is not signed as it has to be"),
    ("unreachable", MarketUnreachable, "whether there is anything newer of {} is not known: no marketplace answered"),
    ("failed", MarketError, "whether there is anything newer of {} is not known"),
)


@command(
    "update",
    told="Bring plugins to their newest versions, or see which there are.\n\n"
    "Without names all of them. What an update asks for beyond the present version is shown and asked first. With "
    "--yes such an update is left out and named, the others are made, and the exit code is 3. With --check the exit "
    "code is 0 if there are updates, 4 if there are none; 6 if what a marketplace says is not signed as it has to be, "
    "whatever else is found; 5 or 1 if a marketplace could not be asked, and nothing else is found.",
    examples=[
        ("--check", "see what is new, change nothing"),
        ("poll", "one plugin"),
        ("--yes", "all that ask for nothing new"),
        ("--yes --accept-permissions", "all, new permissions granted"),
    ],
)
@click.argument("ids", metavar="[PLUGIN]...", nargs=-1, shell_complete=installed_ids(origin="store"))
@click.option("--check", is_flag=True, help="Only show which updates there are.")
@pre_option
@dry_run_option
@yes_option
@accept_option
def update(
    session: Session, ids: tuple[str, ...], check: bool, pre: bool, dry_run: bool, yes: bool, accept_permissions: bool
) -> None:
    """Check, or plan, show, ask and apply; with `--yes` alone, what asks for more is held and the rest is done."""
    if check:
        _check(session, ids, pre=pre)
        return
    growing = accept_permissions or not yes
    plan = asyncio.run(session.management.plan_update(ids or None, pre=pre, growing=growing))
    tell_of_files(session, ids or None)
    nothing = _nothing_newer(ids) if not plan.held else "Nothing else is newer."
    deed = Deed(question="Update", done="updated", nothing=nothing)
    refusal = held_refusal(session.program, plan.to_mapping()) if not dry_run else None
    unasked = not plan.consent and not plan.going_back
    carry_out(session, plan, Answers(yes or unasked, accept_permissions, dry_run), deed, refusal)


def held_refusal(program: str, plan: JsonObject) -> PlanRefused | None:
    """What ends an update that left plugins as they are because they ask for more; None where none did."""
    if not plan["held"]:
        return None
    left = joined([f"{one['plugin']} at {one['previous']}" for one in plan["held"]])
    names = " ".join(one["plugin"] for one in plan["held"])
    more = "it asks" if len(plan["held"]) == 1 else "they ask"
    return PlanRefused(
        f"left {plain(left)}, since {more} for more", plan, hint=f"{program} update {names} --accept-permissions"
    )


def _check(session: Session, ids: tuple[str, ...], *, pre: bool) -> None:
    """Show the updates; one plugin that cannot be asked about is a line, never the end of the rest (C42)."""
    output = session.output

    def tell(sentence: str) -> None:
        output.note(click.style("note:", bold=True) + f" {plain(sentence)}")

    found = asyncio.run(session.management.check_updates(ids or None, pre=pre, tell=tell))
    tell_of_files(session, ids or None)
    updates = [update.to_mapping() for update in found]
    answer = {"app": session.host.name, "updates": updates}
    failure = _failure(updates)
    if failure is None:
        output.data(answer)
    output.table((), [_row(one, session.by) for one in updates], whole=True)
    for one in updates:
        show_changelog(output, one["id"], one["changelog"])
    if failure is not None:
        raise FailedInPart(failure, answer)
    if not any(one["new"] for one in updates):
        if not updates:
            output.line(_nothing_newer(ids))
        click.get_current_context().exit(NOTHING_TO_DO)


def _failure(updates: Sequence[JsonObject]) -> JackfieldError | None:
    """What a check ends with where an answer could not be taken: no update found is then no word on what there is."""
    found = any(one["new"] for one in updates)
    for unchecked, error, said in _UNCHECKED:
        names = [one["id"] for one in updates if one["unchecked"] == unchecked]
        if names and (unchecked == "untrusted" or not found):
            hint = (
                "nothing was taken of it; somebody may speak in its marketplace's name" if error is TrustError else None
            )
            return error(said.format(plain(joined(names))), hint=hint)
    return None


def _nothing_newer(ids: tuple[str, ...]) -> str:
    return f"{plain(joined(list(ids))) if ids else 'Every plugin'}: nothing newer."


def _row(update: JsonObject, reader: str) -> tuple[str, str, str]:
    """`poll  1.3.1 → 2.0.0  asks for more: read member names (to show who voted)`."""
    held = _held(update, reader) if update["held"] else []
    waits = [update["waits"]["sentence"]] if update["waits"] else []
    if update["new"] is None:
        where = f"held at {update['held']}" if update["held"] else update["current"]
        others = [update[key] for key in ("revoked", "problem", "failed") if update[key]]
        return update["id"], where, "; ".join([*held, *others, *waits])
    asked = [_asked(one) for one in update["permissions"] if one["new"]]
    others = [entry["detail"] for entry in update["growth"] if entry["kind"] != "permission"]
    told = [_security(update)] if update["security"] else []
    told += [f"asks for more: {', '.join(asked)}"] if asked else []
    told += others or ([] if asked else ["no new permissions"])
    told += [update["revoked"]] if update["revoked"] else []
    told += [update["problem"]] if update["problem"] else []
    told += [update["failed"]] if update["failed"] else []
    told += [update["unread"]] if update["unread"] else []
    told += [f"held at {update['held']}", *held] if held else []
    told += _beside(update) + waits
    return update["id"], f"{update['current']} → {update['new']}", "; ".join(told)


def _security(update: JsonObject) -> str:
    said = "security fix" if update["security_confirmed"] else "its publisher calls it a security fix"
    return f"{said}: {update['security']}"


def _beside(update: JsonObject) -> list[str]:
    """What comes along, what happens to its data, and what was said of it."""
    told = [f"brings {joined(update['brings'])}"] if update["brings"] else []
    if update["migrates"]:
        told.append("changes the shape of its data, from {} to {}; a copy is kept".format(*update["migrates"]))
    if update["policy"] == "auto" and not update["growth"]:
        told.append("the running application takes it by itself")
    told += [f"put off until {day(update['later'])}"] if update["later"] else []
    return told


def _held(update: JsonObject, reader: str) -> list[str]:
    """`2.0.0 is there`, `you pinned it on 3 May`."""
    pinned = update["pinned"]
    who = [f"{whom(pinned['by'], reader)} pinned it on {day(pinned['at'])}"] if pinned else []
    return [f"{update['held_back']} is there", *who]


def _asked(permission: JsonObject) -> str:
    reason = f" ({permission['reason']})" if permission["reason"] else ""
    return f"{permission['sentence']}{reason}"
