"""Lines of a plugin in a worker: so many a second are sent, and what is dropped is said."""

from __future__ import annotations

from typing import Any

import pytest
from jackfield.manifest import LIMIT
from jackfield.runtime import CallbackAnswer

from tests.support.plain_workers import plain_worker

pytestmark = pytest.mark.slow


FLOOD = """
import time
from jackfield import Plugin

make_context = None  # the one that asks the host

class Main(Plugin):
    def on_load(self, previous):
        for number in range(1000):
            self.context.logger.info("line %d", number)

    def on_enable(self):
        time.sleep(2.1)
        self.context.logger.info("quiet again")
"""


@pytest.mark.feature("C27")
async def test_of_a_flood_so_many_lines_are_sent_and_two_say_so(tmp_path):
    lines: list[str] = []

    def level() -> int:
        return 20

    def log(
        level: int, message: str, created: float = 0.0, name: str = "", exception: str = "", extra: Any = None
    ) -> None:
        lines.append(message)

    most = int(LIMIT["log"].default)
    async with plain_worker(tmp_path, FLOOD, {"logger.level": level, "log": log}) as worker:
        await worker.load()
        for name in ("on_load", "on_enable"):
            arguments = [None] if name == "on_load" else []
            await worker.line.call("plugin.callback", {"name": name, "arguments": arguments}, CallbackAnswer)
    sent = [one for one in lines if one.startswith("line ")]
    assert most <= len(sent) < 1000, "a busy machine may take more than a second for all of them"
    assert lines[most] == f"weather writes more than {most} lines of log a second; the rest is dropped"
    dropped = [int(one.split()[0]) for one in lines if one.endswith("lines of log of weather were dropped")]
    assert sum(dropped) == 1000 - len(sent)
    assert lines[-1] == "quiet again"
