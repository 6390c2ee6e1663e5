"""Which application is meant, among those that are installed here or were adopted."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.cli.words import joined
from jackfield.errors import UsageError

if TYPE_CHECKING:
    from jackfield.manifest import HostFile

ADOPTED_FILE = "groups.json"
"""In a profile's folder: what `jackfield.PluginManager` recorded. Its module is not imported for the name's sake: it
brings the whole side that runs plugins."""


@dataclass(frozen=True, slots=True)
class App:
    """An application whose plugins can be managed.

    Args:
        name: as its host.toml says, or the pluggy project's name where it was adopted.
        hostfile: its resources and sentences; None for an adopted pluggy application, which has none.
        groups: the entry-point groups of its plugins.
    """

    name: str
    hostfile: "HostFile | None"
    groups: tuple[str, ...]


def choose_app(wanted: str | None, environ: Mapping[str, str], profile: str | None = None) -> App:
    """The application of that name, or the only one.

    Args:
        wanted: what `--app` or `JACKFIELD_APP` says.
        environ: the environment's variables; they say where adopted applications are recorded.
        profile: the profile whose adopted applications count; None for this environment's.

    Raises:
        UsageError: no application is here, several are and none was named, or none has that name.
    """
    return chosen(wanted, known_apps(environ, profile))


def known_apps(environ: Mapping[str, str], profile: str | None = None) -> dict[str, App]:
    """Every application with plugins: installed ones by their host.toml, and pluggy applications that were adopted.

    Imports no code of any application. A host.toml goes before a record of adoption of the same name.
    """
    from jackfield.discovery import discover_hosts

    known = {app.name: app for app in _adopted(environ, profile)}
    known.update({host.app: App(host.app, host, host.groups) for host in discover_hosts()})
    return known


def _adopted(environ: Mapping[str, str], profile: str | None) -> Iterator[App]:
    """The applications that `jackfield.PluginManager` recorded in this environment's profile."""
    from jackfield.store import Layout, home

    folders = home(environ)
    for folder in sorted(folders.iterdir()) if folders.is_dir() else ():
        try:
            file = Layout.locate(folder.name, profile=profile, environ=environ).root / ADOPTED_FILE
        except UsageError:  # a folder whose name is no application's
            continue
        if file.is_file():
            groups = _recorded_groups(file)
            if groups:
                yield App(folder.name, None, groups)


def _recorded_groups(file: Path) -> tuple[str, ...]:
    """The groups in `{"schema": 1, "groups": […]}`; none where the file is not ours or is damaged."""
    from json import JSONDecodeError, loads

    try:
        mapping = loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, JSONDecodeError):
        return ()
    groups = mapping.get("groups") if isinstance(mapping, dict) else None
    return tuple(group for group in groups if isinstance(group, str)) if isinstance(groups, list) else ()


def chosen(wanted: str | None, known: Mapping[str, App]) -> App:
    """Choose among the known; see `choose_app`.

    Where nothing is named, an installed application goes before adopted ones: one that was adopted in passing, by a
    test tool say, must not make every command ask for `--app`.
    """
    names = sorted(known)
    if wanted is not None:
        if wanted in known:
            return known[wanted]
        near = difflib.get_close_matches(wanted, names, n=1)
        hint = f"did you mean --app {near[0]}?" if near else None
        here = (
            f"here are {joined(names)}" if len(names) > 1 else f"here is {names[0]}" if names else "there is none here"
        )
        raise UsageError(f"no application is called {wanted!r}; {here}", hint=hint)
    if not names:
        raise UsageError(
            "no application that takes plugins is installed in this environment",
            hint="install one here, or run the jackfield command of the environment that it is in",
        )
    installed = [app for app in known.values() if app.hostfile is not None]
    if len(installed) == 1:
        return installed[0]
    if len(names) > 1:
        raise UsageError(f"several applications take plugins here: {joined(names)}", hint=f"name one: --app {names[0]}")
    return known[names[0]]
