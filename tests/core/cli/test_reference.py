"""The reference page says what the commands say."""

import subprocess
import sys

import click
import pytest

from tests.core.cli.reference import PAGE, commands, root

ROOT = PAGE.parents[2]
COMMANDS = list(commands(*root()))


def test_the_page_is_generated_from_the_commands():
    """In a process of its own, as the page is made: other tests of this one have used the commands."""
    code = "from tests.core.cli.reference import written; print(written(), end='')"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert PAGE.read_text(encoding="utf-8").splitlines() == made.stdout.splitlines(), (
        "run: python -m tests.core.cli.reference"
    )


@pytest.mark.parametrize(("command", "context"), COMMANDS, ids=lambda value: getattr(value, "command_path", ""))
def test_the_groups_help_says_what_the_commands_own_help_says(command, context):
    assert context.parent.command.lazy[command.name].help == command.short_help


@pytest.mark.parametrize(("command", "context"), COMMANDS, ids=lambda value: getattr(value, "command_path", ""))
def test_every_option_is_explained(command, context):
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []
