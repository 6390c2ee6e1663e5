"""What a user decides about revoked plugins, what is told of them, and what has happened to them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jackfield.errors import MarketError, UsageError
from jackfield.management.inventory import Inventory
from jackfield.management.reports import Update
from jackfield.management.revoked import RevokedHere, RevokedReport
from jackfield.management.specs import canonical
from jackfield.revocation import ALLOWED, STOPPED, Allowance, stopping
from jackfield.storage import State


@dataclass(frozen=True, slots=True)
class RevocationEvent:
    """Something that happened because of a revocation.

    Args:
        at: when, ISO 8601 in UTC.
        by: the marketplace that revoked it, or the user who allowed it.
        plugin: its canonical id.
        why: a sentence.
    """

    at: str
    by: str
    plugin: str
    why: str

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def allow_revoked(plugin: str, here: RevokedHere, inventory: Inventory, state: State, *, by: str) -> RevokedReport:
    """Let a revoked plugin run for a day; what is revoked of it meanwhile is not meant.

    Args:
        plugin: its id, in any spelling.
        here: what is revoked.
        inventory: what is installed.
        state: where it is kept.
        by: who allows it.

    Raises:
        UsageError: nothing of it is revoked for which it would be stopped.
    """
    cid = canonical(plugin)
    installed = [*inventory.environment.values(), *inventory.stored.values(), *inventory.external.values()]
    found = here.installed(installed, inventory.generation).get(cid, ()) or here.of_name(cid)
    if not stopping(found):
        raise UsageError(f"{plugin} is not revoked: nothing has to be allowed", hint="jackfield list")
    allowance = Allowance.for_a_day(found)
    name = next((one.id for one in installed if one.canonical_id == cid), cid)
    why = f"{name} may run until {allowance.until}, though it {found[0].problem}"
    state.change({f"{ALLOWED}{cid}": allowance.to_mapping()}, by=by, why=why)
    return here.report(cid, found)


def end_allowance(plugin: str, state: State, *, by: str) -> bool:
    """Have a revoked plugin stopped again before its day is over; whether there was anything to end."""
    key = f"{ALLOWED}{canonical(plugin)}"
    if state.get(key) is None:
        return False
    state.change({key: None}, by=by, why=f"{plugin} may not run any more: it was revoked")
    return True


def revocation_events(state: State) -> list[RevocationEvent]:
    """What was stopped, allowed and taken back, newest first."""
    found = [
        RevocationEvent(entry.at, entry.by, change.key.partition("/")[2], entry.why)
        for entry in state.history()
        for change in entry.changes
        if change.key.startswith((ALLOWED, STOPPED))
    ]
    return found[::-1]


def with_revoked(updates: Sequence[Update], inventory: Inventory, ids: Collection[str] | None) -> list[Update]:
    """The updates, with what was revoked of the versions that are installed; a row of its own where there was none.

    Args:
        updates: what was found.
        inventory: what is installed.
        ids: the canonical ids that were asked for; None for all.
    """
    told = {
        cid: f"{inventory.pins[cid].version} {report.problem}"
        for cid, report in inventory.revoked.items()
        if cid in inventory.pins and (ids is None or cid in ids)
    }
    rows = [replace(one, revoked=told.pop(canonical(one.id), None)) for one in updates]
    for cid, sentence in told.items():
        pin, manifest = inventory.pins[cid], inventory.manifests.get(cid)
        name = manifest.name if manifest is not None else pin.id or cid
        rows.append(Update(id=pin.id or cid, name=name, current=pin.version, revoked=sentence))
    return sorted(rows, key=lambda one: canonical(one.id))


async def refresh_revocations(urls: Sequence[str], trust: Path) -> dict[str, MarketError]:
    """Have the list of each marketplace that was met before; address -> why it could not be had.

    One that was never met has installed nothing here; to meet it is told to a user, and nobody is here to read it.

    Args:
        urls: the marketplaces.
        trust: the folder in which they are remembered.
    """
    from jackfield.market import Marketplace, is_known  # `history` and the rest need no network

    async def one(url: str) -> tuple[str, MarketError | None]:
        async with Marketplace(url, trust=trust) as market:
            try:
                if is_known(trust, market.url):
                    await market.revocations()
            except MarketError as error:
                return market.url, error
            return market.url, None

    answers = await asyncio.gather(*(one(url) for url in urls))
    return {url: error for url, error in answers if error is not None}
