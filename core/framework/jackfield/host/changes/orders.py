"""What is asked of one plugin of a running host: by the user, by the host's own code, by another plugin, by itself."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import AbstractContextManager
from contextvars import Context as Variables
from typing import Any, TypeVar

from jackfield.apart import done_apart
from jackfield.errors import PluginError, UnknownPlugin, UsageError
from jackfield.host.changes.following import Following
from jackfield.host.changes.presence import Presence, Presences
from jackfield.host.changes.recovering import Recovering
from jackfield.host.changes.reloading import Reloading
from jackfield.host.changes.survey import Survey
from jackfield.host.changes.turn import Turn
from jackfield.host.changes.waking import Waking, Ways
from jackfield.host.changes.within import Within
from jackfield.host.lifecycle import Happening, State
from jackfield.host.plugins import PluginStatus
from jackfield.host.remote import asking
from jackfield.manifest import canonical_id
from jackfield.runtime import Visits
from jackfield.storage import State as StateLog

_log = logging.getLogger("jackfield.host")

ResultT = TypeVar("ResultT")

_UP = (State.ACTIVE, State.PENDING_RESTART)


class Orders:
    """Loads, enables, disables and unloads single plugins.

    Each order is carried out by a task of the host's own: whoever gave it may be gone before it ends, a plugin that
    takes itself down above all.

    Args:
        following: takes them from one state to another.
        turn: one change at a time.
        look: reads what is there and what is wished.
        state: where wishes are kept.
        presences: what is asked for this run alone.
        reloading: imports code anew.
        visits: what plugins do for users, which may ask for a change.

    Attributes:
        recovering: brings up again whose process has ended by itself.
        waking: brings up who is loaded on demand.
        within: says what would wait for the callback that asks for it.
        running: whether orders are taken.
    """

    def __init__(
        self,
        following: Following,
        turn: Turn,
        look: Callable[[], Awaitable[Survey]],
        state: StateLog,
        presences: Presences,
        reloading: Reloading,
        visits: Visits,
    ) -> None:
        plugins = self._plugins = following.plugins
        self._following = following
        self._turn = turn
        self._look = look
        self._state = state
        self._presences = presences
        self._reloading = reloading
        self._visits = visits
        self.within = Within(plugins)
        self.recovering = Recovering(plugins, following, look, self._carry_out, self.end_released)
        ways = Ways(self._begin, self._asked_for, self.soon, self._keep, self.end_released)
        self.waking = Waking(plugins, following, turn, self.within, ways)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.running = False

    def open(self) -> None:
        """Take orders from now on; on the event loop's thread."""
        self.running = True
        self.waking.open()

    def close(self) -> None:
        """Take none any more."""
        self.running = False
        self.waking.close()
        self.recovering.close()

    async def load(
        self, plugin: str, *, enable: bool, by: str, parent: str = "", require: Callable[[], None] = lambda: None
    ) -> PluginStatus:
        """Bring a plugin up for this run; see `Host.load`.

        Args:
            plugin: its id.
            enable: whether it shall run, or only have its code loaded.
            by: who asks, for the sentence.
            parent: the canonical id of the plugin in whose scope it shall run.
            require: raises where that one went down while this waited for its turn: nobody would end the child.
        """
        cid = canonical_id(plugin)
        wanted = _UP if enable else (*_UP, State.LOADED, State.IDLE)

        async def change() -> PluginStatus:
            require()
            seen = await self._known(plugin)
            record = self._plugins.records().get(cid)
            asked = self._presences.copy().get(cid)
            leaving = asked is not None and asked.what == "out"  # its parent went, and it is about to follow
            if record is not None and record.life.state in wanted and not leaving:
                return record.status
            self.within.require_up(cid, "loaded")
            self._following.rouse(cid)
            what = "active" if enable else "loaded"
            self._presences.ask(cid, Presence(what, by, cid in seen.wished, parent))  # type: ignore[arg-type]  # one of both
            await self._follow(cid, retry=True)
            return self._required(cid, wanted, enabled=False)

        return await self._carry_out(change(), self.within.required(cid))

    async def enable(self, plugin: str, *, by: str) -> PluginStatus:
        """Wish a plugin and bring it up; see `Host.enable`."""
        cid = canonical_id(plugin)

        async def change() -> PluginStatus:
            seen = await self._known(plugin)
            self.within.require_up(cid, "enabled")
            await self._wish(seen, cid, True, by)
            await self._follow(cid, retry=True)
            asleep = (State.RESOLVED,) if self._following.is_asleep(cid) else ()
            return self._required(cid, (*_UP, *asleep), enabled=True)

        return await self._carry_out(change(), self.within.required(cid))

    async def disable(self, plugin: str, *, by: str) -> PluginStatus:
        """Take the wish for a plugin back; see `Host.disable`."""
        cid = canonical_id(plugin)

        async def change() -> PluginStatus:
            seen = await self._known(plugin)
            self.within.require_down(cid, "disabled")
            await self._wish(seen, cid, False, by)
            await self._follow(cid)
            return self._plugins.status(plugin)

        self._turn.no_longer_wanted(cid)
        return await self._carry_out(change())

    async def unload(self, plugin: str, *, by: str) -> bool:
        """Take a plugin down and keep the wish; see `Host.unload`."""
        cid = canonical_id(plugin)

        async def change() -> bool:
            seen = await self._look()
            if cid not in seen.judgement.verdicts:
                return False
            self.within.require_down(cid, "unloaded")
            self._presences.ask(cid, Presence("out", by, cid in seen.wished))
            await self._follow(cid)
            return True

        self._turn.no_longer_wanted(cid)
        return await self._carry_out(change())

    async def reload(self, plugin: str) -> PluginStatus:
        """Import one plugin anew; see `Host.reload`."""
        cid = canonical_id(plugin)

        async def change() -> PluginStatus:
            seen = await self._known(plugin)
            self.within.require_down(cid, "reloaded")
            record = self._plugins.records().get(cid)
            if record is not None and record.life.state.runs_code:
                self.recovering.begin_anew(cid)
                try:
                    await self._reloading.reload(seen, frozenset({cid}))
                finally:  # where its new code fails, its old code was down all the same
                    await self.end_released()
            elif seen.judgement.verdicts[cid].runs:
                await self._follow(cid, retry=True)
                return self._required(cid, (*_UP, State.RESOLVED, State.LOADED), enabled=True)
            else:
                raise self._not_up(cid, seen)
            return self._plugins.status(plugin)

        return await self._carry_out(change())

    async def reload_changed(self) -> list[str]:
        """Import all anew whose code changed, and follow what else changed; see `Host.reload_changed`."""
        return await self._carry_out(self.follow_all(on_disk=True))

    async def follow_all(self, *, on_disk: bool) -> list[str]:
        """Import anew what was saved, and go where everything else shall be.

        Args:
            on_disk: look for changed files of the environment's plugins, too.

        Returns:
            A sentence for each plugin whose new code failed and that runs on as it was.
        """
        seen, failures = await self._reload_saved(on_disk=on_disk)
        await self._following.settle(seen)
        if self._reloading.is_due:  # who kept the new code of another one from coming up has gone
            failures += (await self._reload_saved(on_disk=on_disk))[1]
        await self.end_released()
        return failures

    async def _reload_saved(self, *, on_disk: bool) -> tuple[Survey, list[str]]:
        """Import anew what was saved since it was imported, dependencies first.

        Args:
            on_disk: look for changed files of the environment's plugins, too.

        Returns:
            What is there and wished now, and a sentence for each plugin that failed and runs on as it was.
        """
        seen = await self._look()
        waiting = self._reloading.changed(seen, on_disk=on_disk)
        if not waiting:
            return seen, []
        failures, done = [], set()
        ordered = [cid for level in seen.judgement.levels for cid in level if cid in waiting]
        for cid in dict.fromkeys([*ordered, *sorted(waiting)]):
            if cid in done:
                continue  # it came along with what it needs
            try:
                done |= await self._reloading.reload(seen, frozenset({cid}))
            except PluginError as error:
                _log.error("%s", error)
                failures.append(str(error))
        return await self._look(), failures

    def unload_later(self, plugin: str, *, by: str) -> None:
        """Take a plugin down as soon as nothing else changes; returns at once."""

        async def change() -> None:
            if self.running:  # else the host was faster
                await self.unload(plugin, by=by)

        # In variables of its own: a plugin that asks this while it is brought up does not go down in the same breath.
        self.soon(change())

    async def end_released(self) -> None:
        """Unload the plugins whose parents are down, and their own children."""
        while self._presences.take_released():
            seen = await self._look()
            for cid in seen.wishes.out:
                if cid in seen.judgement.verdicts:
                    await self._following.settle_one(seen, cid)

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something as soon as nothing else changes; returns at once."""
        self._keep(Variables().run(asyncio.get_running_loop().create_task, work))

    async def _known(self, plugin: str) -> Survey:
        seen = await self._look()
        if canonical_id(plugin) not in seen.judgement.verdicts:
            raise UnknownPlugin(f"no plugin {plugin} is installed", plugin=plugin)
        return seen

    async def _wish(self, seen: Survey, cid: str, wished: bool, by: str) -> None:
        why = f"{'enable' if wished else 'disable'} {seen.judgement.verdicts[cid].candidate.id}"
        await done_apart(self._state.change, {f"wish/{cid}": wished}, by=by, why=why)
        self._presences.forget(cid)

    async def _follow(self, cid: str, *, retry: bool = False) -> None:
        """Look again and go there; one plugin only where this is a change within a change.

        Args:
            cid: whose change it is.
            retry: whether it is tried again if it failed before.
        """
        record = self._plugins.records().get(cid)
        if retry:
            self.recovering.begin_anew(cid)
        if retry and record is not None and record.life.state is State.FAILED:
            self._plugins.tell(record, Happening.FOUND)
        seen = await self._look()
        if self._turn.is_inner:
            await self._following.settle_one(seen, cid)
        else:
            await self._following.settle(seen)
        await self.end_released()

    def _not_up(self, cid: str, seen: Survey) -> PluginError:
        candidate = seen.judgement.verdicts[cid].candidate
        why = seen.judgement.verdicts[cid].problem or seen.wishes.out.get(cid) or "is not enabled"
        return PluginError(f"{candidate.id} was not reloaded: it {why}", plugin=candidate.id)

    def _required(self, cid: str, wanted: tuple[State, ...], *, enabled: bool) -> PluginStatus:
        """Return the plugin's status.

        Raises:
            PluginError: it did not come up.
        """
        record = self._plugins.record(cid)
        status = record.status
        if record.life.state in wanted:
            return status
        if record.life.state is State.BLOCKED and not enabled:
            self._presences.forget(cid)  # or it would come up later, when nobody expects it any more
        why = status.problem or (f"it {status.note}" if status.note else "")
        raise PluginError(f"{status.id} is {status.state}" + (f": {why}" if why else ""), plugin=status.id)

    async def to_its_end(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Do something that must not be left half way, in a task of the host's own: who waits for it may be gone."""
        return await asyncio.shield(self._keep(asyncio.get_running_loop().create_task(work)))

    async def _carry_out(self, work: Coroutine[Any, Any, ResultT], wanted: Collection[str] = ()) -> ResultT:
        task = self._begin(work, wanted=wanted)
        with self._asked_for():
            return await asyncio.shield(task)

    def _begin(
        self, work: Coroutine[Any, Any, ResultT], variables: Variables | None = None, *, wanted: Collection[str] = ()
    ) -> "asyncio.Task[ResultT]":
        """Do one change in a task of the host's own, when no other is under way.

        Args:
            work: the change.
            variables: in which context it is done; None: in a copy of this one.
            wanted: who shall come up by it.
        """

        async def in_turn() -> ResultT:
            async with self._turn.taken(wanted):
                if not self.running:
                    raise UsageError("the host does not run", hint="start it first")
                return await work

        task = self._keep(asyncio.get_running_loop().create_task(in_turn(), context=variables))
        task.add_done_callback(lambda _: work.close())  # it never began, if the task was cancelled before its turn
        return task

    def _asked_for(self) -> AbstractContextManager[None]:
        """Have it known, in a block that waits for a change, who asks for it."""
        asked = asking.get()
        return self._visits.asking(asked.plugin if asked is not None else "")

    def _keep(self, task: "asyncio.Task[ResultT]") -> "asyncio.Task[ResultT]":
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked may be gone, and nobody else retrieves it
