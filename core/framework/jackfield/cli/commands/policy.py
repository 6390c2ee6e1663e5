"""`jackfield policy`: how plugins are updated, and what a user said of single versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.options import command
from jackfield.cli.session import Session
from jackfield.cli.words import day, plain
from jackfield.errors import UsageError

if TYPE_CHECKING:
    from jackfield.management import Policies


@command(
    "policy",
    told="Say how plugins are updated: pin, notify or auto.\n\n"
    "pin: a plugin stays. notify: you are told what is new. auto: the running application takes what asks for nothing "
    "more; what does waits for your yes. --default says it for every plugin of which nothing else is said. With a "
    "delay a version is offered once it is that old; security fixes that the marketplace confirmed pass. To have a "
    "version that waits all the same, name it: install poll==2.0.0.",
    examples=[
        ("", "how plugins are updated"),
        ("poll auto", "the running application updates poll by itself"),
        ("--default notify --delay 3d", "tell of nothing that is younger than three days"),
        ("poll --delay 0", "but for poll"),
        ("poll --never 2.0.0", "do not offer that version"),
        ("poll --later 2.0.0", "do not speak of it for a week"),
        ("poll --reset", "as every other plugin"),
    ],
)
@click.argument("plugin", required=False, shell_complete=installed_ids())
@click.argument("mode", required=False, type=click.Choice(["pin", "notify", "auto"]))
@click.option("--default", "default", type=click.Choice(["pin", "notify", "auto"]), help="For every other plugin.")
@click.option("--delay", metavar="SPAN", help="How old a version has to be: 3d, 12h, 0.")
@click.option("--pre/--no-pre", default=None, help="Offer pre-releases too, or not.")
@click.option("--tell/--no-tell", default=None, help="Tell marketplaces whether versions in a rollout work here.")
@click.option("--never", metavar="VERSION", help="Do not offer this version of the plugin.")
@click.option("--later", metavar="VERSION", help="Do not speak of this version for a week.")
@click.option("--again", is_flag=True, help="Take back --never and --later.")
@click.option("--reset", is_flag=True, help="Let the plugin go by the default, or the default by what is built in.")
def policy(
    session: Session,
    plugin: str | None,
    mode: str | None,
    default: str | None,
    delay: str | None,
    pre: bool | None,
    tell: bool | None,
    never: str | None,
    later: str | None,
    again: bool,
    reset: bool,
) -> None:
    """Change what was named, then show what holds."""
    from jackfield.management import parse_span

    of_versions = never is not None or later is not None or again
    if plugin is None and of_versions:
        raise UsageError("--never, --later and --again need a plugin", hint="jackfield policy PLUGIN --never VERSION")
    if plugin is not None and (default is not None or tell is not None):
        raise UsageError("--default and --tell are for every plugin: name none")
    # By the candidate's id: what is not installed is a mistake here.
    cid = session.management.inventory().candidate(plugin).canonical_id if plugin is not None else None
    policies = session.management.policies
    if reset:
        policies.reset(cid, by=session.by)
    said = {"mode": mode or default, "delay_seconds": parse_span(delay) if delay is not None else None}
    said |= {"pre": pre, "tell": tell}
    changes = {name: value for name, value in said.items() if value is not None}
    if changes:
        policies.change(cid, changes, by=session.by)
    if cid is not None:
        _say(session, policies, cid, never=never, later=later, again=again)
    _show(session, policies, cid)


def _say(session: Session, policies: Policies, cid: str, *, never: str | None, later: str | None, again: bool) -> None:
    from jackfield.management import parse_version

    if again and not policies.ask_again(cid, by=session.by):
        session.output.line(f"Nothing was said of single versions of {plain(cid)}.")
    if never is not None:
        policies.say_never(cid, parse_version(never), by=session.by)
    if later is not None:
        policies.say_later(cid, parse_version(later), by=session.by)


def _show(session: Session, policies: Policies, cid: str | None) -> None:
    own = policies.own()
    names = {row.id: row for row in session.management.list()}
    default: dict[str, Any] = {**policies.default.to_mapping(), "tell": policies.tells}
    plugins = []
    for row in names.values():
        canonical = session.management.inventory().candidate(row.id).canonical_id if row.origin == "store" else None
        if canonical is None or cid not in (None, canonical):
            continue
        later = policies.later(canonical)
        plugins.append(
            {
                "id": row.id,
                **policies.of(canonical).to_mapping(),
                "own": canonical in own,
                "held": row.held,
                "never": sorted(policies.never(canonical)),
                "later": later.to_mapping() if later is not None else None,
            }
        )
    session.output.data({"app": session.host.name, "default": default, "plugins": plugins})
    rows = [(one["id"], _words(one), _versions(one)) for one in plugins if cid is not None or one["own"] or _said(one)]
    session.output.table((), [("every plugin" if not rows else "every other", _words(default), ""), *rows])
    told = "are told" if policies.tells else "are not told"
    session.output.line(f"Marketplaces {told} whether versions in a rollout work here.")


def _said(one: dict[str, Any]) -> bool:
    return bool(one["never"] or one["later"] or one["held"])


def _words(one: dict[str, Any]) -> str:
    """`notify, once 3 days old, pre-releases too`."""
    from jackfield.management import span_words

    told = [one["mode"]]
    told += [f"once {span_words(one['delay_seconds'])} old"] if one["delay_seconds"] else []
    told += ["pre-releases too"] if one["pre"] else []
    return ", ".join(told)


def _versions(one: dict[str, Any]) -> str:
    told = [f"held at {one['held']}"] if one["held"] else []
    told += [f"never {', '.join(one['never'])}"] if one["never"] else []
    told += [f"{one['later']['version']} not before {day(one['later']['until'])}"] if one["later"] else []
    return "; ".join(told)
