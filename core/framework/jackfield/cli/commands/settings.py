"""`jackfield settings`: show, set, unset, edit."""

import sys

import click

from jackfield.cli.completing import installed_ids, setting_keys
from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject, Output
from jackfield.cli.session import Session
from jackfield.cli.words import plain
from jackfield.errors import UsageError

_LONGEST = 1 << 20  # characters of a value that is piped in; a setting is far shorter

settings = LazyGroup(
    name="settings",
    help="Show and change what plugins let you set.\n\n`settings PLUGIN` is short for `settings show PLUGIN`.",
    short_help="Show and change what plugins let you set.",
    lazy={
        "show": Lazy(f"{__name__}:show", "Show what a plugin lets you set, and what is set."),
        "set": Lazy(f"{__name__}:set_", "Change one setting; a running application takes it up."),
        "unset": Lazy(f"{__name__}:unset", "Return settings to their defaults."),
        "edit": Lazy(f"{__name__}:edit", "Open the plugin's settings.toml in your editor."),
    },
    default="show",
    examples=[
        ("weather", "what there is to set"),
        ("set weather place Vienna", "change one"),
        ("unset weather place", "back to the default"),
    ],
)


@command(
    "show",
    told="Show what a plugin lets you set, and what is set.",
    examples=[("weather", "one plugin"), ("weather --json", "for a program")],
)
@click.argument("plugin", required=False, shell_complete=installed_ids())
def show(session: Session, plugin: str | None) -> None:
    """Print a row for each setting.

    Raises:
        UsageError: no plugin is named; the hint says which have something to set.
    """
    from jackfield.management import describe_settings

    if plugin is None:
        kept = session.management.kept
        offering = [row.id for row in session.management.list() if kept.settings(row.id).declared]
        named = f"these have something to set: {', '.join(offering)}" if offering else "no plugin has anything to set"
        raise UsageError("which plugin's settings?", hint=named)
    report = describe_settings(session.management.kept.settings(plugin)).to_mapping()
    session.output.data({"app": session.host.name, **report})
    _show(session.output, report)


@command(
    "set",
    told="Change one setting; a running application takes it up.\n\nWithout VALUE it is asked for, or read from a "
    "pipe; a secret is not shown while you type it and does not stay in the shell's history.\n\n"
    "A list is typed with commas, or as an array where an entry has one in it. A value that begins with a - goes "
    "behind two of them: -- -5.",
    examples=[
        ("weather place Vienna", "change one"),
        ("weather token", "ask for a secret"),
        ("weather quiet 'lobby, tea room'", "a list"),
        ("""weather quiet '["lobby", "tea, coffee"]'""", "a list, as an array"),
    ],
)
@click.argument("plugin", shell_complete=installed_ids())
@click.argument("key", shell_complete=setting_keys())
@click.argument("value", required=False)
def set_(session: Session, plugin: str, key: str, value: str | None) -> None:
    """Read the value by the setting's type, keep it, say so."""
    from jackfield.storage import setting_from_text

    kept = session.management.kept.settings(plugin)
    declared = {one.key: one for one in kept.declared}
    if key in declared:
        text = _asked_value(session, key, secret=declared[key].secret) if value is None else value
        kept.set(key, setting_from_text(declared[key], text), by=session.by)
    else:
        kept.get(key)  # says which there are
    _tell(session, plugin, [key])


@command(
    "unset",
    told="Return settings to their defaults.",
    examples=[("weather place", "one"), ("weather token", "forget a secret")],
)
@click.argument("plugin", shell_complete=installed_ids())
@click.argument("keys", metavar="KEY...", nargs=-1, required=True, shell_complete=setting_keys())
def unset(session: Session, plugin: str, keys: tuple[str, ...]) -> None:
    """All of them or none."""
    session.management.kept.settings(plugin).change(dict.fromkeys(keys), by=session.by)
    _tell(session, plugin, list(keys))


@command(
    "edit",
    told="Open the plugin's settings.toml in your editor.\n\nIt is made where there is none, with every default as a "
    "comment. What you write around the settings stays. VISUAL or EDITOR names the editor.",
    examples=[("weather", "write several at once")],
)
@click.argument("plugin", shell_complete=installed_ids())
def edit(session: Session, plugin: str) -> None:
    """Make the file, open it, take up what was saved, and say what is wrong with it."""
    path = session.management.kept.settings(plugin).write_file()
    if sys.stdin.isatty() and session.output.on_terminal:  # elsewhere nobody could close the editor
        click.edit(filename=str(path))
    _tell(session, plugin, [])


def _asked_value(session: Session, key: str, *, secret: bool) -> str:
    if not sys.stdin.isatty():
        text = sys.stdin.read(_LONGEST)
        if not text:
            raise UsageError(f"no value was given for {key}", hint="name it after the key, or pipe it in")
        return text.removesuffix("\n")
    return str(click.prompt(key, hide_input=secret, err=session.output.as_json, default="", show_default=False))


def _tell(session: Session, plugin: str, keys: list[str]) -> None:
    """Say what holds now."""
    from jackfield.management import describe_settings

    report = describe_settings(session.management.kept.settings(plugin)).to_mapping()
    session.output.data({"app": session.host.name, **report})
    for one in report["settings"]:
        if one["key"] in keys:
            how = "is" if one["set"] else "is back at"
            value = _value(one)
            stop = "" if value.endswith((".", "!", "?")) else "."
            session.output.line(plain(f"{report['plugin']}: {one['key']} {how} {value}{stop}"))
    if not keys:
        _show(session.output, report)
    else:
        _problems(session.output, report)


def _show(output: Output, report: JsonObject) -> None:
    if not report["settings"]:
        output.line(plain(f"{report['plugin']} has nothing to set."))
        return
    rows = [(one["key"], _value(one), "" if one["set"] else "default", _help(one)) for one in report["settings"]]
    output.table(("KEY", "VALUE", "", "WHAT IT IS"), rows, whole=True)
    output.line(f"file: {plain(report['file'])}")
    _problems(output, report)


def _problems(output: Output, report: JsonObject) -> None:
    for problem in report["problems"]:
        output.note(click.style("note:", bold=True) + f" {plain(problem)}")


def _help(one: JsonObject) -> str:
    told = one["label"] if one["label"] != one["key"] else ""
    return "; ".join(part for part in (told, one["expected"], one["description"]) if part)


def _value(one: JsonObject) -> str:
    if one["secret"]:
        return "set (a secret)" if one["set"] else "not set (a secret)"
    from jackfield.storage import list_as_text

    value = one["value"]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return list_as_text(value) or "empty"
    return str(value) if value != "" else "empty"
