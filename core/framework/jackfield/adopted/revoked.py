"""What a marketplace revoked, held against the plugins of an adopted application; loaded where there is such a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from jackfield.adopted.adoption import comparable, logger
from jackfield.discovery import discover
from jackfield.errors import JackfieldError
from jackfield.host import RevokedNow, look_for_revoked
from jackfield.revocation import ALLOWED, Allowance, Lists, Subject, allowance_for, allowances, hits, stopping
from jackfield.storage import State
from jackfield.store import Layout, Store


class RevokedPlugins:
    """The plugins of one application that may not run.

    Args:
        project: the application's name, for advice that names it.
        layout: the profile.
        groups: the entry-point groups of its plugins.
        trees: where the plugins lie that jackfield installed.
    """

    def __init__(self, project: str, layout: Layout, groups: Sequence[str], trees: Sequence[Path]) -> None:
        lists = Lists(layout.trust)
        for problem in lists.problems():
            told = problem.replace(": jackfield ", f": jackfield --app {project} ")  # the lists know no application
            logger().error("what was revoked is not known: %s", told)
        self._lists = lists.kept()
        self._given: Mapping[str, Allowance] = {}
        self._stored: Mapping[str, RevokedNow] = {}
        try:
            state, store = State(layout.state), Store(layout, groups=groups)
            self._given = allowances(state.items(ALLOWED))
            if trees:
                self._stored = look_for_revoked(store, state, discover(groups, path=trees), store.active())
        except (JackfieldError, OSError) as error:  # then nothing is allowed, and what pip installed is looked at
            logger().error("what was revoked of installed plugins cannot be looked at: %s", error)

    def problem(self, name: str, distribution: str, version: str, *, stored: bool) -> str | None:
        """Why a plugin may not run, as the end of a sentence that begins with it; None where it may.

        Args:
            name: of its entry point.
            distribution: that brought it.
            version: of that.
            stored: whether jackfield installed it: then its file and its libraries are known, too.
        """
        cid = comparable(name)
        if stored:
            now = self._stored.get(cid) if cid is not None else None
            return now.problem if now is not None and now.stops else None
        found = stopping(hits(self._lists, Subject(cid, distribution, version, source="environment")))
        allowed = cid is not None and allowance_for(self._given, cid, found) is not None
        return found[0].problem if found and not allowed else None
