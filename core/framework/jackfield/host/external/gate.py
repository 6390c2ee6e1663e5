"""Lets external plugins in, and sees them off: by key, by id, by what the user granted (J9 to J11, J13, J18, J24).

Who has shown a key is let in when all of this holds, the first that fails is what it is told:

1. No plugin of that id is installed, and none is connected. One that is connected and does not answer any more is a
   connection that was cut without a word: it makes room (a plugin comes back faster than the network gives up).
2. The manifest that it tells, if any, can be read and is its own. One that asks for more than the version before has to
   be of another version: the user is asked about versions, and must not be shown one and get another.
3. The user has not disabled it, nothing and nobody has taken it out for this run, and consent covers what it asks.

Then it is brought up like any other plugin, over its connection; where that fails its connection ends.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from jackfield.api import ApiFactory
from jackfield.discovery import EXTERNAL
from jackfield.errors import LinkClosed, LinkError
from jackfield.host.changes import Attendance, Patience
from jackfield.host.external.connections import Connection, Connections
from jackfield.host.external.manifests import Manifests
from jackfield.host.external.queues import BETWEEN_SECONDS, Queue
from jackfield.host.external.starting import Connected, limits_of
from jackfield.host.plugins import Plugins, PluginStatus
from jackfield.host.remote import api_place
from jackfield.isolation import (
    INVALID_KEY,
    KEYS,
    Arrival,
    Doors,
    External,
    Key,
    KeyUses,
    Places,
    Reception,
    TemporaryKeys,
    Terminator,
    find_key,
    kept_keys,
)
from jackfield.manifest import canonical_id
from jackfield.storage import State as StateLog
from jackfield.store import Layout

_log = logging.getLogger("jackfield.host")

_REVOKED = "its key was revoked"
_BROKEN_OFF = "its start was broken off for a change that others waited for"
#: What a connection may take to say that it is alive, when another one of the same plugin comes.
ALIVE_SECONDS = 2.0
#: How often it is looked how much a plugin asks and sends.
LOOK_SECONDS = 0.5


class Gate:
    """Everything of external plugins in one running host; on the event loop's thread.

    Args:
        app: the application's name, which plugins are told.
        external: where they may connect; None: nowhere.
        layout: the profile's places.
        state: keys, wishes, grants, manifests.
        plugins: what there is in the host.
        unwelcome: says why a plugin may not run if it connects, by its canonical id; empty where it may.
        follow: has the host go where it shall be, after somebody came or went; it calls what it is given before
            it looks.
        patience: has a plugin's start broken off for which others wait.

    Attributes:
        connections: what is connected; the host looks here for what may run.
    """

    def __init__(
        self,
        app: str,
        external: External | None,
        layout: Layout,
        state: StateLog,
        plugins: Plugins,
        unwelcome: Callable[[str], Awaitable[str]],
        follow: Callable[[Callable[[], None]], Coroutine[Any, Any, None]],
        patience: Patience,
    ) -> None:
        self._app = app
        self._external = external
        self._state = state
        self._plugins = plugins
        self.connections = Connections()
        self._unwelcome = unwelcome
        self._follow = follow
        self._patience = patience
        patience.break_off = self._break_off
        self._layout = layout
        self._places = Places(layout.requested_plugin_port, layout.plugin_port, layout.plugin_socket)
        self._uses = KeyUses(layout.key_uses)
        self._temporary = TemporaryKeys()
        self._api = ""
        self._number = 0
        self._manifests = Manifests(state)
        self._queues: dict[str, Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._next: asyncio.Task[None] | None = None
        self._doors: Doors | None = None
        self._reception: Reception | None = None
        self._terminator: Terminator | None = None
        self._tls: ssl.SSLContext | None = None
        self._forget: Callable[[], None] | None = None

    @property
    def attendance(self) -> Attendance:
        """Who is connected, and why others are not."""
        return Attendance(self.connections.stamps(), self.connections.reasons())

    def connected(self, api: ApiFactory | None) -> Connected:
        """What brings up those that are connected; they are told where the protocol of the host's own API is.

        Args:
            api: makes each plugin's `context.api`.
        """
        self._api = api_place(api)
        return Connected(self.connections, self._state)

    @property
    def port(self) -> int | None:
        """The TCP port at which plugins connect; None while there is none."""
        return self._doors.port if self._doors is not None else None

    def make_ready(self) -> None:
        """Read the certificate, before anything is begun.

        Raises:
            UsageError: it is none.
        """
        self._tls = self._external.tls() if self._external is not None else None

    def open(self) -> None:
        """Let plugins connect from now on."""
        if self._external is None:
            self._places.forget_port()
            return
        self._terminator = Terminator(self._tls) if self._tls is not None else None
        self._reception = Reception(self._find, self._admit, self._terminator)
        self._doors = Doors(self._external, self._places, self._reception.receive)
        self._layout.make_root()
        self._doors.open()
        self._forget = self._plugins.on_change(self._changed)

    async def close(self) -> None:
        """Let nobody connect any more; who is connected stays until `part`."""
        if self._doors is not None and self._reception is not None:
            self._doors.close()
            with self._patience.waited(at_once=True):
                await self._reception.close()
        self._doors = self._reception = None

    async def part(self, reason: str) -> None:
        """End every connection; the host must not be at a change of its own."""
        if self._forget is not None:
            self._forget()
            self._forget = None
        for cid, connection in self.connections.all().items():
            self._end(cid, connection, reason)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._terminator is not None:
            await asyncio.to_thread(self._terminator.close)
            self._terminator = None

    def new_temporary_key(self, plugin: str, *, by: str) -> str:
        """A key for a program that is about to be started: it lets the plugin in once, within thirty seconds (J27).

        Raises:
            IdentityError: the id is none.
            UsageError: too many of them wait to be used.
        """
        canonical_id(plugin)
        return self._temporary.new(plugin, by=by)

    def check(self) -> None:
        """End the connections of keys that were revoked, and of plugins whose limits changed, before that is followed.

        Of plugins all of whose keys were revoked, those that wait to be used are forgotten.
        """
        known = self._state.items(EXTERNAL)
        self._temporary.keep([one for one in self._temporary.plugins if f"{EXTERNAL}{canonical_id(one)}" in known])
        for cid, connection in self.connections.all().items():
            if not self._holds(connection.key):
                self._end(cid, connection, _REVOKED, nobodys_fault=_REVOKED)
            else:
                self._end_if_changed(cid, connection)

    def _end_if_changed(self, cid: str, connection: Connection) -> bool:
        """End the connection of a plugin whose limits are others by now; say whether it was."""
        record = self._plugins.records().get(cid)
        if not connection.taken or record is None or limits_of(record.candidate, self._state) == connection.limits:
            return False
        changed = "its limits were changed"
        self._end(cid, connection, f"{changed}, and hold from its next connection on", nobodys_fault=changed)
        return True

    def _holds(self, key: Key) -> bool:
        """Whether a key was not revoked since it was shown: itself, or with all that its plugin has."""
        if f"{EXTERNAL}{canonical_id(key.plugin)}" not in self._state.items(EXTERNAL):
            return False
        return key.temporary or key.number in kept_keys(self._state.items(KEYS))

    def _find(self, text: str) -> Key | None:
        """J7: the persistent keys first, then the temporary ones."""
        return find_key(text, kept_keys(self._state.items(KEYS))) or self._temporary.take(text)

    async def _admit(self, arrival: Arrival) -> None:
        cid = canonical_id(arrival.key.plugin)
        queue = self._queues.setdefault(cid, Queue())
        if queue.is_full:
            await arrival.refuse(f"{arrival.key.plugin} is connecting already, several times")
            return
        async with queue.turn():
            await self._let_in(cid, arrival)

    async def _let_in(self, cid: str, arrival: Arrival) -> None:
        plugin = arrival.key.plugin
        if (rest := self._patience.rest_seconds(cid)) > BETWEEN_SECONDS:
            await arrival.refuse(f"{plugin} took as long to start before: it may come again in {rest:.1f} s")
            return
        problem = await self._present(cid)
        if not problem and not self._holds(arrival.key):  # it may have been revoked while whoever was here was asked
            await arrival.refuse(INVALID_KEY)
            return
        problem = (
            problem
            or self.connections.flood(cid)
            or await self._manifests.problem(plugin, cid, arrival.told.get("manifest"))
            or await self._unwelcome(cid)
        )
        if problem:
            _log.warning("%s at %s was not let in: it %s", plugin, arrival.address, problem)
            self.connections.sent_away(cid, f"it {problem}")
            await self._followed()  # first, so that the status says it when the program is told
            await arrival.refuse(f"{plugin} {problem}")
            return
        try:
            link = await arrival.welcome({"plugin": plugin, "app": self._app, "api": self._api})
        except LinkClosed:
            return
        self._number += 1
        connection = Connection(self._number, arrival.key, arrival.address, link, self.connections.past(cid))
        self.connections.add(cid, connection)
        _log.info("%s has connected from %s", plugin, arrival.address)
        if not self._holds(arrival.key):  # no later look would find it: what changed was followed before it was here
            self._end(cid, connection, _REVOKED, nobodys_fault=_REVOKED)
        self._keep(self._watch(cid, connection))
        self._keep(self._hold(cid, connection))
        known = kept_keys(self._state.items(KEYS))
        await asyncio.to_thread(self._uses.note, arrival.key.number, arrival.address, known=known)
        await self._followed()

    async def _present(self, cid: str) -> str:
        """Say that the plugin is here already; a connection of it that is dead is ended."""
        record = self._plugins.records().get(cid)
        if record is not None and record.candidate.origin != "external":
            return "is installed already, so nobody else can be it"
        before = self.connections.get(cid)
        if before is None:
            return ""
        try:
            await before.line.call("plugin.health", {}, None, timeout_seconds=ALIVE_SECONDS)
        except LinkError:
            self._end(cid, before, "it did not answer any more, and another connection has come")
            await self._followed()
            return ""
        except Exception as error:  # noqa: BLE001  # whatever it answers, also that it has no such method: it is alive
            _log.debug("%s is alive and has no plugin.health: %s", before.key.plugin, error)
        return f"is connected already, from {before.address}"

    async def _watch(self, cid: str, connection: Connection) -> None:
        """Follow when a connection ends by itself (J24)."""
        await connection.line.wait_closed()
        ended = connection.line.ended
        reason = ended.message if ended is not None else "it was closed"
        if self.connections.remove(cid, connection, reason):
            _log.warning("%s is not connected any more: %s", connection.key.plugin, reason)
            await self._followed()

    async def _hold(self, cid: str, connection: Connection) -> None:
        """Hold a plugin to its limits: one that floods is sent away, and one whose limits changed has to come anew."""
        while connection.line.ended is None:
            await asyncio.sleep(LOOK_SECONDS)
            breach = connection.breach()
            if breach is not None:
                self._end(cid, connection, str(breach.error()))
            if breach is not None or self._end_if_changed(cid, connection):
                await self._followed()

    def _changed(self, status: PluginStatus) -> None:
        """End the connection of a plugin that was taken down, or did not come up."""
        if status.origin != "external" or status.state.runs_code:
            return
        cid = canonical_id(status.id)
        if (connection := self.connections.get(cid)) is not None and connection.taken:
            down = "it was unloaded" if status.enabled else "it is disabled"
            why = status.problem or (down if self._doors is not None else "the host stops")
            self._end(cid, connection, why, kept=bool(status.problem))

    def _break_off(self, cid: str) -> None:
        """End the connection over which a plugin is brought up: others wait, or it is not wanted any more."""
        if (connection := self.connections.get(cid)) is not None:
            again = "start it anew" if connection.key.temporary else "it may come again"
            self._end(cid, connection, f"{_BROKEN_OFF}; {again}", nobodys_fault="its start was broken off")
            self._keep(self._followed())

    def _end(self, cid: str, connection: Connection, why: str, *, nobodys_fault: str = "", kept: bool = True) -> None:
        """End a connection.

        Args:
            cid: the plugin's canonical id.
            connection: it.
            why: that is, as the end of a sentence.
            nobodys_fault: the same before "meanwhile", where the plugin is not to blame for what it does not answer.
            kept: whether its status tells the reason until it comes again; else whoever reads that knows it.
        """
        connection.line.taken_down = nobodys_fault or connection.line.taken_down
        if self.connections.remove(cid, connection, why if kept else ""):
            _log.info("the connection of %s is ended: %s", connection.key.plugin, why)
            connection.line.close(why)

    async def _followed(self) -> None:
        """Have the host follow, once for all who ask before it does, also where one of them is gone."""
        if self._next is None:
            self._next = self._keep(self._follow(self._begins))
            self._next.add_done_callback(self._begins)
        await asyncio.shield(self._next)

    def _begins(self, ended: asyncio.Task[None] | None = None) -> None:
        """Note that whoever asks from now on needs another look; one that has ended may never have begun."""
        if ended is None or ended is self._next:
            self._next = None

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
