"""Small tables in a plugin's database: what a row may hold, which rows are meant, and the SQL that says so.

Every name that reaches SQL has passed `NAME`, and every value is a parameter.
"""

import json
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from jackfield.errors import DataConflict, UsageError

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
MOST_COLUMNS = 64
MOST_TABLES = 100
MOST_ROWS = 10_000
"""In one answer."""

MOST_CHARACTERS = 1 << 20
"""Of one text."""

MOST_ANSWER_BYTES = 32 << 20
"""Of the texts in one answer, as they lie in memory: up to four times what they take on the disk."""

_MOST_IN = 500  # values in one list of a condition; SQLite takes 32,766 parameters in a statement
_TYPES: dict[type, tuple[str, str]] = {
    str: ("text", "TEXT"),
    int: ("integer", "INTEGER"),
    float: ("number", "REAL"),
    bool: ("boolean", "INTEGER"),
}
_SQL = dict(_TYPES.values())
_OPERATORS = frozenset({"=", "!=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Definition:
    """A table as a plugin declares it, as plain data.

    Args:
        name: its name.
        columns: name to `text`, `integer`, `number` or `boolean`.
        unique: columns whose values, taken together, one row at most may have.
    """

    name: str
    columns: Mapping[str, str]
    unique: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, columns: Mapping[str, type], unique: Sequence[str] = ()) -> "Definition":
        """Check what a plugin declared.

        Raises:
            UsageError: a name or type that cannot be; the sentence says what could.
        """
        for one in (name, *columns):
            if not NAME.fullmatch(str(one)):
                raise UsageError(f"{one!r} is no name of a table or column: a-z, 0-9 and _, a letter first, 40 at most")
        if "id" in columns:
            raise UsageError(f"{name}: every row has an id, so no column is called that")
        if not 0 < len(columns) <= MOST_COLUMNS:
            raise UsageError(f"{name} has {len(columns)} columns; 1 to {MOST_COLUMNS} are possible")
        for column, kind in columns.items():
            if kind not in _TYPES:
                raise UsageError(f"{name}.{column}: a column holds str, int, float or bool, not {kind!r}")
        if len(unique) > len(columns):
            raise UsageError(f"{name}: unique names {len(unique)} columns, and there are {len(columns)}")
        strange = [one for one in unique if one not in columns]
        if strange:
            raise UsageError(f"{name}: unique names {strange[0]!r}, which is no column")
        return cls(name, {column: _TYPES[kind][0] for column, kind in columns.items()}, tuple(unique))


@dataclass(frozen=True, slots=True)
class Answer:
    """What is read for one answer, row by row, so that it is never larger than it may be.

    Args:
        what: is read, in the plural, for the error.
        plugin: who asked.
        hint: what to do when it is too large.
        most_bytes: of all texts; None: no bound.
    """

    what: str
    plugin: str | None
    hint: str
    most_bytes: int | None

    def of(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Yield rows.

        Raises:
            UsageError: they are too large together.
        """
        left = self.most_bytes
        for row in rows:
            if left is not None:
                left -= sum(sys.getsizeof(value) for value in row if isinstance(value, str))
                if left < 0:
                    raise UsageError(
                        f"the {self.what} take more than {(self.most_bytes or 0) >> 20} MiB",
                        plugin=self.plugin,
                        hint=self.hint,
                    )
            yield row


class Tables:
    """The tables in one open database; each call runs within the transaction of its caller.

    Args:
        connection: to the database.
        plugin: whose it is, for errors.
    """

    def __init__(self, connection: sqlite3.Connection, plugin: str | None) -> None:
        self._connection = connection
        self._plugin = plugin

    @staticmethod
    def prepare(connection: sqlite3.Connection) -> None:
        """Make the list of tables."""
        connection.execute("CREATE TABLE IF NOT EXISTS tables (name TEXT PRIMARY KEY, definition TEXT NOT NULL)")

    def all(self) -> list[Definition]:
        """Every table, by name."""
        return [self._read(text) for (text,) in self._connection.execute("SELECT definition FROM tables ORDER BY name")]

    def find(self, name: str) -> Definition:
        """Return one table.

        Raises:
            UsageError: there is none of that name.
        """
        row = self._connection.execute("SELECT definition FROM tables WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise UsageError(f"there is no table {name!r}: call storage.table first", plugin=self._plugin)
        return self._read(row[0])

    def make(self, wanted: Definition) -> None:
        """Make a table, or add the columns that it lacks.

        Raises:
            UsageError: a column has another type than before, or there are too many tables.
            DataConflict: rows that are there have the same values in what shall be unique.
        """
        row = self._connection.execute("SELECT definition FROM tables WHERE name = ?", (wanted.name,)).fetchone()
        if row is None:
            self._make_new(wanted)
            return
        there = self._read(row[0])
        if there.unique == wanted.unique and all(there.columns.get(key) == one for key, one in wanted.columns.items()):
            return
        for column, kind in wanted.columns.items():
            before = there.columns.get(column)
            if before is None:
                self._connection.execute(f'ALTER TABLE "t_{wanted.name}" ADD COLUMN "{column}" {_SQL[kind]}')
            elif before != kind:
                raise UsageError(
                    f"the column {column} of {wanted.name} holds {before}, not {kind}",
                    plugin=self._plugin,
                    hint="raise data_version and convert it in on_migrate",
                )
        merged = Definition(wanted.name, {**there.columns, **wanted.columns}, wanted.unique)
        self._connection.execute(f'DROP INDEX IF EXISTS "u_{wanted.name}"')
        self._index(merged)
        self._remember(merged)

    def _make_new(self, wanted: Definition) -> None:
        (count,) = self._connection.execute("SELECT count(*) FROM tables").fetchone()
        if count >= MOST_TABLES:
            raise UsageError(f"there are {MOST_TABLES} tables already, which is the most", plugin=self._plugin)
        columns = ", ".join(f'"{column}" {_SQL[kind]}' for column, kind in wanted.columns.items())
        # AUTOINCREMENT: an id that was deleted is never given again, so that what refers to it cannot mean another row
        self._connection.execute(f'CREATE TABLE "t_{wanted.name}" (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})')
        self._index(wanted)
        self._remember(wanted)

    def _index(self, table: Definition) -> None:
        if not table.unique:
            return
        columns = ", ".join(f'"{column}"' for column in table.unique)
        try:
            self._connection.execute(f'CREATE UNIQUE INDEX "u_{table.name}" ON "t_{table.name}" ({columns})')
        except sqlite3.IntegrityError as error:
            raise DataConflict(
                f"rows of {table.name} have the same {' and '.join(table.unique)}", plugin=self._plugin
            ) from error

    def _remember(self, table: Definition) -> None:
        text = json.dumps({"name": table.name, "columns": dict(table.columns), "unique": table.unique})
        self._connection.execute("INSERT OR REPLACE INTO tables VALUES (?, ?)", (table.name, text))

    def _read(self, text: str) -> Definition:
        read = json.loads(text)
        return Definition(read["name"], read["columns"], tuple(read["unique"]))

    def drop(self, name: str) -> None:
        """Remove a table; one that is not there is no error."""
        if self._connection.execute("DELETE FROM tables WHERE name = ?", (name,)).rowcount:
            self._connection.execute(f'DROP TABLE "t_{name}"')

    def insert(self, name: str, row: Mapping[str, Any], *, replace: bool = False) -> int:
        """Add a row; see `jackfield.api.StoredTable`."""
        table = self.find(name)
        values = self._checked(table, row)
        columns = "".join(f', "{column}"' for column in values)
        marks = ", ?" * len(values)
        statement = f'INSERT INTO "t_{name}" (id{columns}) VALUES (NULL{marks})'  # noqa: S608  # every name has passed NAME
        if replace and table.unique:
            target = ", ".join(f'"{column}"' for column in table.unique)
            # the columns that are left out become None, as in a new row; the id stays
            sets = ", ".join(f'"{column}" = excluded."{column}"' for column in table.columns)
            statement += f" ON CONFLICT ({target}) DO UPDATE SET {sets}"
        try:
            (made,) = self._connection.execute(f"{statement} RETURNING id", tuple(values.values())).fetchone()
        except sqlite3.IntegrityError as error:
            raise self._taken(table, values) from error
        return int(made)

    def update(self, name: str, changes: Mapping[str, Any], where: Mapping[str, Any]) -> int:
        """Change rows; see `jackfield.api.StoredTable`."""
        table = self.find(name)
        values = self._checked(table, changes)
        if not values:
            raise UsageError(f"nothing to change in {name} was named", plugin=self._plugin)
        sets = ", ".join(f'"{column}" = ?' for column in values)
        condition, parameters = self._condition(table, where)
        try:
            statement = f'UPDATE "t_{name}" SET {sets}{condition}'  # noqa: S608  # every name has passed NAME
            return self._connection.execute(statement, (*values.values(), *parameters)).rowcount
        except sqlite3.IntegrityError as error:
            raise self._taken(table, values) from error

    def delete(self, name: str, where: Mapping[str, Any]) -> int:
        """Remove rows; see `jackfield.api.StoredTable`."""
        condition, parameters = self._condition(self.find(name), where)
        statement = f'DELETE FROM "t_{name}"{condition}'  # noqa: S608  # every name has passed NAME
        return self._connection.execute(statement, parameters).rowcount

    def count(self, name: str, where: Mapping[str, Any]) -> int:
        """Count rows."""
        condition, parameters = self._condition(self.find(name), where)
        statement = f'SELECT count(*) FROM "t_{name}"{condition}'  # noqa: S608  # every name has passed NAME
        (found,) = self._connection.execute(statement, parameters).fetchone()
        return int(found)

    def select(
        self, name: str, where: Mapping[str, Any], order: Sequence[str], limit: int, offset: int, answer: Answer
    ) -> list[dict[str, Any]]:
        """Return rows; see `jackfield.api.StoredTable`."""
        table = self.find(name)
        if not (_is_count(limit, MOST_ROWS) and _is_count(offset, sys.maxsize)):
            raise UsageError(f"limit is 0 to {MOST_ROWS}, offset 0 or more, whole numbers", plugin=self._plugin)
        condition, parameters = self._condition(table, where)
        terms: dict[str, str] = {}
        for text in map(str, order):
            column = text.removeprefix("-")
            self._kind(table, column)
            # By its first mention: SQLite writes each of them into what it sorts, a column named 2000 times as often.
            terms.setdefault(column, f'"{column}"{" DESC" if text.startswith("-") else ""}')
        names = ["id", *table.columns]
        columns = ", ".join(f'"{column}"' for column in names)
        ordered = ", ".join([*terms.values(), "id"])
        statement = f'SELECT {columns} FROM "t_{name}"{condition} ORDER BY {ordered} LIMIT ? OFFSET ?'  # noqa: S608  # every name has passed NAME
        found = answer.of(self._connection.execute(statement, (*parameters, limit, offset)))
        booleans = {column for column, kind in table.columns.items() if kind == "boolean"}
        return [
            {
                column: bool(value) if column in booleans and value is not None else value
                for column, value in zip(names, row, strict=True)
            }
            for row in found
        ]

    def _condition(self, table: Definition, where: Mapping[str, Any]) -> tuple[str, list[Any]]:
        terms: list[str] = []
        parameters: list[Any] = []
        for key, value in where.items():
            column, _, operator = str(key).partition(" ")
            operator = operator.strip() or "="
            kind = self._kind(table, column)
            if operator == "in":
                if not isinstance(value, list | tuple | set | frozenset) or len(value) > _MOST_IN:
                    raise UsageError(f"{key!r} takes a list of {_MOST_IN} values at most", plugin=self._plugin)
                checked = [self._value(table, column, kind, one) for one in value]
                terms.append(f'"{column}" IN ({", ".join("?" * len(checked))})')
                parameters += checked
            elif operator not in _OPERATORS:
                raise UsageError(f"{operator!r} is no comparison: =, !=, <, <=, >, >= or in", plugin=self._plugin)
            elif value is None:
                if operator not in {"=", "!="}:
                    raise UsageError(f"{key!r}: nothing is below or above None", plugin=self._plugin)
                terms.append(f'"{column}" IS {"NOT " if operator == "!=" else ""}NULL')
            else:
                terms.append(f'"{column}" {operator} ?')
                parameters.append(self._value(table, column, kind, value))
        return (f" WHERE {' AND '.join(terms)}" if terms else ""), parameters

    def _kind(self, table: Definition, column: str) -> str:
        kind = "integer" if column == "id" else table.columns.get(column)
        if kind is None:
            known = ", ".join(table.columns)
            raise UsageError(f"{table.name} has no column {column!r}", plugin=self._plugin, hint=f"it has: {known}")
        return kind

    def _checked(self, table: Definition, row: Mapping[str, Any]) -> dict[str, Any]:
        if "id" in row:
            raise UsageError(f"the id of a row of {table.name} is not for the plugin to set", plugin=self._plugin)
        return {column: self._value(table, column, self._kind(table, column), value) for column, value in row.items()}

    def _value(self, table: Definition, column: str, kind: str, value: Any) -> Any:
        if value is None:
            return None
        fits = {
            "text": isinstance(value, str) and len(value) <= MOST_CHARACTERS,
            "integer": isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63,
            "number": isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value),
            "boolean": isinstance(value, bool),
        }[kind]
        if not fits:
            shown = repr(value)
            shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
            raise UsageError(f"{table.name}.{column} holds {kind}, not {shown}", plugin=self._plugin)
        return float(value) if kind == "number" else int(value) if kind == "boolean" else value

    def _taken(self, table: Definition, values: Mapping[str, Any]) -> DataConflict:
        same = ", ".join(f"{column} {values[column]!r}" for column in table.unique if column in values)
        return DataConflict(f"{table.name} has a row with {same or 'these values'} already", plugin=self._plugin)


def _is_count(value: object, most: int) -> bool:
    """Whether a value is a whole number that SQLite can count to."""
    return isinstance(value, int) and 0 <= value <= most
