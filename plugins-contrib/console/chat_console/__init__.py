"""A console for a server of lines: starts and stops it, and runs MCDReforged-style scripts beside it, unmodified."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jackfield import Plugin, command
from jackfield.api import Button, Component, Field, Form, Level, List, Text
from jackfield.api import CommandSource as Source

from chat_console.dialects import DialectError, dialect
from chat_console.engine import Arrangement, Engine, shown
from chat_console.shim import ShimFinder

COMPONENT = "console"
ANSWER_SECONDS = 5.0
"""How long a line that was typed is waited for; a script that takes longer answers into the log."""

LINES_SHOWN = 12
LEVEL = Level.ADMIN
"""Whose members may use the console: this level of the chat and above."""

_DIALECT = ("line", "chat", "joined", "left", "started", "stop", "say", "tell")


class Console(Plugin):
    """Supervises one server, and hands scripts the interface that they know."""

    engine: Engine | None = None
    _enabled = False

    async def on_enable(self) -> None:
        """Load the scripts, and start the server where the user set it so."""
        self._lines: deque[str] = deque(maxlen=LINES_SHOWN)
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        await self._begin()
        self._enabled = True
        self.context.ui.add_component(COMPONENT, self.draw, on_action=self.press)
        self.context.settings.on_change(self.arrange)
        if self.context.settings.get("start") and self.engine is not None:
            self.context.scheduler.start(asyncio.to_thread(self.engine.start_server), name="start of the server")

    async def on_disable(self) -> None:
        """Stop the server and unload the scripts."""
        async with self._turn:
            self._enabled = False
            await self._end()

    async def arrange(self, key: str, value: Any) -> None:
        """Begin anew with changed settings; a server that runs is not disturbed, it keeps those it was started with."""
        async with self._turn:
            if not self._enabled:
                return
            if self.engine is not None and self.engine.process.runs:
                self._shown(f"{key} was changed: it counts when the console is enabled anew")
                return
            await self._end()
            try:
                await self._begin()
            except (ValueError, OSError) as error:
                self.context.logger.error("%s", error)  # noqa: TRY400 (a sentence for whoever set it)
                self._shown(str(error))
        self._redraw()

    async def _begin(self) -> None:
        try:
            engine = Engine(self._arrangement(), self.context.logger, self._shown)
        except DialectError as error:
            raise ValueError(f"{error}: see the settings of the console") from error
        self._shim = ShimFinder()
        self._shim.install()
        try:
            await asyncio.to_thread(engine.start)
        except BaseException:
            self._shim.remove()
            raise
        self.engine = engine

    async def _end(self) -> None:
        engine, self.engine = self.engine, None
        if engine is not None:
            await asyncio.to_thread(engine.stop)
            self._shim.remove()

    @command("console", level=LEVEL)
    async def console(self, source: Source, text: str = "") -> None:
        """Type a line, of a script or of the server; or `start`, `stop`, `restart`, `kill`, `tail`, `scripts`."""
        await source.reply(await self._do(text.strip()))

    async def press(self, action: str, values: dict[str, Any], user: str) -> None:
        """Do what a button or the form of the box asks for."""
        if await self._may(user):
            answer = await self._do(str(values.get("line", "")) if action == "type" else action)
            self._lines.extend(answer.splitlines())
            self.context.ui.refresh(COMPONENT)

    def draw(self) -> Component:
        """Draw the last lines, buttons, and a line to type."""
        engine = self.engine
        if engine is None:
            return Text("\n".join(["The console does not run.", *self._lines]))
        state = "ready" if engine.started else "running" if engine.process.runs else "not running"
        players = ", ".join(sorted(engine.players)) or "nobody plays"
        buttons = [Button(word.title(), word) for word in ("start", "stop", "restart")]
        form = Form((Field("line", "Line", "text"),), "type")
        return List((Text(f"The server is {state}; {players}"), Text("\n".join(self._lines)), *buttons, form))

    async def _do(self, text: str) -> str:
        engine = self.engine
        if engine is None:
            return f"the console does not run: {self._lines[-1] if self._lines else 'see its settings'}"
        word = text.partition(" ")[0]
        if word in ("start", "stop", "restart", "kill") and text == word:
            return await self._order(engine, word)
        if word == "tail":
            return "\n".join(list(engine.tail)[-20:]) or "nothing was shown yet"
        if word in ("", "scripts"):
            text = "!!MCDR plugin list" if word else "!!MCDR status"
        return await self._type(engine, text)

    async def _order(self, engine: Engine, word: str) -> str:
        if word == "restart":
            self.context.scheduler.start(asyncio.to_thread(engine.server.restart), name="restart of the server")
            return "restart: on its way" if engine.process.runs else "the server does not run: console start"
        orders = {"start": engine.start_server, "stop": engine.stop_server, "kill": engine.process.kill}
        done = await asyncio.to_thread(orders[word])
        if done:
            return f"{word}: on its way"
        return f"the server was not started: {engine.not_started}" if word == "start" else "no server runs"

    async def _type(self, engine: Engine, text: str) -> str:
        answers = _Answers(engine.show)
        done = asyncio.wrap_future(engine.type(text, answers.add))
        await asyncio.wait({done}, timeout=ANSWER_SECONDS)  # what takes longer goes on
        if not done.done():
            answers.add("a script is busy; the answer will stand among the console's lines")
        return "\n".join(answers.close()) or f"typed: {shown(text)}"

    async def _may(self, user: str) -> bool:
        members = await self.context.api.members.list()
        return any(one.name == user and Level.parse(one.role) >= LEVEL for one in members)

    def _arrangement(self) -> Arrangement:
        settings = self.context.settings
        encoding = str(settings.get("encoding") or "utf-8")
        try:
            "".encode(encoding)
        except LookupError as error:
            raise DialectError(str(error)) from error
        given = str(settings.get("folder") or "")
        return Arrangement(
            folder=Path(given).expanduser().absolute() if given else self.context.data_dir,
            command=str(settings.get("command") or ""),
            server_folder=str(settings.get("server_folder") or "server"),
            script_folders=tuple(settings.get("script_folders") or ("plugins",)),
            dialect=dialect(str(settings.get("preset")), {key: settings.get(f"pattern_{key}") for key in _DIALECT}),
            encoding=encoding,
            language=str(settings.get("language") or "en_us"),
            follow=bool(settings.get("follow")),
            stop_seconds=float(settings.get("stop_seconds")),
        )

    def _shown(self, line: str) -> None:
        self._lines.append(line)
        self._loop.call_soon_threadsafe(self._redraw)

    def _redraw(self) -> None:
        if self._enabled:
            self.context.ui.refresh(COMPONENT)


class _Answers:
    """The answers to one line that was typed; those that come when nobody waits any more are shown at the console.

    Args:
        show: takes those.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._guard = threading.Lock()
        self._lines: list[str] | None = []

    def add(self, line: str) -> None:
        """Take a line."""
        with self._guard:
            if self._lines is not None:
                self._lines.append(shown(line))
                return
        self._show(line)

    def close(self) -> list[str]:
        """Return what came so far."""
        with self._guard:
            lines, self._lines = self._lines or [], None
            return lines
