"""What would wait for itself: a change that cannot be before the callback has returned that asks for it."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from jackfield.errors import PluginError
from jackfield.host.plugins import Plugins
from jackfield.host.remote import asking
from jackfield.host.switch import with_dependents
from jackfield.manifest import canonical_id

_log = logging.getLogger("jackfield.host")


class _Call:
    """One callback that goes on."""

    __slots__ = ("cid", "name", "over")

    def __init__(self, cid: str, name: str) -> None:
        self.cid, self.name = cid, name
        self.over = False


_CALLS: ContextVar[tuple[_Call, ...]] = ContextVar("jackfield callbacks", default=())


@contextmanager
def callback(cid: str, name: str) -> Iterator[None]:
    """Remember that a plugin's callback goes on, for whatever is begun by it.

    Args:
        cid: its canonical id.
        name: `on_enable`.
    """
    call = _Call(cid, name)
    token = _CALLS.set((*_CALLS.get(), call))
    try:
        yield
    finally:
        call.over = True
        _CALLS.reset(token)


def is_within() -> bool:
    """Say whether the running code is a callback of a plugin's life, or is done for one."""
    return any(not one.over for one in _CALLS.get())


class Within:
    """Says what has to wait for the callbacks that whoever asks is in.

    A plugin takes one step of its life at a time. What is begun in a callback and needs another step of the same
    plugin would wait until the callback is out of time.

    Args:
        plugins: where they stand.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._waiting: dict[_Call, tuple[frozenset[str], str]] = {}
        """For each callback that waits: the plugins in whose callbacks it is, and the one whose step it waits for."""

    async def free_to_go_up(self, plugin: str, what: str) -> None:
        """Wait, in a callback, for the steps that a plugin and what it requires are in; the turn is not held meanwhile.

        They are in callbacks of their own, which may ask for changes, too: who held the turn would keep them from it.

        Args:
            plugin: its id.
            what: what shall become of it: `loaded`.

        Raises:
            PluginError: one of them waits for the callback that asks.
        """
        cid = canonical_id(plugin)
        await self._free(cid, self.required(cid), what)

    async def free_to_go_down(self, plugin: str, what: str) -> None:
        """The same for a plugin and who requires it."""
        cid = canonical_id(plugin)
        await self._free(cid, self._dependents(cid), what)

    async def _free(self, cid: str, going: Collection[str], what: str) -> None:
        calls = [one for one in _CALLS.get() if not one.over]
        if not calls:
            return  # whoever asks waits for the turn, and nobody for whoever asks
        own, records = frozenset(one.cid for one in calls), self._plugins.records()
        while busy := [one for one in going if one in records and one not in own and records[one].step.locked()]:
            if circle := self._way(busy, own):
                asked, other = (records[one].candidate.id if one in records else one for one in (cid, circle))
                raise PluginError(
                    f"{asked} cannot be {what} before {calls[-1].name} of {records[calls[-1].cid].candidate.id} has "
                    f"returned, which asks for it and for which {other} waits",
                    plugin=calls[-1].cid,
                    hint="ask in a task: context.scheduler.after(0, …)",
                )
            self._waiting[calls[-1]] = (own, busy[0])
            try:
                async with records[busy[0]].step:
                    pass
            finally:
                del self._waiting[calls[-1]]

    def _way(self, begin: Collection[str], goals: Collection[str]) -> str:
        """Return which plugin waits for one of the goals, at the end of a way from one of these; empty for none."""
        edges = [(one, waits_for) for chain, waits_for in self._waiting.values() for one in chain]
        seen, ways = set(begin), list(begin)
        for place in ways:
            for one, waits_for in edges:
                if one == place and waits_for in goals:
                    return one
                if one == place and waits_for not in seen:
                    seen.add(waits_for)
                    ways.append(waits_for)
        return ""

    def require_up(self, cid: str, what: str) -> None:
        """Return if a plugin, and what it requires, can come up now.

        Args:
            cid: its canonical id.
            what: what shall become of it: `loaded`.

        Raises:
            PluginError: one of them is in the callback that asks.
        """
        self._require(cid, self.required(cid), what)

    def require_down(self, cid: str, what: str) -> None:
        """Return if a plugin, and who requires it, can go down now; as `require_up`."""
        self._require(cid, self._dependents(cid), what)

    def puts_off(self, cid: str) -> bool:
        """Say whether a plugin that is used cannot come up before the callback that uses it has returned."""
        call = self._call_of(self.required(cid))
        if call is not None:
            used, user = (self._plugins.record(one).candidate.id for one in (cid, call.cid))
            _log.warning("%s misses what %s of %s uses of it: it requires %s", used, call.name, user, user)
        return call is not None

    def is_busy(self, cid: str) -> bool:
        """Say whether a plugin that is to come up has to wait for a step that it, or one that it requires, is in."""
        records = self._plugins.records()
        return any(one in records and records[one].step.locked() for one in self.required(cid))

    def tell_missed(self, cid: str) -> None:
        """Log that a plugin is used by what its own start waits for, or may wait for; not what it does itself."""
        calls, asked = [one for one in _CALLS.get() if not one.over], asking.get()
        user = asked.plugin if asked is not None and asked.plugin else calls[-1].cid if calls else ""
        if not user or canonical_id(user) != cid:
            used = self._plugins.record(cid).candidate.id
            _log.warning("%s misses what %s uses of it: its start may wait for that", used, user or "its own start")

    def _require(self, cid: str, going: Collection[str], what: str) -> None:
        call = self._call_of(going)
        if call is not None:
            identity, busy = (self._plugins.record(one).candidate.id for one in (cid, call.cid))
            raise PluginError(
                f"{identity} cannot be {what} before {call.name} of {busy} has returned, which asks for it",
                plugin=busy,
                hint="ask in a task: context.scheduler.after(0, …), or unload_self()",
            )

    def _call_of(self, plugins: Collection[str]) -> _Call | None:
        return next((one for one in _CALLS.get() if not one.over and one.cid in plugins), None)

    def _dependents(self, cid: str) -> set[str]:
        records = self._plugins.records().items()
        return with_dependents({cid}, {one: record.footing for one, record in records if record.life.state.runs_code})

    def required(self, cid: str) -> set[str]:
        """Return the canonical ids of a plugin and of all that it requires, as far as they are known."""
        records = self._plugins.records()
        found, waiting = set[str](), [cid]
        while waiting:
            one = waiting.pop()
            manifest = records[one].candidate.manifest if one not in found and one in records else None
            found.add(one)
            waiting += [need.canonical_id for need in manifest.requires if not need.optional] if manifest else ()
        return found
