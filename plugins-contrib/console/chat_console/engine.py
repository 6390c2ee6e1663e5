"""The console: a server process, the scripts beside it, and what happens to one told to the others (M27 to M38)."""

import contextlib
import inspect
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from jackfield.discovery import stamp_of_folders

from chat_console.calls import Call, ExecutorError, Steps, call, file_of, place_of
from chat_console.commands import Commands, HelpMessage
from chat_console.current import as_script
from chat_console.dialects import PRESETS, Dialect
from chat_console.executor import Executor
from chat_console.hearing import Hearing
from chat_console.info import Info, InfoFilter
from chat_console.interface import ServerInterface
from chat_console.levels import Levels
from chat_console.loggers import MCDReforgedLogger
from chat_console.plugin_interface import PluginServerInterface
from chat_console.process import ServerProcess
from chat_console.script import Script
from chat_console.script_events import Listener, Listeners, MCDREvent, MCDRPluginEvents, PluginEvent
from chat_console.scripts import Scripts
from chat_console.standard import register_standard
from chat_console.translations import Translations

LINES_KEPT = 500
"""Lines of output that can be looked at afterwards."""

LOADING_SECONDS = 5.0
"""How long the console waits for its scripts when it is enabled; one that takes longer is named."""

ENDING_SECONDS = 2.0
"""What all scripts together may take to end."""

MOST_STARTS = 10
STARTS_SECONDS = 10.0
"""A server that was started that often within that time is not started again: a script would do it for ever."""

