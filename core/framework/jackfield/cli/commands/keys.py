"""`jackfield keys`: new, list, revoke."""

import os
from pathlib import Path

import click

from jackfield.cli.completing import installed_ids
from jackfield.cli.consent import require_yes, show_request
from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.cli.options import accept_option, command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import ago, counted, memory_in_words, plain
from jackfield.errors import HostUnreachable, JackfieldError, UsageError

keys = LazyGroup(
    name="keys",
    help="Make, list and revoke the keys of external plugins.\n\n"
    "An external plugin is a program, in any language, that somebody starts and that connects by itself; its key says "
    "which plugin it is.",
    short_help="Make, list and revoke the keys of external plugins.",
    lazy={
        "new": Lazy(f"{__name__}:new", "Make a key for an external plugin, and show it once."),
        "list": Lazy(f"{__name__}:list_", "Show the keys that there are, and when each was last used."),
        "revoke": Lazy(f"{__name__}:revoke", "Make keys worthless and end their connections."),
    },
    default="list",
    examples=[
        ("new echo --manifest plugin.toml", "read what it asks for, then get a key"),
        ("", "the keys that there are"),
        ("revoke echo", "shut it out at once"),
    ],
)

_MOST_MANIFEST_BYTES = 1 << 20


@command(
    "new",
    told="Make a key for an external plugin, and show it once.\n\n"
    "What the plugin asks for in its manifest is shown as before an install. Without a manifest it gets nothing that "
    "needs a permission. A further key of the same plugin needs no manifest again.",
    examples=[
        ("echo --manifest plugin.toml", "the first key of a plugin"),
        ("echo --key-file echo.key", "keep it in a file that only you can read"),
        ("echo --temporary", "a key that works once, within 30 seconds; the application has to run"),
    ],
)
@click.argument("plugin")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The plugin's plugin.toml, which says what it asks for.",
)
@click.option("--name", default="", metavar="TEXT", help="What you call the key, e.g. where it will lie.")
@click.option("--temporary", is_flag=True, help="A key that works once, within 30 seconds.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the key into this new file instead of showing it.",
)
@accept_option
def new(
    session: Session,
    plugin: str,
    manifest: Path | None,
    name: str,
    temporary: bool,
    key_file: Path | None,
    accept_permissions: bool,
) -> None:
    """Ask for what is not granted yet, then make the key.

    Raises:
        UsageError: the application was adopted, and nothing could connect to it; or the key's file is there.
        HostUnreachable: the key would be one of a running application, and none runs.
    """
    if session.host.hostfile is None:
        raise UsageError(_takes_none(session), hint="an application on jackfield.Host does")
    external, output = session.management.external, session.output
    text = _text(manifest) if manifest is not None else None
    if temporary and not session.running.is_there:
        raise HostUnreachable(
            "no application runs with these plugins, and a temporary key is one of a running application",
            hint="start it, or leave out --temporary",
        )
    if key_file is not None and key_file.exists():
        raise UsageError(f"{key_file} is there already", plugin=plugin, hint="name a new file")
    request = external.request(plugin, text)
    if request.growth and not accept_permissions:
        _ask(session, plugin, request.to_mapping())
    agreed = bool(request.growth)
    number = None
    if temporary:
        external.admit(plugin, text, accept_permissions=agreed, shown=request, by=session.by)
        key = str(session.running.ask("temporary-key", plugin=plugin, by=session.by)["key"])
    else:
        made = external.new_key(plugin, text, name=name, accept_permissions=agreed, shown=request, by=session.by)
        key, number = made.text, made.key.number
    if key_file is not None:
        try:
            _write(key_file, key)
        except UsageError:
            if number is not None:
                external.revoke(number, by=session.by)  # nobody has it
            raise
    _follow(session)
    layout = session.layout
    where = f"It connects through {layout.plugin_socket}, or the port in {layout.plugin_port}."
    told: JsonObject = {"app": session.host.name, "plugin": plugin, "number": number, "temporary": temporary}
    output.data({**told, "key": key if key_file is None else None, "key_file": str(key_file) if key_file else None})
    if key_file is not None:
        output.line(f"The key of {plain(plugin)} is in {plain(str(key_file))}.")
        output.line(where)
        return
    once = "It works once, within 30 seconds." if temporary else "It is not shown again."
    output.line(where)
    output.line(f"The key of {plain(plugin)}. {once}")
    output.line(key)


