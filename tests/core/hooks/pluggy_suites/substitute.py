"""A pytest plugin for pluggy's own suite: puts another class in the place of `pluggy.PluginManager`.

It runs in the suite's environment, before a test module is imported. Environment variables say what to do:
`SUBSTITUTE_MANAGER` and `SUBSTITUTE_SPEC_MARKER` name classes as `module:name`, empty for pluggy's own;
`SUBSTITUTE_REPORT` is the file that tells afterwards what really ran.
"""

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pluggy
import pluggy._manager

made: list[object] = []  # one entry for each manager


def _named(variable: str) -> Any:
    where = os.environ.get(variable, "")
    module, _, name = where.partition(":")
    return getattr(import_module(module), name) if where else None


def _substitute() -> None:
    manager, marker = _named("SUBSTITUTE_MANAGER"), _named("SUBSTITUTE_SPEC_MARKER")
    if manager is not None:

        class Counted(manager):  # type: ignore[misc, valid-type]  # the class is chosen at run time
            def __init__(self, *args: Any, **options: Any) -> None:
                made.append(None)
                super().__init__(*args, **options)

        pluggy.PluginManager = pluggy._manager.PluginManager = Counted  # type: ignore[misc]  # a subclass in its place
    if marker is not None:
        pluggy.HookspecMarker = marker  # type: ignore[misc]  # that is the substitution


_substitute()


def pytest_sessionfinish() -> None:
    report = {"version": pluggy.__version__, "file": pluggy.__file__, "managers": len(made)}
    Path(os.environ["SUBSTITUTE_REPORT"]).write_text(json.dumps(report))
