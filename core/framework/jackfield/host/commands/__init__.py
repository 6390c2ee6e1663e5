"""The commands of plugins: one tree of literals and typed arguments (M43, M44, U13, U26).

`reading` knows the types of arguments, `nodes` and `roots` the tree, `signature` how plugins write it. `parsing` and
`completion` walk it, `dispatching` runs a line, `help` tells of it. `registry` joins them and is all that the rest of
the host uses. docs/reference/commands.md.
"""

from jackfield.host.commands.completion import Completion
from jackfield.host.commands.help import HelpLine, HelpPage
from jackfield.host.commands.nodes import Command, Handler, Requirement
from jackfield.host.commands.own import add_own_commands
from jackfield.host.commands.reading import duration_text, quoted
from jackfield.host.commands.registry import CommandRegistry
from jackfield.host.commands.roots import Load

__all__ = [
    "Command",
    "CommandRegistry",
    "Completion",
    "Handler",
    "HelpLine",
    "HelpPage",
    "Load",
    "Requirement",
    "add_own_commands",
    "duration_text",
    "quoted",
]
