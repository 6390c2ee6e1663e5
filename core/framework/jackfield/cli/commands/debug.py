"""`jackfield debug`: threads, translations."""

import difflib
import logging

import click

from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.cli.options import command
from jackfield.cli.output import JsonObject, Output
from jackfield.cli.session import Session
from jackfield.cli.words import plain, plural
from jackfield.errors import UsageError

debug = LazyGroup(
    name="debug",
    help="Look into a running application, or into a plugin.\n\n`debug` alone is short for `debug threads`.",
    short_help="Look into a running application, or into a plugin.",
    lazy={
        "threads": Lazy(f"{__name__}:threads", "Show what every thread and task is at."),
        "translations": Lazy(f"{__name__}:translations", "Show a plugin's texts in its languages."),
    },
    default="threads",
    examples=[("threads", "see what holds an application up"), ("translations weather", "what is not translated")],
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


@command(
    "translations",
    told="Show a plugin's texts in its languages.\n\n"
    "Reads lang/*.toml of the installed plugin, runs nothing of it, and names what is missing in which language. With "
    "KEY it shows that text alone; with --language also which text somebody of that language would see.",
    examples=[
        ("weather", "every text, and what is missing"),
        ("weather greeting", "one text in all languages"),
        ("weather greeting --language de-AT", "what somebody of that language sees"),
    ],
)
@click.argument("plugin")
@click.argument("key", required=False)
@click.option("--language", metavar="TAG", help="A language, as a tag: de, de-AT.")
def translations(session: Session, plugin: str, key: str | None, language: str | None) -> None:
    """Read the files of the plugin's package."""
    from jackfield.runtime import PluginResources, PluginTranslations, nobody_prefers

    candidate = session.management.inventory().candidate(plugin)
    written = candidate.manifest.language if candidate.manifest is not None else ""
    log = logging.getLogger(__name__)
    read = PluginTranslations(
        PluginResources(candidate.id, candidate.folder or candidate.file), written, nobody_prefers, log
    )
    texts, languages = read.texts(), read.languages()
    if key is not None and key not in texts:
        near = difflib.get_close_matches(key, texts, n=1)
        hint = f"did you mean {near[0]}?" if near else f"jackfield debug translations {candidate.id} shows all"
        raise UsageError(f"{candidate.id} has no text {key}", hint=hint)
    chosen = {one: texts[one] for one in texts if key in (None, one)}
    missing = {tag: [one for one in chosen if tag not in chosen[one]] for tag in languages}
    seen = {one: read.unfilled(one, language) for one in chosen} if language else None
    answer = {"app": session.host.name, "plugin": candidate.id, "languages": list(languages)}
    session.output.data({**answer, "texts": chosen, "missing": missing, "seen": seen})
    if not texts:
        session.output.line(f"{candidate.id} carries no texts: there is no lang/<language>.toml in its package.")
    for one, by_language in chosen.items():
        session.output.line(click.style(plain(one), bold=True))
        for tag in languages:
            told = plain(by_language[tag]) if tag in by_language else click.style("missing", fg="yellow")
            session.output.line(f"  {tag}: {told}")
        if seen is not None:
            session.output.line(f"  → {plain(seen[one] or one)}")


def _show(output: Output, title: str, one: JsonObject) -> None:
    output.line()
    output.line(click.style(title, bold=True))
    for line in one["stack"].rstrip().splitlines():
        output.line(plain(line))
