"""The `jackfield-marketplace` command."""

from jackfield_marketplace.cli.commands import main

__all__ = ["main"]
