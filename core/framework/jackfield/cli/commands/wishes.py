"""`jackfield enable` and `jackfield disable`."""

from collections.abc import Mapping

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.consent import require_yes, show_request
from jackfield.cli.options import accept_option, command, yes_option
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import plain
from jackfield.errors import JackfieldError


@command(
    "enable",
    told="Enable plugins, with their permissions asked for.",
    examples=[("poll", "one plugin"), ("poll --accept-permissions", "without a question, as in a script")],
)
@click.argument("ids", metavar="PLUGIN...", nargs=-1, required=True, shell_complete=installed_ids(enabled=False))
@yes_option
@accept_option
def enable(session: Session, ids: tuple[str, ...], yes: bool, accept_permissions: bool) -> None:
    """Ask for what is not granted yet, then wish; nothing is wished before every question is answered."""
    del yes  # enabling is only asked about where permissions are missing, and those `--yes` does not grant
    management, output = session.management, session.output
    wished = {plugin: _enabled(session, plugin) for plugin in ids}
    requests = {plugin: management.enable_request(plugin) for plugin in ids}
    for plugin, request in requests.items():
        if request.growth and not accept_permissions:
            _ask(session, plugin, request.to_mapping())
    clashes: dict[str, list[str]] = {}
    for plugin in ids:
        shown = requests[plugin]
        management.enable(plugin, accept_permissions=bool(shown.growth), shown=shown, by=session.by)
        granted = ", and may do now what it asks for" if wished[plugin] and shown.growth else ""
        output.line(f"{plain(plugin)} was {'enabled already' if wished[plugin] else 'enabled'}{granted}.")
        clashes[plugin] = list(management.clashes(plugin))
        for clash in clashes[plugin]:
            output.line(f"note: {plain(clash)}")
    _tell_host(session, "enable", wished, clashes)


def _ask(session: Session, plugin: str, request: JsonObject) -> None:
    """Show what is asked for and ask.

    Raises:
        ConsentRequired: the answer is no, or nobody is here to answer.
    """
    show_request(session.output, request)
    require_yes(session.output, f"Enable {plain(plugin)}?", f"enable {plugin}", {"consent": [request]})


@command(
    "disable",
    told="Disable plugins; their code, data and grants are kept.",
    examples=[("poll", "one plugin"), ("poll dice", "two of them")],
)
@click.argument("ids", metavar="PLUGIN...", nargs=-1, required=True, shell_complete=installed_ids(enabled=True))
def disable(session: Session, ids: tuple[str, ...]) -> None:
    """Wish them off; an id that is not there stops it before anything is changed."""
    wished = {plugin: _enabled(session, plugin) for plugin in ids}
    for plugin in ids:
        session.management.disable(plugin, by=session.by)
        session.output.line(f"{plain(plugin)} was {'disabled' if wished[plugin] else 'disabled already'}.")
    _tell_host(session, "disable", wished)


def _tell_host(
    session: Session, order: str, wished: dict[str, bool], clashes: Mapping[str, list[str]] | None = None
) -> None:
    """Have a running application follow at once, and tell how that went; the exit code is 1 where it failed."""
    answers: list[JsonObject] = []
    failed, enabled = False, order == "enable"
    there = session.running.is_there
    for plugin, was in wished.items():
        outcome: JsonObject | None = None
        if there:
            outcome = _outcome(session, order, plugin)
            failed = failed or (enabled and bool(outcome["problem"]))
        told = {"clashes": clashes[plugin]} if clashes is not None else {}
        answers.append({"id": plugin, "enabled": enabled, "changed": was != enabled, "running": outcome, **told})
    session.output.data({"app": session.host.name, "plugins": answers})
    if failed:
        click.get_current_context().exit(1)


def _outcome(session: Session, order: str, plugin: str) -> JsonObject:
    """Give the order; say where the plugin stands, or why not and where to look."""
    try:
        told = session.running.ask(order, plugin=plugin, by=session.by)["plugin"]
    except JackfieldError as error:
        problem = error.message
        session.output.note(
            click.style("note:", bold=True) + f" {plain(problem)}. See: {session.program} logs {plain(plugin)}"
        )
        return {"state": "failed", "problem": problem}
    session.output.line(f"The running {plain(session.host.name)} has followed: {plain(plugin)} is {told['state']}.")
    return {"state": told["state"], "problem": told["problem"] if told["state"] in ("failed", "blocked") else None}


def _enabled(session: Session, plugin: str) -> bool:
    """Whether it is wished now.

    Raises:
        UnknownPlugin: it is not installed.
    """
    return session.management.permissions(plugin).enabled
