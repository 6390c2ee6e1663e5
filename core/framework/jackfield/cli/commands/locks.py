"""`jackfield lock`, `jackfield sync` and `jackfield bundle`: the very same set, elsewhere or later."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jackfield.cli.options import accept_option, command, dry_run_option, yes_option
from jackfield.cli.output import JsonObject
from jackfield.cli.plans import Answers, Deed, carry_out
from jackfield.cli.session import Session
from jackfield.cli.words import joined, plain, plural, size
from jackfield.cli.written import write_file

if TYPE_CHECKING:
    from jackfield.management import Plan
    from jackfield.store import LockFile

_LOCK = "jackfield.lock"
_TARGETS = (
    "A Python and platform to lock for, linux-x86_64-cp312; may be given several times. Without it: the one that runs."
)

_SKIP = "Leave a plugin out of a target for which it is not to be had; the lock says so, and so does `sync` there."
_ALLOW = (
    "Take a library or plugin at the hash that FILE names, though no marketplace of yours vouches for it; may be given "
    "several times. A library that one of them holds is never taken so."
)


@command(
    "lock",
    told="Write what is installed as a lock file, which `sync` reads.\n\nEvery file is held to its hash: plugins, and "
    "the libraries of each process. For other targets the same plugin versions are solved anew; one that is not to be "
    "had there is named and nothing is written, unless it may be left out.",
    examples=[
        ("", f"into {_LOCK}, for this machine"),
        ("--target linux-x86_64-cp312 --target windows-amd64-cp312", "for two others"),
        ("--target windows-amd64-cp312 --skip-missing", "what there is for it"),
        ("--output -", "print it"),
    ],
)
@click.option("--target", "targets", multiple=True, metavar="NAME", help=_TARGETS)
@click.option("--skip-missing", is_flag=True, help=_SKIP)
@click.option(
    "--output",
    "file",
    metavar="FILE",
    default=_LOCK,
    show_default=True,
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write there instead; - prints it.",
)
def lock(session: Session, targets: tuple[str, ...], skip_missing: bool, file: Path) -> None:
    """Solve where needed, write, tell."""
    made = asyncio.run(session.management.lock(targets, skip_missing=skip_missing))
    for one in made.sets:
        for plugin, why in one.missing.items():
            session.output.note(plain(f"note: {plugin} is left out for {one.target}: {why}"))
    where = None if str(file) == "-" else str(file)
    if where is not None:
        write_file(file, made.text())
        session.output.line(plain(f"{_counted(made)} locked for {_targets(made)}, in {file}."))
    else:
        session.output.line(made.text().rstrip())
    session.output.data({"app": session.host.name, "file": where, "targets": _told(made)})


@command(
    "sync",
    told="Install exactly what a lock file or a bundle names, and remove what it does not.\n\nA file with another hash "
    "is refused. From a bundle no network is needed. Without FILE what is installed is solved anew for the Python that "
    "runs, each plugin in its version: after a new Python, or a new machine. A plugin that is not to be had for it "
    "stays, blocked, and the exit code is 1.",
    examples=[
        (_LOCK, "what the lock names"),
        ("plugins.bundle --yes --accept-permissions", "without network and without a question"),
        ("", "after an upgrade of Python"),
    ],
)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--allow-unsigned", "allow", multiple=True, metavar="NAME", help=_ALLOW)
@dry_run_option
@yes_option
@accept_option
def sync(
    session: Session, file: Path | None, allow: tuple[str, ...], dry_run: bool, yes: bool, accept_permissions: bool
) -> None:
    """Open, plan, show, ask, apply."""
    from jackfield.management import opened

    with ExitStack() as stack:
        made: LockFile | None = None
        local: Mapping[str, Path] = {}
        if file is not None:
            made, local = stack.enter_context(opened(file))

        def planned() -> "Coroutine[None, None, Plan]":
            return session.management.plan_sync(made, local, allow=allow, keeps=not dry_run)

        plan = asyncio.run(planned())
        told = "What the lock names is installed" if file is not None else "Everything fits this Python"
        told = "All else fits this Python" if plan.blocked else told
        deed = Deed(question="Install exactly", done="installed", nothing=f"{told} already.")
        carry_out(session, plan, Answers(yes, accept_permissions, dry_run), deed, again=planned)
    if plan.blocked:
        click.get_current_context().exit(1)


@command(
    "bundle",
    told="Write what is installed into one file, with its lock and all its wheels.\n\n`sync` installs from it with no "
    "network.",
    examples=[("plugins.bundle", "then, elsewhere: sync plugins.bundle")],
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def bundle(session: Session, file: Path) -> None:
    """Lock for this machine, write, tell."""
    made, written, notes = asyncio.run(session.management.bundle(file))
    told = _told(made)
    answer = {"app": session.host.name, "file": str(file), "size": written, "targets": told, "notes": notes}
    session.output.data(answer)
    for note in notes:
        session.output.line(f"note: {plain(note)}")
    session.output.line(plain(f"{_counted(made)} written to {file}, {size(written)}, for {_targets(made)}."))


def _counted(made: "LockFile") -> str:
    plugins = {pin.id for one in made.sets for pin in one.pins if pin.id is not None}
    return plural(len(plugins), "plugin")


def _targets(made: "LockFile") -> str:
    return joined([one.target for one in made.sets])


def _told(made: "LockFile") -> list[JsonObject]:
    return [
        {
            "name": one.target,
            "plugins": {pin.id: pin.version for pin in one.pins if pin.id is not None},
            "files": len(one.pins),
            "missing": dict(one.missing),
        }
        for one in made.sets
    ]
