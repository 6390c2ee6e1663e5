"""The console's engine without a host: scripts in a folder, a small game server as a child process, waiting."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.demo.wheels import CONTRIB
from tests.support.sources import imported

SERVER = Path(__file__).with_name("game_server.py")
WAIT_SECONDS = 20.0
"""For what a busy machine may take; tests wait for conditions."""


def server_command(form: str = "vanilla") -> str:
    """What starts the small game server."""
    return f"{sys.executable} {SERVER} {form}"


@dataclass
class Bench:
    """A console that runs."""

    engine: Any
    folder: Path
    shown: list[str] = field(default_factory=list)

    def type(self, line: str) -> list[str]:
        """Type a line and return what was answered."""
        answers: list[str] = []
        self.engine.type(line, answers.append).result(WAIT_SECONDS)
        return answers

    def server(self, *lines: str) -> None:
        """Have the server do something, as a test tells it."""
        for line in lines:
            assert self.engine.process.send(line)

    def chat(self, player: str, text: str) -> None:
        """Have a player say something."""
        self.server(f"#chat {player} {text}")

    def until(self, text: str) -> str:
        """Wait for a line that holds a text; lines before it are not looked at again."""

        def look() -> str | None:
            for number, line in enumerate(self.shown):
                if text in line:
                    del self.shown[: number + 1]
                    return line
            return None

        return str(self.wait(look, f"{text!r} in {self.shown!r}"))

    def wait(self, condition: Callable[[], Any], what: str = "it") -> Any:
        """Wait until a condition holds, and return what it returned."""
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.01)
        raise AssertionError(f"not in time: {what}")

    def settled(self) -> None:
        """Wait until the scripts have heard everything that was said so far."""
        self.engine.executor.submit(lambda: None).result(WAIT_SECONDS)

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        assert self.engine.start_server()
        self.wait(lambda: self.engine.started, "the server is ready")
        self.settled()

    def script(self, name: str, text: str) -> Path:
        """Write a script."""
        path: Path = self.folder / "plugins" / name
        path.write_text(text, encoding="utf-8")
        return path

    def module(self, plugin: str) -> Any:
        """The module of a loaded script."""
        return self.engine.server.get_plugin_instance(plugin)

    def failed(self) -> dict[str, str]:
        """Why scripts do not run, by id."""
        return {script.id: script.problem for script in self.engine.scripts.failed.values()}


@contextmanager
def console(
    folder: Path, scripts: Mapping[str, str] | None = None, *, form: str = "vanilla", **arranged: Any
) -> Iterator[Bench]:
    """Run a console in a folder; the server is not started."""
    (folder / "plugins").mkdir(parents=True, exist_ok=True)
    for name, text in (scripts or {}).items():
        (folder / "plugins" / name).write_text(text, encoding="utf-8")
    with imported(CONTRIB / "console", "chat_console.engine") as module:
        shim = _shim()
        shim.install()
        try:
            yield from _running(module, folder, form, arranged)
        finally:
            shim.remove()


def _running(module: ModuleType, folder: Path, form: str, arranged: dict[str, Any]) -> Iterator[Bench]:
    shown: list[str] = []
    arranged.setdefault("command", server_command(form))
    arranged.setdefault("follow", False)
    dialect = module.PRESETS[form]
    arrangement = module.Arrangement(folder, dialect=dialect, **arranged)
    engine = module.Engine(arrangement, logging.getLogger("console"), shown.append)
    engine.start()
    try:
        yield Bench(engine, folder, shown)
    finally:
        engine.stop()


def _shim() -> Any:
    from chat_console.shim import ShimFinder  # type: ignore[import-not-found]  # there while it is imported

    return ShimFinder()
