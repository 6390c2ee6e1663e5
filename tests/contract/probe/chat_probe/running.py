"""What goes on in the probe: tasks, threads, timers, waiting, lines of log."""

import asyncio
import json
import logging
import os
import threading
from typing import Annotated

from jackfield import Plugin, command, new_thread
from jackfield.api import Custom
from jackfield.errors import UsageError, WouldBlock

RAISED: dict[str, BaseException] = {
    "red": ValueError("\x1b[31mred\nis no\u202e length"),
    "long": ValueError("x" * 5000),
    "silent": ValueError(),
    "told": UsageError("it is one that the plugin tells of", hint="try 3m"),
    "broken": RuntimeError("boom"),
    "exit": SystemExit(2),
}


def length(text: str) -> float:
    if text in RAISED:
        raise RAISED[text]
    return float(text.removesuffix("m"))


LENGTH = Custom(length, "a length like 3m")


class Running(Plugin):
    heard: list[str]

    @command("probe wait")
    async def wait(self, source, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await source.reply("waited")

    @command("probe measure")
    async def measure(self, source, first: Annotated[float, LENGTH], *others: Annotated[float, LENGTH]) -> None:
        await source.reply(f"{sum(others, first):g} m")

    @command("probe scheduler start")
    async def scheduler_start(self, source) -> None:
        self.context.scheduler.start(self._wait_for_ever(), name="waiting")
        await source.reply("started")

    @command("probe scheduler fail")
    async def scheduler_fail(self, source) -> None:
        task = self.context.scheduler.start(self._fail(), name="failing")
        await asyncio.wait({task})
        await source.reply("failed")

    @command("probe scheduler thread")
    async def scheduler_thread(self, source) -> None:
        self.context.scheduler.start_thread(self._work_until_told, name="working")
        await source.reply("started")

    @command("probe scheduler timers")
    async def scheduler_timers(self, source) -> None:
        self.context.scheduler.after(0, self.heard.append, "once")
        self.context.scheduler.every(0.005, self.heard.append, "again")
        await source.reply("started")

    @command("probe running")
    async def running(self, source) -> None:
        tasks = [task.get_name() for task in asyncio.all_tasks()]
        await source.reply(json.dumps([*tasks, *(thread.name for thread in threading.enumerate())]))

    @command("probe process")
    async def process(self, source) -> None:
        await source.reply(str(os.getpid()))

    @command("probe blocking thread")
    async def blocking_thread(self, source, key: str) -> None:
        await source.reply(await self._keep(key))

    @command("probe blocking loop")
    async def blocking_loop(self, source) -> None:
        try:
            await source.reply(self.context.blocking.storage.get("key"))
        except WouldBlock as error:
            await source.reply(str(error))

    @command("probe blocking plain")
    def blocking_plain(self, source, key: str) -> None:
        try:
            self.context.blocking.storage.set(key, "from a plain function")
            self.heard.append(self.context.blocking.storage.get(key))
        except WouldBlock as error:
            self.heard.append(type(error).__name__)

    @command("probe scheduler plain")
    def scheduler_plain(self, source) -> None:
        self.context.scheduler.start(self._note())
        self.context.scheduler.after(0, self.heard.append, "a timer")

    @command("probe log")
    async def log(self, source) -> None:
        def line() -> str:
            self.heard.append("a line was made")
            return "a line"

        self.context.logger.debug(line, extra={"room": "lobby"})
        await source.reply(str(self.context.logger.isEnabledFor(logging.DEBUG)))

    @new_thread
    def _keep(self, key: str) -> str:
        self.context.blocking.storage.set(key, "from a thread")
        return self.context.blocking.storage.get(key)

    async def _note(self) -> None:
        self.heard.append("a task")

    def _work_until_told(self, stopping) -> None:
        stopping.wait(10)

    async def _wait_for_ever(self) -> None:
        await asyncio.Event().wait()

    async def _fail(self) -> None:
        raise ValueError("the task fails")
