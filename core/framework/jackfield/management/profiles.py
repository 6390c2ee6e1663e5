"""Profiles whose Python environment is gone: found beside this one, and taken over with all that is in them."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from jackfield.errors import StoreError, StoreLocked, UsageError
from jackfield.locks import locked
from jackfield.places import environment_profile
from jackfield.storage import State
from jackfield.store import Layout, Store, install_lock

ENVIRONMENT = "environment"
"""The key of the state that names the Python environment of a profile that was derived from one."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """A profile whose environment is gone.

    Args:
        name: the profile's.
        prefix: where the environment was.
        plugins: the ids of what is installed in it.
    """

    name: str
    prefix: str
    plugins: tuple[str, ...]


def environment_key(state: State) -> dict[str, str]:
    """The key that a change sets where the profile does not say yet whose it is, or is another environment's now."""
    return {} if state.get(ENVIRONMENT) == sys.prefix else {ENVIRONMENT: sys.prefix}


def vanished(layout: Layout) -> list[Vanished]:
    """The profiles beside this one whose environment is gone and in which plugins are installed, by name.

    Args:
        layout: this profile.
    """
    try:
        folders = sorted(path for path in layout.root.parent.iterdir() if path.is_dir() and path != layout.root)
    except FileNotFoundError:
        return []
    found = []
    for folder in folders:
        try:
            prefix = State(folder / "state").get(ENVIRONMENT)
            if not isinstance(prefix, str) or environment_profile(prefix) != folder.name or Path(prefix).exists():
                continue
            plugins = tuple(sorted(Store(Layout(folder)).active().plugins))
        except (StoreError, OSError):
            continue  # nothing that could be taken over as it is
        if plugins:
            found.append(Vanished(folder.name, prefix, plugins))
    return found


def take_over(layout: Layout, name: str, *, by: str) -> Vanished:
    """Make a profile whose environment is gone this environment's own: its plugins, settings, grants and data.

    Args:
        layout: this profile; nothing may be installed in it.
        name: the other's.
        by: who asks for it.

    Raises:
        UsageError: there is no such profile, or plugins are installed in this one.
        StoreLocked: an application or an installer is at work in one of them.
        StoreError: the disk refused; both are as they were.
    """
    chosen = next((one for one in vanished(layout) if one.name == name), None)
    if chosen is None:
        raise UsageError(f"{name} is no profile whose environment is gone", hint="jackfield doctor names those")
    if Store(layout).active().plugins:
        raise UsageError("plugins are installed in this environment already", hint="choose the other: --profile NAME")
    other = Layout(layout.root.parent / name)
    aside = layout.root.with_name(f"{layout.root.name}.empty")
    try:
        with ExitStack() as held:
            for one in (layout, other):
                if one.root.is_dir():
                    _refuse_running(one)
                    held.enter_context(install_lock(one, by=by))
            if aside.is_dir():
                shutil.rmtree(aside)
            if layout.root.is_dir():
                layout.root.rename(aside)
            other.root.rename(layout.root)
            if aside.is_dir():
                shutil.rmtree(aside)
    except OSError as error:
        raise StoreError(f"{other.root} could not be taken over: {error.strerror}") from error
    State(layout.state).change({ENVIRONMENT: sys.prefix}, by=by, why=f"take over what {chosen.prefix} had")
    return chosen


def _refuse_running(layout: Layout) -> None:
    if not layout.host_lock.exists():
        return
    try:
        with locked(layout.host_lock, 0):
            pass
    except TimeoutError as error:
        raise StoreLocked("an application runs with these plugins", hint="stop it first") from error
    except OSError as error:
        raise StoreError(f"{layout.run} cannot be written: {error.strerror}") from error
