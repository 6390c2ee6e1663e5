"""The scripts of the console: which there are, which run, and how each is loaded, exchanged and taken away."""

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from jackfield.discovery import discover_scripts
from jackfield.host import Judgement, Verdict, Wishes, forget_script, judge, load_script
from jackfield.manifest import Candidate, HostFile, Version, canonical_id, nearest_id

from chat_console.calls import HELD, Call, Steps
from chat_console.decorators import listens_of
from chat_console.script import Script, said
from chat_console.script_events import MCDRPluginEvents

API_VERSION = "2.15.7"
"""The version of MCDReforged whose names scripts find here; what they require is held against it."""

HOST = HostFile("mcdreforged", "the console", Version.parse(API_VERSION), ("console.scripts",))
MOST_LOADS = 3
"""How often one is loaded within one order: scripts that have one another exchanged as they are loaded find an end."""

DISABLED = ".disabled"
"""What a disabled script's file name ends in."""

_EVENTS = MCDRPluginEvents
_LONG = "it takes long to load; it runs as soon as it is loaded"


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
        self._busy: Counter[str] = Counter()
        self._begun = 0

    def find(self, plugin: str) -> Script | None:
        """Return a loaded script by its id in any spelling, or by the name of its file."""
        return self.loaded.get(canonical_id(nearest_id(plugin)))

    def refreshing(self, again: Collection[str] = (), *, everything: bool = False) -> Steps:
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
        half = self._half_saved(judgement)
        yield from self._taking_away(judgement, runs | half)
        fresh = self._fresh(judgement, runs, set(runs) if everything else set(again))
        ok, before = True, dict(self.loaded)
        for level in judgement.levels:
            for cid in level:
                if cid in fresh and self.loaded.get(cid) is before.get(cid):  # or a script that was loaded has done it
                    candidate = judgement.verdicts[cid].candidate
                    if lacking := sorted(_needs(candidate) - set(self.loaded)):
                        name = judgement.verdicts[lacking[0]].candidate.id
                        self._blocked(cid, candidate, f"needs {name}, which did not load")
                        ok = False
                    else:
                        self.loading = candidate.id
                        ok = (yield from self._bringing(candidate)) and ok
        for cid, verdict in judgement.verdicts.items():
            ok = ok and verdict.runs
            if not verdict.runs and cid not in half:
                # How an application's user would get it is no advice here: it is a file to put into the folder.
                self._blocked(cid, verdict.candidate, verdict.problem.partition(" (install it")[0])
        return ok and not self.shadowed

    def unloading_all(self) -> Steps:
        """Take everything away, dependents first."""
        for cid in reversed(list(self.loaded)):
            if cid in self.loaded:  # one that ends may have taken it away
                yield from self._unloading(cid)

    def unloading(self, cid: str) -> Steps:
        """Take one away, and whoever needs it before; it stays away until it is loaded again or its file changes."""
        for other in [one for one, script in self.loaded.items() if cid in _needs(script.candidate)]:
            yield from self.unloading(other)
        script = self.loaded.get(cid)
        if script is None:
            return False
        yield from self._unloading(cid)
        script.problem = "unloaded"
        self.failed[cid] = script
        return True

    def disabling(self, cid: str) -> Steps:
        """Take one away and rename its file, so that it stays away."""
        script = self.loaded.get(cid) or self.failed.get(cid)
        if script is None or script.candidate.file is None:
            return False
        yield from self.unloading(cid)
        self.failed.pop(cid, None)
        file = script.candidate.file
        file.rename(file.with_name(file.name + DISABLED))
        return True

    def enabling(self, file: Path) -> Steps:
        """Give a disabled file its name again, and load it."""
        if not file.name.endswith(DISABLED) or not file.exists():
            return False
        file.rename(file.with_name(file.name.removesuffix(DISABLED)))
        return (yield from self.refreshing())

    def exchanging(self, cid: str) -> Steps:
        """Exchange one for what its file holds now; whether another one runs then."""
        before = self.loaded.get(cid)
        if before is None:
            return False
        yield from self.refreshing([cid])
        return self.loaded.get(cid, before) is not before

    def forget_failures(self) -> None:
        """Have everything that does not run tried again by the next refresh."""
        self.failed.clear()

    def _judge(self) -> Judgement:
        loaded = (script.candidate for script in self.loaded.values())
        files = {one.file: one.id for one in loaded if one.file is not None}
        found = [_named(one) for one in discover_scripts(self.folders, known=files)]
        # What runs keeps its id against a newcomer, whatever the names of the two files (M8).
        found.sort(key=lambda one: not self._is_loaded(one))
        broken = {one.canonical_id for one in found if one.problem is not None}
        standing = {cid: script.candidate for cid, script in self.loaded.items() if cid in broken}
        wishes = Wishes(enabled=frozenset(one.canonical_id for one in found), standing=standing)
        return judge(found, wishes, HOST, Version.parse(API_VERSION))

    def _is_loaded(self, candidate: Candidate) -> bool:
        script = self.loaded.get(candidate.canonical_id)
        return script is not None and script.candidate.file == candidate.file

    def _half_saved(self, judgement: Judgement) -> set[str]:
        """Return what runs and is saved broken, its author being at work on it: that version goes on."""
        verdicts = judgement.verdicts
        half = {cid for cid, verdict in verdicts.items() if cid in self.loaded and _is_saved_broken(verdict)}
        for cid in half:
            self.loaded[cid].problem = f"the saved version does not load: {verdicts[cid].problem}"
            self.loaded[cid].tried = verdicts[cid].candidate.stamp
        return half

    def _taking_away(self, judgement: Judgement, runs: Collection[str]) -> Steps:
        for cid in [one for one in reversed(list(self.loaded)) if one not in runs]:
            if (script := self.loaded.get(cid)) is not None:
                yield from self._unloading(cid, removed=cid not in judgement.verdicts)
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

    def _bringing(self, candidate: Candidate) -> Steps:
        """Load one, or exchange it; whether it runs."""
        cid = candidate.canonical_id
        if not self._may_bring(cid, candidate.id):
            return False
        before = self.loaded.get(cid)
        script = Script(candidate, self._engine.logger_of(candidate.id))
        script.interface = self._engine.interface_of(script)
        self._busy[cid] += 1
        self._begun += 1
        try:
            late = partial(self._come_late, script, before)
            outcome = yield Call(script, "its import", partial(self._import, script, before), late=late)
            if outcome is None:
                yield from self._taking_over(script, before)
                return True
        finally:
            self._begun -= 1
            if not self._begun:
                self._busy.clear()
        self._did_not_load(script, before, _LONG if outcome is HELD else said(outcome))
        return False

    def _may_bring(self, cid: str, name: str) -> bool:
        """Say whether one may be loaded now: scripts that have each other exchanged would never come to an end."""
        if self._busy[cid] < MOST_LOADS:
            return True
        self._engine.log.error("%s is not loaded anew: it was, %d times, by what it does when it is", name, MOST_LOADS)
        return False

    def _import(self, script: Script, before: Script | None) -> BaseException | None:
        with _kept_modules(before.candidate if before is not None else None) as keep:
            try:
                script.module = load_script(script.candidate)
            except BaseException as error:  # noqa: BLE001 (a script may raise anything while it is imported)
                keep()
                script.failed("its import", error)
                return error
        return None

    def _come_late(self, script: Script, before: Script | None, error: BaseException | None) -> Steps:
        """Take a script whose import came back after the others had gone on, if nobody has replaced it."""
        cid = script.candidate.canonical_id
        if self.loaded.get(cid) is not before or (before is None and self.failed.get(cid) is not script):
            return
        if error is not None:
            self._did_not_load(script, before, said(error))
            return
        yield from self._taking_over(script, before)
        yield from self.refreshing()  # whoever needs it

    def _did_not_load(self, script: Script, before: Script | None, problem: str) -> None:
        script.problem = problem
        if before is not None:  # the version that runs goes on
            before.tried = script.candidate.stamp
            before.problem = f"the saved version does not load: {problem}"
        else:
            self.failed[script.candidate.canonical_id] = script

    def _taking_over(self, script: Script, before: Script | None) -> Steps:
        cid = script.candidate.canonical_id
        script.problem = ""
        self.failed.pop(cid, None)
        if before is not None:
            yield from self._letting_go(before)
        self.loaded[cid] = script  # in one step: threads of other scripts find one of the two at any time
        for what, register in (("its texts", self._register_texts), ("its listeners", self._register_listeners)):
            try:
                register(script)
            except Exception as error:  # noqa: BLE001 (a script may hold anything; the others are loaded all the same)
                script.failed(what, error)
        previous = before.module if before is not None else None
        yield from self._engine.dispatching(_EVENTS.PLUGIN_LOADED, (previous,), owner=script)
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

    def _unloading(self, cid: str, *, removed: bool = False) -> Steps:
        script = self.loaded.pop(cid)
        yield from self._letting_go(script, removed=removed)
        forget_script(script.candidate)

    def _letting_go(self, script: Script, *, removed: bool = False) -> Steps:
        """Tell a script that it ends, and forget what it registered."""
        engine = self._engine
        if script.ended:  # what it does when it ends had it taken away once more
            return
        script.ended = True
        yield from engine.dispatching(_EVENTS.PLUGIN_UNLOADED, (), owner=script)
        if removed:
            yield from engine.dispatching(_EVENTS.PLUGIN_REMOVED, (), owner=script)
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
