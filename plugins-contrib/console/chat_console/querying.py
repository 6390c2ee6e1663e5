"""The part of the server interface that asks for scripts and the server, and that loads and unloads scripts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jackfield.manifest import canonical_id, nearest_id

from chat_console.calls import Steps
from chat_console.metadata import Metadata, PluginType
from chat_console.serializing import Serializable


class ServerInformation(Serializable):
    """What is known of the server.

    Attributes:
        version: None: its lines are not searched for it.
        ip, port: None, as the version.
    """

    version: str | None = None
    ip: str | None = None
    port: int | None = None


class Queries:
    """Questions, and orders about scripts; scripts call it through `ServerInterface`."""

    _engine: Any

    def is_server_running(self) -> bool:
        """Say whether the server's process runs."""
        return bool(self._engine.process.runs)

    def is_server_startup(self) -> bool:
        """Say whether the server is ready."""
        return bool(self._engine.started)

    def is_rcon_running(self) -> bool:
        """Say no: commands go to the server's input."""
        return False

    def rcon_query(self, command: str) -> str | None:
        """Return None: see `is_rcon_running`."""
        return None

    def get_server_pid(self) -> int | None:
        """Return the server's process id."""
        return self._engine.process.pid  # type: ignore[no-any-return]  # an int or None

    def get_server_pid_all(self) -> list[int]:
        """Return the server's process id, as a list."""
        pid = self.get_server_pid()
        return [pid] if pid is not None else []

    def get_server_information(self) -> ServerInformation:
        """Return what is known of the server."""
        return ServerInformation()

    def get_mcdr_language(self) -> str:
        """Return the console's language."""
        return str(self._engine.translations.language)

    def get_mcdr_config(self) -> dict[str, Any]:
        """Return what the user arranged, under the names that scripts look for."""
        arranged = self._engine.arrangement
        return {
            "language": arranged.language,
            "working_directory": arranged.server_folder,
            "start_command": arranged.command,
            "handler": f"{arranged.dialect.name}_handler",
            "encoding": arranged.encoding,
            "decoding": arranged.encoding,
            "plugin_directories": list(arranged.script_folders),
            "rcon": {"enable": False},
        }

    def get_plugin_metadata(self, plugin_id: str) -> Metadata | None:
        """Return what a loaded script says of itself; None where there is none of that id."""
        script = self._engine.scripts.find(plugin_id)
        return script.metadata if script is not None else None

    def get_plugin_type(self, plugin_id: str) -> PluginType | None:
        """Return the form of a loaded script."""
        script = self._engine.scripts.find(plugin_id)
        return script.form if script is not None else None

    def get_plugin_file_path(self, plugin_id: str) -> str | None:
        """Return the file of a loaded script."""
        script = self._engine.scripts.find(plugin_id)
        return str(script.candidate.file) if script is not None else None

    def get_plugin_instance(self, plugin_id: str) -> Any:
        """Return the module of a loaded script: what it defines can be used."""
        script = self._engine.scripts.find(plugin_id)
        return script.module if script is not None else None

    def get_plugin_list(self) -> list[str]:
        """Return the ids of the loaded scripts."""
        return [script.id for script in self._engine.scripts.loaded.values()]

    def get_all_metadata(self) -> dict[str, Metadata]:
        """Return what each loaded script says of itself, by id."""
        return {script.id: script.metadata for script in self._engine.scripts.loaded.values()}

    def get_unloaded_plugin_list(self) -> list[str]:
        """Return the files of the scripts that do not run."""
        return [str(script.candidate.file) for script in self._engine.scripts.failed.values()]

    def get_disabled_plugin_list(self) -> list[str]:
        """Return the files that were disabled."""
        folders = self._engine.scripts.folders
        return [str(one) for folder in folders for one in sorted(folder.glob("*.disabled"))]

    def load_plugin(self, plugin_file_path: str) -> bool:
        """Load a script from its file in a script folder."""
        scripts = self._engine.scripts
        file = Path(plugin_file_path)

        def load() -> Steps:
            scripts.forget_failures()
            yield from scripts.refreshing()
            return any(one.candidate.file.name == file.name for one in scripts.loaded.values())

        return bool(self._engine.executor.run(load))

    def reload_plugin(self, plugin_id: str) -> bool | None:
        """Exchange a script for what its file holds now; None where there is none of that id."""
        return self._order(plugin_id, self._engine.scripts.exchanging)

    def unload_plugin(self, plugin_id: str) -> bool | None:
        """Take a script away until it is loaded again; None where there is none of that id."""
        return self._order(plugin_id, self._engine.scripts.unloading)

    def disable_plugin(self, plugin_id: str) -> bool | None:
        """Take a script away and rename its file; None where there is none of that id."""
        return self._order(plugin_id, self._engine.scripts.disabling)

    def enable_plugin(self, plugin_file_path: str) -> bool:
        """Give a disabled script its name again, and load it."""
        file = Path(plugin_file_path)
        return bool(self._engine.executor.run(lambda: self._engine.scripts.enabling(file)))

    def refresh_changed_plugins(self) -> None:
        """Load what came, exchange what changed, take away what went."""
        self._engine.executor.run(self._engine.scripts.refreshing)

    def refresh_all_plugins(self) -> None:
        """Exchange every script."""
        self._engine.executor.run(lambda: self._engine.scripts.refreshing(everything=True))

    def _order(self, plugin_id: str, order: Callable[[str], Steps]) -> bool | None:
        cid = canonical_id(nearest_id(plugin_id))
        if cid not in self._engine.scripts.loaded:
            return None
        return bool(self._engine.executor.run(lambda: order(cid)))
