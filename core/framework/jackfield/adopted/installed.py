"""The entry points that an adopted application loads, from the index where that sees all that pluggy would see."""

import importlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jackfield.discovery import Row, installed_entry_points

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

_PATH_FINDERS = {"PathFinder", "MetadataPathFinder"}
"""Whose distributions lie in the folders of `sys.path`, which is where the index looks."""


class InstalledEntryPoint:
    """One entry point of one distribution; the distribution itself is read when somebody asks for it.

    Args:
        name: of the entry point, which is the plugin's.
        group: its entry-point group.
        row: what the index knows of it.
        pair: what `importlib.metadata` found instead.
    """

    __slots__ = ("_distribution", "_entry_point", "_row", "group", "name")

    def __init__(
        self, name: str, group: str, *, row: Row | None = None, pair: "tuple[Distribution, EntryPoint] | None" = None
    ) -> None:
        self.name = name
        self.group = group
        self._row = row
        self._distribution: Distribution | None = pair[0] if pair is not None else None
        self._entry_point: EntryPoint | None = pair[1] if pair is not None else None

    @property
    def distribution_name(self) -> str:
        """The name of its distribution, as the metadata has it."""
        return self._row.distribution if self._row is not None else self.distribution.metadata["Name"]

    @property
    def version(self) -> str:
        """The version of its distribution."""
        return self._row.version if self._row is not None else self.distribution.metadata["Version"]

    @property
    def label(self) -> str:
        """Its distribution with version: `chat-weather 1.2.0`."""
        return f"{self.distribution_name} {self.version}"

    @property
    def distribution(self) -> "Distribution":
        """The distribution that brought it."""
        if self._distribution is None:
            from importlib.metadata import Distribution

            self._distribution = Distribution.at(self._row.place if self._row is not None else "")
        return self._distribution

    @property
    def indexed(self) -> bool:
        """Whether it lies in a folder of the path, and so did not come from a finder of its own."""
        return self._row is not None

    def load(self) -> Any:
        """Import what it names (entry points specification, "Data model").

        Raises:
            Exception: whatever the import raises, or AttributeError for a name that is not there.
        """
        if self._row is None:
            return self._entry_point.load() if self._entry_point is not None else None
        module, _, attributes = self._row.value.partition("[")[0].partition(":")
        found: Any = importlib.import_module(module.strip())
        for attribute in filter(None, attributes.strip().split(".")):
            found = getattr(found, attribute)
        return found


def entry_points_of(group: str, *, name: str | None = None, keep: bool = True) -> Iterator[InstalledEntryPoint]:
    """Yield the entry points of a group in pluggy's order, without importing what they name.

    Args:
        group: which.
        name: only those of this name; None: all.
        keep: whether the index may be written.
    """
    rows = _indexed(group, name, keep=keep)
    if rows is not None:
        yield from (InstalledEntryPoint(row.name, group, row=row) for row in rows)
        yield from _of_finders(group, name)
        return
    from importlib.metadata import distributions

    yield from _of_distributions(list(distributions()), group, name)


def _of_distributions(found: "list[Distribution]", group: str, name: str | None) -> Iterator[InstalledEntryPoint]:
    for distribution in found:
        for entry_point in distribution.entry_points:
            if entry_point.group == group and name in (None, entry_point.name):
                yield InstalledEntryPoint(entry_point.name, group, pair=(distribution, entry_point))


def _of_finders(group: str, name: str | None) -> Iterator[InstalledEntryPoint]:
    """What the store's own finder serves, where there is any."""
    for finder in sys.meta_path:
        if _is_the_stores(finder):
            yield from _of_distributions(list(finder.known_distributions()), group, name)  # type: ignore[attr-defined]  # it is ours


def _indexed(group: str, name: str | None, *, keep: bool) -> list[Row] | None:
    """The index's rows; None where something else than folders of the path brings distributions too."""
    for finder in sys.meta_path:
        kind = finder.__name__ if isinstance(finder, type) else type(finder).__name__
        if hasattr(finder, "find_distributions") and kind not in _PATH_FINDERS and not _is_the_stores(finder):
            return None
    standard = sys.modules.get("importlib.metadata")
    if standard is not None and standard.distributions.__module__ != standard.__name__:
        return None  # put in its place by a test or a freezer, which means it
    found = installed_entry_points(group, strict=False, keep=keep)
    rows = list(found if name is None else found.named(name))
    return rows if all(row.place for row in rows) else None


def _is_the_stores(finder: object) -> bool:
    return type(finder).__module__ == "jackfield.host.finder"
