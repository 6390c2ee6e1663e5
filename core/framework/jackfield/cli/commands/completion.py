"""`jackfield completion`: the shell's script, made by click."""

import click
from click.shell_completion import get_completion_class

from jackfield.cli.options import command
from jackfield.cli.session import Session
from jackfield.errors import UsageError


@command(
    "completion",
    told="Print the script that completes commands in a shell.",
    examples=[
        ("bash >> ~/.bashrc", "for bash 4.4 or newer"),
        ("zsh >> ~/.zshrc", "for zsh"),
        ("fish > ~/.config/fish/completions/{program}.fish", "for fish"),
    ],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(session: Session, shell: str) -> None:
    """Print the script for `shell`; it completes the command that the user typed, embedded or not."""
    root = click.get_current_context().find_root()
    program = root.info_name or "jackfield"
    variable = f"_{program.replace('-', '_').upper()}_COMPLETE"  # the name that click's own main looks at
    maker = get_completion_class(shell)
    if maker is None:
        raise UsageError(f"click knows no completion for {shell}")
    script = maker(root.command, {}, program, variable).source()
    session.output.data({"shell": shell, "script": script})
    session.output.line(script)
