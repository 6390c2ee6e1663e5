"""`context.storage` and `context.settings`, served to a plugin in another process."""

from __future__ import annotations

from typing import Any

from jackfield.errors import UsageError
from jackfield.host.facets import PluginContext, Wiring
from jackfield.host.remote.calls import PluginCalls
from jackfield.host.remote.facets.holding import MOST_TABLES, Holding
from jackfield.runtime import Whole, change_from_data
from jackfield.storage import MAXIMUM_VALUE_BYTES

_MOST_VALUE_BYTES = 4 * MAXIMUM_VALUE_BYTES
"""Of msgpack that may be one value: of whatever is in it, JSON takes no less than a quarter."""

_COLUMN_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


class ServedStorage:
    """`storage.…`.

    Args:
        context: the plugin's.
        holding: what it holds.
    """

    def __init__(self, context: PluginContext, holding: Holding) -> None:
        self._storage = context.storage
        self._holding = holding
        self.tables: dict[str, Any] = {}

    async def get(self, key: str, default: Any = None) -> Whole:
        """The value under a key, or what was given."""
        return await self._holding.whole(await self._storage.get(key, default))

    async def set(self, key: str, value: Any, parcel: int | None = None) -> None:
        """Keep a value."""
        with self._holding.argument(value, parcel, Any, most_bytes=_MOST_VALUE_BYTES) as given:
            await self._storage.set(key, given)

    async def delete(self, key: str) -> None:
        """Forget a key."""
        await self._storage.delete(key)

    async def keys(self, prefix: str = "") -> Whole:
        """The keys that start so."""
        return await self._holding.whole(await self._storage.keys(prefix))

    def table(self, name: str, columns: dict[str, str], unique: list[str] = []) -> None:  # noqa: B006 (only read)
        """Declare a table."""
        if name not in self.tables and len(self.tables) >= MOST_TABLES:
            raise UsageError(f"{self._holding.plugin} declares more than {MOST_TABLES} tables")
        types = {column: _COLUMN_TYPES.get(kind, kind) for column, kind in columns.items()}
        self.tables[name] = self._storage.table(name, types, unique=unique)  # type: ignore[arg-type]  # it refuses words

    async def drop(self, name: str) -> None:
        """Remove a table with all its rows; it is made anew at its next use, as it was declared."""
        await self._storage.drop(name)

    async def apply(self, changes: Any, parcel: int | None = None) -> list[int | None]:
        """Make changes together."""
        with self._holding.argument(changes, parcel, list[dict[str, Any]]) as told:
            if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
                raise UsageError("changes are a list of maps, each with its `change`")
            return await self._storage.apply(*(change_from_data(one) for one in told))


class ServedTables:
    """`table.…`: the methods of a table that was declared.

    Args:
        storage: knows them.
        holding: what the plugin holds.
    """

    def __init__(self, storage: ServedStorage, holding: Holding) -> None:
        self._tables = storage.tables
        self._holding = holding

    async def insert(self, table: str, row: dict[str, Any], replace: bool = False) -> int:
        """Add a row."""
        added: int = await self._table(table).insert(row, replace=replace)
        return added

    async def update(self, table: str, changes: dict[str, Any], where: dict[str, Any] | None = None) -> int:
        """Change columns of rows."""
        changed: int = await self._table(table).update(changes, where=where)
        return changed

    async def delete(self, table: str, where: dict[str, Any] | None = None) -> int:
        """Remove rows."""
        removed: int = await self._table(table).delete(where=where)
        return removed

    async def select(
        self,
        table: str,
        where: dict[str, Any] | None = None,
        order: list[str] = [],  # noqa: B006 (only read)
        limit: int = 1000,
        offset: int = 0,
    ) -> Whole:
        """Rows."""
        rows = await self._table(table).select(where=where, order=order, limit=limit, offset=offset)
        return await self._holding.whole(rows)

    async def count(self, table: str, where: dict[str, Any] | None = None) -> int:
        """How many rows there are."""
        counted: int = await self._table(table).count(where=where)
        return counted

    def _table(self, name: str) -> Any:
        try:
            return self._tables[name]
        except KeyError:
            raise UsageError(
                f"{self._holding.plugin} uses the table {name}, which it has not declared",
                plugin=self._holding.plugin,
                hint="call storage.table first",
            ) from None


class ServedSettings:
    """`settings.…`.

    Args:
        wiring: the plugin's.
        holding: what it holds.
        calls: to the plugin.
    """

    def __init__(self, wiring: Wiring, holding: Holding, calls: PluginCalls) -> None:
        self._facet = wiring.context.settings
        self._settings = wiring.settings
        self._holding = holding
        self._calls = calls

    def get(self, key: str) -> Any:
        """The user's value, or the default."""
        return self._facet.get(key)

    async def set(self, key: str, value: Any) -> None:
        """Change a setting."""
        await self._facet.set_apart(key, value)

    def all(self) -> dict[str, Any]:
        """Every declared setting, without the secrets."""
        return dict(self._facet.all())

    def values(self) -> dict[str, Any]:
        """Every declared setting, secrets included: they are the plugin's own."""
        return {one.key: self._facet.get(one.key) for one in self._settings.declared}

    def on_change(self, handler: int) -> int:
        """Call `handler.setting` after a setting changed; a subscription."""

        async def changed(key: str, value: Any) -> None:
            await self._calls.call("handler.setting", {"handler": handler, "key": key, "value": value})

        return self._holding.begin(lambda: self._facet.on_change(changed))
