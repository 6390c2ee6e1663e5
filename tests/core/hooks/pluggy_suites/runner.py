"""Runs the test suite of a released pluggy, in an environment with that pluggy, on a class of ours.

Sources and wheels come from the package index that pip is configured for, are held to the hashes written here, and
stay in `.cache/`, so that only the first run needs the network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from filelock import FileLock

ROOT = Path(__file__).parents[4]
CACHE = ROOT / ".cache" / "pluggy-suites"
SECONDS = 100


@dataclass(frozen=True, slots=True)
class Release:
    """A pluggy on the index: its version, the sha256 of its two files, and how many tests its suite has."""

    version: str
    sdist_sha256: str
    wheel_sha256: str
    tests: int


RELEASES = (
    Release(
        "1.6.0",
        "7dcc130b76258d33b90f61b658791dede3486c3e6bfb003ee5c9bfb396dd22f3",
        "e920276dd6813095e9377c0bc5566d94c932c33b27a3e3945d8389c374dd4746",
        124,
    ),
    Release(
        "1.7.0",
        "d1eaa46ebb595891b860ab086b4d09c8588af65ebd4361b8e8f4bb8920b90ba8",
        "7dd7b0d8832ba3cb632c306926ded123429211b83641b35dc5c41ad2d34f9bec",
        219,
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run said.

    Attributes:
        version: of the pluggy that was imported.
        file: where it was imported from.
        managers: how many managers of the substituted class the suite made.
        passed: the names of the tests that passed.
        others: the names of those that failed, were skipped or broke, with what was said.
        output: what pytest printed.
    """

    version: str
    file: Path
    managers: int
    passed: frozenset[str]
    others: dict[str, str]
    output: str


def run_suite(release: Release, work: Path, *, manager: str = "", spec_marker: str = "") -> Outcome:
    """Run the suite with `manager` and `spec_marker`, each `module:name`, in the place of pluggy's.

    Args:
        release: which pluggy.
        work: an empty folder for reports and state.
    """
    python, source = prepared(release)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))},
        "JACKFIELD_HOME": str(work / "home"),
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "SUBSTITUTE_MANAGER": manager,
        "SUBSTITUTE_SPEC_MARKER": spec_marker,
        "SUBSTITUTE_REPORT": str(work / "report.json"),
    }
    results = work / "results.xml"
    plugins = ["-p", "tests.core.hooks.pluggy_suites.substitute", "-p", "no:cacheprovider"]
    command = [str(python), "-m", "pytest", "-q", *plugins, f"--junitxml={results}"]
    done = subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    output = done.stdout + done.stderr
    assert results.exists(), output
    report = json.loads((work / "report.json").read_text())
    passed, others = _read(results)
    return Outcome(report["version"], Path(report["file"]), report["managers"], passed, others, output)


def prepared(release: Release) -> tuple[Path, Path]:
    """Return the Python of an environment with that pluggy, and the folder of its unpacked source; made once."""
    folder = CACHE / release.version
    folder.mkdir(parents=True, exist_ok=True)
    python, source = folder / "env" / "bin" / "python", folder / f"pluggy-{release.version}"
    with FileLock(folder / "lock"):
        # The files that are made last say whether all is there: a run that was stopped is begun anew.
        if not (folder / "ready").exists() or not python.exists():
            _make(release, folder)
            (folder / "ready").touch()
    return python, source


def _make(release: Release, folder: Path) -> None:
    for stale in (folder / "env", folder / f"pluggy-{release.version}"):
        shutil.rmtree(stale, ignore_errors=True)
    _pip("download", "--no-binary=pluggy", "--dest", str(folder), *_held(release, folder, release.sdist_sha256))
    with tarfile.open(folder / f"pluggy-{release.version}.tar.gz") as archive:
        # Its hash is pinned above; Python before 3.11.4 knows no filters, and later ones ask for one.
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="data")
        else:
            archive.extractall(folder)
    env = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
    wheel = _held(release, folder, release.wheel_sha256)
    _pip("--python", str(env / "bin" / "python"), "install", "--only-binary=pluggy", *wheel)
    # pytest and what jackfield needs come from the development environment, behind the pluggy of this one.
    paths = [ROOT / "core" / "framework", sysconfig.get_path("purelib")]
    site = next(env.glob("lib/python*/site-packages"))
    (site / "development.pth").write_text("".join(f"{path}\n" for path in paths))


def _held(release: Release, folder: Path, sha256: str) -> list[str]:
    requirements = folder / "requirements.txt"
    requirements.write_text(f"pluggy=={release.version} --hash=sha256:{sha256}\n")
    return ["--no-deps", "--require-hashes", "-r", str(requirements)]


def _pip(*arguments: str) -> None:
    """Run pip with the machine's own configuration: it says which index there is."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"pip {' '.join(arguments)}\n{done.stdout}{done.stderr}"


def _read(results: Path) -> tuple[frozenset[str], dict[str, str]]:
    passed, others = set(), {}
    for case in ET.parse(results).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        problems = [child for child in case if child.tag in {"failure", "error", "skipped"}]
        if problems:
            others[name] = problems[0].get("message", "")
        else:
            passed.add(name)
    return frozenset(passed), others
