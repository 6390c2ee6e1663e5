"""The question before a plugin gets rights: what it wants and why, where it runs, what it brings (ui.md, Consent).

Everything shown comes from the mapping of a consent request, the same that `--json` prints.
"""

import textwrap
from collections.abc import Sequence

import click

from jackfield.cli.output import JsonObject, Output
from jackfield.cli.words import plain, width
from jackfield.errors import ConsentRequired

_INDENT = 13  # the columns before what stands right of "wants to", "runs in" and "brings"
_SENTENCE = 48  # the widest sentence that others are aligned to
_PIPE_COLUMNS = 120  # where stdout is no terminal


def show_request(output: Output, request: JsonObject) -> None:
    """Print one consent request: a head line, then `wants to`, `runs in`, `brings` and what grew."""
    output.line(_head(request))
    limit = output.columns or _PIPE_COLUMNS
    wishes = request["permissions"]
    if not wishes:
        _part(output, "wants to", ["nothing that asks for a permission"], limit)
    aligned = min(max((width(plain(wish["sentence"])) for wish in wishes), default=0), _SENTENCE)
    for number, wish in enumerate(wishes):
        _wish(output, "wants to" if number == 0 else "", wish, aligned, limit)
    _part(output, "runs in", [request["isolation_sentence"]], limit)
    _part(output, "brings", [", ".join(request["brings"]) or "nothing else"], limit)
    others = [entry["detail"] for entry in request["growth"] if entry["kind"] != "permission" and entry["detail"]]
    if others:
        _part(output, "changed", others, limit)


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
    return answer.strip().casefold() in {"y", "yes"}


def _head(request: JsonObject) -> str:
    """`poll 1.3.1 from https://… (signed by @poll-team)`."""
    name = click.style(plain(f"{request['plugin']} {request['version']}"), bold=True)
    return f"{name} from {plain(request['source'])}"


def _wish(output: Output, label: str, wish: JsonObject, aligned: int, limit: int) -> None:
    """One permission: its sentence, marked where it is risky or new, and the author's reason."""
    sentence, reason = plain(wish["sentence"]), plain(wish["reason"])
    marks = [
        mark for mark, there in (("risky", wish["risk"] == "high"), ("new", wish["new"] and wish.get("grows"))) if there
    ]
    shown = sentence + (f" ({', '.join(marks)})" if marks else "")
    colour = {"high": "red", "medium": "yellow"}.get(wish["risk"])
    text = click.style(shown, fg=colour) if colour else shown
    start = f"  {label:<{_INDENT - 2}}"
    padding = " " * max(aligned - width(shown), 0)
    if not reason:
        output.line(start + text)
    elif _INDENT + max(aligned, width(shown)) + 2 + width(reason) <= limit:
        output.line(f"{start}{text}{padding}  {reason}")
    else:
        output.line(start + text)
        for part in textwrap.wrap(reason, max(limit - _INDENT - 2, 20)):
            output.line(" " * (_INDENT + 2) + part)


def _part(output: Output, label: str, texts: Sequence[str], limit: int) -> None:
    """A labelled part, wrapped under its label's right side."""
    lines = [line for text in texts for line in textwrap.wrap(plain(text), max(limit - _INDENT, 20))]
    for number, line in enumerate(lines):
        output.line(f"  {label if number == 0 else '':<{_INDENT - 2}}{line}")
