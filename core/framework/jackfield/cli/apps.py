"""Which application is meant, among those that are installed here or were adopted."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jackfield.cli.words import joined
from jackfield.errors import UsageError

if TYPE_CHECKING:
    from jackfield.manifest import HostFile


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


def choose_app(wanted: str | None, environ: Mapping[str, str]) -> App:
    """The application of that name, or the only one.

    Args:
        wanted: what `--app` or `JACKFIELD_APP` says.
        environ: the environment's variables; they say where adopted applications are recorded.

    Raises:
        UsageError: no application is here, several are and none was named, or none has that name.
    """
    return chosen(wanted, known_apps(environ))


def known_apps(environ: Mapping[str, str]) -> dict[str, App]:
    """Every application with plugins: installed ones by their host.toml, and pluggy applications that were adopted.

    Imports no code of any application.
    """
    from jackfield.discovery import discover_hosts

    hosts = discover_hosts()
    return {host.app: App(host.app, host, host.groups) for host in hosts}


def chosen(wanted: str | None, known: Mapping[str, App]) -> App:
    """Choose among the known; see `choose_app`."""
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
    if len(names) > 1:
        raise UsageError(f"several applications take plugins here: {joined(names)}", hint=f"name one: --app {names[0]}")
    return known[names[0]]
