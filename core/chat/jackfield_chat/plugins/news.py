"""What owners are told without asking: newer versions, and plugins that were revoked; each of them once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield_chat.plugins.answers import Answer, AnswerLine
from jackfield_chat.plugins.sentences import update_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jackfield.host import PluginStatus
    from jackfield.management import Update

    from jackfield_chat.rooms import Presence


class News:
    """The updates that were found last (C41), and what was revoked; every owner is told once of the same ones."""

    def __init__(self) -> None:
        self._updates: tuple[Update, ...] = ()
        self._revoked: dict[str, str] = {}
        self._told: dict[str, frozenset[tuple[str, str]]] = {}

    def hear(self, updates: Sequence[Update]) -> None:
        """Take up what a look for updates found."""
        self._updates = tuple(updates)

    def hear_of(self, status: PluginStatus) -> bool:
        """Take up where a plugin stands; return whether there is something new to tell: it was stopped as revoked."""
        before = self._revoked.get(status.id)
        stopped = bool(status.revoked) and status.enabled and status.state == "blocked"
        if not stopped:
            self._revoked.pop(status.id, None)
            return False
        self._revoked[status.id] = f"{status.name} {status.version} {status.problem}"
        return self._revoked[status.id] != before

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
        if not self._updates and not self._revoked:
            return None
        newer = [one for one in as_said(self.updates(installed)) if one.wanted]
        waiting = {one.id for one in newer}
        done = [one.done for one in self._updates if one.done is not None and one.id not in waiting]
        stopped = list(self._revoked.values())
        found = frozenset((one.id, one.new or "") for one in newer) | {("", sentence) for sentence in (*done, *stopped)}
        if not found or self._told.get(member) == found:
            return None
        self._told[member] = found
        lines = [AnswerLine(f"{sentence[:1].upper()}{sentence[1:]}") for sentence in (*stopped, *done)]
        if stopped and not newer:
            title = "A plugin was stopped" if len(stopped) == 1 else f"{len(stopped)} plugins were stopped"
            return Answer(f"{title}: revoked by a marketplace", tuple(lines))
        if not newer:
            title = "A plugin was updated by itself" if len(done) == 1 else "Plugins were updated by themselves"
            return Answer(title, tuple(lines))
        title = "A plugin has a newer version" if len(newer) == 1 else f"{len(newer)} plugins have newer versions"
        how = AnswerLine(f"Update it on the page Plugins, or write /plugins update {newer[0].id}")
        return Answer(title, (*(update_line(one) for one in newer), *lines, how))


def tell_owners(owners: Iterable[str], presence: Presence, news: Callable[[str], Answer | None]) -> None:
    """Tell every owner who has a room open what they were not told yet.

    Args:
        owners: their names.
        presence: who is here.
        news: returns what there is for one of them.
    """
    here = presence.in_rooms()
    for name in owners:
        note = news(name) if name in here else None
        if note is not None:
            presence.tell_members((name,), {"type": "answer", **note.to_mapping()})
