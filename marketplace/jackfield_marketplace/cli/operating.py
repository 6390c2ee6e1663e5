"""What every command of the operator shares: the data folder, a session that writes, one line for a mistake."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
from jackfield.errors import JackfieldError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from jackfield_marketplace.app import open_database
from jackfield_marketplace.db import Direct, way_in
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.trust import Signing

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def without_traceback(command: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A user's mistake ends as one line on stderr and the error's own exit code."""

    @wraps(command)
    def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        try:
            return command(*arguments, **options)
        except JackfieldError as exc:
            click.echo(f"jackfield-marketplace: {exc}", err=True)
            sys.exit(exc.exit_code)
        except (OperationalError, sqlite3.OperationalError) as exc:  # a full disk, a lock that somebody keeps
            said = exc.orig if isinstance(exc, OperationalError) else exc
            click.echo(f"jackfield-marketplace: the database cannot be used: {said}", err=True)
            sys.exit(1)
        except OSError as exc:
            refused = isinstance(exc, PermissionError) and exc.filename
            hint = f" ({way_in(Path(os.fsdecode(exc.filename)))})" if refused else ""
            click.echo(f"jackfield-marketplace: {exc.filename or 'a file'}: {exc.strerror or exc}{hint}", err=True)
            sys.exit(1)

    return run


data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="JACKFIELD_MARKETPLACE_DATA",
    default=Path("marketplace-data"),
    show_default=True,
    help="The folder that holds everything.",
)


@contextmanager
def writing(data: Path) -> Iterator[Session]:
    """A session on the data folder, committed at the end; what it changed is signed with it."""
    settings = Settings(data)
    database = open_database(settings)
    try:
        with database.write() as session:
            yield session
            Signing(database, settings.keys, settings.blobs).sign_changes(Direct.beside(session))
    finally:
        database.close()
