"""`context.storage` in a worker: every call is the host's to answer; what is declared once is remembered."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from jackfield.api import DataChange, Json, Row, Where
from jackfield.errors import CannotCross, UsageError
from jackfield.runtime import change_to_data
from jackfield.worker.facets.asking import Asking

_NOTHING = uuid.uuid4().hex
"""Stands for "nothing is kept there", so that any object can be the default, and is the very one that comes back."""


class RemoteStorage:
    """See `jackfield.api.Storage`.

    Args:
        asking: leads to the host.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._tables: dict[str, tuple[tuple[tuple[str, type], ...], tuple[str, ...]]] = {}

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the value under `key`, or `default`."""
        value = await self._asking.whole("storage.get", {"key": key, "default": _NOTHING})
        return default if value == _NOTHING else value

    async def set(self, key: str, value: Json) -> None:
        """Keep `value` under `key`; on return it is on disk."""
        try:
            value = json.loads(
                json.dumps(value, allow_nan=False)
            )  # what is not JSON is told as where the host keeps it
            arguments = await self._asking.sized("value", value)
        except (TypeError, ValueError, RecursionError, CannotCross) as error:
            raise UsageError(f"the value of {key} is not JSON: {error}", plugin=self._asking.plugin) from error
        await self._asking.call("storage.set", {"key": key, **arguments})

    async def delete(self, key: str) -> None:
        """Forget `key`."""
        await self._asking.call("storage.delete", {"key": key})

    async def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
        keys: list[str] = await self._asking.whole("storage.keys", {"prefix": prefix}, list[str])
        return keys

    def table(self, name: str, columns: Mapping[str, type], *, unique: Sequence[str] = ()) -> RemoteTable:
        """Return a table, which is made at its first use; the host is told of each definition once."""
        definition = (tuple(columns.items()), tuple(unique))
        if self._tables.get(name) != definition:
            named = {column: getattr(kind, "__name__", repr(kind)) for column, kind in columns.items()}
            self._asking.now("storage.table", {"name": name, "columns": named, "unique": list(unique)})
            self._tables[name] = definition
        return RemoteTable(name, self._asking)

    async def drop(self, name: str) -> None:
        """Remove a table with all its rows."""
        self._tables.pop(name, None)
        await self._asking.call("storage.drop", {"name": name})

    async def apply(self, *changes: DataChange) -> list[int | None]:
        """Make changes together: all of them or, on any error, none."""
        arguments = await self._asking.sized("changes", [change_to_data(change) for change in changes])
        done: list[int | None] = await self._asking.call("storage.apply", arguments, list[int | None])
        return done


class RemoteTable:
    """See `jackfield.api.StoredTable`.

    Args:
        name: its name.
        asking: leads to the host.
    """

    on_loop: ClassVar[bool] = True

    def __init__(self, name: str, asking: Asking) -> None:
        self._name = name
        self._asking = asking

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    async def insert(self, row: Row, *, replace: bool = False) -> int:
        """Add a row and return its `id`."""
        return await self._count("insert", {"row": dict(row), "replace": replace})

    async def update(self, changes: Row, *, where: Where | None = None) -> int:
        """Change columns of rows and return how many rows it were."""
        return await self._count("update", {"changes": dict(changes), "where": _plain(where)})

    async def delete(self, *, where: Where | None = None) -> int:
        """Remove rows and return how many it were."""
        return await self._count("delete", {"where": _plain(where)})

    async def select(
        self, *, where: Where | None = None, order: Sequence[str] = (), limit: int = 1000, offset: int = 0
    ) -> list[dict[str, Any]]:
        """Return rows, each with its `id`."""
        asked = {"table": self._name, "where": _plain(where), "order": list(order), "limit": limit, "offset": offset}
        rows: list[dict[str, Any]] = await self._asking.whole("table.select", asked)
        return rows

    async def count(self, *, where: Where | None = None) -> int:
        """Return how many rows there are."""
        return await self._count("count", {"where": _plain(where)})

    async def _count(self, method: str, arguments: Mapping[str, Any]) -> int:
        number: int = await self._asking.call(f"table.{method}", {"table": self._name, **arguments}, int)
        return number


def _plain(where: Where | None) -> dict[str, Any] | None:
    return dict(where) if where is not None else None
