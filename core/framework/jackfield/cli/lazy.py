"""Command groups that load a subcommand's module only when it is called, and leaves that all speak JSON."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from jackfield.cli.failures import reported
from jackfield.cli.interrupts import HeldBack
from jackfield.cli.schemas import schema_of
from jackfield.cli.session import Session

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_ARGUMENTS = "jackfield.cli.arguments"  # in click's meta: the words after the group's name, asked for --json


class Lazy(NamedTuple):
    """Where a subcommand lives and what the group's help says of it without loading it.

    Args:
        target: `module:attribute` of the click command.
        help: the command's first help line; a test holds the two equal.
    """

    target: str
    help: str


class Leaf(click.Command):
    """A command that answers in text or JSON and shows examples in its help.

    Args:
        examples: what may follow the command's name, each with a word on what it does; `{program}` stands for what is
            typed first.
    """

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.examples = tuple(examples)
        self.params += [
            click.Option(["--json", "as_json"], is_flag=True, help="Answer with one JSON document."),
            click.Option(
                ["--json-schema"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_print_schema,
                help="Print the JSON schema of that document and end.",
            ),
        ]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, as they are typed under the name that the user typed."""
        _write_examples(ctx, formatter, self.examples)


class LazyGroup(click.Group):
    """A group of lazily loaded commands; every error inside it is told in one place.

    Args:
        lazy: name -> where the command lives, in the order of the help.
        default: the subcommand meant when the first argument names none.
        examples: what may follow the group's name, each with a word on what it does.
        opens: makes the session that the group's options mean; None for a group below another.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, Lazy],
        default: str | None = None,
        examples: Sequence[tuple[str, str]] = (),
        opens: Callable[[click.Context], Session] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.examples = tuple(examples)
        self.opens = opens
        self.lazy = dict(lazy)
        self.default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order they were given: the most used first, not the alphabet."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command's module; None for a name that is not there."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.lazy[cmd_name].target.partition(":")
        with HeldBack():
            command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of subcommands, told without loading any."""
        rows = [(name, lazy.help) for name, lazy in self.lazy.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """What may follow: a subcommand, told without loading any, an option, or what the default one takes first."""
        from click.shell_completion import CompletionItem  # no command needs it

        found = [
            CompletionItem(name, help=self.lazy[name].help if name in self.lazy else None)
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]
        found += click.Command.shell_complete(self, ctx, incomplete)
        command = self.get_command(ctx, self.default) if self.default is not None else None
        argument = next((one for one in command.params if isinstance(one, click.Argument)), None) if command else None
        if command is not None and argument is not None and not incomplete.startswith("-"):
            below = command.make_context(self.default, [], parent=ctx, resilient_parsing=True)
            found += argument.shell_complete(below, incomplete)
        return found

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, then what the group says at its end."""
        _write_examples(ctx, formatter, self.examples)
        super().format_epilog(ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default subcommand in front where the user left it out."""
        ctx.meta[_ARGUMENTS] = list(args)
        if self.default is not None and not ctx.resilient_parsing:
            first = next((word for word in args if not word.startswith("-")), None)
            if first not in self.lazy and "--help" not in args:
                args = [self.default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand.

        Raises:
            click.UsageError: for a name that is not there; the nearest one is shown.
        """
        name = args[0]
        if name not in self.lazy and not name.startswith("-") and name not in self.commands:
            near = difflib.get_close_matches(name, self.lazy, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"no command called {name!r}{meant}", ctx)
        return super().resolve_command(ctx, args)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the group's own options; mistakes in them are told like all others."""
        if extra.get("resilient_parsing"):
            return super().make_context(info_name, args, parent, **extra)
        with reported(list(args)):
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Parse and run the subcommand; what goes wrong there becomes a line and an exit code."""
        with reported(ctx.meta[_ARGUMENTS]):
            return super().invoke(ctx)


def _write_examples(ctx: click.Context, formatter: click.HelpFormatter, examples: Sequence[tuple[str, str]]) -> None:
    """The examples as they are, with what they do beside or below: wrapping would break what is to be copied."""
    if not examples:
        return
    with formatter.section("Examples"):
        program = ctx.find_root().info_name or "jackfield"
        named = [(f"  {ctx.command_path} {tail.replace('{program}', program)}", told) for tail, told in examples]
        widest = max(len(typed) for typed, _ in named)
        beside = all(widest + len(f"   # {told}") <= formatter.width for _, told in named)
        for typed, told in named:
            formatter.write(f"{typed:<{widest}}   # {told}\n" if beside else f"{typed.rstrip()}\n      # {told}\n")


def _print_schema(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """Print the schema of the command's JSON answer and end, before any argument is asked for."""
    if not wanted or ctx.resilient_parsing:
        return
    from json import dumps

    click.echo(dumps(schema_of(command_name(ctx)), indent=2))
    ctx.exit()


def command_name(ctx: click.Context) -> str:
    """The command's name without the program before it: `list`, `permissions grant`."""
    names: list[str] = []
    current: click.Context | None = ctx
    while current is not None and not (isinstance(current.command, LazyGroup) and current.command.default is None):
        names.append(current.command.name or "")
        current = current.parent
    return " ".join(reversed(names))
