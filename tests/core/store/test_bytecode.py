"""Bytecode of what is unpacked: made within bounds, whatever the source was written to cost."""

from __future__ import annotations

import importlib.util
import marshal
import resource
import sys
import threading
import warnings
from pathlib import Path
from types import FrameType

import pytest
from jackfield.store.bytecode import Compiler
from jackfield.store.compiling import bound_memory

SMALL = "VALUE = 1\n"


def duplicated(depth: int) -> str:
    """A source whose bytecode grows eightfold with each level: the code of `finally` is made once for each way out."""
    lines = ["def f(x):"]
    for level in range(1, depth + 1):
        indent = " " * level
        lines += [f"{indent}try:", f"{indent} if x == 0: return", f"{indent} if x == 1: return", f"{indent} x"]
        lines.append(f"{indent}finally:")
    return "\n".join([*lines, " " * (depth + 1) + "x", ""])


def folded(terms: int) -> str:
    """A source whose constants are put together one by one, each result kept: gigabytes for some thousand of them."""
    return "x = " + " + ".join(['"a" * 4096'] * terms) + "\n"


def children() -> set[str]:
    """The processes that this one has started and not ended."""
    return {pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()}


def bytecode(tree: Path) -> list[str]:
    """The sources below a folder that have bytecode, in order."""
    return sorted(path.name.partition(".")[0] for path in tree.rglob("*.pyc"))


@pytest.mark.slow
def test_what_takes_much_to_compile_is_left_without_bytecode_and_all_else_has_it(store, install, library):
    files = {
        "jfcostly/__init__.py": SMALL,
        "jfcostly/duplicated.py": duplicated(10),
        "jfcostly/folded.py": folded(1200),
        "jfcostly/wrong.py": "def f(:\n",
        "jfcostly/zlast.py": SMALL,
    }
    install(library("jfcostly", files))
    (tree,) = store.active().paths
    assert bytecode(tree) == ["__init__", "zlast"]
    assert not store.verify()


def test_bytecode_is_what_python_makes_and_names_the_place_where_the_tree_will_be(tmp_path):
    tree = tmp_path / "tree"
    (tree / "päck").mkdir(parents=True)
    (tree / "päck" / "mod.py").write_text(SMALL)
    with Compiler() as compiler:
        compiler.compile_tree(tree, tmp_path / "final")
    (made,) = tree.rglob("*.pyc")
    assert made.name == Path(importlib.util.cache_from_source("mod.py")).name
    data = made.read_bytes()
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert data[8:16] == importlib.util.source_hash(SMALL.encode())
    assert marshal.loads(data[16:]).co_filename == str(tmp_path / "final" / "päck" / "mod.py")


def test_many_small_sources_and_large_ones_all_have_bytecode(tmp_path):
    for number in range(10):
        (tmp_path / f"small{number}.py").write_text("VALUE = 1\n" * 700)
    (tmp_path / "large.py").write_text("VALUE = 1\n" * 7000)
    with Compiler() as compiler:
        compiler.compile_tree(tmp_path, tmp_path)
    assert bytecode(tmp_path) == ["large", *(f"small{number}" for number in range(10))]


def test_an_application_keeps_its_warning_filters_all_the_while(store, install, library):
    """They are the whole process's: whoever exchanges them for a moment loses what another thread warns of then."""
    files = {"jfwarned/__init__.py": "VALUE = 1 is 1\n", "jfwarned/__pycache__/old.cpython-311.pyc": b"\0" * 16}
    before, exchanged = warnings.filters, []

    def look(frame: FrameType, event: str, _: object) -> None:
        if warnings.filters is not before:
            exchanged.append(f"{event} {frame.f_code.co_qualname}")

    profiler = sys.getprofile()
    sys.setprofile(look)
    try:
        install(library("jfwarned", files))
    finally:
        sys.setprofile(profiler)
    assert exchanged == []
    (tree,) = store.active().paths
    assert bytecode(tree) == ["__init__"]  # what Python warns of is its author's matter, and what came in it is none


def test_with_no_time_left_nothing_is_compiled_and_nothing_fails(tmp_path):
    (tmp_path / "mod.py").write_text(SMALL)
    with Compiler(seconds=0.0) as compiler:
        compiler.compile_tree(tmp_path, tmp_path)
    assert bytecode(tmp_path) == []


@pytest.mark.parametrize("executable", ["", "/nowhere/python"])
def test_without_a_python_to_start_nothing_is_compiled_and_nothing_fails(tmp_path, monkeypatch, executable):
    monkeypatch.setattr("sys.executable", executable)
    (tmp_path / "mod.py").write_text(SMALL)
    with Compiler() as compiler:
        compiler.compile_tree(tmp_path, tmp_path)
    assert bytecode(tmp_path) == []


def test_another_program_in_pythons_place_is_started_once(tmp_path, monkeypatch):
    """As where Python is within it, and `sys.executable` names the application."""
    started, program = tmp_path / "started", tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho once >> {started}\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    (tmp_path / "mod.py").write_text(SMALL)
    (tmp_path / "other.py").write_text(SMALL)
    with Compiler() as compiler:
        compiler.compile_tree(tmp_path, tmp_path)
    assert bytecode(tmp_path) == []
    assert started.read_text() == "once\n"


def test_another_python_in_the_place_of_this_one_is_asked_for_nothing(tmp_path, monkeypatch):
    """As where the system came to a new one while the application runs: its code would be taken for this one's."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "mod.py").write_text(SMALL)
    program, magic = tmp_path / "program", importlib.util.MAGIC_NUMBER
    program.write_text(
        f"#!{sys.executable}\nimport sys, _frozen_importlib_external as external\n"
        f"external.MAGIC_NUMBER = {magic[::-1]!r}\n"
        "exec(compile(open(sys.argv[-1]).read(), sys.argv[-1], 'exec'))\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    with Compiler() as compiler:
        compiler.compile_tree(tmp_path / "sources", tmp_path)
    assert bytecode(tmp_path) == []


def test_without_a_thread_to_watch_it_no_child_is_left_and_nothing_fails(tmp_path, monkeypatch):
    def refused(timer: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", refused)
    (tmp_path / "mod.py").write_text(SMALL)
    before = children()
    with Compiler() as compiler:
        compiler.compile_tree(tmp_path, tmp_path)
    assert bytecode(tmp_path) == []
    assert children() <= before


def test_a_system_that_bounds_no_memory_compiles_all_the_same(monkeypatch):
    """As macOS, where a process has more at its start than it would be left."""
    asked: list[int] = []

    def setrlimit(kind: int, limits: tuple[int, int]) -> None:
        asked.append(kind)
        if kind == resource.RLIMIT_AS:
            raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    bound_memory()
    assert asked == [resource.RLIMIT_AS, resource.RLIMIT_CORE]


def test_a_file_in_the_place_of_the_folder_leaves_its_package_without_bytecode(store, install, library):
    install(library("jfodd", {"jfodd/__init__.py": SMALL, "jfodd/__pycache__": "", "jfother/__init__.py": SMALL}))
    (tree,) = store.active().paths
    assert [path.parent.parent.name for path in tree.rglob("*.pyc")] == ["jfother"]
    assert not store.verify()
