"""What a user types after `install`: an id, an id with a version, a wheel on this machine; and files of such lines."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from jackfield.errors import GrammarError, UsageError
from jackfield.manifest import Pin, Requirement, Version, canonical_id, parse_id

_SPEC = re.compile(r"([A-Za-z0-9_.-]+?)\s*(==|@)\s*(.+)", re.DOTALL)
_RANGE_OF_PIP = re.compile(r"([A-Za-z0-9_.-]+?)\s*([<>=^~!].*)", re.DOTALL)
_HASH = re.compile(r"@\s*sha256:(.*)$", re.DOTALL)
_LEAST_DIGITS = 8  # fewer would be met by chance
_LONGEST_FILE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Spec:
    """One thing to install.

    Args:
        text: as the user wrote it.
        id: the plugin's id; None for a file.
        requirement: which versions will do; None for the newest.
        file: the wheel.
        sha256: what the wheel's hash must begin with, in lower case; empty for any.
        exact: whether it names one version.
    """

    text: str
    id: str | None
    requirement: Requirement | None = None
    file: Path | None = None
    sha256: str = ""
    exact: bool = False


def parse_spec(text: str) -> Spec:
    """Read `id`, `id==1.2`, `id@^1.2` or `./x.whl`; each may end in `@sha256:` and the first digits of a hash (U9).

    Raises:
        UsageError: a file that is not there or is no wheel, or a part outside its grammar.
    """
    written = text.strip()
    pinned = _HASH.search(written)
    if pinned is not None:
        digits = pinned[1].strip().lower()
        if re.fullmatch(rf"[0-9a-f]{{{_LEAST_DIGITS},64}}", digits) is None:
            raise UsageError(
                f"{text.strip()!r} cannot be installed: sha256: is followed by {_LEAST_DIGITS} to 64 hexadecimal digits"
            )
        return replace(parse_spec(written[: pinned.start()]), text=text, sha256=digits)
    if written.endswith(".whl") or "/" in written or "\\" in written or written in {".", ".."}:
        if "://" in written:
            raise UsageError(f"{written} is an address", hint="fetch the wheel first, or name the plugin by its id")
        file = Path(os.path.expanduser(written)).absolute()  # noqa: PTH111  # Path raises for ~nobody
        if file.is_dir():
            raise UsageError(
                f"{written} is a folder, and nothing is built here",
                hint=f"make its wheel, then install that: pip wheel --no-deps {shlex.quote(written)}",
            )
        if not file.is_file():
            raise UsageError(f"there is no file {written}", hint="a plugin of the marketplace is installed by its id")
        if file.suffix != ".whl":
            raise UsageError(f"{written} is no wheel", hint="only .whl files are installed: nothing is built here")
        return Spec(text, None, file=file)
    match = _SPEC.fullmatch(written)
    try:
        if match is None:
            return Spec(text, parse_id(written.lower()))
        name, operator, limit = match.groups()
        if operator == "==":
            limit = f"={_version(limit.strip())}"
        return Spec(text, parse_id(name.lower()), Requirement.parse(limit.strip()), exact=operator == "==")
    except GrammarError as exc:
        hint = _meant(written) if match is None else None
        raise UsageError(f"{written!r} cannot be installed: {exc.message}", hint=hint or exc.hint) from exc


def _meant(written: str) -> str | None:
    """How to write what pip takes as `poll>=2,<3`; None for anything else."""
    match = _RANGE_OF_PIP.fullmatch(written)
    if match is None:
        return None
    limit = re.sub(r"([<>=^~])\s+", r"\1", " ".join(match[2].replace(",", " ").split()))
    try:
        parse_id(match[1].lower())
        Requirement.parse(limit)
    except GrammarError:
        return None
    return f"a range of versions follows an @: '{match[1]}@{limit}'"


def read_spec_file(path: Path) -> list[str]:
    """Read what is to be installed from a file, one spec a line, as `jackfield export` writes it (U9, U11).

    Empty lines and what follows a `#` are left out; a wheel's path counts from the file's folder.

    Raises:
        UsageError: it cannot be read, is no text, names nothing, or a line is no spec; the sentence names the line.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
        text = content.decode("utf-8-sig")
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path} cannot be read: it is no text in UTF-8 (byte {exc.start})") from exc
    if len(content) > _LONGEST_FILE:
        raise UsageError(f"{path} has more than {_LONGEST_FILE} bytes: it is no list of plugins")
    specs = []
    for number, line in enumerate(text.splitlines(), 1):
        written = re.sub(r"(^|\s)#.*", "", line).strip()
        if written:
            specs.append(_of_line(written, path, number))
    if not specs:
        raise UsageError(f"{path} names no plugin", hint="one on each line, as after jackfield install")
    return specs


def _of_line(written: str, path: Path, number: int) -> str:
    beside = path.parent / written.partition("@sha256:")[0].strip()
    if beside.suffix == ".whl":
        written = f"{beside.absolute()}{written[written.index('.whl') + 4 :]}"
    try:
        parse_spec(written)
    except UsageError as exc:
        raise UsageError(f"{path}, line {number}: {exc.message}", hint=exc.hint) from exc
    return written


def installed_as(pin: Pin) -> str:
    """The version of what is installed, as a manifest spells it."""
    return str(Version.from_pep440(pin.version, published=False))


def canonical(text: str) -> str:
    """The canonical form of an id that a user typed.

    Raises:
        IdentityError: it is none.
    """
    return canonical_id(text.strip())


def _version(text: str) -> str:
    """A version as the manifest spells it, from either spelling (`2.0rc1`, `2.0-rc.1`)."""
    if re.fullmatch(r"[\d.]+(a|b|rc)\d+", text):
        return str(Version.from_pep440(text))
    return str(Version.parse(text))
