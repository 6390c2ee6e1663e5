"""`jackfield debug`: threads."""

import click

from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject, Output
from jackfield.cli.session import Session
from jackfield.cli.words import plain, plural

debug = LazyGroup(
    name="debug",
    help="Look into a running application.\n\n`debug` alone is short for `debug threads`.",
    short_help="Look into a running application.",
    lazy={"threads": Lazy(f"{__name__}:threads", "Show what every thread and task is at.")},
    default="threads",
    examples=[("threads", "see what holds an application up")],
)


@command(
    "threads",
    told="Show what every thread and task is at.\n\n"
    "Answered beside the event loop: also by an application that is stuck. Threads in a plugin's code name the plugin.",
    examples=[("", "every stack, the innermost line last"), ("--json", "for a program")],
)
def threads(session: Session) -> None:
    """Ask the running host."""
    found = session.running.ask("threads")
    output = session.output
    output.data({"app": session.host.name, **found})
    output.line(f"process {found['process']}: {plural(len(found['threads']), 'thread')}, "
                f"{plural(len(found['tasks']), 'task')}")  # fmt: skip
    for thread in found["threads"]:
        whose = f", in the code of {plain(thread['plugin'])}" if thread["plugin"] else ""
        _show(output, f"thread {plain(thread['name'])}{whose}", thread)
    for task in found["tasks"]:
        _show(output, f"task {plain(task['name'])}", task)


def _show(output: Output, title: str, one: JsonObject) -> None:
    output.line()
    output.line(click.style(title, bold=True))
    for line in one["stack"].rstrip().splitlines():
        output.line(plain(line))
