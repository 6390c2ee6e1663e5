"""Scripts: their modules are made from their files, and their plain functions become hooks (S1 to S5)."""

import contextlib
import importlib
import importlib.util
import logging
import sys
import zipimport
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TypeAlias

from jackfield.api import Context
from jackfield.discovery import discover_scripts
from jackfield.errors import PluginError
from jackfield.hooks import HookimplMarker, HookManager
from jackfield.manifest import FRAMEWORK_RESOURCES, Candidate, HostFile
from jackfield.permissions import Grant, Permission

SOURCE = "script"
"""Where a script's grant says that it comes from."""

ScriptHooks: TypeAlias = Mapping[str, Callable[[Callable[..., Any]], Callable[..., Any]]]
"""A function name of scripts -> what makes a hook implementation of such a function; the made one's name is the hook's.

Scripts were written before the application had hooks: `on_message_sent(text)` returns a text, the hook a message.
"""


@dataclass(frozen=True, slots=True)
class Scripts:
    """What an application says of scripts.

    Args:
        folders: whose scripts run unless the user disables them; looked into in this order.
        hooks: makes hook implementations of plain functions.
    """

    folders: tuple[Path, ...] = ()
    hooks: ScriptHooks = field(default_factory=dict)


NO_SCRIPTS = Scripts()

_log = logging.getLogger("jackfield.host")


def load_plugins_from_dir(path: str | Path) -> list[ModuleType]:
    """Import every script of a folder, and return the modules in the order of their files' names (S2, S4).

    For applications that want the modules and no more: no state, no consent, nothing is unloaded. One that cannot be
    imported is logged by name and left out; the others load.
    """
    modules = []
    for candidate in discover_scripts([Path(path)]):
        try:
            modules.append(load_script(candidate))
        except (Exception, SystemExit):  # noqa: BLE001 (whatever its code raises: the others load)
            _log.exception("the script %s could not be loaded", candidate.file.name if candidate.file else candidate.id)
    return modules


def load_script(candidate: Candidate) -> ModuleType:
    """Import a script from its file (S3); its packed or unpacked folder is then found by imports, too (U1).

    Raises:
        PluginError: it cannot be used; the sentence says why.
        Exception: whatever its code raises; its module is not kept then.
    """
    if candidate.problem is not None:
        raise candidate.problem
    file = candidate.file
    if file is None:
        raise PluginError(f"{candidate.id} is no script", plugin=candidate.id)
    for warning in candidate.manifest.warnings if candidate.manifest is not None else ():
        _log.warning("%s", warning)
    if file.suffix == ".py" and file.is_file():
        return _import_file(candidate.entry_point, file)
    return _import_below(candidate.entry_point, file)


def forget_script(candidate: Candidate) -> None:
    """Drop a script's modules, so that the next import reads its file anew; who holds its module keeps it (M36)."""
    file = candidate.file
    if file is None:
        return
    if file.suffix == ".py":
        if getattr(sys.modules.get(candidate.entry_point), "__file__", None) == str(file):
            del sys.modules[candidate.entry_point]
        return
    place = str(file)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith((f"{place}/", f"{place}\\")):
            del sys.modules[name]
    if place in sys.path:
        sys.path.remove(place)
    _forget_finder(place)


def run_foreign(candidate: Candidate, context: Context, language: object) -> object:
    """Have the plugin of its language make an object of a script that is no Python (U38).

    Args:
        candidate: the script.
        context: what it gets; the language hands it on as it likes.
        language: that plugin's code; its `load_script(file, context)` returns an object whose methods are hooks and
            callbacks by their names, as those of a plugin's class.

    Raises:
        PluginError: the plugin has no such function.
        Exception: whatever it raises.
    """
    make = getattr(language, "load_script", None)
    if not callable(make):
        raise PluginError(
            f"{candidate.id}: {candidate.language} declares the language and has no load_script(file, context)",
            plugin=candidate.id,
        )
    made: object = make(candidate.file, context)
    return made


def hooks_of_script(script: object, manager: HookManager, makers: ScriptHooks) -> object:
    """Return what is registered for a script: every function that has a hook's name, or one that `makers` knows (S5).

    A function that carries the hook marker counts under its own terms, as in any plugin.
    """
    mark = HookimplMarker(manager.project_name)
    target = _Hooks()
    hooks = vars(manager.hook)
    named = vars(script) if isinstance(script, ModuleType) else {name: getattr(script, name) for name in dir(script)}
    for name, value in named.items():
        if not callable(value) or name.startswith("__"):
            continue
        if _carries(value, f"{manager.project_name}_impl"):
            setattr(target, name, value)
        elif name in hooks:
            mark(getattr(value, "__func__", value))  # a bound method takes no mark, its function does
            setattr(target, name, value)
        elif name in makers:
            made = makers[name](value)
            target.__dict__.setdefault(made.__name__, mark(made))
    return target


def full_trust(cid: str, hostfile: HostFile) -> Grant:
    """Return the grant of a script: everything, since its user put the file there, and Python could not hold it back.

    Args:
        cid: its canonical id.
        hostfile: names what the application offers.
    """
    names = {*hostfile.resources, *FRAMEWORK_RESOURCES}
    found = ((name, hostfile.resource(name)) for name in sorted(names))
    every = tuple(Permission(name, tuple(one.actions)) for name, one in found if one is not None)
    return Grant(cid, SOURCE, None, every)


def _carries(value: object, mark: str) -> bool:
    """Say whether a function was marked; a proxy for what is not there yet may raise anything when it is asked."""
    try:
        return getattr(value, mark, None) is not None
    except Exception:  # noqa: BLE001 (then it is none, as for pluggy)
        return False


class _Hooks:
    """The hook functions of one script."""


class _Loader(SourceFileLoader):
    """Compiles a script each time: bytecode is told apart by whole seconds, and a script is saved more often."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)  # type: ignore[no-any-return,no-untyped-call,unused-ignore]  # typeshed differs by version


def _import_file(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file, loader=_Loader(name, str(file)))
    if spec is None or spec.loader is None:
        raise PluginError(f"{file.name} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if before is not None:
            sys.modules[name] = before
        else:
            sys.modules.pop(name, None)
        raise
    return module


def _import_below(entry_point: str, place: Path) -> ModuleType:
    found = str(place)
    top = entry_point.partition(".")[0]
    known = sys.modules.get(top)
    if known is not None and not str(getattr(known, "__file__", None) or "").startswith(found):
        raise PluginError(f"{place.name}: its package {top} would hide behind {getattr(known, '__file__', top)}")
    if found not in sys.path:
        sys.path.append(found)
    _forget_finder(found)
    return importlib.import_module(entry_point)


def _forget_finder(place: str) -> None:
    """A zip's table of files is kept with its finder and beside it, and a folder's with its own."""
    if Path(place).is_file():
        with contextlib.suppress(zipimport.ZipImportError):
            zipimport.zipimporter(place).invalidate_caches()
    sys.path_importer_cache.pop(place, None)
    importlib.invalidate_caches()
