"""What a look for updates found, and which owners were told of it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield_chat.plugins.answers import Answer, AnswerLine
from jackfield_chat.plugins.sentences import update_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jackfield.management import Update


class News:
    """The updates that were found last (C41); every owner is told once of the same ones."""

    def __init__(self) -> None:
        self._updates: tuple[Update, ...] = ()
        self._told: dict[str, frozenset[tuple[str, str]]] = {}

    def hear(self, updates: Sequence[Update]) -> None:
        """Take up what a look for updates found."""
        self._updates = tuple(updates)

    def updates(self, installed: Mapping[str, str]) -> list[Update]:
        """Return what was found and still holds.

        Args:
            installed: id -> the version that is installed now.
        """
        return [one for one in self._updates if installed.get(one.id) == one.current]

    def note(
        self,
        member: str,
        installed: Mapping[str, str],
        as_said: Callable[[Sequence[Update]], Sequence[Update]] = lambda updates: updates,
    ) -> Answer | None:
        """Return what to tell an owner, or None where there is nothing that they were not told.

        Args:
            member: the owner's name.
            installed: id -> the version that is installed now.
            as_said: adds what owners said of updates since they were found.
        """
        if not self._updates:
            return None
        newer = [one for one in as_said(self.updates(installed)) if one.wanted]
        waiting = {one.id for one in newer}
        done = [one.done for one in self._updates if one.done is not None and one.id not in waiting]
        found = frozenset((one.id, one.new or "") for one in newer) | {("", sentence) for sentence in done}
        if not found or self._told.get(member) == found:
            return None
        self._told[member] = found
        lines = [AnswerLine(f"{sentence[:1].upper()}{sentence[1:]}") for sentence in done]
        if not newer:
            title = "A plugin was updated by itself" if len(done) == 1 else "Plugins were updated by themselves"
            return Answer(title, tuple(lines))
        title = "A plugin has a newer version" if len(newer) == 1 else f"{len(newer)} plugins have newer versions"
        how = AnswerLine(f"Update it on the page Plugins, or write /plugins update {newer[0].id}")
        return Answer(title, (*(update_line(one) for one in newer), *lines, how))
