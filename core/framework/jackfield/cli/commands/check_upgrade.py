"""`jackfield check-upgrade`."""

import asyncio

import click

from jackfield.cli.options import command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import joined, plain, plural
from jackfield.errors import UsageError


@command(
    "check-upgrade",
    told="Say what becomes of the installed plugins with another version of their host, before it is installed.\n\n"
    "NAME is the application, whose API version plugins are held against, or a distribution of its environment. Each "
    "plugin keeps, needs an update, or is blocked, with the reason. Nothing is changed. The exit code is 1 where one "
    "is blocked.",
    examples=[
        ("chat==2.0", "the next version of the application"),
        ("--python 3.13", "another Python"),
        ("chat==2.0 pluggy==2.0 --python 3.13 --json", "several at once, for a program"),
    ],
)
@click.argument("upgrades", metavar="[NAME==VERSION]...", nargs=-1)
@click.option("--python", metavar="VERSION", help="The Python that will run them, 3.13.")
def check_upgrade(session: Session, upgrades: tuple[str, ...], python: str | None) -> None:
    """Look, tell, and end with 1 where a plugin is blocked."""
    named = [_parted(one) for one in upgrades]
    versions = dict(named)
    if len(versions) < len(named):
        raise UsageError("one of them is named twice", hint="name each with the version that will be there")
    if not versions and python is None:
        raise UsageError("nothing to check", hint=f"{session.program} check-upgrade {session.host.name}==2.0")
    report = asyncio.run(session.management.check_upgrade(versions, python))
    answer, output = report.to_mapping(), session.output
    output.data({"app": session.host.name, **answer})
    if not answer["plugins"]:
        output.line("No plugins are installed: nothing can break.")
        return
    output.table((), [(one["id"], one["version"], _fate(one)) for one in answer["plugins"]], whole=True)
    blocked = [one["id"] for one in answer["plugins"] if one["fate"] == "blocked"]
    there = joined([f"{name.replace('python', 'Python')} {version}" for name, version in answer["upgrade"].items()])
    if blocked:
        output.line(plain(f"With {there}, {plural(len(blocked), 'plugin')} would not run: {joined(blocked)}."))
        click.get_current_context().exit(1)
    waiting = sum(one["fate"] == "update" for one in answer["plugins"])
    then = f" once {plural(waiting, 'plugin')} {'is' if waiting == 1 else 'are'} updated" if waiting else ""
    output.line(plain(f"With {there} every plugin runs{then}."))


def _parted(text: str) -> tuple[str, str]:
    name, _, version = text.partition("==")
    if not name.strip() or not version.strip():
        raise UsageError(f"{text!r} names no version", hint="write it as chat==2.0")
    return name.strip(), version.strip()


def _fate(one: JsonObject) -> str:
    """`needs 2.0.0: 1.4.0 needs chat <2.0, this is chat 2.0; tested with Chat 1.4; this is 2.0`."""
    words = {"keeps": "keeps", "update": f"needs {one['to']}", "blocked": "blocked"}[one["fate"]]
    told = "; ".join(part for part in (one["why"], one["tested"]) if part)
    return plain(f"{words}: {told}" if told else words)
