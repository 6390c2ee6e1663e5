"""The `jackfield` command, and the same commands for an application to embed."""

from jackfield.cli.program import group_for, main

__all__ = ["group_for", "main"]
