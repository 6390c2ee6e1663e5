"""One script of the console: its code, what came with it, and what it is blamed for."""

import logging
import traceback
import zipfile
from types import ModuleType
from typing import Any

from jackfield.manifest import Candidate

from chat_console.metadata import Metadata, PluginType


class Script:
    """A script of the console.

    Args:
        candidate: as it was found.
        interface: what its functions are handed.
        logger: its own.

    Attributes:
        module: its code; None while it is not loaded.
        problem: why it does not run, or why its saved version does not.
        traceback: of its last failure.
        errors: how often its functions failed.
        ended: whether it was told that it ends.
    """

    def __init__(self, candidate: Candidate, logger: logging.Logger) -> None:
        self.candidate = candidate
        self.logger = logger
        self.interface: Any = None
        self.module: ModuleType | None = None
        self.problem = ""
        self.traceback = ""
        self.errors = 0
        self.ended = False
        self.tried = candidate.stamp

    @property
    def id(self) -> str:
        """Its id."""
        return self.candidate.id

    @property
    def metadata(self) -> Metadata | None:
        """What it says of itself; None where that cannot be read."""
        return Metadata(self.candidate.manifest) if self.candidate.manifest is not None else None

    @property
    def form(self) -> PluginType:
        """Whether it is a file, packed, or a folder."""
        file = self.candidate.file
        if file is not None and file.suffix == ".py":
            return PluginType.solo
        return PluginType.directory if file is not None and file.is_dir() else PluginType.packed

    def failed(self, what: str, error: BaseException) -> None:
        """Note that one of its functions failed, and log it under its name."""
        self.errors += 1
        where = self.candidate.file.name if self.candidate.file is not None else self.id
        told = f"{self.id} ({where}) failed in {what}: {said(error)}"
        try:
            self.traceback = "".join(traceback.format_exception(error))
            self.logger.error("%s", told, exc_info=(type(error), error, error.__traceback__))
        except Exception:  # noqa: BLE001 (an error that cannot be told, or a handler that the script added)
            self.traceback = told
            (self.logger.parent or self.logger).error("%s", told)

    def bundled(self, name: str) -> bytes:
        """Return a file that came with it.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        file = self.candidate.file
        if file is None or file.suffix == ".py":
            raise FileNotFoundError(f"{self.id} is a single file: nothing came with it")
        if file.is_dir():
            return (file / name).read_bytes()
        with zipfile.ZipFile(file) as archive:
            try:
                return archive.read(name)
            except KeyError as error:
                raise FileNotFoundError(f"{self.id} brought no file {name}") from error

    def languages(self) -> dict[str, bytes]:
        """Return the files of its `lang` folder."""
        file = self.candidate.file
        if file is None or file.suffix == ".py":
            return {}
        suffixes = (".json", ".yml", ".yaml")
        if file.is_dir():
            return {one.name: one.read_bytes() for one in (file / "lang").glob("*") if one.suffix in suffixes}
        with zipfile.ZipFile(file) as archive:
            names = [one for one in archive.namelist() if one.startswith("lang/") and one.endswith(suffixes)]
            return {name.removeprefix("lang/"): archive.read(name) for name in names if name.count("/") == 1}

    def __str__(self) -> str:
        return self.id


def said(error: BaseException) -> str:
    """Return what an error says; a script's may fail at that, too."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 (whatever its code raises)
        return type(error).__name__
