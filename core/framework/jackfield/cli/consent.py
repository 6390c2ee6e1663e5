"""The question before a plugin gets rights: what it wants and why, where it runs, what it brings (ui.md, Consent).

Everything shown comes from the mapping of a consent request, the same that `--json` prints.
"""

import textwrap
from collections.abc import Sequence

import click

from jackfield.cli.failures import PlanRefused
from jackfield.cli.output import JsonObject, Output
from jackfield.cli.words import ago, plain, width
from jackfield.errors import ConsentRequired

_INDENT = 13  # the columns before what stands right of "wants to", "runs in" and "brings"
_SENTENCE = 48  # the widest sentence that the reasons are aligned to
_PIPE_COLUMNS = 120  # where stdout is no terminal
_NOTHING = "nothing that needs a permission"
_COLOURS = {"high": "red", "medium": "yellow"}


def show_request(output: Output, request: JsonObject) -> None:
    """Print one consent request: a head line, then `wants to`, `and it`, `runs in`, `brings` and what changed."""
    versions = [request["previous"] if request["previous"] != request["version"] else None, request["version"]]
    output.line(_head(request["plugin"], versions, request))
    if request["permissions"]:
        show_permissions(output, "wants to", request["permissions"])
    elif request["legacy"]:
        show_part(output, "wants to", ["nobody knows: it has no manifest, so a yes is full trust"])
    else:
        show_part(output, "wants to", [_NOTHING])
    mark = " (new)" if request["previous"] else ""
    show_part(output, "and it", [f"{one['detail']}{mark}" for one in request["growth"] if _uses(one)])
    show_part(output, "runs in", [request["isolation_sentence"]])
    show_part(output, "brings", [", ".join(request["brings"]) or "nothing else"])
    show_part(output, "changed", _changes(request))


def show_permissions(output: Output, label: str, permissions: Sequence[JsonObject]) -> None:
    """Permissions as sentences in the order given (risky first), each with its author's reason beside or below it."""
    limit = output.columns or _PIPE_COLUMNS
    sentences = [_marked(one) for one in permissions]
    reasons = max((width(plain(one["reason"])) for one in permissions), default=0)
    widest = max(map(width, sentences), default=0)
    if _INDENT + widest + 2 + reasons > limit:  # not all stand beside: long sentences must not push away the short ones
        widest = max((columns for columns in map(width, sentences) if columns <= _SENTENCE), default=0)
    for number, (one, sentence) in enumerate(zip(permissions, sentences, strict=True)):
        start = f"  {label if number == 0 else '':<{_INDENT - 2}}"
        lines = _wrapped(sentence, limit - _INDENT) or [""]
        shown = [click.style(line, fg=_COLOURS.get(one["risk"])) for line in lines]
        reason = plain(one["reason"])
        column = max(widest, width(lines[-1])) + 2
        if reason and len(lines) == 1 and _INDENT + column + width(reason) <= limit:
            output.line(f"{start}{shown[0]}{' ' * (column - width(lines[0]))}{reason}")
            continue
        output.line(start + shown[0])
        for line in shown[1:]:
            output.line(" " * _INDENT + line)
        for line in _wrapped(reason, limit - _INDENT - 2):
            output.line(" " * (_INDENT + 2) + line)


def show_part(output: Output, label: str, texts: Sequence[str]) -> None:
    """A labelled part, wrapped under its right side; nothing where there are no texts."""
    limit = output.columns or _PIPE_COLUMNS
    lines = [line for text in texts for line in _wrapped(plain(text), limit - _INDENT)]
    for number, line in enumerate(lines):
        output.line(f"  {label if number == 0 else '':<{_INDENT - 2}}{line}")


def require_yes(
    output: Output, question: str, what: str, plan: JsonObject, option: str = "--accept-permissions"
) -> None:
    """Ask, and go on after a yes only.

    Args:
        output: where to.
        question: what is asked.
        what: what waits for the yes, as in `enable poll`.
        plan: what would be done, for `--json`.
        option: which says yes beforehand.

    Raises:
        ConsentRequired: the answer is no, or nobody is here to answer.
    """
    unanswered = PlanRefused(f"nobody said yes to: {what}; nothing was changed", plan, hint=f"add {option}")
    if not asked(output, question, unanswered):
        raise PlanRefused("the answer was no; nothing was changed", plan)


def asked(output: Output, question: str, unanswered: ConsentRequired) -> bool:
    """Ask; no is the default.

    Args:
        output: the command's voice; where it speaks JSON nobody is asked.
        question: without the `[y/N]`.
        unanswered: raised where nobody is there to answer.

    Raises:
        ConsentRequired: nobody was there to answer.
    """
    if output.as_json:
        raise unanswered
    click.echo(f"{question} [y/N] ", nl=False, color=None if output.colour else False)
    try:
        answer = input()
    except EOFError:
        output.line()
        raise unanswered from None
    except KeyboardInterrupt:
        output.line()  # what comes next stands on a line of its own
        raise
    return answer.strip().casefold() in {"y", "yes"}


def show_unasked(output: Output, item: JsonObject) -> None:
    """Print what comes and asks for nothing, an item of a plan, as a request is: who made it is worth knowing, too."""
    output.line(_head(item["id"], [item["new_version"]], item))
    show_part(output, "wants to", [_NOTHING])


def _head(plugin: str, versions: Sequence[str | None], made: JsonObject) -> str:
    """`poll 1.3.1 → 2.0.0 from https://… (published 3 weeks ago by poll-team)`."""
    when = f" {ago(made['published'])}" if made["published"] else ""
    who = f" by {made['made_by']}" if made["made_by"] else ""
    publisher = f" (published{when}{who})" if when or who else ""
    name = click.style(plain(f"{plugin} {' → '.join(filter(None, versions))}"), bold=True)
    return name + plain(f" from {_SOURCES.get(made['source'], made['source'])}{publisher}")


_SOURCES = {
    "file": "a file on this computer",
    "environment": "this Python environment, where pip or uv put it",
    "external": "wherever it is started, with a key",
}


def _marked(permission: JsonObject) -> str:
    """A permission's sentence, marked where it is risky or where the version before did not ask for it."""
    marks = ["new"] if permission["new"] else []
    marks += ["risky"] if permission["risk"] == "high" else []
    return plain(permission["sentence"]) + (f" ({', '.join(marks)})" if marks else "")


def _changes(request: JsonObject) -> list[str]:
    """What grew besides the plugin's own permissions and the plugins that it uses, which are marked in place.

    At a first install nothing changes but the key of a plugin that was here before.
    """
    told = [one for one in request["growth"] if one["kind"] != "permission" and not _uses(one)]
    return [one["detail"] for one in told if one["kind"] in ("dependency", "publisher") or request["previous"]]


def _uses(entry: JsonObject) -> bool:
    """Whether an entry of a growth tells that a plugin is required anew, not what one that comes along asks."""
    return bool(entry["kind"] == "dependency" and entry["permission"] is None)


def other_key(request: JsonObject) -> bool:
    """Whether a plugin comes by another publisher, or by another key, than the one by which it is known."""
    return any(one["kind"] == "publisher" for one in request["growth"])


def _wrapped(text: str, columns: int) -> list[str]:
    """A text as lines; a name, an address or a path stays whole, so that it can be copied."""
    return textwrap.wrap(text, max(columns, 20), break_on_hyphens=False, break_long_words=False)
