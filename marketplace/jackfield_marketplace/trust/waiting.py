"""What was uploaded and is not signed yet: signed together, before anybody is shown it."""

from __future__ import annotations

import logging
import sqlite3
import threading

from jackfield.errors import JackfieldError
from sqlalchemy.exc import SQLAlchemyError

from jackfield_marketplace.db import Database, Direct
from jackfield_marketplace.trust.signing import Signing

_LOGGER = logging.getLogger(__name__)


class NotSigned(JackfieldError):
    """What was uploaded cannot be signed, so that nothing is taken and nothing new is shown until it can."""


class Waiting:
    """The uploads whose signatures are still to be made. Safe to use from several threads.

    An upload is committed with the note that it waits (`UnsignedProject`), so whoever starts after a crash signs it.
    What is kept here in memory tells readers of this process which pages they have to wait for.

    Args:
        database: the catalogue.
        signing: makes the signatures.
    """

    def __init__(self, database: Database, signing: Signing) -> None:
        self._database = database
        self._signing = signing
        self._lock = threading.Lock()
        self._last: dict[str, int] = {}
        self.taken = 0
        """How many uploads there were."""
        self.signed = 0
        """Up to which of them all are signed."""
        self.failure: str | None = None
        """Why the last attempt to sign failed; None after one that did not."""

    def add(self, direct: Direct, name: str) -> None:
        """Note an upload, in the transaction that takes it and as the last thing in it.

        After an attempt that failed it is signed in this transaction instead: what cannot be signed is not taken.

        Args:
            direct: the transaction.
            name: canonical name of the project.

        Raises:
            NotSigned: the keys are not there, or signing failed and does so again.
        """
        try:
            self._signing.require_keys(direct)
            if self.failure is not None:
                self._signing.sign_changes(direct)
        except (JackfieldError, OSError, sqlite3.Error) as exc:
            raise NotSigned(f"this marketplace takes nothing while it cannot sign: {exc}") from exc
        with self._lock:  # before the commit: whoever reads what it wrote finds the name here
            self.taken += 1
            self._last[name] = self.taken

    def holds(self, name: str) -> bool:
        """Whether the page of a project may say what is not signed yet; ask it after the page was read."""
        return name in self._last

    def sign(self) -> None:
        """Sign all that waits. Blocks; what goes wrong is in `failure` and in the log, and is tried again."""
        try:
            with self._database.write_directly() as direct:
                upto = self.taken  # writers take turns: all of these have been committed, or undone
                self._signing.sign_changes(direct)
        except (JackfieldError, OSError, SQLAlchemyError, sqlite3.Error) as exc:
            if str(exc) != self.failure:  # once, and not at each attempt until somebody has mended it
                _LOGGER.warning("what was uploaded could not be signed: %s", exc)
            self.failure = str(exc)
            return
        self.failure = None
        with self._lock:
            self._last = {name: number for name, number in self._last.items() if number > upto}
            self.signed = max(self.signed, upto)
