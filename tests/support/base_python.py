"""A Python of its own, with packages and in no virtual environment, as in a container's image; and hosts run by it."""

from __future__ import annotations

import json
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import jackfield

from tests.support.confined import NOBODY
from tests.support.workers import VERSION

SECRET = "the host's"
"""What `hosts_tool.SECRET` says."""

SECONDS = 120
_EDITABLE = """
import importlib.util, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_file_location(name, {path!r}) if name == "tool_being_edited" else None
sys.meta_path.append(Finder())
"""
_LEFT_OUT = ("*-packages", "test", "idlelib", "config-*", "ensurepip")
_RUN = """
import asyncio, json, sys
from pathlib import Path
from jackfield.isolation import Packages, WorkerLimits
from jackfield.sandbox import Grade
from tests.support.workers import Refused, running, spec_in, tell
import tool_being_edited

async def told(work):
    grade, abi, source = work
    limits = WorkerLimits(memory_bytes=1 << 30)
    spec = spec_in(Path(sys.argv[1]), grade=Grade(grade), landlock_abi_most=abi, limits=limits)
    child = await zygote.fork(spec)
    try:
        return await tell(child, source)
    finally:
        child.close()

async def main():
    global zygote
    async with running() as zygote:
        return [await told(work) for work in json.loads(sys.stdin.read())]

print(json.dumps(asyncio.run(main())))
"""


@dataclass(frozen=True)
class BasePython:
    """A Python with packages.

    Args:
        program: that runs it.
        packages: the folder of its packages.
    """

    program: Path
    packages: Path

    def told_by_workers(self, works: Sequence[tuple[str, int | None, str]], user: str) -> list[Any]:
        """Have a host in that Python tell one worker each, and return what each of them told.

        Args:
            works: grade, latest version of Landlock, and source.
            user: `user` for an ordinary one where the tests run as root; the one who runs them for anything else.
        """
        uid = NOBODY if user == "user" else None
        with tempfile.TemporaryDirectory(prefix="base-python-host-") as folder:
            Path(folder).chmod(0o777)
            done = subprocess.run(
                [self.program, "-c", _RUN, folder],
                input=json.dumps(works), capture_output=True, text=True, timeout=SECONDS, check=False, cwd="/",
                env={"PYTHONPATH": str(self.packages.parent / "harness"), "LANG": "C.UTF-8"},
                user=uid, group=uid, extra_groups=None if uid is None else [],
            )  # fmt: skip
        assert done.returncode == 0, done.stderr
        answers: list[Any] = json.loads(done.stdout)
        return answers


@contextmanager
def base_python() -> Iterator[BasePython]:
    """Make one, with the packages of jackfield, of what workers need, and `hosts_tool`.

    It is in a folder that everybody reaches.
    """
    source = Path(shutil.which(VERSION, path="/usr/bin:/usr/local/bin") or sys._base_executable).resolve()  # type: ignore[attr-defined]  # the one below a virtual environment
    with tempfile.TemporaryDirectory(prefix="base-python-") as name:
        prefix = Path(name)
        prefix.chmod(0o755)
        program = prefix / "bin" / VERSION
        library = prefix / "lib" / VERSION
        program.parent.mkdir()
        shutil.copy(source, program)
        shutil.copytree(
            source.parents[1] / "lib" / VERSION, library, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True
        )
        found = subprocess.run(
            [program, "-I", "-c", "import site; print(site.getsitepackages()[-1])"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        packages = Path(found.stdout.strip())
        assert packages.is_relative_to(prefix), packages
        _fill(packages)
        yield BasePython(program, packages)


def _fill(packages: Path) -> None:
    packages.mkdir(parents=True, exist_ok=True)
    (packages / "hosts_tool.py").write_text(f"SECRET = {SECRET!r}\n")
    for name in ("msgspec", "pluggy"):
        there = distribution(name)
        for file in there.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = packages / str(file)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(there.locate_file(file)), target)
    shutil.copytree(
        Path(jackfield.__file__).parent, packages / "jackfield", ignore=shutil.ignore_patterns("__pycache__")
    )
    metadata = packages / f"jackfield-{version('jackfield')}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: jackfield\nVersion: {version('jackfield')}\n")
    (metadata / "RECORD").write_text(f"jackfield/__init__.py,,\n{metadata.name}/METADATA,,\n{metadata.name}/RECORD,,\n")
    edited = packages.parents[1] / "edited"
    edited.mkdir()
    (edited / "tool_being_edited.py").write_text(f"SECRET = {SECRET!r}\n")
    py_compile.compile(str(edited / "tool_being_edited.py"), doraise=True)
    (packages / "editable.pth").write_text("import editable\n")
    (packages / "editable.py").write_text(_EDITABLE.format(path=str(edited / "tool_being_edited.py")))
    support = packages.parent / "harness" / "tests" / "support"
    support.mkdir(parents=True)
    for module in ("workers", "told_worker"):
        shutil.copy(Path(__file__).with_name(f"{module}.py"), support)
