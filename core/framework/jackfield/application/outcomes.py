"""What became of new versions here, told to the marketplaces that roll them out, where the user agreed to it.

Only versions that were being rolled out when they were installed are spoken of, and only in three words: version, hash,
kept or failed. Whoever decides waits for nothing: it is sent beside everything else, once, and dropped where nobody
takes it.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from jackfield.management import Management

MOST_WAITING = 100
"""Outcomes that wait to be sent; more of them in one run says nothing new."""

_IDLE_SECONDS = 1.0

_log = logging.getLogger("jackfield.application")


class Tried(NamedTuple):
    """A version that is on probation here, and being rolled out."""

    plugin: str
    version: str
    sha256: str
    marketplace: str


class Outcomes:
    """Sends outcomes, one after another, in a thread of its own, for as long as there are any.

    Args:
        management: the profile's; it says what is installed and whether anything may be told.
    """

    def __init__(self, management: Callable[[], Management]) -> None:
        self._management = management
        self._waiting: queue.Queue[tuple[Tried, Literal["kept", "failed"]]] = queue.Queue(MOST_WAITING)
        self._guard = threading.Lock()
        self._sending: threading.Thread | None = None

    def tried(self, plugins: Iterable[str]) -> list[Tried]:
        """Those of some plugins of which may be told; asked before a rollback, which forgets them.

        Args:
            plugins: canonical ids.
        """
        management = self._management()
        if not management.policies.tells:
            return []
        from jackfield.market import Marketplace

        asked = {Marketplace(url).url: url for url in management.marketplaces}
        inventory = management.inventory()
        pins = {cid: pin for cid in plugins if (pin := inventory.pins.get(cid)) is not None}
        return [
            Tried(cid, pin.version, pin.file.sha256, asked[pin.source])
            for cid, pin in pins.items()
            if inventory.is_rolled_out(cid) and pin.source in asked
        ]

    def send(self, tried: Iterable[Tried], outcome: Literal["kept", "failed"]) -> None:
        """Have outcomes sent; returns at once."""
        for one in tried:
            try:
                self._waiting.put_nowait((one, outcome))
            except queue.Full:
                return
            with self._guard:
                if self._sending is None:
                    self._sending = threading.Thread(target=self._send, name="jackfield: outcomes", daemon=True)
                    self._sending.start()

    def _send(self) -> None:
        while True:
            try:
                one, outcome = self._waiting.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._guard:
                    if self._waiting.empty():  # else something came while the time ran out
                        self._sending = None
                        return
                continue
            try:
                asyncio.run(self._tell(one, outcome))
            except Exception as error:  # noqa: BLE001 (nobody waits for it, and nothing depends on it)
                _log.debug("what became of %s was not told: %s", one.plugin, error)

    async def _tell(self, one: Tried, outcome: Literal["kept", "failed"]) -> None:
        from jackfield.market import Marketplace

        async with Marketplace(one.marketplace) as market:
            await market.tell_outcome(one.plugin, one.version, one.sha256, outcome)
            _log.info("told %s of %s %s: %s", market.url, one.plugin, one.version, outcome)
