"""`jackfield logs`."""

from datetime import datetime

import click

from jackfield.analytics import LEVEL_KEY, LEVELS, LogFile, LogLine
from jackfield.cli.completing import installed_ids
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject, as_json_line
from jackfield.cli.session import Session
from jackfield.cli.words import plain
from jackfield.errors import HostUnreachable, UnknownPlugin, UsageError
from jackfield.manifest import canonical_id
from jackfield.storage import Starts

_COLOURS = {"ERROR": "red", "CRITICAL": "red", "WARNING": "yellow", "DEBUG": "bright_black"}
_NO_LEVEL = "default"


@command(
    "logs",
    told="Show a plugin's last log lines, follow them, set their level.\n\n"
    "Lines are kept from INFO on, at most 1000 of them, and outlast the application: without a running one the last "
    "that were kept are shown. --level sets from where on lines are kept; a running application follows at once.\n\n"
    "They also tell of a plugin that was taken out again because it failed.\n\n"
    "An adopted application keeps no lines here: it logs by itself, and this command says so.",
    examples=[
        ("weather", "the last 50 lines"),
        ("weather --follow", "and each that comes, until Ctrl-C"),
        ("weather --level debug", "have it tell more from now on"),
        ("weather --least error", "only errors"),
    ],
)
@click.argument("plugin", shell_complete=installed_ids())
@click.option("--follow", "-f", is_flag=True, help="Wait for further lines; with --json each is one line of JSON.")
@click.option("-n", "number", type=click.IntRange(0), default=50, show_default=True, help="How many of the last lines.")
@click.option("--level", type=click.Choice([*LEVELS, _NO_LEVEL]), help="Keep lines from this level on, from now on.")
@click.option("--least", type=click.Choice(LEVELS), help="Show only lines of this level and above.")
def logs(session: Session, plugin: str, follow: bool, number: int, level: str | None, least: str | None) -> None:
    """Set the level, or show lines: those of the running host, else those on disk."""
    plugin = _named(session, plugin)
    if session.host.hostfile is None:
        _tell_where_else(session, plugin, level)
        return
    if level is not None:
        _set(session, plugin, level)
        return
    try:
        running = session.running.follow("logs", plugin=plugin, follow=follow)
        first = next(running)
    except UnknownPlugin:  # it was taken out in an earlier run
        _show_kept(session, plugin, number, least, running=True)
        return
    except (HostUnreachable, StopIteration):
        if session.running.is_there:
            raise
        if follow:
            raise
        _show_kept(session, plugin, number, least)
        return
    try:
        shown = [LogLine.from_mapping(line) for line in first["lines"]]
        _show(session, plugin, _wanted(shown, least)[-number:] if number else [], follow=follow, level=first["level"])
        for more in running:
            lines = [LogLine.from_mapping(line) for line in more["lines"]]
            _show(session, plugin, _wanted(lines, least), follow=True, level=None)
    except KeyboardInterrupt:
        if not follow:
            raise
        session.output.note("")  # behind the ^C; who follows has no other way to end, so that is no failure


def _named(session: Session, plugin: str) -> str:
    """The id of a plugin that is installed, or that was taken out again because it failed: its lines say how.

    Raises:
        UnknownPlugin: it is neither.
    """
    try:
        return session.management.permissions(plugin).request.plugin
    except UnknownPlugin:
        for one in session.management.failed():
            if canonical_id(one.plugin) == canonical_id(plugin):
                return one.plugin
        raise


def _tell_where_else(session: Session, plugin: str, level: str | None) -> None:
    """Say where the lines are of a plugin of an adopted application: that one logs by itself, and keeps none for us.

    Raises:
        UsageError: its level was to be set.
    """
    app = session.host.name
    where = f"{app} logs by itself: what its plugins log is where {app} writes its own log, and not kept here"
    if level is not None:
        raise UsageError(where, hint=f"the level is set there, too, by {app} or Python's logging")
    failure = Starts(session.layout.starts).failures().get(canonical_id(plugin))
    session.output.data({**_answer(session, plugin, [], running=False, level=None), "elsewhere": where})
    session.output.line(plain(f"{where}."))
    if failure is not None:
        session.output.line(plain(f"{plugin} failed when {app} last ran: {failure}"))


def _set(session: Session, plugin: str, level: str) -> None:
    kept = None if level == _NO_LEVEL else level
    session.management.state.change(
        {f"{LEVEL_KEY}{canonical_id(plugin)}": kept}, by=session.by, why=f"log level of {plugin}"
    )
    session.output.data(_answer(session, plugin, [], running=False, level=kept))
    told = f"{plain(plugin)} keeps log lines from {level} on." if kept else f"{plain(plugin)} logs as by default."
    session.output.line(told)


def _show_kept(session: Session, plugin: str, number: int, least: str | None, *, running: bool = False) -> None:
    lines = LogFile(session.layout.logs / f"{canonical_id(plugin)}.jsonl").read()
    if not running:
        session.output.line("No application runs with these plugins: the last lines of its earlier runs.")
    lines = _wanted(lines, least)
    _show(session, plugin, lines[-number:] if number else [], follow=False, level=None, running=running)


def _show(
    session: Session, plugin: str, lines: list[LogLine], *, follow: bool, level: str | None, running: bool = True
) -> None:
    output = session.output
    if output.as_json and follow:
        for line in lines:
            click.echo(as_json_line(line.to_mapping()))
        return
    output.data(_answer(session, plugin, lines, running=running, level=level))
    for line in lines:
        output.line(_text(line))
    if not lines and not follow:
        output.line(f"{plain(plugin)} has logged nothing.")


def _answer(session: Session, plugin: str, lines: list[LogLine], *, running: bool, level: str | None) -> JsonObject:
    told = [line.to_mapping() for line in lines]
    return {"app": session.host.name, "plugin": plugin, "running": running, "level": level, "lines": told}


def _wanted(lines: list[LogLine], least: str | None) -> list[LogLine]:
    if least is None:
        return lines
    return [line for line in lines if line.level_number >= LogLine(0, 0, least.upper(), "").level_number]


def _text(line: LogLine) -> str:
    """`14:02:11 WARNING 3 mm of rain  place=Vienna`, the traceback below it."""
    moment = datetime.fromtimestamp(line.time).astimezone()
    when = (
        f"{moment:%H:%M:%S}" if moment.date() == datetime.now().astimezone().date() else f"{moment:%Y-%m-%d %H:%M:%S}"
    )
    fields = "".join(f"  {plain(name)}={plain(str(value))}" for name, value in line.fields.items())
    level = click.style(f"{plain(line.level):<7}", fg=_COLOURS.get(line.level))
    first, *rest = [plain(part) for part in line.message.splitlines()] or [""]
    below = [*rest, *(plain(part.expandtabs()) for part in line.traceback.rstrip().splitlines())]
    return "\n".join([f"{when} {level} {first}{click.style(fields, dim=True)}", *(f"    {part}" for part in below)])
