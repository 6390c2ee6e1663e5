"""`jackfield stats`."""

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject, Output
from jackfield.cli.session import Session
from jackfield.cli.words import brief, count, plain, plural, size
from jackfield.errors import HostUnreachable, UnknownPlugin

_HEADER = ("PLUGIN", "CALLS", "TIME", "WORST", "P99", "ERRORS", "MESSAGES", "STORAGE", "")
_SPARE = ("P99", "STORAGE", "WORST", "MESSAGES", "KIND")
"""What a narrow terminal can do without."""

TOP = 10
"""C31."""


@command(
    "stats",
    told="Show what plugins did: calls, time, errors, messages.\n\n"
    "Of a running application since it started; otherwise of all its runs so far. WORST is the longest call, P99 what "
    "99 of 100 calls did not exceed, to a factor of two. MESSAGES are what a plugin sent through the application. "
    "The numbers stay on this machine.",
    examples=[("", "all plugins, the most used first"), ("weather", "each use of one"), ("--top 3", "the busiest")],
)
@click.argument("plugin", required=False, shell_complete=installed_ids())
@click.option(
    "--top",
    type=click.IntRange(1),
    is_flag=False,
    flag_value=TOP,
    metavar="[N]",
    help=f"Only the N plugins that were called most; {TOP} where no number is said.",
)
def stats(session: Session, plugin: str | None, top: int | None) -> None:
    """Ask the running host, else read what earlier runs left."""
    running, found = _found(session, plugin)
    found = found[:top] if top is not None else found
    output = session.output
    output.data({"app": session.host.name, "running": running, "plugins": found})
    if not running:
        output.line("No application runs with these plugins: what its earlier runs counted.")
    if not found:
        output.line("Nothing has been counted yet.")
        if session.host.hostfile is None:
            output.line(f"An adopted application counts where it is told to: JACKFIELD_COUNT=1 {session.host.name} …")
    elif plugin is not None:
        _show_one(output, found[0])
    else:
        output.table(_HEADER, [_row(one) for one in found], spare=_SPARE)


def _found(session: Session, plugin: str | None) -> tuple[bool, list[JsonObject]]:
    """Whether the host runs, and what was counted.

    Raises:
        UnknownPlugin: nothing is known of the plugin.
    """
    try:
        answer = session.running.ask("stats", plugin=plugin)
    except HostUnreachable:
        if session.running.is_there:
            raise  # it runs and does not answer: old numbers would mislead
    else:
        return True, list(answer["plugins"])
    from jackfield.analytics import UsageFile

    kept = UsageFile(session.layout.usage).read()
    if plugin is not None:
        wanted = _comparable(plugin)
        kept = [one for one in kept if _comparable(one.plugin) == wanted]
        if not kept:
            raise UnknownPlugin(f"nothing was counted of a plugin {plugin}", plugin=plugin, hint="jackfield stats")
    return False, [one.to_mapping() for one in kept]


def _comparable(plugin: str) -> str:
    """An adopted application's plugins may be called anything."""
    from jackfield.errors import IdentityError
    from jackfield.manifest import canonical_id

    try:
        return canonical_id(plugin)
    except IdentityError:
        return plugin


def _row(one: JsonObject) -> tuple[str, ...]:
    blocked = ""
    if one["blocked"]:
        blocked = f"blocked everything {plural(one['blocked'], 'time')}, for up to {brief(one['blocked_seconds'])}"
    return (
        one["plugin"],
        count(one["invocations"]),
        brief(one["seconds"]),
        brief(one["worst_seconds"]),
        brief(one["p99_seconds"]),
        str(one["errors"]),
        count(one["messages"]),
        size(one["storage_bytes"]) if one["storage_bytes"] else "–",
        blocked,
    )


def _show_one(output: Output, one: JsonObject) -> None:
    output.line(click.style(plain(one["plugin"]), bold=True))
    uses = [
        (
            use["use"],
            use["kind"],
            count(use["calls"]),
            brief(use["seconds"]),
            brief(use["worst_seconds"]),
            brief(use["p99_seconds"]),
            str(use["errors"]),
        )
        for use in one["uses"]
    ]
    if not uses:
        output.line("It has not been used yet.")
    output.table(("USE", "KIND", "CALLS", "TIME", "WORST", "P99", "ERRORS"), uses, flexible=0, spare=_SPARE)
