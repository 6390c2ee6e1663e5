"""`context.storage`: values by key, small tables, and changes that happen together or not at all (C14, C20, U40).

Everything that goes in and out is plain data, so that it is the same inline and in a worker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

Scalar: TypeAlias = str | int | float | bool | None
"""What a column holds: a value of its type, or None."""

Row: TypeAlias = Mapping[str, Scalar]

Where: TypeAlias = Mapping[str, Scalar | Sequence[Scalar]]
"""Which rows: all conditions hold. The key is a column, alone or with `!=`, `<`, `<=`, `>`, `>=` or `in` after a space:
`{"room": "lobby", "choice >=": 2, "user in": ["ann", "carl"]}`. Empty: every row."""


@dataclass(frozen=True, slots=True)
class Put:
    """Keep a value under a key."""

    key: str
    value: Json


@dataclass(frozen=True, slots=True)
class Forget:
    """Forget a key; one that is not there is no error."""

    key: str


@dataclass(frozen=True, slots=True)
class Insert:
    """Add a row to a table; `replace` puts it in the place of the one with the same values in the unique columns."""

    table: str
    row: Row
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """Change columns of rows."""

    table: str
    changes: Row
    where: Where = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove rows."""

    table: str
    where: Where = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Require:
    """Go on only if so many rows are there, `least` to `most`; else nothing of the whole happens."""

    table: str
    where: Where = field(default_factory=dict)
    least: int = 0
    most: int | None = None


DataChange: TypeAlias = Put | Forget | Insert | Update | Delete | Require
"""One step of `storage.apply`."""


class StoredTable(Protocol):
    """A small table of the plugin's own. Each row has an `id`, a whole number that is never used again."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    async def insert(self, row: Row, *, replace: bool = False) -> int:
        """Add a row and return its `id`; columns that are left out are None.

        Args:
            row: column to value.
            replace: put it in the place of the row that has the same values in the unique columns.

        Raises:
            DataConflict: such a row is there already.
            UsageError: no such column, or a value that is not of its type.
            QuotaExceeded: the plugin keeps as much as it may.
        """
        ...

    async def update(self, changes: Row, *, where: Where | None = None) -> int:
        """Change columns of rows and return how many rows it were; raises as `insert`."""
        ...

    async def delete(self, *, where: Where | None = None) -> int:
        """Remove rows and return how many it were."""
        ...

    async def select(
        self, *, where: Where | None = None, order: Sequence[str] = (), limit: int = 1000, offset: int = 0
    ) -> list[dict[str, Any]]:
        """Return rows, each with its `id`.

        Args:
            where: which.
            order: columns, the first one first; `-` before one turns it around. Rows that are equal come by `id`.
            limit: how many at most; 10,000 is the most.
            offset: how many to pass over.
        """
        ...

    async def count(self, *, where: Where | None = None) -> int:
        """Return how many rows there are."""
        ...


class Storage(Protocol):
    """What the plugin keeps; it survives disabling, updating and reinstalling (C14, C20, U40).

    Reading needs `storage:read`, changing needs `storage:write`. When a change returns it is on disk. All of it, the
    files in `data_dir` included, is bounded: 100 MiB unless the user says otherwise.
    """

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the value under `key`, or `default`."""
        ...

    async def set(self, key: str, value: Json) -> None:
        """Keep `value` under `key`; on return it is on disk.

        Raises:
            UsageError: the value is not JSON, or larger than 1 MiB.
            QuotaExceeded: the plugin keeps as much as it may.
        """
        ...

    async def delete(self, key: str) -> None:
        """Forget `key`; a key that is not there is no error."""
        ...

    async def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
        ...

    def table(self, name: str, columns: Mapping[str, type], *, unique: Sequence[str] = ()) -> StoredTable:
        """Return a table, which is made at its first use.

        One that is there gets the columns that are new. A column whose type is another than before is refused: raise
        `data_version` and convert it in `on_migrate`.

        Args:
            name: lower-case letters, digits and `_`; 40 characters at most.
            columns: name to `str`, `int`, `float` or `bool`; 64 at most.
            unique: columns whose values, taken together, one row at most may have.

        Raises:
            UsageError: a name or type that cannot be.
        """
        ...

    async def drop(self, name: str) -> None:
        """Remove a table with all its rows; one that is not there is no error."""
        ...

    async def apply(self, *changes: DataChange) -> list[int | None]:
        """Make changes together: all of them or, on any error, none.

        They are sent as data, so no lock is held while the plugin waits for something else; what they depend on is
        said with `Require`.

        Args:
            *changes: in their order, 1,000 at most; tables by a name that `table` was called with. What is `Put` takes
                at most 32 MiB as JSON.

        Returns:
            for each, the new row's `id`, the number of rows, or None.

        Raises:
            DataConflict: a row that is there already, or a `Require` that does not hold.
            UsageError, QuotaExceeded: as for each by itself.
        """
        ...