@command(
    "list",
    told="Show the keys that there are, and when each was last used.",
    examples=[("", "all of them"), ("echo", "those of one plugin"), ("--json", "for a program")],
)
@click.argument("plugin", required=False, shell_complete=installed_ids(origin="external"))
def list_(session: Session, plugin: str | None) -> None:
    """Print a row for each key; with a running application, whether its plugin is connected."""
    connected = _connected(session)
    rows = [
        {
            **one.to_mapping(),
            "connected": None if connected is None else one.number in connected,
            "memory_bytes": (connected or {}).get(one.number),
        }
        for one in session.management.external.keys(plugin)
    ]
    session.output.data({"app": session.host.name, "running": connected is not None, "keys": rows})
    if not rows:
        make = f"No keys yet. Make one: {session.program} keys new PLUGIN --manifest plugin.toml"
        session.output.line(make if session.host.hostfile is not None else f"No keys: {_takes_none(session)}.")
        return
    session.output.table(("KEY", "PLUGIN", "NAME", "MADE", "LAST USED", "FROM", ""), [_row(one) for one in rows])


@command(
    "revoke",
    told="Make keys worthless and end their connections.\n\n"
    "What the plugin was granted, set and keeps stays; without any key it is not listed any more.",
    examples=[("3f9a01c7", "one key, by its number in the list"), ("echo", "all keys of one plugin")],
)
@click.argument("which", metavar="KEY|PLUGIN", shell_complete=installed_ids(origin="external"))
def revoke(session: Session, which: str) -> None:
    """Revoke, and have a running application follow at once."""
    gone = session.management.external.revoke(which, by=session.by)
    followed = _follow(session)
    session.output.data({"app": session.host.name, "revoked": [one.to_mapping() for one in gone], "running": followed})
    told = f"{counted(len(gone), 'key')} of {gone[0].plugin} revoked" if gone else f"{which} had no key"
    session.output.line(plain(f"{told}." + (" Its connection has ended." if gone and followed else "")))


def _ask(session: Session, plugin: str, request: JsonObject) -> None:
    """Show what is asked for and ask.

    Raises:
        ConsentRequired: the answer is no, or nobody is here to answer.
    """
    show_request(session.output, request)
    require_yes(session.output, f"Make a key for {plain(plugin)}?", f"keys new {plugin}", {"consent": [request]})


def _follow(session: Session) -> bool:
    """Have a running application follow at once; where it cannot be asked it follows by itself a moment later."""
    try:
        session.running.ask("follow")
    except JackfieldError:
        return False
    return True


def _connected(session: Session) -> dict[str, int | None] | None:
    """The numbers of the keys that are in use now, each with the memory of who uses it; None where nothing runs."""
    try:
        connections = session.running.ask("connections")["connections"]
        return {str(one["key"]): one["memory_bytes"] for one in connections}
    except JackfieldError:
        return None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_MANIFEST_BYTES + 1)
        if len(content) > _MOST_MANIFEST_BYTES:
            raise UsageError(f"{path} is larger than {_MOST_MANIFEST_BYTES >> 20} MiB")
        return content.decode("utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8") from error


def _write(path: Path, key: str) -> None:
    """Write a key where only its owner can read it, never over something that is there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key + "\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def _takes_none(session: Session) -> str:
    return f"{session.host.name} was adopted: it runs plugins in its own process, and takes no program that connects"


def _row(one: JsonObject) -> tuple[str, ...]:
    used = ago(one["last_used"]) if one["last_used"] else "never"
    now = f"connected, {memory_in_words(one['memory_bytes'])}" if one["connected"] else ""
    return one["number"], one["plugin"], one["name"], ago(one["made"]), used, one["address"], now
