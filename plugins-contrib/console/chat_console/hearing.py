"""What the server and whoever sits at the console write, on its way to the scripts (M28, M29)."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from chat_console.calls import Call, ExecutorError, Steps
from chat_console.info import Info, InfoFilter, InfoSource
from chat_console.script_events import MCDRPluginEvents
from chat_console.sources import ConsoleCommandSource, PlayerCommandSource

MOST_LINES = 2048
"""Lines that wait for the scripts; further ones are shown and not told. Those of players have twice the room."""

MOST_CHARACTERS = 8 << 20
"""Of all lines that wait."""

PATIENCE_SECONDS = 1.0
"""For how long the server is not read where too much waits: scripts are as quick as it is, but for a moment."""

LOOK_SECONDS = 0.005

TOLD_SECONDS = 5.0
"""How often at most it is told that lines are left out."""

_EVENTS = MCDRPluginEvents


class Hearing:
    """Takes lines apart and tells the scripts of them.

    Args:
        engine: the console.
    """

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._guard = threading.Lock()
        self._characters = 0
        self._patient = True
        self._left_out = 0
        self._told = float("-inf")

    def line(self, text: str) -> None:
        """Take a line of the server's output; called on the thread that reads it."""
        engine = self._engine
        dialect = engine.arrangement.dialect
        try:
            info: Info = dialect.parse(text)
        except ValueError as error:  # a pattern of the user's takes something for a time; the server must be read on
            engine.log.error("the line %r cannot be taken apart: %s", text, error)  # noqa: TRY400 (for the user)
            info = Info(InfoSource.SERVER, text, content=text)
        info._server = engine.server
        if info.player is not None:
            info._command_source = PlayerCommandSource(engine.server, info, info.player)
        engine.show(text)
        event, arguments = None, ()
        # Noted here and not when the scripts hear of it: they may be late, or the server be gone by then.
        if (player := dialect.player_joined(info)) is not None:
            engine.players[player] = info
            event, arguments = _EVENTS.PLAYER_JOINED, (player, info)
        elif (player := dialect.player_left(info)) is not None:
            engine.players.pop(player, None)
            event, arguments = _EVENTS.PLAYER_LEFT, (player,)
        elif dialect.is_started(info):
            engine.started = True
            event = _EVENTS.SERVER_STARTUP
        self._offer(info, event, arguments)

    def typed(self, text: str, answer: Callable[[str], None]) -> "Future[Any]":
        """Take a line as typed into the console.

        Args:
            text: the line.
            answer: takes each line of an answer.

        Returns:
            What is done when the scripts have heard it and an asynchronous command has ended.
        """
        engine = self._engine
        info = Info(InfoSource.CONSOLE, text, content=text)
        info._server = engine.server
        info._command_source = ConsoleCommandSource(engine.server, info, answer)
        done: Future[Any] = Future()
        heard = engine.executor.submit(lambda: self._heard(info), what=f"the line {text}")
        heard.add_done_callback(lambda one: _chained(one, done))
        return done

    def _offer(self, info: Info, event: Any, arguments: tuple[Any, ...]) -> None:
        size = len(info.raw_content)
        notable = info.is_user or event is not None

        def heard() -> Steps:
            with self._guard:
                self._characters -= size
            yield from self._heard(info, event, arguments)

        most = MOST_LINES * (2 if notable else 1)
        self._wait_for_room(most, size)
        with self._guard:
            if self._characters + size > MOST_CHARACTERS:
                self._leave_out()
                return
            self._characters += size
        try:
            self._engine.executor.put(heard(), most)
        except ExecutorError:
            with self._guard:
                self._characters -= size
                self._leave_out()

    def _wait_for_room(self, most: int, size: int) -> None:
        """Let the server wait for a moment; not again before half of what waited is done, where that was in vain."""
        engine = self._engine
        if engine.executor.waiting < most // 2 and self._characters < MOST_CHARACTERS // 2:
            self._patient = True
        end = time.monotonic() + PATIENCE_SECONDS
        while self._patient and not engine.stopping and not engine.executor.is_here:
            if engine.executor.waiting < most and self._characters + size <= MOST_CHARACTERS:
                return
            self._patient = time.monotonic() < end
            time.sleep(LOOK_SECONDS)

    def _leave_out(self) -> None:
        self._left_out += 1
        now = time.monotonic()
        if now - self._told > TOLD_SECONDS and not self._engine.stopping:
            self._told = now
            self._engine.log.warning(
                "%d lines of the server were not told to the scripts: too many wait, %s holds them",
                self._left_out,
                self._engine.executor.holder(),
            )
            self._left_out = 0

    def _heard(self, info: Info, event: Any = None, arguments: tuple[Any, ...] = ()) -> Steps:
        """Tell the scripts of a line: as a command, as an event, and as what it says of players and the server."""
        engine = self._engine
        for each, script in engine.filters if info.is_from_server else ():
            passed = yield Call(script, "its filter", lambda each=each: _passes(each, info), kept=False)
            if passed is False:  # one that fails or is held keeps nothing from the others
                return None
        outcome = None
        if info.is_user and info.content and engine.commands.has(info.content):
            info.cancel_send_to_server()
            outcome = yield from engine.commands.executing(info.content, info.to_command_source())
        yield from engine.dispatching(_EVENTS.GENERAL_INFO, (info,))
        if info.is_user:
            yield from engine.dispatching(_EVENTS.USER_INFO, (info,))
        if info.is_from_console and info.should_send_to_server() and info.content:
            engine.process.send(info.content)
        if event is not None:
            yield from engine.dispatching(event, arguments)
        return outcome


def _passes(each: InfoFilter, info: Info) -> bool:
    return bool(each.filter_server_info(info))


def _chained(heard: "Future[Any]", done: "Future[Any]") -> None:
    """Have a future end as another does, and where that gives a third one, as the third."""
    if heard.cancelled():
        done.cancel()
    elif (error := heard.exception()) is not None:
        done.set_exception(error)
    elif isinstance(outcome := heard.result(), Future):
        outcome.add_done_callback(lambda _: done.set_result(None))  # what it raised was noted at its script
    else:
        done.set_result(None)
