"""An application installed into its Python, and into no virtual environment: what its workers see of it (K42)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.base_python import SECRET, BasePython, base_python

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade"),
]
CONFINED: dict[str, tuple[str, int | None]] = {
    "full": ("full", None),
    "base": ("base", None),
    "base, ABI 3": ("base", 3),
    "root alone": ("base", 0),
}
users = pytest.mark.parametrize("user", ["root", "user"] if os.geteuid() == 0 else ["self"])

TRIES = """
import importlib.util, os, sys
packages = {packages!r}
library = os.path.dirname(os.__file__)
edited = os.path.dirname(library) + "/edited/tool_being_edited.py"
def tried(work):
    try:
        return repr(work())
    except (OSError, ImportError) as error:
        return type(error).__name__
sys.path.append(packages)
told = dict(
    listed=tried(lambda: "hosts_tool.py" in os.listdir(packages)),
    walked=tried(lambda: sum(len(files) for _, _, files in os.walk(packages))),
    read=tried(lambda: open(packages + "/hosts_tool.py").read()),
    by_dots=tried(lambda: open(library + "/xml/../" + os.path.relpath(packages, library) + "/hosts_tool.py").read()),
    edited=tried(lambda: open(edited).read()),
    compiled=tried(lambda: open(importlib.util.cache_from_source(edited), "rb").read() != b""),
    imported=tried(lambda: importlib.import_module("hosts_tool").SECRET),
)
"""

PUBLISHED = """
import importlib.metadata, importlib.resources, jackfield.api, msgspec, pluggy
told = [
    msgspec.json.decode(b"[1]"), pluggy.HookspecMarker.__name__, importlib.metadata.version("jackfield") != "",
    sorted(one.name for one in importlib.metadata.distributions()),
    importlib.resources.files("jackfield").joinpath("__init__.py").is_file(),
]
"""

MODULES = """
import pkgutil, sys
told = sorted(
    module.name for module in pkgutil.walk_packages(sys.path, onerror=lambda _: None)
    if module.name.partition(".")[0] in sys.stdlib_module_names - {"antigravity", "this", "test"}
    and not {"__main__", "tests", "idle_test", "test"} & set(module.name.split("."))
)
"""

IMPORTS = """
import importlib
told = {}
for name in NAMES:
    try:
        importlib.import_module(name)
    except BaseException as error:
        told[name] = f"{type(error).__name__}: {error}"[:200]
"""


READS = """
from pathlib import Path
from jackfield import Plugin
from pluggy import HookimplMarker

class Main(Plugin):
    @HookimplMarker("chat")
    async def piped(self, text):
        try:
            return Path(text).read_text()
        except OSError as error:
            return type(error).__name__
"""

HOST = """
import asyncio, json, os, sys
from pathlib import Path
from jackfield.store import Layout
from tests.support import counting
from tests.support.profiles import Profile
from tests.support.wheels import build_plugin

async def main(root, reads):
    profile = Profile(Layout(root))
    profile.install(build_plugin(root.with_name("wheels"), "reader", code=reads, isolation="worker"))
    profile.enable("reader", isolation="worker")
    host = profile.host(specs=counting.Specs())
    await host.start()
    status = host.plugins.status("reader")
    assert status.state == "active", status
    try:
        others = root / "data" / "another" / "secret"
        others.parent.mkdir(parents=True)
        others.write_text("of another plugin")
        beside = root.parent / "beside"
        beside.write_text("beside")
        (code,) = root.joinpath("store").rglob("chat_reader/__init__.py")
        files = (beside, others, root / "current", code)
        return [(await host.call.piped(text=str(one)))[:100] for one in files]
    finally:
        await host.stop()

print(json.dumps(asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))))
"""


@pytest.fixture(scope="module")
def python() -> Iterator[BasePython]:
    with base_python() as made:
        yield made


@users
def test_its_packages_can_be_listed_read_and_imported_unconfined_and_not_in_any_grade(python, user):
    source = TRIES.format(packages=str(python.packages))
    free, *held = python.told_by_workers(
        [("process", None, source), *((*one, source) for one in CONFINED.values())], user
    )
    text = f"SECRET = {SECRET!r}\n"
    assert (free["listed"], free["read"], free["by_dots"]) == ("True", repr(text), repr(text))
    assert (free["edited"], free["compiled"]) == (repr(text), "True")
    assert free["imported"] == repr(SECRET)
    no = ("PermissionError", "FileNotFoundError")
    for one in held:
        assert one["listed"] in no
        assert one["walked"] == "0"
        assert {one[how] for how in ("read", "by_dots", "edited", "compiled")} <= set(no), one
        assert one["imported"] == "ModuleNotFoundError"


@users
def test_what_is_published_is_imported_out_of_the_same_folder(python, user):
    told = python.told_by_workers([(*one, PUBLISHED) for one in CONFINED.values()], user)
    assert told == [[[1], "HookspecMarker", True, ["jackfield", "msgspec", "pluggy"], True]] * len(CONFINED)


@users
def test_every_module_of_the_standard_library_that_a_process_imports_a_worker_imports(python, user):
    (names,) = python.told_by_workers([("process", None, MODULES)], user)
    assert len(names) > 400
    source = IMPORTS.replace("NAMES", repr(names))
    free, *held = python.told_by_workers(
        [("process", None, source), *((*one, source) for one in CONFINED.values())], user
    )
    for one in held:
        assert {name: said for name, said in one.items() if name not in free} == {}


def test_a_profile_in_a_folder_that_workers_read_is_hidden_but_for_a_plugins_own(python):
    root = python.program.parents[1] / "lib" / "application" / "profile"
    root.mkdir(parents=True)
    library = str(Path(os.__file__).parent)
    places = [one for one in sys.path if one and ("-packages" in one or not one.startswith((library, sys.base_prefix)))]
    places.append(str(Path(__file__).parents[3]))
    done = subprocess.run(
        [python.program, "-c", HOST, root, READS], capture_output=True, text=True, timeout=120, check=False, cwd="/",
        env={"PYTHONPATH": os.pathsep.join(places), "LANG": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    beside, others, current, code = json.loads(done.stdout)
    assert beside == "beside"
    assert {others, current} == {"FileNotFoundError"}
    assert code.strip()[:80] == READS.strip()[:80]
