"""The scripts of the console: which there are, which run, and how each is loaded, exchanged and taken away."""

import logging
import sys
import traceback
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from jackfield.discovery import discover_scripts
from jackfield.host import Judgement, Verdict, Wishes, forget_script, judge, load_script
from jackfield.manifest import Candidate, HostFile, Version, canonical_id, nearest_id

from chat_console.current import as_script
from chat_console.decorators import listens_of
from chat_console.metadata import Metadata, PluginType
from chat_console.script_events import MCDRPluginEvents

API_VERSION = "2.15.7"
"""The version of MCDReforged whose names scripts find here; what they require is held against it."""

HOST = HostFile("mcdreforged", "the console", Version.parse(API_VERSION), ("console.scripts",))
DISABLED = ".disabled"
"""What a disabled script's file name ends in."""

_EVENTS = MCDRPluginEvents


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
    """

    def __init__(self, candidate: Candidate, logger: logging.Logger) -> None:
        self.candidate = candidate
        self.logger = logger
        self.interface: Any = None
        self.module: ModuleType | None = None
        self.problem = ""
        self.traceback = ""
        self.errors = 0
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
        self.traceback = "".join(traceback.format_exception(error))
        where = self.candidate.file.name if self.candidate.file is not None else self.id
        self.logger.error("%s (%s) failed in %s: %s: %s", self.id, where, what, type(error).__name__, error,
                          exc_info=(type(error), error, error.__traceback__))  # fmt: skip

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


class Scripts:
    """Every script of the console's folders. Its calls belong to the executor's thread.

    Args:
        engine: where scripts register, and what tells them of events.
        folders: where they lie.
    """

    def __init__(self, engine: Any, folders: Sequence[Path]) -> None:
        self._engine = engine
        self.folders = tuple(folders)
        self.loaded: dict[str, Script] = {}
        self.failed: dict[str, Script] = {}
        self.shadowed: list[str] = []
        self.loading = ""  # who is being loaded, or was last

    def find(self, plugin: str) -> Script | None:
        """Return a loaded script by its id in any spelling, or by the name of its file."""
        return self.loaded.get(canonical_id(nearest_id(plugin)))

    def refresh(self, again: Collection[str] = (), *, everything: bool = False) -> bool:
        """Load what came, exchange what changed, take away what went; what runs on unchanged is not touched.

        Args:
            again: canonical ids to exchange although they did not change.
            everything: exchange all.

        Returns:
            Whether everything that there is runs.
        """
        judgement = self._judge()
        self.shadowed = [one.problem for one in judgement.shadowed]
        for problem in self.shadowed:
            self._engine.log.error("%s: the newcomer is not loaded", problem)
        runs = {cid for cid, verdict in judgement.verdicts.items() if verdict.runs}
        half = {cid for cid, verdict in judgement.verdicts.items() if cid in self.loaded and _is_saved_broken(verdict)}
        for cid in half:  # its author is at work on it: the version that runs goes on
            self.loaded[cid].problem = f"the saved version does not load: {judgement.verdicts[cid].problem}"
            self.loaded[cid].tried = judgement.verdicts[cid].candidate.stamp
        self._take_away(judgement, runs | half)
        fresh = self._fresh(judgement, runs, set(runs) if everything else set(again))
        ok, before = True, dict(self.loaded)
        for level in judgement.levels:
            for cid in level:
                if cid in fresh and self.loaded.get(cid) is before.get(cid):  # or a script that was loaded has done it
                    self.loading = judgement.verdicts[cid].candidate.id
                    ok = self._bring(judgement.verdicts[cid].candidate) and ok
        for cid, verdict in judgement.verdicts.items():
            ok = ok and verdict.runs
            if not verdict.runs and cid not in half:
                # How an application's user would get it is no advice here: it is a file to put into the folder.
                self._blocked(cid, verdict.candidate, verdict.problem.partition(" (install it")[0])
        return ok and not self.shadowed

    def unload_all(self) -> None:
        """Take everything away, dependents first."""
        for cid in reversed(list(self.loaded)):
            if cid in self.loaded:  # one that ends may have taken it away
                self._unload(cid)

    def unload(self, cid: str) -> bool:
        """Take one away, and whoever needs it before; it stays away until it is loaded again or its file changes."""
        for other in [one for one, script in self.loaded.items() if cid in _needs(script.candidate)]:
            self.unload(other)
        script = self.loaded.get(cid)
        if script is None:
            return False
        self._unload(cid)
        script.problem = "unloaded"
        self.failed[cid] = script
        return True

    def disable(self, cid: str) -> bool:
        """Take one away and rename its file, so that it stays away."""
        script = self.loaded.get(cid) or self.failed.get(cid)
        if script is None or script.candidate.file is None:
            return False
        self.unload(cid)
        self.failed.pop(cid, None)
        file = script.candidate.file
        file.rename(file.with_name(file.name + DISABLED))
        return True

    def enable(self, file: Path) -> bool:
        """Give a disabled file its name again, and load it."""
        if not file.name.endswith(DISABLED) or not file.exists():
            return False
        file.rename(file.with_name(file.name.removesuffix(DISABLED)))
        return self.refresh()

    def forget_failures(self) -> None:
        """Have everything that does not run tried again by the next refresh."""
        self.failed.clear()

    def _judge(self) -> Judgement:
        loaded = (script.candidate for script in self.loaded.values())
        files = {one.file: one.id for one in loaded if one.file is not None}
        found = [_named(one) for one in discover_scripts(self.folders, known=files)]
        # What runs keeps its id against a newcomer, whatever the names of the two files (M8).
        found.sort(key=lambda one: not self._is_loaded(one))
        wishes = Wishes(enabled=frozenset(one.canonical_id for one in found))
        return judge(found, wishes, HOST, Version.parse(API_VERSION))

    def _is_loaded(self, candidate: Candidate) -> bool:
        script = self.loaded.get(candidate.canonical_id)
        return script is not None and script.candidate.file == candidate.file

    def _take_away(self, judgement: Judgement, runs: Collection[str]) -> None:
        for cid in [one for one in reversed(list(self.loaded)) if one not in runs]:
            if (script := self.loaded.get(cid)) is not None:
                self._unload(cid, removed=cid not in judgement.verdicts)
                script.logger.info("unloaded")
        for cid in [one for one in self.failed if one not in judgement.verdicts]:
            del self.failed[cid]

    def _fresh(self, judgement: Judgement, runs: set[str], fresh: set[str]) -> set[str]:
        for cid in runs:
            known = self.loaded.get(cid) or self.failed.get(cid)
            if known is None or known.tried != judgement.verdicts[cid].candidate.stamp:
                fresh.add(cid)
        for level in judgement.levels:  # whoever needs one that is exchanged holds its old module
            fresh |= {cid for cid in level if cid in self.loaded and judgement.needs[cid] & fresh}
        return fresh

    def _blocked(self, cid: str, candidate: Candidate, problem: str) -> None:
        before = self.failed.get(cid)
        if before is not None and before.problem == problem:
            return
        script = Script(candidate, self._engine.logger_of(candidate.id))
        script.problem, script.tried = problem, ""
        self.failed[cid] = script
        script.logger.error("%s is not loaded: %s", candidate.id, problem)

    def _bring(self, candidate: Candidate) -> bool:
        cid = candidate.canonical_id
        before = self.loaded.get(cid)
        script = Script(candidate, self._engine.logger_of(candidate.id))
        script.interface = self._engine.interface_of(script)
        with _kept_modules(before.candidate if before is not None else None) as keep, as_script(script):
            try:
                script.module = load_script(candidate)
            except BaseException as error:  # noqa: BLE001 (a script may raise anything while it is imported)
                keep()
                script.failed("its import", error)
                script.problem = f"{type(error).__name__}: {error}"
                if before is not None:  # the version that runs goes on
                    before.tried = candidate.stamp
                    before.problem = f"the saved version does not load: {script.problem}"
                else:
                    self.failed[cid] = script
                return False
        self.failed.pop(cid, None)
        if before is not None:
            self._let_go(before)
        self.loaded[cid] = script  # in one step: threads of other scripts find one of the two at any time
        self._attach(script, before.module if before is not None else None)
        return True

    def _attach(self, script: Script, previous: ModuleType | None) -> None:
        engine = self._engine
        for what, register in (("its texts", self._register_texts), ("its listeners", self._register_listeners)):
            try:
                register(script)
            except Exception as error:  # noqa: BLE001 (a script may hold anything; the others are loaded all the same)
                script.failed(what, error)
        engine.dispatch(_EVENTS.PLUGIN_LOADED, (previous,), owner=script)
        script.logger.info("%s %s is loaded", script.id, script.candidate.version)

    def _register_texts(self, script: Script) -> None:
        self._engine.translations.load(script, script.languages(), script.logger.warning)

    def _register_listeners(self, script: Script) -> None:
        add, module = self._engine.listeners.add, script.module
        for event in _EVENTS.get_event_list():
            function = getattr(module, event.default_method_name, None)
            if callable(function):
                add(event, function, script, None)
        for value in list(vars(module).values()):
            for event, priority in listens_of(value):
                add(event, value, script, priority)

    def _unload(self, cid: str, *, removed: bool = False) -> None:
        script = self.loaded.pop(cid)
        self._let_go(script, removed=removed)
        forget_script(script.candidate)

    def _let_go(self, script: Script, *, removed: bool = False) -> None:
        """Tell a script that it ends, and forget what it registered."""
        engine = self._engine
        engine.dispatch(_EVENTS.PLUGIN_UNLOADED, (), owner=script)
        if removed:
            engine.dispatch(_EVENTS.PLUGIN_REMOVED, (), owner=script)
        engine.drop(script)
        for handler in list(script.logger.handlers):  # files that it logged into
            script.logger.removeHandler(handler)
            handler.close()


def _is_saved_broken(verdict: Verdict) -> bool:
    return verdict.candidate.problem is not None


def _named(candidate: Candidate) -> Candidate:
    """Give a single file's module a name of the console's own: the application may run a script of that id."""
    file = candidate.file
    if file is None or file.suffix != ".py":
        return candidate
    return replace(candidate, entry_point="console_script_" + candidate.canonical_id.replace("-", "_"))


def _needs(candidate: Candidate) -> set[str]:
    manifest = candidate.manifest
    return {one.canonical_id for one in manifest.requires if not one.optional} if manifest is not None else set()


@contextmanager
def _kept_modules(before: Candidate | None) -> Iterator[Callable[[], None]]:
    """Drop the modules of a version that is exchanged; the function that is handed over brings them back."""
    modules = dict(sys.modules)
    path = list(sys.path)
    if before is not None:
        forget_script(before)

    def keep() -> None:
        if before is None:
            return
        forget_script(before)
        sys.modules.update({name: one for name, one in modules.items() if name not in sys.modules})
        sys.path[:] = path

    yield keep
