"""`jackfield export`."""

from pathlib import Path

import click

from jackfield.cli.options import command
from jackfield.cli.session import Session
from jackfield.cli.words import plural
from jackfield.cli.written import write_file


@command(
    "export",
    told="Write the installed plugins as a list that `install -r` reads.\n\n"
    "Each line holds a plugin to its version and to the hash of its file. Libraries come by themselves; what came by "
    "pip stays with pip and is no part of the list.",
    examples=[
        ("", "print the list"),
        ("--output plugins.txt", "write it to a file; then, elsewhere: install -r plugins.txt"),
        ("--format requirements", "with all libraries, for pip"),
        ("--format pylock", "the same as pylock.toml (PEP 751)"),
    ],
)
@click.option(
    "--output", "file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write there instead."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("list", "requirements", "pylock")),
    default="list",
    show_default=True,
    help="What to write: plugins alone, or all that is installed for other tools.",
)
def export(session: Session, file: Path | None, form: str) -> None:
    """Read the active generation; ask nobody."""
    from jackfield.management import as_pylock, as_requirements, exported

    active, output = session.management.store.active(), session.output
    plugins = exported(active)
    forms = {"requirements": as_requirements, "pylock": as_pylock}
    text = forms[form](active) if form in forms else "".join(f"{one.spec}\n" for one in plugins)
    if file is not None:
        write_file(file, f"# plugins of {session.host.name}\n{text}")
        output.line(f"{plural(len(plugins), 'plugin')} written to {file}.")
    else:
        for line in text.splitlines() if plugins else ():
            output.line(line)
        if not plugins:
            output.note(f"No plugins to export. Find some: {session.program} search")
    output.data({"app": session.host.name, "plugins": [one.to_mapping() for one in plugins]})
