"""Applications that take plugins: the group `jackfield.hosts` names a package with a host.toml, read without import."""

import logging
import sys
from pathlib import Path

from jackfield.discovery.candidates import unique_distributions
from jackfield.discovery.folders import package_folder
from jackfield.errors import DiscoveryError, JackfieldError, UsageError
from jackfield.manifest import HostFile, read_hostfile

GROUP = "jackfield.hosts"
HOSTFILE = "host.toml"
MAXIMUM_BYTES = 256 * 1024

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
    raise UsageError(f"no installed application is called {app}", hint=f"installed: {known or 'none'}")


def _outcomes() -> dict[str, HostFile | JackfieldError]:
    outcomes: dict[str, HostFile | JackfieldError] = {}
    for distribution, headers in unique_distributions(sys.path):
        for entry in distribution.entry_points:
            if entry.group != GROUP or entry.name in outcomes:
                continue
            what = f"{HOSTFILE} of {headers.name}"
            package = entry.value.partition(":")[0].partition(".")[0].strip()
            try:
                folder = package_folder(distribution, package, HOSTFILE, None)
                if folder is None:
                    raise DiscoveryError(f"{what}: the package {package} is not there")
                outcomes[entry.name] = read_hostfile(_read(folder / HOSTFILE, what), source=what)
            except JackfieldError as problem:
                outcomes[entry.name] = problem
    return outcomes


def _read(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise DiscoveryError(f"{what} cannot be read: {error.strerror}") from error
    if len(content) > MAXIMUM_BYTES:
        raise DiscoveryError(f"{what} is larger than {MAXIMUM_BYTES // 1024} KiB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DiscoveryError(f"{what} is not UTF-8 at byte {error.start}") from error
