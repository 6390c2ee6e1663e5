"""What a user types after `install`: an id, an id with a version, or a wheel on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from jackfield.errors import GrammarError, UsageError
from jackfield.manifest import Requirement, Version, canonical_id, parse_id

_SPEC = re.compile(r"([A-Za-z0-9_.-]+?)\s*(==|@)\s*(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spec:
    """One thing to install.

    Args:
        text: as the user wrote it.
        id: the plugin's id; None for a file.
        requirement: which versions will do; None for the newest.
        file: the wheel.
    """

    text: str
    id: str | None
    requirement: Requirement | None = None
    file: Path | None = None


def parse_spec(text: str) -> Spec:
    """Read `id`, `id==1.2`, `id@^1.2` or `./x.whl`.

    Raises:
        UsageError: a file that is not there or is no wheel, or a part outside its grammar.
    """
    written = text.strip()
    if written.endswith(".whl") or "/" in written or "\\" in written:
        file = Path(written).expanduser().absolute()
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
        return Spec(text, parse_id(name.lower()), Requirement.parse(limit.strip()))
    except GrammarError as exc:
        raise UsageError(f"{written!r} cannot be installed: {exc.message}", hint=exc.hint) from exc


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
