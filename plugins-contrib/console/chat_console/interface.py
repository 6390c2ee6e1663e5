"""The server interface: what scripts are handed, under the names that they know (M43 and around it)."""

import inspect
import logging
from collections.abc import Sequence
from concurrent.futures import Future, wait
from typing import Any, ClassVar

from chat_console.current import current_script
from chat_console.executor import MOST_WAITING
from chat_console.info import Info, InfoSource
from chat_console.levels import PermissionLevel
from chat_console.querying import Queries
from chat_console.script_events import MCDREvent, MCDRPluginEvents, PluginEvent
from chat_console.sources import CommandSource, PlayerCommandSource, PluginCommandSource
from chat_console.translations import PreferenceItem


class ServerInterface(Queries):
    """What every script is handed, apart from what is a script's own.

    Args:
        engine: the console.
    """

    MCDR = True
    """Says that the code runs in a console of this kind."""

    instance: ClassVar["ServerInterface | None"] = None

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __deepcopy__(self, memo: dict[int, Any]) -> "ServerInterface":
        return self  # scripts copy whole lines to look at them later; the console behind them is one

    # Which one

    @classmethod
    def get_instance(cls) -> "ServerInterface | None":
        """Return the console's interface; None where no console runs."""
        return ServerInterface.instance

    si_opt = get_instance

    @classmethod
    def si(cls) -> "ServerInterface":
        """Return the console's interface.

        Raises:
            RuntimeError: no console runs.
        """
        if ServerInterface.instance is None:
            raise RuntimeError("no console runs")
        return ServerInterface.instance

    @classmethod
    def psi_opt(cls) -> Any:
        """Return the interface of the script whose code runs in this thread; None outside of scripts."""
        script = current_script()
        return script.interface if script is not None else None

    @classmethod
    def psi(cls) -> Any:
        """Return the interface of the script whose code runs in this thread.

        Raises:
            RuntimeError: it is no script's.
        """
        found = cls.psi_opt()
        if found is None:
            raise RuntimeError("this thread runs no script")
        return found

    def as_basic_server_interface(self) -> "ServerInterface":
        """Return the console's interface."""
        return self._engine.server  # the engine made it

    def as_plugin_server_interface(self) -> Any:
        """Return the interface of the script whose code runs in this thread."""
        return self.psi_opt()

    @property
    def logger(self) -> logging.Logger:
        """The log of the script whose code runs in this thread, else the console's."""
        script = current_script()
        return script.logger if script is not None else self._engine.log

    # The server

    def start(self) -> bool:
        """Start the server; False where it runs or cannot be started."""
        return bool(self._engine.start_server())

    def stop(self) -> bool:
        """Ask the server to end; False where none runs."""
        return bool(self._engine.stop_server())

    def kill(self) -> bool:
        """End the server at once; False where none runs."""
        return bool(self._engine.process.kill())

    def wait_until_stop(self) -> None:
        """Wait until no server runs."""
        self._engine.process.wait()

    wait_for_start = wait_until_stop

    def restart(self) -> bool:
        """Stop the server, wait for its end, start it again; False where none runs."""
        if not self.stop():
            return False
        self.wait_until_stop()
        return self.start()

    def stop_exit(self) -> bool:
        """Ask the server to end; the console itself goes on: its application ends it."""
        self._engine.exit_after_stop = True
        return self.stop()

    def exit(self) -> bool:
        """Refused: a console inside an application does not end it."""
        self.logger.warning("exit is refused: the application ends the console")
        return False

    def set_exit_after_stop_flag(self, flag_value: bool) -> None:
        """Note that nobody wants the server to be started again."""
        self._engine.exit_after_stop = flag_value

    # Words

    def execute(self, text: str, *, encoding: str | None = None) -> None:
        """Write a command to the server."""
        self._engine.process.send(text)

    def tell(self, player: str, text: Any, *, encoding: str | None = None) -> None:
        """Tell one player, in the player's language."""
        engine = self._engine
        shown = engine.translations.shown_to(self.get_preference(player).language, text)
        for command in engine.arrangement.dialect.tell_command(player, shown):
            self.execute(command)

    def say(self, text: Any, *, encoding: str | None = None) -> None:
        """Tell every player."""
        shown = self._engine.translations.shown_to(self._engine.translations.language, text)
        for command in self._engine.arrangement.dialect.say_command(shown):
            self.execute(command)

    def broadcast(self, text: Any, *, encoding: str | None = None) -> None:
        """Tell every player, and the console."""
        self.say(text)
        for line in self._engine.translations.plain(text).splitlines():
            self._engine.show(line)

    def reply(self, info: Info, text: Any, *, encoding: str | None = None, console_text: Any = None) -> None:
        """Answer whoever wrote a line.

        Raises:
            TypeError: nobody did.
        """
        info.to_command_source().reply(text, console_text=console_text)

    def tr(self, translation_key: str, *args: Any, _mcdr_tr_language: str | None = None, **kwargs: Any) -> Any:
        """Return a registered text with the arguments in it."""
        return self._engine.translations.tr(translation_key, *args, language=_mcdr_tr_language, **kwargs)

    def rtr(self, translation_key: str, *args: Any, **kwargs: Any) -> Any:
        """Return a registered text that is translated when it is shown."""
        return self._engine.translations.rtr(translation_key, *args, **kwargs)

    def has_translation(
        self, translation_key: str, *, language: str | None = None, no_auto_fallback: bool = False
    ) -> bool:
        """Say whether a text is registered."""
        return bool(self._engine.translations.has(translation_key, language, fallback=not no_auto_fallback))

    # Events, people, commands

    def dispatch_event(self, event: PluginEvent | str, args: Sequence[Any], *, on_executor_thread: bool = True) -> None:
        """Send an event of a script's own to whoever listens (M40).

        Raises:
            ValueError: it is one of the console's.
            RuntimeError: too much waits already for the scripts' thread; or the console has ended.
        """
        event_id = event.id if isinstance(event, PluginEvent) else event
        if MCDRPluginEvents.contains_id(event_id) or isinstance(event, MCDREvent):
            raise ValueError(f"{event_id} is sent by the console alone")
        engine = self._engine
        if engine.executor.is_here or not on_executor_thread:
            engine.dispatch(event_id, tuple(args))
        else:
            engine.executor.submit(lambda: engine.dispatching(event_id, tuple(args)), what=event_id, most=MOST_WAITING)

    def get_permission_level(self, obj: Any) -> int:
        """Return what a player, the writer of a line, or the giver of a command may: 0 to 4.

        Raises:
            TypeError: it is none of these.
        """
        if isinstance(obj, CommandSource) and not hasattr(obj, "get_info"):
            return obj.get_permission_level()
        info = obj.get_info() if isinstance(obj, CommandSource) else obj
        if isinstance(info, Info):
            if info.is_from_console:
                return PermissionLevel.CONSOLE_LEVEL
            if info.player is None:
                raise TypeError("nobody wrote this line")
            info = info.player
        if not isinstance(info, str):
            raise TypeError(f"nobody has a level by {obj!r}")
        return int(self._engine.levels.of(info))

    def set_permission_level(self, player: str, value: Any) -> None:
        """Give a player a level, by its number or name, and keep it."""
        self._engine.levels.set(player, PermissionLevel.from_value(value).level)

    def reload_permission_file(self) -> None:
        """Read the levels again."""
        self._engine.levels.load()

    def get_preference(self, obj: Any) -> PreferenceItem:
        """Return what a player or the console prefers."""
        return self._engine.translations.preference(_person(obj))

    def get_default_preference(self) -> PreferenceItem:
        """Return what is preferred by whoever said nothing."""
        return PreferenceItem(language=self._engine.translations.language)

    def set_preference(self, obj: Any, preference: PreferenceItem) -> None:
        """Keep what a player or the console prefers."""
        self._engine.translations.prefer(_person(obj), preference)

    def get_plugin_command_source(self) -> PluginCommandSource:
        """Return a giver of commands that may do everything and is answered in the log."""
        return PluginCommandSource(self)

    def get_player_command_source(self, player: str) -> PlayerCommandSource:
        """Return a player as the giver of a command."""
        info = Info(InfoSource.SERVER, "", content="", player=player)
        info._server = self
        return PlayerCommandSource(self, info, player)

    def execute_command(self, command: str, source: CommandSource | None = None) -> None:
        """Run a command of a script, as if `source` had given it."""
        giver = source or self.get_plugin_command_source()
        self._engine.executor.drive(self._engine.commands.executing(command, giver))

    # Threads

    def is_on_executor_thread(self) -> bool:
        """Say whether this is the thread on which scripts are called."""
        return bool(self._engine.executor.is_here)

    def get_event_loop(self) -> Any:
        """Return the event loop of asynchronous scripts."""
        return self._engine.executor.coroutines.loop()

    def schedule_task(self, callable_: Any, *, block: bool = False, timeout: float | None = None) -> "Future[Any]":
        """Have a function called on the scripts' thread, or a coroutine run; the future of its result is returned.

        Args:
            callable_: a function, a coroutine, or a function that makes one.
            block: wait for the end.
            timeout: for how many seconds at most.

        Raises:
            RuntimeError: too much waits already for the scripts' thread; or the console has ended.
        """
        script, executor = current_script(), self._engine.executor
        if inspect.iscoroutinefunction(callable_):
            callable_ = callable_()
        if inspect.iscoroutine(callable_):
            future = self._engine.begin(callable_, script, "a coroutine that it scheduled")
        else:
            future = executor.submit(callable_, script=script, what="a task that it scheduled", most=MOST_WAITING)
        if block and not executor.is_here and not executor.coroutines.is_here:
            wait([future], timeout)
        return future


def _person(obj: Any) -> str:
    """The name under which a person's preference is kept; the console's is empty."""
    if isinstance(obj, PlayerCommandSource):
        return obj.player
    return obj if isinstance(obj, str) else ""
