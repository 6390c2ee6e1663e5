"""The command's root: global options, the list of subcommands, and the same list for an application's own command."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.cli.session import Session
from jackfield.cli.typed import as_typed

_COMMANDS = "jackfield.cli.commands"

LAZY_COMMANDS = {
    "search": Lazy(f"{_COMMANDS}.search:search", "Find plugins in the marketplace."),
    "info": Lazy(f"{_COMMANDS}.info:info", "Show one plugin: what it is, what it asks for, who made it."),
    "install": Lazy(f"{_COMMANDS}.install:install", "Install plugins and enable them."),
    "remove": Lazy(f"{_COMMANDS}.remove:remove", "Remove plugins; their data is kept."),
    "update": Lazy(f"{_COMMANDS}.update:update", "Bring plugins to their newest versions, or see which there are."),
    "check-upgrade": Lazy(
        f"{_COMMANDS}.check_upgrade:check_upgrade",
        "Say what becomes of the installed plugins with another version of their host, before it is installed.",
    ),
    "rollback": Lazy(f"{_COMMANDS}.rollback:rollback", "Go back to the set of plugins before the last change."),
    "history": Lazy(f"{_COMMANDS}.history:history", "Show what was changed, when and by whom."),
    "diff": Lazy(f"{_COMMANDS}.diff:diff", "Show what differs between two generations."),
    "list": Lazy(f"{_COMMANDS}.listing:list_", "Show the plugins that are there and whether they are enabled."),
    "enable": Lazy(f"{_COMMANDS}.wishes:enable", "Enable plugins, with their permissions asked for."),
    "disable": Lazy(f"{_COMMANDS}.wishes:disable", "Disable plugins; their code, data and grants are kept."),
    "pin": Lazy(f"{_COMMANDS}.pin:pin", "Hold a plugin to versions, let it go, and see what is held."),
    "policy": Lazy(f"{_COMMANDS}.policy:policy", "Say how plugins are updated: pin, notify or auto."),
    "allow-revoked": Lazy(f"{_COMMANDS}.allow_revoked:allow_revoked", "Run a revoked plugin for a day all the same."),
    "stats": Lazy(f"{_COMMANDS}.stats:stats", "Show what plugins did: calls, time, errors, messages."),
    "logs": Lazy(f"{_COMMANDS}.logs:logs", "Show a plugin's last log lines, follow them, set their level."),
    "permissions": Lazy(f"{_COMMANDS}.permissions:permissions", "Show, grant or revoke what plugins may do."),
    "trust": Lazy(f"{_COMMANDS}.trust:trust", "Show how marketplaces are known, and demand signatures."),
    "keys": Lazy(f"{_COMMANDS}.keys:keys", "Make, list and revoke the keys of external plugins."),
    "isolation": Lazy(f"{_COMMANDS}.isolation:isolation", "Show where a plugin runs, or have it run elsewhere."),
    "data": Lazy(f"{_COMMANDS}.data:data", "Show, export, bound and delete what plugins keep."),
    "snapshots": Lazy(f"{_COMMANDS}.snapshots:snapshots", "Show, bring back and discard copies of what plugins keep."),
    "settings": Lazy(f"{_COMMANDS}.settings:settings", "Show and change what plugins let you set."),
    "limits": Lazy(f"{_COMMANDS}.limits:limits", "Show and change what a plugin may use as a worker."),
    "lock": Lazy(f"{_COMMANDS}.locks:lock", "Write what is installed as a lock file, which `sync` reads."),
    "sync": Lazy(
        f"{_COMMANDS}.locks:sync", "Install exactly what a lock file or a bundle names, and remove what it does not."
    ),
    "bundle": Lazy(
        f"{_COMMANDS}.locks:bundle", "Write what is installed into one file, with its lock and all its wheels."
    ),
    "export": Lazy(f"{_COMMANDS}.export:export", "Write the installed plugins as a list that `install -r` reads."),
    "publish": Lazy(f"{_COMMANDS}.publish:publish", "Sign wheels with your key, and send them to a marketplace."),
    "safe-mode": Lazy(
        f"{_COMMANDS}.safe_mode:safe_mode", "Say whether the application runs without plugins, and leave that."
    ),
    "store": Lazy(f"{_COMMANDS}.store:store", "Look after the files of installed plugins."),
    "doctor": Lazy(f"{_COMMANDS}.doctor:doctor", "Say what is wrong with the plugins, and what to do."),
    "bisect": Lazy(f"{_COMMANDS}.bisect:bisect", "Find the plugin that breaks the application, by halves."),
    "debug": Lazy(f"{_COMMANDS}.debug:debug", "Look into a running application, or into a plugin."),
    "completion": Lazy(f"{_COMMANDS}.completion:completion", "Print the script that completes commands in a shell."),
}

_EXAMPLES = (
    ("search poll", "find a plugin"),
    ("install poll", "read what it asks for, then say yes or no"),
    ("update --check", "see what is new"),
    ("rollback", "undo the last change"),
)

_EPILOG = (
    "Exit codes: 0 done, 1 failed, 2 usage, 3 refused by a permission or policy, 4 nothing to do (update --check), "
    "5 marketplace unreachable, 6 marketplace not to be trusted."
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the `jackfield` command and end the process.

    Args:
        argv: the words after the program's name; those of the process where None.

    Raises:
        SystemExit: always, with one of the exit codes in the help.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # whoever started this closed it; what is opened next would take its place
            setattr(sys, name, Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115 (for as long as the process lives)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without → or ✓ shows ? and the command goes on
    command_group()(args=None if argv is None else list(argv), prog_name="jackfield")


def in_words_of(program: str, text: str) -> str:
    """Return what the framework says, as an application says it whose users type another command.

    Args:
        program: what they type before a command's name: `jackfield-chat plugins`.
        text: a sentence, a line of a log.
    """
    return as_typed(text, program, LAZY_COMMANDS)


def command_group() -> LazyGroup:
    """The group that `jackfield` runs, for who walks its tree."""
    return _group("jackfield", app=None)


def group_for(app: str, *, marketplaces: Sequence[str] = (), home: Path | None = None) -> click.Group:
    """The same commands for one application, to hang under its own command (`jackfield-chat plugins …`).

    Args:
        app: the application's name, as in its host.toml.
        marketplaces: addresses to ask where neither an option, the environment nor the configuration names any.
        home: the folder that holds all data of the framework; None for `JACKFIELD_HOME` or the user's data folder.
    """
    return _group("plugins", app=app, marketplaces=tuple(marketplaces), home=home)


def _group(name: str, *, app: str | None, marketplaces: tuple[str, ...] = (), home: Path | None = None) -> LazyGroup:
    """Build the group; `app` None adds the option that chooses one."""

    def session(context: click.Context) -> Session:
        given = context.params
        return Session(
            program=_as_typed_again(context),
            app=app or given.get("chosen"),
            profile=given.get("profile"),
            marketplaces=given.get("marketplace") or (),
            fallback_marketplaces=marketplaces,
            home=home,
            embedded=app is not None,
        )

    def start(**_given: Any) -> None:
        context = click.get_current_context()
        context.obj = session(context)

    parameters: list[click.Parameter] = [
        click.Option(["--profile"], metavar="NAME", help="Use another set of plugins than this environment's own."),
        click.Option(
            ["--marketplace"],
            multiple=True,
            metavar="URL",
            help="Ask this marketplace; may be given several times, first one first.  [env: JACKFIELD_MARKETPLACE]",
        ),
    ]
    if app is None:
        option = click.Option(
            ["--app", "chosen"],
            metavar="NAME",
            envvar="JACKFIELD_APP",
            shell_complete=_applications,
            show_envvar=True,
            help="The application whose plugins are meant; needed where several are installed.",
        )
        version = click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version and end.",
        )
        parameters = [option, *parameters, version]
    told = f"Plugins of {app}" if app else "Plugins of the applications installed here"
    return LazyGroup(
        name=name,
        callback=start,
        params=parameters,
        lazy=LAZY_COMMANDS,
        opens=session,
        examples=_EXAMPLES,
        help=f"{told}: find, install, update, roll back.",
        epilog=_EPILOG,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _applications(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from jackfield.cli.completing import applications  # what a shell asks for, no command needs

    return applications(ctx, param, incomplete)


def _as_typed_again(context: click.Context) -> str:
    """The words before a subcommand that mean the same plugins; what the environment's variables say needs no word."""
    words = [context.command_path]
    for parameter, option in (("chosen", "--app"), ("profile", "--profile")):
        if context.get_parameter_source(parameter) is ParameterSource.COMMANDLINE:
            from shlex import quote  # most commands name neither

            words += [option, quote(str(context.params[parameter]))]
    return " ".join(words)


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """Print the installed version and end."""
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"jackfield {version('jackfield')} on Python {sys.version.partition(' ')[0]}")
    ctx.exit()
