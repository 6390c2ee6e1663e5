"""Applications that take plugins: the group `jackfield.hosts` names a package with a host.toml, read without import."""

import logging
from pathlib import Path

from jackfield.discovery.files import HOSTFILE, HOSTS
from jackfield.discovery.index import installed_entry_points
from jackfield.errors import DiscoveryError, JackfieldError, UsageError
from jackfield.manifest import HostFile, read_hostfile_file

_log = logging.getLogger("jackfield.discovery")


def discover_hosts() -> list[HostFile]:
    """Return the host files of the environment that runs now; one that cannot be read is logged and left out."""
    found = []
    for outcome in _outcomes().values():
        if isinstance(outcome, HostFile):
            found.append(outcome)
        else:
            _log.warning("%s", outcome)
    return found


def find_host(app: str) -> HostFile:
    """Return one application's host file.

    Raises:
        UsageError: no installed package has one for `app`; the hint names those that are there.
        JackfieldError: it has one that cannot be read.
    """
    outcomes = _outcomes()
    for name, outcome in outcomes.items():
        if isinstance(outcome, HostFile) and outcome.app == app:
            return outcome
        if isinstance(outcome, JackfieldError) and name == app:
            raise outcome
    known = ", ".join(sorted(one.app for one in outcomes.values() if isinstance(one, HostFile)))
    named = f'install what names it, under [project.entry-points."{HOSTS}"]'
    raise UsageError(f"no installed application is called {app}", hint=f"installed: {known or 'none'}; {named}")


def _outcomes() -> dict[str, HostFile | JackfieldError]:
    outcomes: dict[str, HostFile | JackfieldError] = {}
    for row in installed_entry_points(HOSTS, strict=True):
        if row.name in outcomes:
            continue
        what = f"{HOSTFILE} of {row.distribution}"
        try:
            if not row.folder:
                package = row.value.partition(":")[0].partition(".")[0].strip()
                raise DiscoveryError(f"{what}: the package {package} is not there")
            outcomes[row.name] = read_hostfile_file(Path(row.folder) / HOSTFILE, source=what)
        except JackfieldError as problem:
            outcomes[row.name] = problem
    return outcomes
