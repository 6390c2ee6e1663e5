"""Four applications of the registry that are built on pluggy, as they are and with one name changed.

Their versions and hashes stand in `requirements.txt`; they are installed once into `.cache/`, so that only the first
run needs the network. Written anew by hand: `python -m tests.e2e.adoption.applications`.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from tests.support.processes import clean_environment, script

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
WANTED = HERE / "requirements.in"
LOCKED = HERE / "requirements.txt"
CACHE = ROOT / ".cache" / "adoption"
SECONDS = 100

#: The module that makes the manager, and the one change in it.
CHANGES = {
    "datasette/plugins.py": (r"\bpluggy\.PluginManager\(", "jackfield.PluginManager("),
    "llm/plugins.py": (r"\bpluggy\.PluginManager\(", "jackfield.PluginManager("),
    "sqlite_utils/plugins.py": (r"= pluggy\.PluginManager\(", "= jackfield.PluginManager("),
    "_pytest/config/__init__.py": (r"(?m)^from pluggy import PluginManager$", "from jackfield import PluginManager"),
}


@dataclass(frozen=True, slots=True)
class Applications:
    """One environment that holds all four.

    Args:
        folder: of the virtual environment.
        home: where jackfield keeps what users wish; beside the applications' own.
    """

    folder: Path
    home: Path

    def run(self, *words: str | Path, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment to its end, whatever its exit code."""
        program, *rest = map(str, words)
        home = str(self.home / "user")
        environment = clean_environment(JACKFIELD_HOME=str(self.home), HOME=home, LLM_USER_PATH=home, **variables)
        environment.pop("VIRTUAL_ENV", None)
        environment.pop("PYTEST_ADDOPTS", None)
        return subprocess.run(
            [str(self.folder / "bin" / program), *rest],
            cwd=cwd or self.home,
            env={name: value for name, value in environment.items() if not name.startswith("PYTEST_XDIST")},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


def environment(name: str, *, adopted: bool, wheels: tuple[Path, ...] = (), home: Path) -> Applications:
    """Return an environment with the four, made where it is missing.

    Args:
        name: tells environments apart that differ in their wheels.
        adopted: whether the name is changed, and jackfield is there.
        wheels: what is installed beside, without what it requires.
        home: of the user.
    """
    key = hashlib.sha256(LOCKED.read_bytes() + sys.version.encode() + name.encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{key}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{name}.lock"):
        if not (folder / "complete").is_file():
            _uv("venv", "--clear", "--python", sys.executable, str(folder))
            _uv("pip", "sync", "--require-hashes", "--python", str(folder), str(LOCKED))
            if adopted:
                _change(folder)
            (folder / "complete").touch()
        if adopted:  # the framework is the one that is tested, whatever an earlier run left
            wheels = (framework(home / "wheels"), *wheels)
        if wheels:
            _uv("pip", "install", "--python", str(folder), "--no-deps", "--reinstall", *map(str, wheels))
    (home / "user").mkdir(parents=True, exist_ok=True)
    return Applications(folder, home)


def framework(folder: Path) -> Path:
    """Build the wheel of the framework as it is in this tree."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    _done([*command, "--wheel-dir", str(folder), str(ROOT / "core/framework")])
    (wheel,) = folder.glob("jackfield-*.whl")
    return wheel


def _change(folder: Path) -> None:
    """Change the one name in each of the four.

    Raises:
        AssertionError: an application makes its manager in another way by now.
    """
    (packages,) = folder.glob("lib/python*/site-packages")
    for module, (before, after) in CHANGES.items():
        file = packages / module
        text, changed = re.subn(before, after, file.read_text(encoding="utf-8"))
        assert changed == 1, f"{module} makes its manager in another way"
        if "jackfield." in after:
            text = re.sub(r"(?m)^import pluggy$", "import jackfield\nimport pluggy", text, count=1)
        file.unlink()  # a hard link into uv's cache: writing through it would change every environment
        file.write_text(text, encoding="utf-8")


def _uv(*words: str) -> None:
    _done([script("uv"), "--quiet", *words])


def _done(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr or done.stdout}"


if __name__ == "__main__":
    _uv(
        *("pip", "compile", "--universal", "--generate-hashes", "--no-annotate", "--python-version", "3.11"),
        *("--custom-compile-command", "python -m tests.e2e.adoption.applications", "--upgrade"),
        *(str(WANTED), str(ROOT / "core/framework/pyproject.toml"), "--output-file", str(LOCKED)),
    )
