"""Virtual environments of another Python than the one that runs the tests, with what the framework needs in them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

from tests.support.processes import clean_environment, script

ROOT = Path(__file__).parents[2]
OWN = ("jackfield", "jackfield_chat_api")
"""The distributions whose source is read where it lies: whatever is edited is what runs."""


def other_pythons() -> list[Path]:
    """The interpreters of other versions that this machine has and that can run the framework, the oldest first."""
    here = sys.version_info[:2]
    found: dict[tuple[int, int], Path] = {}
    for minor in range(11, 20):
        version = (3, minor)
        named = shutil.which(f"python3.{minor}")
        below = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))
        candidates = [*([Path(named)] if named else []), *below]
        for candidate in candidates if version != here else ():
            asked = [str(candidate), "-c", "import sys; print(sys.version_info[:2])"]
            told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
            if told == str(version):  # what is on the path may be a name without a Python behind it
                found[version] = candidate
                break
    return [found[version] for version in sorted(found)]


def make_environment(python: Path, prefix: Path) -> str:
    """Make a virtual environment that runs the framework as it is checked out; returns why it could not, or nothing.

    Args:
        python: the interpreter.
        prefix: where; whatever is there goes.
    """
    shutil.rmtree(prefix, ignore_errors=True)
    made = subprocess.run(
        [str(python), "-m", "venv", "--without-pip", str(prefix)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        return f"{python} makes no virtual environment: {made.stderr.strip()[-200:]}"
    needs = [
        line
        for project in ("framework", "chat-api")
        for line in tomllib.loads((ROOT / "core" / project / "pyproject.toml").read_text())["project"]["dependencies"]
        if not line.startswith("jackfield")
    ]
    command = [
        script("uv"),
        "pip",
        "install",
        "--quiet",
        "--only-binary",
        ":all:",
        "--python",
        str(prefix / "bin" / "python"),
    ]
    for offline in (["--offline"], []):  # what was fetched once is enough
        done = subprocess.run(
            [*command, *offline, *needs],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if not done.returncode:
            break
    else:
        return f"what the framework needs is not to be had for {python}: {done.stderr.strip()[-200:]}"
    here = Path(sysconfig.get_path("purelib"))
    (there,) = prefix.glob("lib/python*/site-packages")
    folders = [ROOT / "core" / "framework", ROOT / "core" / "chat-api"]
    (there / "checked_out.pth").write_text("".join(f"{folder}\n" for folder in folders))
    for name in OWN:
        (info,) = here.glob(f"{name}-*.dist-info")
        shutil.copytree(info, there / info.name)
    return ""