LONGEST_SHOWN = 2000
"""Characters of a line at the console; scripts are told the whole of it."""

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
        held_seconds: how long one script may hold up the others.
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
    held_seconds: float = 3.0


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
        self.executor = Executor(
            folder,
            self._failed,
            self.make,
            lambda sentence: log.warning("%s", sentence),
            arrangement.held_seconds,
            self._named_at,
        )
        self.hearing = Hearing(self)
        self.process = ServerProcess(
            arrangement.command,
            self.server_folder,
            encoding=arrangement.encoding,
            on_line=self.hearing.line,
            on_end=self._ended,
            tell=lambda sentence: log.warning("%s", sentence),
        )
        self.listeners = Listeners()
        self.commands = Commands(lambda sentence: log.warning("%s", sentence))
        self.filters: list[tuple[InfoFilter, Script]] = []
        self.scripts = Scripts(self, [folder / one for one in arrangement.script_folders])
        self.server = ServerInterface(self)
        self.started = False
        self.return_code: int | None = None
        self.not_started = ""
        self.exit_after_stop = False
        self._starts: deque[float] = deque(maxlen=MOST_STARTS)
        self._stopping = threading.Event()

    def start(self) -> None:
        """Load every script, tell them that the console starts, and begin to follow their folders (M2, M32)."""
        home = self.arrangement.folder
        for folder in (*self.scripts.folders, home / "config", home / "logs", self.server_folder):
            folder.mkdir(parents=True, exist_ok=True)
        ServerInterface.instance = self.server
        register_standard(self)
        self.translations.load_preferences(lambda sentence: self.log.error("%s", sentence))
        seen = stamp_of_folders(self.scripts.folders)  # before they are read: what is saved meanwhile is not missed
        self.executor.start()
        begun = self.executor.submit(self._begin)
        if wait([begun], LOADING_SECONDS).done:
            begun.result()
        else:
            told = "%s takes longer than %g s to load; the console is there meanwhile"
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
        self.process.close()  # a script that hears of the end must not start it again
        self._later(_EVENTS.MCDR_STOP, ())
        if self.process.runs:
            self.process.ask_to_end(self.arrangement.dialect.stop)
            if not self.process.wait(self.arrangement.stop_seconds):
                self.log.error("the server does not end within %g s; it is killed", self.arrangement.stop_seconds)
                self.process.kill()
                self.process.wait(1)
        with contextlib.suppress(ExecutorError):  # it ends for the second time
            self.executor.submit(self.scripts.unloading_all)
        for name in self.executor.stop(ENDING_SECONDS):
            self.log.error("%s does not come back; its thread is left behind", name)
        if ServerInterface.instance is self.server:
            ServerInterface.instance = None

    def type(self, text: str, answer: Callable[[str], None]) -> "Future[Any]":
        """Take a line as typed into the console: a command of a script, else one of the server.

        Args:
            text: the line.
            answer: takes each line of an answer, on the scripts' thread.

        Returns:
            What is done when the scripts have heard it, and an asynchronous command has ended.
        """
        return self.hearing.typed(text, answer)

    def dispatch(self, event: PluginEvent | str, arguments: Sequence[Any]) -> None:
        """Call the listeners of an event here and now; see `dispatching`."""
        self.executor.drive(self.dispatching(event, arguments))

    def dispatching(self, event: PluginEvent | str, arguments: Sequence[Any], owner: Script | None = None) -> Steps:
        """Call the listeners of an event in their order; one that fails is told and the rest are called (M27).

        Coroutines are begun in that order, and nobody waits for them.

        Args:
            event: the event or its id.
            arguments: what follows the server interface; a listener may take fewer.
            owner: the one script that is meant.
        """
        what = f"its listener of {event.id if isinstance(event, PluginEvent) else event}"
        last = event is _EVENTS.PLUGIN_UNLOADED
        for listener in self.listeners.of(event, owner):
            yield Call(listener.owner, what, partial(_hear, listener, arguments), last=last)

    def make(self, one: Call) -> Any:
        """Make a call as code of its script; a failure is noted there and raised. Coroutines are begun.

        Raises:
            Exception: whatever the function raised; what would end a process as RuntimeError.
        """
        script = one.script
        with as_script(script):
            try:
                result = one.function()
                return self.begin(result, script, one.what) if inspect.iscoroutine(result) else result
            except BaseException as error:
                if script is None:
                    raise
                ended = error if isinstance(error, Exception) else RuntimeError(f"{script.id} tried to end the process")
                script.failed(one.what, ended)
                raise ended from error

    def begin(self, coroutine: Coroutine[Any, Any, Any], script: Script | None, what: str) -> "Future[Any]":
        """Run a coroutine of a script; what it raises is noted there."""
        failed = partial(script.failed, what) if script is not None else self._failed
        return self.executor.coroutines.begin(coroutine, script, failed)

    def start_server(self) -> bool:
        """Start the server; False where it runs already, or cannot be started: `not_started` says why."""
        now = time.monotonic()
        if self.process.runs:
            self.not_started = "it runs already"
            return False
        if len(self._starts) == MOST_STARTS and now - self._starts[0] < STARTS_SECONDS:
            self.not_started = f"it ended {MOST_STARTS} times within {STARTS_SECONDS:g} s; see why, then start it again"
            self.log.error("the server is not started: %s", self.not_started)
            return False
        self._starts.append(now)
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
        return self.process.runs and self.process.ask_to_end(self.arrangement.dialect.stop)

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
        line = shown(line)
        self.tail.append(line)
        self._on_output(line)

    @property
    def stopping(self) -> bool:
        """Whether the console ends."""
        return self._stopping.is_set()

    def _begin(self) -> Steps:
        yield from self.scripts.refreshing()
        yield from self.dispatching(_EVENTS.MCDR_START, ())

    def _follow(self, seen: str) -> None:
        looked = seen
        while not self._stopping.wait(FOLLOW_SECONDS):
            stamp = stamp_of_folders(self.scripts.folders)
            if stamp == looked != seen:  # two looks alike: nobody is half way through a file
                seen = stamp
                with contextlib.suppress(ExecutorError):  # the console ends
                    self.executor.submit(self.scripts.refreshing, what="the folders of scripts")
            looked = stamp

    def _ended(self, code: int) -> None:
        self.started, self.return_code = False, code
        self.players.clear()
        self.show(f"the server ended with {code}")
        self._later(_EVENTS.SERVER_STOP, (code,))

    def _dispatch_in_turn(self, event: MCDREvent) -> None:
        if self.executor.is_here:
            self.dispatch(event, ())
        else:
            self._later(event, ())

    def _later(self, event: MCDREvent, arguments: Sequence[Any]) -> None:
        with contextlib.suppress(ExecutorError):  # the console has ended
            self.executor.submit(lambda: self.dispatching(event, arguments), what=event.id)

    def _failed(self, error: BaseException) -> None:
        self.log.error("the console failed: %s", error, exc_info=error)

    def _named_at(self, thread: int | None) -> str:
        """Name the script that a thread is in."""
        for script in tuple(self.scripts.loaded.values()):
            if place := place_of(thread, file_of(script)):
                return script.id + place
        return "a coroutine"


def _hear(listener: Listener, arguments: Sequence[Any]) -> Any:
    return call(listener.callback, listener.owner.interface, *arguments)


def shown(line: str) -> str:
    """Return a line as it can be shown anywhere: whole characters, and not too many of them."""
    text = line.encode("utf-8", errors="replace").decode("utf-8")  # a script's may hold halves of characters
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
