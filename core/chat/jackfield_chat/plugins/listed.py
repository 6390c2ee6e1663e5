"""Plugins as the owner's lists have them: those that are installed, and those that a marketplace offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jackfield_chat.plugins.advice import advised
from jackfield_chat.plugins.sentences import called, runs_in

if TYPE_CHECKING:
    from jackfield.host import PluginStatus
    from jackfield.management import Row


@dataclass(frozen=True, slots=True)
class Installed:
    """A plugin of the list.

    Args:
        row: what is known without running it.
        status: how it runs; None where it was not loaded.
        name: what it is called, with its id where others are called so.
        has_settings: whether there is something to set.
    """

    row: Row
    status: PluginStatus | None
    name: str
    has_settings: bool = False

    @property
    def state(self) -> str:
        """Where it stands, in one word or two."""
        # Also one that nobody enabled and somebody loaded for as long as the chat runs.
        if self.status is not None and (self.status.enabled or self.status.state in {"active", "loaded"}):
            return str(self.status.state)
        return "not enabled yet" if self.row.state == "found" else self.row.state

    @property
    def place(self) -> str:
        """Where it runs, and in which grade it is confined there."""
        return runs_in(self.row.isolation, self.row.grade)

    @property
    def note(self) -> str:
        """What there is to say of it that is no problem: what it waits for."""
        return self.status.note if self.status is not None else ""

    @property
    def problem(self) -> str:
        """Why it does not run, or what went wrong last; empty when all is well."""
        return "; ".join(self.problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """The same, each by itself."""
        if self.status is not None and self.status.problems:
            return tuple(map(advised, self.status.problems))
        return (advised(self.row.problem),) if self.row.problem else ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A plugin that a marketplace holds.

    Args:
        id: its id.
        name: for people.
        version: the newest one.
        summary: one line.
        publisher: who owns the name; empty where nobody says.
        installed: the version that is installed here; empty if it is not.
        of_a_file: whether that one came from a file, and the marketplace is not asked for another.
    """

    id: str
    name: str
    version: str
    summary: str
    publisher: str
    installed: str = ""
    of_a_file: bool = False

    @property
    def called(self) -> str:
        """Its name, with the id where that is another word."""
        return called(self.name, self.id)
