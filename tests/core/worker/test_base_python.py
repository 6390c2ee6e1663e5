"""An application installed into its Python, and into no virtual environment: what its workers see of it (K42)."""

from __future__ import annotations

import os
from collections.abc import Iterator

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
