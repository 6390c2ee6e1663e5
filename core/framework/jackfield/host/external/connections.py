"""The external plugins that are connected to a running host, by canonical id."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import Any, NamedTuple

from jackfield.isolation import Breach, Flow, Key, Line, WorkerLimits, overused, peer_of
from jackfield.rpc import Link, Serve, Served


class Past(NamedTuple):
    """What is remembered of a connection that has ended: who comes four times a second is never there when one looks.

    Args:
        flow: what was asked and sent over it, and those before.
        limits: what held for it.
    """

    flow: Flow
    limits: WorkerLimits


class Connection:
    """One plugin's connection. Made on the running event loop.

    Args:
        number: tells it apart from earlier ones of the same plugin.
        key: by which it was let in.
        address: from where, in words.
        link: greeted on both sides; driven from here.
        before: the plugin's connection before this one, from which its requests and traffic are counted on.

    Attributes:
        line: calls the plugin.
        serve: finds what the plugin calls; nothing until it is brought up.
        taken: whether it was brought up over this connection.
        limits: what holds for it: the time of a call, requests and traffic; nobody here can measure the rest, but for
            the memory of a process that came by the unix socket.
        peer: that process; None for one that came by TCP, of which nobody here knows which it is.
        since: when it came, ISO 8601 in UTC.
    """

    def __init__(self, number: int, key: Key, address: str, link: Link, before: Past | None = None) -> None:
        self.number = number
        self.key = key
        self.address = address
        self.since = datetime.now(UTC).isoformat(timespec="seconds")
        self.taken = False
        self.limits = WorkerLimits()
        self.peer = peer_of(link.socket)
        self._holds_memory = False
        self._flow = Flow(key.plugin, before=before.flow if before is not None else None)
        self._flow.sent_bytes = lambda: link.reader.received_bytes
        self.serve: Serve = lambda _: None
        link.serve = self._served
        self.line = Line(link, plugin=key.plugin)

    def _served(self, method: str) -> Served | None:
        return self.serve(method)

    def take(self, serve: Serve, limits: WorkerLimits, *, holds_memory: bool = False) -> Line:
        """Let the plugin call what it is served, as often as its limits say, and return the way to it.

        Args:
            serve: finds what it calls.
            limits: what holds for it.
            holds_memory: whether the one on memory does. What its interpreter takes is not known apart from it, so the
                default, which is meant beyond that, says nothing here.
        """
        self._holds_memory = holds_memory
        self.serve, self.limits, self.taken = self._flow.counting(serve, limits.requests_per_second), limits, True
        self.line.call_seconds = limits.call_seconds
        return self.line

    def breach(self) -> Breach | None:
        """The limit that the plugin breaks now, of those that hold for one whose process is not ours."""
        breach = self._flow.breach(self.key.plugin, self.limits, monotonic())
        if breach is not None or not self._holds_memory:
            return breach
        used = self.memory_bytes()
        if used is None or used <= self.limits.memory_bytes:
            return None
        return overused(self.key.plugin, "memory", used, self.limits)

    def past(self) -> Past:
        """What is remembered of it when it has ended: numbers alone, and nothing of what it was served."""
        return Past(Flow(self.key.plugin, before=self._flow), self.limits)

    def memory_bytes(self) -> int | None:
        """What its process uses, as PSS, its interpreter included; None where that is not known, as over TCP."""
        return self.peer.memory_bytes() if self.peer is not None else None

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "plugin": self.key.plugin,
            "key": self.key.number,
            "address": self.address,
            "since": self.since,
            "process": self.peer.pid if self.peer is not None else None,
            "memory_bytes": self.memory_bytes(),
        }


class Connections:
    """All of them, and why those are absent that are."""

    def __init__(self) -> None:
        self._present: dict[str, Connection] = {}
        self._absent: dict[str, str] = {}
        self._past: dict[str, Past] = {}

    def __contains__(self, cid: str) -> bool:
        return cid in self._present

    def get(self, cid: str) -> Connection | None:
        """The connection of a plugin."""
        return self._present.get(cid)

    def all(self) -> dict[str, Connection]:
        """Every connection, as a copy."""
        return dict(self._present)

    def stamps(self) -> dict[str, str]:
        """For each that is connected, what tells its connection apart from an earlier one."""
        return {cid: str(one.number) for cid, one in self._present.items()}

    def reasons(self) -> dict[str, str]:
        """For each that was sent away or has gone, why, in words of their own."""
        return {cid: reason for cid, reason in self._absent.items() if cid not in self._present}

    def add(self, cid: str, connection: Connection) -> None:
        """Note that a plugin is connected."""
        self._present[cid] = connection
        self._absent.pop(cid, None)

    def remove(self, cid: str, connection: Connection, reason: str) -> bool:
        """Note that a connection has ended; say whether it was the present one. An empty reason is told nowhere."""
        if self._present.get(cid) is not connection:
            return False
        del self._present[cid]
        self._past[cid] = connection.past()
        self._absent.pop(cid, None)
        self._absent |= {cid: reason} if reason else {}
        return True

    def past(self, cid: str) -> Past | None:
        """What is remembered of a plugin's last connection that has ended."""
        return self._past.get(cid)

    def flood(self, cid: str) -> str:
        """Say that a plugin asked or sent too much just before, over connections that have ended; empty: it did not."""
        past = self._past.get(cid)
        if past is None or past.flow.breach(cid, past.limits, monotonic()) is None:
            return ""
        return "asked or sent too much over its connections before: it may come again in a few seconds"

    def sent_away(self, cid: str, reason: str) -> None:
        """Note why a plugin was not let in."""
        self._absent[cid] = reason
