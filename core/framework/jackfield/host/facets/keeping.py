"""`context.storage`: the plugin's database off the loop's thread, each call against its grant."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from jackfield.api import DataChange, Delete, Insert, Json, Require, Row, Update, Where
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.storage import Definition, PluginDatabase

Check = Callable[[str, str], None]


class PluginStorage:
    """`context.storage` of one plugin.

    Args:
        database: the plugin's own.
        check: asks for `storage:read` and `storage:write`.
        threads: in which it is waited for the file.
    """

    def __init__(self, database: PluginDatabase, check: Check, threads: OwnThreads) -> None:
        self._database = database
        self._check = check
        self._threads = threads
        self._tables: dict[str, Definition] = {}

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the value under `key`, or `default`."""
        self._check("storage", "read")
        return await self._threads.run(self._database.get, key, default)

    async def set(self, key: str, value: Json) -> None:
        """Keep `value` under `key`; on return it is on disk."""
        self._check("storage", "write")
        await self._threads.run(self._database.set, key, value)

    async def delete(self, key: str) -> None:
        """Forget `key`."""
        self._check("storage", "write")
        await self._threads.run(self._database.delete, key)

    async def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that start with `prefix`, sorted."""
        self._check("storage", "read")
        return await self._threads.run(self._database.keys, prefix)

    def table(self, name: str, columns: Mapping[str, type], *, unique: Sequence[str] = ()) -> "PluginTable":
        """Return a table, which is made at its first use."""
        definition = Definition.of(name, columns, unique)
        self._tables[name] = definition
        return PluginTable(definition, self._database, self._check, self._threads)

    async def drop(self, name: str) -> None:
        """Remove a table with all its rows."""
        self._check("storage", "write")
        self._tables.pop(name, None)
        await self._threads.run(self._database.drop, name)

    async def apply(self, *changes: DataChange) -> list[int | None]:
        """Make changes together: all of them or, on any error, none."""
        self._check("storage", "write")
        if any(isinstance(change, Require) for change in changes):
            self._check("storage", "read")
        named = {getattr(change, "table", "") for change in changes}
        declared = [one for name, one in self._tables.items() if name in named]
        return await self._threads.run(self._database.apply, changes, declared)


class PluginTable:
    """A table of one plugin; see `jackfield.api.StoredTable`.

    Args:
        definition: what the plugin declared.
        database: where it lies.
        check: asks for `storage:read` and `storage:write`.
        threads: in which it is waited for the file.
    """

    on_loop: ClassVar[bool] = True

    def __init__(self, definition: Definition, database: PluginDatabase, check: Check, threads: OwnThreads) -> None:
        self._definition = definition
        self._database = database
        self._check = check
        self._threads = threads

    @property
    def name(self) -> str:
        """Its name."""
        return self._definition.name

    async def insert(self, row: Row, *, replace: bool = False) -> int:
        """Add a row and return its `id`."""
        return await self._change(Insert(self.name, row, replace))

    async def update(self, changes: Row, *, where: Where | None = None) -> int:
        """Change columns of rows and return how many rows it were."""
        return await self._change(Update(self.name, changes, where or {}))

    async def delete(self, *, where: Where | None = None) -> int:
        """Remove rows and return how many it were."""
        return await self._change(Delete(self.name, where or {}))

    async def select(
        self, *, where: Where | None = None, order: Sequence[str] = (), limit: int = 1000, offset: int = 0
    ) -> list[dict[str, Any]]:
        """Return rows, each with its `id`."""
        self._check("storage", "read")
        return await self._threads.run(self._database.select, self._definition, where, order, limit, offset)

    async def count(self, *, where: Where | None = None) -> int:
        """Return how many rows there are."""
        self._check("storage", "read")
        return await self._threads.run(self._database.count, self._definition, where)

    async def _change(self, change: DataChange) -> int:
        self._check("storage", "write")
        (made,) = await self._threads.run(self._database.apply, (change,), (self._definition,))
        return made or 0
