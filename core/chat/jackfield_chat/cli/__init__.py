"""The `jackfield-chat` command."""

from jackfield_chat.cli.commands import main

__all__ = ["main"]
