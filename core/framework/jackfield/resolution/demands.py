"""What a METADATA file asks for, parsed once for each line (core metadata specification; PEP 508)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as DistRequirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

_KEPT_LINES = 16_384
MOST_DEMANDS = 5000
"""Lines of Requires-Dist in one METADATA: the largest that are published have some hundreds."""
_LINE_CHARACTERS = 16 * 1024
_VERSION_CHARACTERS = 256  # of a version in a specifier: Python reads no number of more than 4300 digits


@dataclass(frozen=True, slots=True)
class Demand:
    """One line of Requires-Dist.

    Args:
        line: as it is written.
        name: the normalised name of the distribution.
        extras: the extras wanted of it, normalised.
        specifier: the versions that will do.
        marker: where it holds; None for everywhere.
        direct: whether it points to an address of its own, past every index.
    """

    line: str
    name: str
    extras: frozenset[str]
    specifier: SpecifierSet
    marker: Marker | None
    direct: bool = False


@lru_cache(_KEPT_LINES)
def read_demand(line: str) -> Demand:
    """Parse one line of Requires-Dist; equal lines, of which a set has many, are parsed once.

    Raises:
        InvalidRequirement: it is none, or names a version that nobody can read.
    """
    try:
        read = DistRequirement(line)
    except RecursionError as exc:
        raise InvalidRequirement(f"Requires-Dist {line[:80]} is nested too deeply") from exc
    if any(len(part.version) > _VERSION_CHARACTERS for part in read.specifier):
        raise InvalidRequirement(
            f"Requires-Dist {line[:80]} names a version of more than {_VERSION_CHARACTERS} characters"
        )
    extras = frozenset(canonicalize_name(extra) for extra in read.extras)
    return Demand(line, canonicalize_name(read.name), extras, read.specifier, read.marker, read.url is not None)


def read_demands(metadata: bytes) -> tuple[Demand, ...]:
    """Every Requires-Dist of a METADATA file; raises as `read_metadata` does."""
    return read_metadata(metadata)[0]


def read_metadata(metadata: bytes) -> tuple[tuple[Demand, ...], frozenset[str]]:
    """Every Requires-Dist of a METADATA file, and every Provides-Extra, normalised.

    The headers end at the first empty line; a line that begins with a blank goes on with the one before. The email
    parser that others use here takes longer than everything else that happens to a package.

    Raises:
        InvalidRequirement: a line is none, or there are more, or longer ones, than anybody needs.
    """
    head = metadata.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
    lines: list[str] = []
    extras: set[str] = set()
    within = False
    for line in head.split("\n"):
        if line.startswith((" ", "\t")):
            if within:
                lines[-1] += " " + line.strip()
            continue
        key, _, value = line.partition(":")
        header = key.strip().lower()
        within = header == "requires-dist"
        if within:
            lines.append(value.strip())
        elif header == "provides-extra":
            extras.add(canonicalize_name(value.strip()))
    if len(lines) > MOST_DEMANDS or any(len(line) > _LINE_CHARACTERS for line in lines):
        raise InvalidRequirement(f"more than {MOST_DEMANDS} lines of Requires-Dist, or one that is too long")
    return tuple(read_demand(line) for line in lines), frozenset(extras)


def unreadable(metadata: bytes, environment: Mapping[str, str]) -> str | None:
    """Why a METADATA file cannot be used, for which a resolution passes its wheel over; None where it can.

    Args:
        metadata: the file.
        environment: PEP 508's variables, without `extra`.
    """
    try:
        markers = Markers(environment)
        for demand in read_demands(metadata):
            markers.hold(demand, "")
    except InvalidRequirement as error:
        return " ".join(str(error).split())
    return None


class Markers:
    """Which demands hold in one environment; each is worked out once.

    Args:
        environment: PEP 508's variables, without `extra`.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._answers: dict[tuple[str, str], bool] = {}

    def hold(self, demand: Demand, extra: str) -> bool:
        """Whether a demand holds with one extra wanted, `""` for none.

        Raises:
            InvalidRequirement: its marker is well formed and means nothing, e.g. `os_name ~= "x"`; that does not
                depend on the extra.
        """
        if demand.marker is None:
            return True
        answer = self._answers.get((demand.line, extra))
        if answer is None:
            environment: dict[str, Any] = {**self._environment, "extra": extra}
            try:
                answer = demand.marker.evaluate(environment)
            except (ValueError, KeyError) as exc:  # what packaging has no sense for, two texts, no version
                raise InvalidRequirement(f"Requires-Dist {demand.line[:80]} has a marker without sense") from exc
            self._answers[demand.line, extra] = answer
        return answer


def is_provided(extra: str, stated: Collection[str], demands: Iterable[Demand], markers: Markers) -> bool:
    """Whether a distribution has an extra: it says so, or asks for something with that extra alone.

    Args:
        extra: the extra, normalised.
        stated: its Provides-Extra.
        demands: its Requires-Dist.
        markers: which of the demands hold.
    """
    return extra in stated or any(markers.hold(one, extra) and not markers.hold(one, "") for one in demands)


def direct_problem(demands: Iterable[Demand], extras: Collection[str], markers: Markers) -> str | None:
    """Why demands cannot be fulfilled of which one points past every marketplace, as the end of a sentence.

    Args:
        demands: of one distribution.
        extras: that are wanted of it; `""` for none.
        markers: which of the demands hold.

    Returns:
        None where nothing does that with these extras.

    Raises:
        InvalidRequirement: as `Markers.hold`.
    """
    held = (one for one in demands if one.direct and any(markers.hold(one, extra) for extra in extras))
    direct = next(held, None)
    return f"wants {direct.name} from an address of its own, past every marketplace" if direct is not None else None
