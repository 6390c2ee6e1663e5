"""Notices what others did, by `stat`: installed, enabled, granted, set, saved a file, or learned what was revoked."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from jackfield.discovery import stamp_of_folders
from jackfield.errors import JackfieldError
from jackfield.revocation import Lists
from jackfield.storage import Starts, State, stamp_of_files
from jackfield.store import Layout, Store

_log = logging.getLogger("jackfield.application")

POLL_SECONDS = 0.25

LEFT_SECONDS = 2.0
"""How long a change may be half way before somebody looks whether its installer has died; one needs milliseconds."""

Stamp = tuple[object, ...]


class Watch:
    """Calls back after a change of the pointer, the state log, a script, a `settings.toml` or what was revoked.

    Args:
        layout: the profile.
        changed: follows the change; what it raises is logged and the watch goes on.
        settle: completes what an installer that died left half way; nothing where one is at work.
        poll_seconds: how often to look.
        script_folders: folders of scripts.
    """

    def __init__(
        self,
        layout: Layout,
        changed: Callable[[], Awaitable[None]],
        *,
        settle: Callable[[], Awaitable[None]],
        poll_seconds: float = POLL_SECONDS,
        script_folders: Sequence[Path] = (),
    ) -> None:
        self._layout = layout
        self._state = State(layout.state)
        self._store = Store(layout)
        self._changed = changed
        self._settle = settle
        self._script_folders = tuple(script_folders)
        self._starts = Starts(layout.starts)
        self._lists = Lists(layout.trust)
        self._poll_seconds = poll_seconds
        self._seen = self._looked = self._stamp()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch; what changed since this object was made counts as new."""
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="jackfield: watch")

    async def stop(self) -> None:
        """End the watch; a change that is being followed is followed to its end first."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        half_way_since: float | None = None
        while True:
            await asyncio.sleep(self._poll_seconds)
            stamp = self._stamp()
            if stamp == self._seen or self._is_settled():
                half_way_since = None
            elif half_way_since is None:
                half_way_since = loop.time()
            elif loop.time() - half_way_since > LEFT_SECONDS:
                half_way_since = None
                await self._carefully(self._settle)
            if self._script_folders and stamp != self._looked:
                self._looked = stamp  # an editor may be half way through a file: it is read when two looks are alike
                continue
            if stamp != self._seen and self._is_settled():
                self._seen = stamp  # before following: a change during it is followed in the next round
                following = asyncio.ensure_future(self._carefully(self._changed))
                try:
                    await asyncio.shield(following)
                except asyncio.CancelledError:
                    await following  # plugins must not be left half way between two sets
                    raise

    async def _carefully(self, follow: Callable[[], Awaitable[None]]) -> None:
        try:
            await follow()
        except JackfieldError as error:
            _log.error("the change of plugins was not followed: %s", error)
        except Exception:  # noqa: BLE001 (the watch must outlive whatever one change does)
            _log.exception("the change of plugins was not followed")

    def _is_settled(self) -> bool:
        """Say whether pointer and state belong together: an installer moves one after the other."""
        try:
            return self._store.settled()
        except JackfieldError:
            return True  # the reader of the store will say what is damaged

    def _stamp(self) -> Stamp:
        settings = stamp_of_files(self._layout.configuration)
        scripts, revoked = stamp_of_folders(self._script_folders), self._lists.stamp()
        rest = (self._state.stamp(), scripts, settings, self._starts.stamp(), revoked)
        try:
            pointer = self._layout.current.stat()
        except OSError:
            return (None, *rest)
        return (pointer.st_ino, pointer.st_mtime_ns, *rest)
