"""The host's side of the zygote: started when it is first needed, asked for workers, started again if it ended."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jackfield.errors import SandboxError
from jackfield.isolation.child import Child
from jackfield.isolation.import_path import import_path
from jackfield.isolation.packages import Packages, packages_of
from jackfield.isolation.spec import WorkerSpec
from jackfield.isolation.zygote_process import ZygoteProcess
from jackfield.isolation.zygote_program import StandsStillError, ZygoteLostError
from jackfield.sandbox import Grade

SERVE: Final = "jackfield.worker.serving:prepare"


class Zygote:
    """Forks the workers of one host. It belongs to the event loop on which it was started.

    Args:
        published: what of the host's every worker can import: `packages_of` jackfield, pluggy, msgspec and the host's
            API distribution. None is the first three.
        preload: modules of these to load before any worker is forked, e.g. `jackfield_chat_api`.
        hidden: folders of the host's, such as its profile, that no worker reads, wherever they lie; what a spec names
            in them is read all the same.
        serve: makes what a worker does once it is confined, `module:function`, called once in the zygote with sockets
            that stand for the worker's, of calls and of descriptors. What it returns is called with the worker's spec.
        executable: the Python to run; None is the one that runs now.
    """

    def __init__(
        self,
        published: Packages | None = None,
        *,
        preload: Sequence[str] = (),
        hidden: Sequence[str] = (),
        serve: str = SERVE,
        executable: str | None = None,
    ) -> None:
        self._published = published
        self._preload = tuple(preload)
        self._hidden = tuple(hidden)
        self._serve = serve
        self._executable = executable or sys.executable
        self._starting = asyncio.Lock()
        self._running: ZygoteProcess | None = None
        self._still: set[ZygoteProcess] = set()

    @property
    def pid(self) -> int | None:
        """The zygote's process; None while there is none."""
        running = self._running
        return None if running is None or running.is_gone else running.pid

    @property
    def grade(self) -> Grade | None:
        """The best grade that the machine gives; None until it was started."""
        return None if self._running is None else self._running.grade

    async def start(self) -> None:
        """Start the process if there is none, and wait until it has loaded everything.

        Raises:
            SandboxError: it could not be started, or did not get ready.
        """
        await self._started()

    async def _started(self) -> ZygoteProcess:
        async with self._starting:
            running = self._running
            if running is not None and running.stands_still:
                self._still = {one for one in (*self._still, running) if not one.is_gone}
            if running is None or running.is_gone or running.stands_still:
                published = self._published or packages_of()
                settings = {
                    "host": os.getpid(),
                    "named": dict(published.named),
                    "metadata": published.metadata,
                    "hosts": (*import_path(), *map(os.path.realpath, self._hidden)),
                    "preload": self._preload,
                    "serve": self._serve,
                }
                self._running = running = await self._next(settings)
            return running

    async def _next(self, settings: Mapping[str, Any]) -> ZygoteProcess:
        try:
            return await ZygoteProcess.started(self._executable, settings)
        except ZygoteLostError:
            pass
        try:
            return await ZygoteProcess.started(self._executable, settings)
        except ZygoteLostError as error:  # somebody stops or kills each of them
            was, name = ("stopped", "SIGSTOP") if isinstance(error, StandsStillError) else ("killed", "SIGKILL")
            raise SandboxError(
                f"the process that forks workers was {was} before it was ready, and so was the next one",
                hint=f"find out who sends {name} to them",
            ) from error

    async def fork(self, spec: WorkerSpec, *, name: str = "") -> Child:
        """Fork a worker and wait until it is confined. A zygote that ends meanwhile, or stands still, has a successor.

        Args:
            spec: of the worker.
            name: the plugin's id as its author writes it, under which its log stands; the one of the spec by default.

        Raises:
            SandboxError: the machine does not confine it as the spec asks, the system gave no process, or it ended
                before it was confined; it blames the plugin, but for one whose cause is a `ZygoteLostError`.
        """
        try:
            return await (await self._started()).fork(spec, name=name)
        except ZygoteLostError:
            pass
        try:
            return await (await self._started()).fork(spec, name=name)
        except ZygoteLostError as error:
            raise SandboxError(f"{spec.plugin} has no worker: {error}", plugin=spec.plugin) from error

    async def close(self) -> None:
        """End the zygote, and with it all of its workers."""
        async with self._starting:
            running, self._running = self._running, None
            still, self._still = self._still, set()
            await asyncio.gather(*(one.close() for one in {running, *still} if one is not None))
