"""What one script is handed: the server interface, and what the script registers and keeps."""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from chat_console.configs import load_config, save_config
from chat_console.info import InfoFilter
from chat_console.interface import ServerInterface
from chat_console.levels import PermissionLevel
from chat_console.metadata import Metadata
from chat_console.nodes import Literal
from chat_console.script_events import PluginEvent
from chat_console.sources import CommandSource, PluginCommandSource


class PluginServerInterface(ServerInterface):
    """What one script is handed.

    Args:
        engine: the console.
        script: whose it is.
    """

    def __init__(self, engine: Any, script: Any) -> None:
        super().__init__(engine)
        self._script = script

    @property
    def logger(self) -> logging.Logger:
        """The script's log."""
        return self._script.logger  # type: ignore[no-any-return]  # a script's

    def as_plugin_server_interface(self) -> "PluginServerInterface":
        """Return itself."""
        return self

    def get_plugin_command_source(self) -> PluginCommandSource:
        """Return the script as a giver of commands."""
        return PluginCommandSource(self, self._script)

    def register_event_listener(
        self, event: PluginEvent | str, callback: Callable[..., Any], priority: int | None = None
    ) -> None:
        """Have a function called at an event; lower priorities first, 1000 by default (U6, U7)."""
        self._engine.listeners.add(event, callback, self._script, priority)

    def register_command(self, root_node: Literal, *, allow_duplicates: bool = False) -> None:
        """Add a tree of commands."""
        self._engine.commands.register(root_node, self._script, allow_duplicates=allow_duplicates)

    def register_help_message(self, prefix: str, message: Any, permission: int = PermissionLevel.MINIMUM_LEVEL) -> None:
        """Add a line to `!!help` (M44).

        Raises:
            TypeError: there is no such level.
        """
        level = permission if isinstance(permission, int) else PermissionLevel.from_value(permission).level
        # Text, whatever it was: all lines are put in order together.
        self._engine.add_help(self._engine.translations.plain(prefix), message, level, self._script)

    def add_help_message(self, prefix: str, message: Any) -> None:
        """Add a line to `!!help`, by the name that the first versions gave it."""
        self.register_help_message(prefix, message)

    def add_event_listener(self, event: str, callback: Callable[..., Any], priority: int | None = None) -> None:
        """Have a function called at an event, by the name that earlier versions gave it."""
        self.register_event_listener(event, callback, priority)

    def register_translation(self, language: str, mapping: dict[str, Any]) -> None:
        """Add texts of a language."""
        self._engine.translations.register(self._script, language, mapping)

    def register_info_filter(self, info_filter: InfoFilter) -> None:
        """Have every line of the server shown to a filter first."""
        self._engine.filters.append((info_filter, self._script))

    def get_self_metadata(self) -> Metadata:
        """Return what the script says of itself."""
        return self._script.metadata  # type: ignore[no-any-return]  # what runs has it

    def get_data_folder(self) -> str:
        """Return the script's folder, `config/<id>`; it is made when it is missing."""
        folder = self._engine.arrangement.folder / "config" / self._script.id
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def open_bundled_file(self, relative_file_path: str) -> IO[bytes]:
        """Open a file that came with a packed script or lies in its folder.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        return io.BytesIO(self._script.bundled(relative_file_path))

    def load_config_simple(
        self,
        file_name: str = "config.json",
        default_config: dict[str, Any] | None = None,
        *,
        in_data_folder: bool = True,
        echo_in_console: bool = True,
        source_to_reply: CommandSource | None = None,
        target_class: Any = None,
        encoding: str = "utf8",
        file_format: str | None = None,
        failure_policy: Any = "regen",
        data_processor: Callable[[Any], bool] | None = None,
        **options: Any,
    ) -> Any:
        """Read a configuration; see `chat_console.configs.load_config`."""

        def log(sentence: str) -> None:
            if source_to_reply is not None:
                source_to_reply.reply(sentence)
            if echo_in_console:
                self.logger.info(sentence)

        return load_config(
            self._config_file(file_name, in_data_folder),
            default_config,
            target_class,
            encoding=encoding,
            file_format=file_format,
            failure_policy=failure_policy,
            data_processor=data_processor,
            log=log,
        )

    def save_config_simple(
        self,
        config: Any,
        file_name: str = "config.json",
        *,
        in_data_folder: bool = True,
        encoding: str = "utf8",
        file_format: str | None = None,
        **options: Any,
    ) -> None:
        """Write a configuration."""
        path = self._config_file(file_name, in_data_folder)
        save_config(path, config, encoding=encoding, file_format=file_format)

    def _config_file(self, file_name: str, in_data_folder: bool) -> Path:
        folder = Path(self.get_data_folder()) if in_data_folder else self._engine.arrangement.folder
        return folder / file_name
