"""What a command says: text for people on stdout and stderr, or one JSON document on stdout.

Whatever is said, a terminal obeys nothing of it but colours: each line passes `seen`, and JSON has escapes for what
nobody could see. Words of others are cleaned of colours too, by `plain`, where they are put into a line.

A table has no box, one header line and aligned columns. Colour and the terminal's width count only on a terminal;
`NO_COLOR` (https://no-color.org) and `TERM=dumb` turn colour off there too.
"""

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from jackfield.cli.typed import advice_as_typed_here, as_typed_here
from jackfield.cli.words import plain, seen, shorten, width

JsonObject = dict[str, Any]
_UNSEEN = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON need not escape (RFC 8259, 7) and terminals obey, or no stream takes: C1, turned text, half pairs."""
_GAP = 2  # columns between two columns of a table
_LEAST = 16  # columns that the flexible column keeps on a narrow terminal
_LEAST_BROKEN = 24  # columns beside the others in which a sentence still reads well


class Output:
    """One command's voice. Where it names a command of `jackfield`, it names it as it is typed here.

    Args:
        as_json: print one JSON document and keep every other word off stdout.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.colour = not (os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb")

    @property
    def on_terminal(self) -> bool:
        """Whether a person sees stdout; progress and the terminal's width count only then."""
        return not self.as_json and sys.stdout.isatty()

    def line(self, text: str = "") -> None:
        """One line for the person on stdout; nothing where the answer is JSON."""
        if not self.as_json:
            click.echo(seen(as_typed_here(text)), color=None if self.colour else False)

    def wrapped(self, text: str) -> list[str]:
        """A sentence as the lines that a terminal shows, broken between words; where nothing is cut, one line."""
        text = as_typed_here(text)
        if self.columns is None:
            return [text]
        from textwrap import wrap  # only for those who read a long sentence on a terminal

        return wrap(text, max(self.columns, 40), subsequent_indent="  ", break_on_hyphens=False) or [""]

    def note(self, text: str) -> None:
        """One line beside the answer, on stderr: it never mixes into a pipe or a JSON document."""
        click.echo(seen(as_typed_here(text)), err=True, color=None if self.colour else False)

    def data(self, mapping: Mapping[str, Any]) -> None:
        """The answer as JSON; nothing where text was asked for."""
        if self.as_json:
            click.echo(as_json(mapping))

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        flexible: int = -1,
        spare: Sequence[str] = (),
        whole: bool = False,
    ) -> None:
        """Aligned columns under one header line, at most as wide as the terminal.

        Args:
            header: a name for each column in capitals; empty for a table that needs none.
            rows: cells, cleaned of control characters here; a column that is empty in every row is left out.
            flexible: the column that is cut where the terminal is narrow, so that names and versions stay whole; one
                without a name is left out where next to nothing of it could be read.
            spare: names of columns that are left out, in this order, where all of them find no room.
            whole: whether the last column, which is the flexible one, is broken between words in the place of being
                cut: where it is a sentence that has to be read to its end.
        """
        lines = laid_out(header, rows, flexible=flexible, spare=spare, whole=whole, columns=self.columns)
        for number, text in enumerate(lines):
            self.line(click.style(text, dim=True) if header and number == 0 else text)

    @property
    def columns(self) -> int | None:
        """The terminal's width in columns, None where stdout is no terminal and nothing is cut."""
        return shutil.get_terminal_size().columns if self.on_terminal else None


def as_json(mapping: Mapping[str, Any]) -> str:
    """The text of a JSON answer, without the end of its last line; a terminal obeys none of it."""
    return _json(mapping, indent=2)


def as_json_line(mapping: Mapping[str, Any]) -> str:
    """The same in one line, for a stream of them."""
    return _json(mapping, indent=None)


def _json(mapping: Mapping[str, Any], *, indent: int | None) -> str:
    from json import dumps  # costs 5 ms; only those who ask for JSON pay

    text = dumps(advice_as_typed_here(dict(mapping)), indent=indent, ensure_ascii=False, sort_keys=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def laid_out(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    flexible: int = -1,
    spare: Sequence[str] = (),
    whole: bool = False,
    columns: int | None = None,
) -> list[str]:
    """The lines of a table, its header first; see `Output.table`.

    Args:
        header: a name for each column; empty for a table that needs none.
        rows: cells.
        flexible: the column that is cut.
        spare: the columns that can be left out.
        whole: whether the last column is broken and not cut.
        columns: how many there are; None: nothing is cut.
    """
    if not rows:
        return []
    cells = [[as_typed_here(plain(cell)) for cell in row] for row in rows]
    used = [index for index in range(len(cells[0])) if any(row[index] for row in cells)]
    if columns is not None and header:
        used = _with_room(header, cells, used, flexible=flexible % len(cells[0]), spare=spare, columns=columns)
    lines = [[row[index] for index in used] for row in ([list(header), *cells] if header else cells)]
    widths = [max(width(line[index]) for line in lines) for index in range(len(used))]
    cut = flexible % len(cells[0])
    if whole and columns is not None and cut == used[-1]:
        return _broken(lines, widths, columns, has_header=bool(header))
    if columns is not None and cut in used:
        column = used.index(cut)
        others = sum(widths) - widths[column] + _GAP * (len(widths) - 1)
        if header and not header[cut] and columns - others < min(widths[column], _LEAST):
            lines = [line[:column] + line[column + 1 :] for line in lines]  # remarks of a few letters say nothing
            del widths[column]
        else:
            widths[column] = min(widths[column], max(columns - others, _LEAST))
    return [
        (" " * _GAP).join(_fitted(cell, wide) for cell, wide in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _broken(lines: Sequence[Sequence[str]], widths: Sequence[int], columns: int, *, has_header: bool) -> list[str]:
    """The lines of a table whose last column goes on below itself, or below its row where there is next to no room."""
    from textwrap import wrap  # only for those who read a long sentence on a terminal

    before = sum(widths[:-1]) + _GAP * (len(widths) - 1)
    beside = columns - before >= min(widths[-1], _LEAST_BROKEN)
    indent = " " * (before if beside else _GAP)
    shown = []
    for number, line in enumerate(lines):
        start = "".join(_fitted(cell, wide) + " " * _GAP for cell, wide in zip(line[:-1], widths[:-1], strict=True))
        parts = wrap(line[-1], max(columns - len(indent), _LEAST), break_on_hyphens=False) or [""]
        if not beside:
            parts = [] if has_header and number == 0 else parts
            shown.append(start.rstrip())
        else:
            shown.append((start + parts.pop(0)).rstrip())
        shown += [indent + part for part in parts if part]
    return shown


def _with_room(
    header: Sequence[str],
    cells: Sequence[Sequence[str]],
    used: Sequence[int],
    *,
    flexible: int,
    spare: Sequence[str],
    columns: int,
) -> list[int]:
    """The columns of a table that are shown: spare ones go until the rest fits, its flexible one cut or left out."""
    left = list(used)
    for name in ("", *spare):
        left = [index for index in left if not name or header[index] != name]
        widths = {index: max(width(row[index]) for row in (header, *cells)) for index in left}
        if flexible in widths:
            widths[flexible] = min(widths[flexible], _LEAST) if header[flexible] else -_GAP
        if sum(widths.values()) + _GAP * (len(widths) - 1) <= columns:
            break
    return left


def _fitted(cell: str, columns: int) -> str:
    """The cell, cut or filled up to exactly `columns` columns."""
    short = shorten(cell, columns)
    return short + " " * (columns - width(short))
