"""Write the generated part of docs/reference/command-line.md: `python -m tests.core.cli.reference`."""

from collections.abc import Iterator
from pathlib import Path

import click
from jackfield.cli.lazy import LazyGroup
from jackfield.cli.program import command_group

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "command-line.md"
WIDTH = 78  # columns, whatever the terminal
MARK = "<!-- generated from the commands; write with: python -m tests.core.cli.reference -->"


def commands(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Every command below a group, groups included, in the order of the help."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=context, terminal_width=WIDTH)
        yield command, below
        if isinstance(command, click.Group):
            yield from commands(command, below)


def root() -> tuple[LazyGroup, click.Context]:
    """The whole tree, under the name that people type."""
    group = command_group()
    return group, click.Context(group, info_name="jackfield", terminal_width=WIDTH, **group.context_settings)


def generated() -> str:
    """The help of every command as Markdown."""
    group, context = root()
    parts = [MARK, "", "## jackfield", "", "```text", context.get_help(), "```"]
    for _, below in commands(group, context):
        parts += ["", f"## {below.command_path}", "", "```text", below.get_help(), "```"]
    return "\n".join(parts) + "\n"


def written() -> str:
    """The page with its generated part made new."""
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0] + generated()


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
