"""Who had a root of commands keeps it, whatever order plugins come up in, and from one run of the host to the next.

A root belongs to one plugin, and another one that adds it fails. Were it whoever comes up first, a plugin that was
installed yesterday could put one out of work that has served for years, by naming its command alike. So what each had
is kept, in `run/roots.json`, for as long as its user has it enabled: also while it is down, waits for consent or starts
again, unless its next manifest leaves out what the one before declared. A root that nobody had yet is for who has been
enabled longest of those whose manifests declare it; a script needs no wish, and goes before them.
"""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from jackfield.errors import JackfieldError
from jackfield.host.changes.survey import Survey
from jackfield.host.commands import CommandRegistry
from jackfield.host.lifecycle import State
from jackfield.host.plugins import Plugins
from jackfield.manifest import Candidate, canonical_id
from jackfield.places import waiting_for_nobody
from jackfield.storage import write_private

_log = logging.getLogger("jackfield.host")

MOST_KEPT = 1000
"""Roots of one plugin that are kept while it does not have them."""

_LONGEST = 32 << 20


class KeptRoots:
    """The roots that plugins of one host have, had when it last ran, or declare.

    Args:
        file: where they lie from one run to the next.
        plugins: where they stand.
        commands: knows who has which, and refuses the others.
    """

    def __init__(self, file: Path, plugins: Plugins, commands: CommandRegistry) -> None:
        self._file = file
        self._plugins = plugins
        self._commands = commands
        self._on_disk: tuple[dict[str, str], frozenset[str]] = ({}, frozenset())
        self._only_declared: set[str] = set()
        """Roots that are kept for a plugin that has not had them yet."""
        self._had_declared: frozenset[str] = frozenset()
        """Roots that were in the manifest of who had them: whose next manifest leaves one out gives it up."""

    def begin(self) -> None:
        """Read who had which: the host starts."""
        self._on_disk = self._read()
        self._only_declared.clear()
        roots, self._had_declared = self._on_disk
        self._commands.keep(roots)

    def claim(self, seen: Survey) -> None:
        """Keep for each plugin that is enabled what it has or had, and what it declares and nobody has.

        Args:
            seen: what is there and what is wished; of plugins that come up only after this.
        """
        there = {
            cid: verdict.candidate
            for cid, verdict in seen.judgement.verdicts.items()
            if (verdict.runs or cid in seen.wished or cid in seen.longest) and cid not in seen.wishes.revoked
        }
        had = ((root, canonical_id(plugin)) for root, plugin in self._commands.kept.items())
        claims = {root: there[cid].id for root, cid in had if cid in there and not self._gives_up(there[cid], root)}
        claims |= self._commands.owners()
        self._only_declared &= claims.keys()
        unasked = [cid for cid in there if cid not in seen.longest]
        for cid in (*unasked, *(cid for cid in seen.longest if cid in there)):
            for root in _declared(there[cid]) if not self._is_up(cid) else ():
                if root not in claims:
                    claims[root] = there[cid].id
                    self._only_declared.add(root)
        self._commands.keep(claims)

    def arrive(self, cid: str) -> None:
        """Keep nothing more for a plugin that is up and has never added it, though its manifest declares it."""
        candidate = self._plugins.record(cid).candidate
        declared = self._only_declared.intersection(_declared(candidate)) if self._is_up(cid) else ()
        kept = self._commands.kept
        idle = {root for root in declared if kept.get(root) == candidate.id and self._commands.owner(root) is None}
        if idle:
            self._commands.keep({root: plugin for root, plugin in kept.items() if root not in idle})
            self._only_declared -= idle

    async def note(self) -> None:
        """Keep what plugins have now that all that shall run is up; what one that runs has no more is free."""
        has = self._commands.owners()
        self._only_declared -= has.keys()
        running = [record.candidate for cid, record in self._plugins.records().items() if self._is_up(cid)]
        up = {candidate.id: set(_declared(candidate)) for candidate in running}
        claims = {
            root: plugin
            for root, plugin in self._commands.kept.items()
            if root in has or plugin not in up or root in up[plugin]
        }
        self._commands.keep(claims := _bounded({**claims, **has}))
        told_of = [one.candidate for one in self._plugins.records().values() if one.candidate.manifest is not None]
        told = {(candidate.id, root) for candidate in told_of for root in _declared(candidate)}
        was, here = self._had_declared, {candidate.id for candidate in told_of}
        self._had_declared = frozenset(
            root for root, plugin in claims.items() if (plugin, root) in told or (plugin not in here and root in was)
        )
        had = {root: plugin for root, plugin in claims.items() if root not in self._only_declared}
        if (had, self._had_declared & had.keys()) != self._on_disk:
            await asyncio.to_thread(self._write, had, self._had_declared & had.keys())

    def _is_up(self, cid: str) -> bool:
        record = self._plugins.records().get(cid)
        return record is not None and record.life.state in (State.ACTIVE, State.PENDING_RESTART)

    def _gives_up(self, candidate: Candidate, root: str) -> bool:
        was_declared = root in self._had_declared or root in self._only_declared
        return was_declared and candidate.manifest is not None and root not in _declared(candidate)

    def _read(self) -> tuple[dict[str, str], frozenset[str]]:
        try:
            with open(self._file, encoding="utf-8", opener=waiting_for_nobody) as file:
                told = json.loads(file.read(_LONGEST))
            roots = {str(root): plugin for root, plugin in dict(told["roots"]).items() if canonical_id(plugin)}
            return roots, frozenset(told["declared"])
        except (OSError, LookupError, ValueError, TypeError, AttributeError, RecursionError, JackfieldError):
            return (
                {},
                frozenset(),
            )  # nothing ran yet; or it is damaged, and who has been enabled longest has what it declares

    def _write(self, claims: dict[str, str], declared: frozenset[str]) -> None:
        try:
            write_private(self._file, json.dumps({"roots": claims, "declared": sorted(declared)}).encode())
        except OSError as error:
            _log.warning("which plugin has which command is not kept: %s cannot be written: %s", self._file, error)
        else:
            self._on_disk = (claims, declared)


def _declared(candidate: Candidate) -> Iterator[str]:
    commands = candidate.manifest.contributes.commands if candidate.manifest is not None else ()
    return (name.split()[0] for one in commands for name in (one.name, *one.aliases) if name.split())


def _bounded(claims: Mapping[str, str]) -> dict[str, str]:
    counts: dict[str, int] = {}
    kept = {}
    for root, plugin in claims.items():
        counts[plugin] = counts.get(plugin, 0) + 1
        if counts[plugin] <= MOST_KEPT:
            kept[root] = plugin
    return kept
