"""The console: a server process, the scripts beside it, and what happens to one told to the others (M27 to M38)."""

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jackfield.discovery import stamp_of_folders

from chat_console.command_errors import CommandError
from chat_console.commands import Commands, HelpMessage
from chat_console.current import as_script
from chat_console.dialects import PRESETS, Dialect
from chat_console.executor import Executor
from chat_console.info import Info, InfoFilter, InfoSource
from chat_console.interface import ServerInterface
from chat_console.levels import Levels
from chat_console.loggers import MCDReforgedLogger
from chat_console.nodes import call
from chat_console.plugin_interface import PluginServerInterface
from chat_console.process import ServerProcess
from chat_console.script_events import Listeners, MCDREvent, MCDRPluginEvents, PluginEvent
from chat_console.scripts import Script, Scripts
from chat_console.sources import ConsoleCommandSource, PlayerCommandSource
from chat_console.standard import register_standard
from chat_console.translations import Translations

LINES_KEPT = 500
"""Lines of output that can be looked at afterwards."""

LOADING_SECONDS = 5.0
"""How long the console waits for its scripts when it is enabled; one that takes longer is named."""

FOLLOW_SECONDS = 0.25
"""How often the folders of scripts are looked at."""

_EVENTS = MCDRPluginEvents


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What a user arranged.

    Args:
        folder: where scripts find `config`, `plugins` and `server`.
        command: what starts the server.
        server_folder: where the server runs, relative to `folder`.
        script_folders: where scripts lie, relative to `folder`.
        dialect: how the server speaks.
        encoding: of its lines.
        language: of texts.
        follow: load what comes, exchange what changes, by itself.
        stop_seconds: what the server may take to end before it is killed.
    """

    folder: Path
    command: str = ""
    server_folder: str = "server"
    script_folders: Sequence[str] = ("plugins",)
    dialect: Dialect = field(default_factory=lambda: PRESETS["vanilla"])
    encoding: str = "utf-8"
    language: str = "en_us"
    follow: bool = True
    stop_seconds: float = 5.0


class Engine:
    """Runs the server and the scripts; made once for each time that the console is enabled.

    Args:
        arrangement: what a user arranged.
        log: the console's own.
        on_output: told of each line that is shown.
    """

    def __init__(
        self, arrangement: Arrangement, log: logging.Logger, on_output: Callable[[str], None] = lambda line: None
    ) -> None:
        self.arrangement = arrangement
        self.log = log
        self.tail: deque[str] = deque(maxlen=LINES_KEPT)
        self.players: dict[str, Info] = {}
        self._on_output = on_output
        folder = arrangement.folder
        config = folder / "config"
        self.server_folder = folder / arrangement.server_folder
        self.levels = Levels(folder / "permissions.json")
        self.translations = Translations(arrangement.language, config / "preferences.json")
        self.executor = Executor(folder, lambda error: log.error("the console failed: %s", error, exc_info=error))
        self.process = ServerProcess(
            arrangement.command,
            self.server_folder,
            encoding=arrangement.encoding,
            on_line=self._line,
            on_end=self._ended,
        )
        self.listeners = Listeners()
        self.commands = Commands(self.guarded, lambda sentence: log.warning("%s", sentence))
        self.filters: list[tuple[InfoFilter, Script]] = []
        self.scripts = Scripts(self, [folder / one for one in arrangement.script_folders])
        self.server = ServerInterface(self)
        self.started = False
        self.return_code: int | None = None
        self.not_started = ""
        self.exit_after_stop = False
        self._stopping = threading.Event()

    def start(self) -> None:
        """Load every script, tell them that the console starts, and begin to follow their folders (M2, M32)."""
        home = self.arrangement.folder
        for folder in (*self.scripts.folders, home / "config", home / "logs", self.server_folder):
            folder.mkdir(parents=True, exist_ok=True)
        ServerInterface.instance = self.server
        register_standard(self)
        seen = stamp_of_folders(self.scripts.folders)  # before they are read: what is saved meanwhile is not missed
        self.executor.start()
        begun = self.executor.submit(self._begin)
        if wait([begun], LOADING_SECONDS).done:
            begun.result()
        else:
            told = "%s takes longer than %g s to load; the other scripts wait for it"
            self.log.error(told, self.scripts.loading, LOADING_SECONDS)
        if not self.executor.in_folder:
            self.log.warning(
                "relative paths of scripts are those of the application: this system has one folder for all"
            )
        if self.arrangement.follow:
            threading.Thread(target=self._follow, args=(seen,), name="console: follow", daemon=True).start()

    def stop(self) -> None:
        """Tell the scripts, end the server in bounded time, unload the scripts (M33, M37)."""
        self._stopping.set()
        self.executor.submit(lambda: self.dispatch(_EVENTS.MCDR_STOP, ()))
        if self.process.runs:
            self.process.send(self.arrangement.dialect.stop)
            if not self.process.wait(self.arrangement.stop_seconds):
                self.log.error("the server does not end within %g s; it is killed", self.arrangement.stop_seconds)
                self.process.kill()
                self.process.wait(1)
        self.executor.submit(self.scripts.unload_all)
        if not self.executor.stop(2.0):
            self.log.error("a script holds the console's thread; it is left behind")
        if ServerInterface.instance is self.server:
            ServerInterface.instance = None

    def type(self, text: str, answer: Callable[[str], None]) -> "Future[Any]":
        """Take a line as typed into the console: a command of a script, else one of the server.

        Args:
            text: the line.
            answer: takes each line of an answer, on the scripts' thread.

        Returns:
            What is done when the scripts have heard it.
        """
        info = Info(InfoSource.CONSOLE, text, content=text)
        info._server = self.server
        info._command_source = ConsoleCommandSource(self.server, info, answer)
        return self.executor.submit(lambda: self._heard(info))

    def dispatch(self, event: PluginEvent | str, arguments: Sequence[Any], owner: Script | None = None) -> None:
        """Call the listeners of an event in their order; one that fails is told and the rest are called (M27).

        Args:
            event: the event or its id.
            arguments: what follows the server interface; a listener may take fewer.
            owner: the one script that is meant.
        """
        for listener in self.listeners.of(event, owner):
            script: Script = listener.owner
            name = event.id if isinstance(event, PluginEvent) else event
            with contextlib.suppress(Exception):
                self.guarded(
                    script,
                    f"its listener of {name}",
                    lambda one=listener, script=script: call(one.callback, script.interface, *arguments),
                )

    def guarded(self, script: Any, what: str, function: Callable[[], Any]) -> Any:
        """Call a function as code of a script; a failure is noted there and raised.

        Raises:
            CommandError: as it was raised: it is for whoever gave the command.
            Exception: whatever else the function raised; `SystemExit` as RuntimeError.
        """
        if not isinstance(script, Script):
            return self.executor.finish(function())
        with as_script(script):
            try:
                return self.executor.finish(function())
            except CommandError:
                raise
            except SystemExit as error:
                ended = RuntimeError(f"{script.id} tried to end the process")
                script.failed(what, ended)
                raise ended from error
            except Exception as error:
                script.failed(what, error)
                raise

    def start_server(self) -> bool:
        """Start the server; False where it runs already, or cannot be started: `not_started` says why."""
        if self.process.runs:
            self.not_started = "it runs already"
            return False
        self._dispatch_in_turn(_EVENTS.SERVER_START_PRE)
        self.started, self.return_code = False, None
        self.players.clear()
        try:
            if self.executor.is_here:  # what the server says waits its turn behind what is being done now
                self.process.start()
                self.dispatch(_EVENTS.SERVER_START, ())
            else:  # the event is in line before the first word of the server
                self.process.start(lambda: self._dispatch_in_turn(_EVENTS.SERVER_START))
        except RuntimeError as error:
            self.log.error("%s", error)  # noqa: TRY400 (a sentence for whoever runs the console)
            self.not_started = str(error)
            return False
        return True

    def stop_server(self) -> bool:
        """Ask the server to end; False where none runs."""
        return self.process.runs and self.process.send(self.arrangement.dialect.stop)

    def logger_of(self, script_id: str) -> logging.Logger:
        """Return a script's logger; its lines carry the id (M4)."""
        return MCDReforgedLogger(script_id, parent=self.log)

    def interface_of(self, script: Script) -> PluginServerInterface:
        """Make what a script's functions are handed."""
        return PluginServerInterface(self, script)

    def add_help(self, prefix: str, message: Any, permission: int, owner: Any) -> None:
        """Add a line of help."""
        self.commands.add_help(HelpMessage(prefix, message, permission, owner))

    def drop(self, script: Script) -> None:
        """Forget all that a script registered."""
        self.listeners.drop(script)
        self.commands.drop(script)
        self.translations.drop(script)
        self.filters = [one for one in self.filters if one[1] is not script]

    def show(self, line: str) -> None:
        """Show a line at the console."""
        self.tail.append(line)
        self._on_output(line)

    def _begin(self) -> None:
        self.scripts.refresh()
        self.dispatch(_EVENTS.MCDR_START, ())

    def _follow(self, seen: str) -> None:
        looked = seen
        while not self._stopping.wait(FOLLOW_SECONDS):
            stamp = stamp_of_folders(self.scripts.folders)
            if stamp == looked != seen:  # two looks alike: nobody is half way through a file
                seen = stamp
                self.executor.submit(self.scripts.refresh)
            looked = stamp

    def _line(self, text: str) -> None:
        """Take a line of the server's output; called on the thread that reads it."""
        try:
            info = self.arrangement.dialect.parse(text)
        except ValueError as error:  # a pattern of the user's takes something for a time; the server must be read on
            self.log.error("the line %r cannot be taken apart: %s", text, error)  # noqa: TRY400 (a sentence for the user)
            info = Info(InfoSource.SERVER, text, content=text)
        info._server = self.server
        if info.player is not None:
            info._command_source = PlayerCommandSource(self.server, info, info.player)
        self.show(text)
        if self.arrangement.dialect.is_started(info):
            self.started = True
        self.executor.submit(lambda: self._heard(info))

    def _ended(self, code: int) -> None:
        self.started, self.return_code = False, code
        self.players.clear()
        self.show(f"the server ended with {code}")
        self.executor.submit(lambda: self.dispatch(_EVENTS.SERVER_STOP, (code,)))

    def _heard(self, info: Info) -> None:
        """Tell the scripts of a line: as a command, as an event, and as what it says of players and the server."""
        for each, script in self.filters:
            if info.is_from_server and not self._passes(info, each, script):
                return
        if info.is_user and info.content and self.commands.has(info.content):
            info.cancel_send_to_server()
            with contextlib.suppress(Exception):  # noted at its script
                self.commands.execute(info.content, info.to_command_source())
        self.dispatch(_EVENTS.GENERAL_INFO, (info,))
        if info.is_user:
            self.dispatch(_EVENTS.USER_INFO, (info,))
        if info.is_from_console:
            if info.should_send_to_server() and info.content:
                self.process.send(info.content)
            return
        self._notice(info)

    def _passes(self, info: Info, each: InfoFilter, script: Script) -> bool:
        """Ask a script's filter; one that fails keeps nothing from the others."""
        with contextlib.suppress(Exception):  # noted at its script
            return bool(self.guarded(script, "its filter", lambda: each.filter_server_info(info)))
        return True

    def _notice(self, info: Info) -> None:
        dialect = self.arrangement.dialect
        if (player := dialect.player_joined(info)) is not None:
            self.players[player] = info
            self.dispatch(_EVENTS.PLAYER_JOINED, (player, info))
        elif (player := dialect.player_left(info)) is not None:
            self.players.pop(player, None)
            self.dispatch(_EVENTS.PLAYER_LEFT, (player,))
        elif dialect.is_started(info):
            self.dispatch(_EVENTS.SERVER_STARTUP, ())

    def _dispatch_in_turn(self, event: MCDREvent) -> None:
        if self.executor.is_here:
            self.dispatch(event, ())
        else:
            self.executor.submit(lambda: self.dispatch(event, ()))
