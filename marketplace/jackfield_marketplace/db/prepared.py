"""Statements that are compiled once and then run by the driver itself: what an upload asks and writes.

To put a statement together, and rows into objects, takes SQLAlchemy ten times as long as it takes SQLite to run it. The
words of a statement are SQLAlchemy's all the same, in the dialect of whatever database there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Delete, Dialect, Insert, Select, Update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

_Process = Callable[[Any], Any]
Statement = Select[*tuple[Any, ...]] | Insert | Update | Delete


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in one dialect; `parameters` are (name, how a value is sent, the value when none is given)."""

    dialect: Dialect
    text: str
    parameters: tuple[tuple[str, _Process | None, _Process | None], ...]
    names: tuple[str, ...] | None
    """Of the parameters, where each is given and sent as it is; else None."""
    columns: tuple[_Process | None, ...]
    plain: bool
    """Whether rows are as the driver gives them."""

    def sent(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters as the driver takes them."""
        if self.names is not None:
            return [values[name] for name in self.names]
        sent = []
        for name, process, default in self.parameters:
            value = values[name] if default is None or name in values else default(None)
            sent.append(value if process is None else process(value))
        return sent


class Prepared:
    """A statement of SQLAlchemy, to be run by `Direct`. Values are those of its `bindparam`s, by name.

    An insert takes a value for each column that has no default.

    Args:
        statement: a select, insert, update or delete of tables or mapped classes.
    """

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._compiled: _Compiled | None = None

    def compiled(self, dialect: Dialect) -> _Compiled:
        """The statement in this dialect, compiled when it is first asked for."""
        if self._compiled is None or self._compiled.dialect is not dialect:
            self._compiled = _compile(self._statement, dialect)
        return self._compiled


class Direct:
    """Runs prepared statements within one transaction.

    Args:
        cursor: of the driver, in a transaction that somebody else ends.
        dialect: of the database.
        kept: what was read or written in earlier transactions and still holds; see `Database.write_directly`.
    """

    def __init__(self, cursor: DBAPICursor, dialect: Dialect, kept: dict[Prepared, Any] | None = None) -> None:
        self._cursor = cursor
        self._dialect = dialect
        self.kept: dict[Prepared, Any] = {} if kept is None else kept
        self.if_undone: list[Callable[[], object]] = []
        """Called by `Database.write_directly` where it undoes the transaction, before anybody else writes."""
        self.if_kept: list[Callable[[], object]] = []
        """Called by `Database.write_directly` once the transaction is on the disk."""

    @classmethod
    def within(cls, session: Session) -> Direct:
        """In the transaction of a session, whose changes are written first, and which reads its objects anew after."""
        direct = cls.beside(session)
        session.expire_all()
        return direct

    @classmethod
    def beside(cls, session: Session) -> Direct:
        """As `within`, for what changes none of the session's objects: they stay as they were read."""
        session.flush()
        connection = session.connection()
        return cls(connection.connection.cursor(), connection.dialect)

    def run(self, statement: Prepared, **values: Any) -> None:
        """Run a statement that answers nothing."""
        self._execute(statement, values)

    def run_each(self, statement: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that answers nothing with each of these values, at half of what as many runs would take."""
        if rows:
            compiled = statement.compiled(self._dialect)
            self._cursor.executemany(compiled.text, [compiled.sent(values) for values in rows])

    def row(self, statement: Prepared, **values: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        compiled = self._execute(statement, values)
        found = self._cursor.fetchone()
        return None if found is None else _processed(compiled, found)

    def value(self, statement: Prepared, **values: Any) -> Any:
        """The first column of the first row, or None."""
        found = self.row(statement, **values)
        return None if found is None else found[0]

    def rows(self, statement: Prepared, **values: Any) -> Iterator[tuple[Any, ...]]:
        """Every row."""
        compiled = self._execute(statement, values)
        found = self._cursor.fetchall()
        return iter(found if compiled.plain else [_processed(compiled, row) for row in found])

    def _execute(self, statement: Prepared, values: dict[str, Any]) -> _Compiled:
        compiled = statement.compiled(self._dialect)
        self._cursor.execute(compiled.text, compiled.sent(values))
        return compiled


def _processed(compiled: _Compiled, row: Any) -> tuple[Any, ...]:
    if compiled.plain:
        return tuple(row)
    return tuple(
        value if process is None else process(value) for value, process in zip(row, compiled.columns, strict=True)
    )


def _compile(statement: Statement, dialect: Dialect) -> _Compiled:
    compiled: SQLCompiler = statement.compile(dialect=dialect)
    if compiled.positiontup is None:
        raise NotImplementedError(f"{dialect.name} names its parameters; here they are sent by position")
    defaults = {column.key: _default(column) for column in compiled.insert_prefetch}
    for name, bind in compiled.binds.items():
        if not bind.required and name not in defaults:
            defaults[name] = _always(bind.effective_value)  # a value that stands in the statement itself
    parameters = tuple(
        (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect), defaults.get(name))
        for name in compiled.positiontup
    )
    selected = statement.selected_columns if isinstance(statement, Select) else ()
    types: list[TypeEngine[Any]] = [column.type for column in selected]
    columns = tuple(one.dialect_impl(dialect).result_processor(dialect, None) for one in types)
    given = all(process is None and default is None for _, process, default in parameters)
    names = tuple(name for name, _, _ in parameters) if given else None
    return _Compiled(dialect, str(compiled), parameters, names, columns, not any(columns))


def _default(column: Column[Any]) -> _Process:
    default = column.default
    if default is None or not (default.is_scalar or default.is_callable):
        raise NotImplementedError(f"{column} has a default that is not a value of Python")
    made: Any = default.arg  # type: ignore[attr-defined]  # those two kinds have it
    return made if default.is_callable else _always(made)


def _always(value: Any) -> _Process:
    return lambda _: value
