"""From a candidate to something that can be enabled, in the host's own process (K2)."""

import importlib.util
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from jackfield.api import Context
from jackfield.errors import PluginError
from jackfield.host.scripts import load_script, run_foreign
from jackfield.manifest import Candidate
from jackfield.runtime import Loaded, resolve, tie


def misplaced(candidate: Candidate) -> str:
    """Say why a plugin's code would not come from its manifest's folder; empty when it would. Runs no plugin code.

    Without this, a package of the same name earlier on the path would run under the manifest, and the grants, of
    another.
    """
    if candidate.folder is None:
        return ""
    name = candidate.entry_point.partition(":")[0].partition(".")[0].strip()
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError) as error:
        return f"its package {name} cannot be found: {error}"
    if spec is None:
        return f"its package {name} cannot be found"
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    if spec.submodule_search_locations is None and spec.origin:
        places = [Path(spec.origin).parent]
    if any(_same_folder(place, candidate.folder) for place in places):
        return ""
    found = ", ".join(map(str, places)) or spec.origin
    return f"its package {name} would be loaded from {found}, its manifest lies in {candidate.folder}"


def load(candidate: Candidate, context: Context, language: object = None) -> Loaded:
    """Import a plugin and tie it to its context.

    The entry point may name a module, a class (made here, without arguments) or an object.

    Args:
        candidate: the plugin.
        context: what it gets.
        language: the plugin that runs scripts of this kind (U38), where it is one that is no Python.

    Raises:
        PluginError: the code is not where the manifest is, or the entry point names nothing that can be a plugin (K1).
        Exception: whatever the plugin's code raises.
    """
    problem = misplaced(candidate)
    if problem:
        raise PluginError(f"{candidate.id}: {problem}", plugin=candidate.id)
    script = candidate.origin == "script"
    target: Any = _script(candidate, context, language) if script else resolve(candidate.id, candidate.entry_point)
    if candidate.legacy:
        return Loaded(target, MappingProxyType({}), ())  # an ordinary pluggy plugin: its hooks and nothing else
    return tie(candidate.id, candidate.entry_point, target, context)


def _script(candidate: Candidate, context: Context, language: object) -> ModuleType | object:
    try:
        if candidate.language:
            return run_foreign(candidate, context, language)
        return load_script(candidate)
    except SystemExit as error:
        raise PluginError(f"{candidate.id} tried to end the process while it was imported") from error


def _same_folder(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve()
    except OSError:
        return False
