"""What a host says that it imports from, however its program has arranged that (K42)."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import types
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jackfield.isolation.import_path import import_path

from tests.support.workers import running, spec_in, tell

ANYWHERE = "import os, sys\n{}\nfrom jackfield.isolation.import_path import import_path\nprint(len(import_path()) > 0)"


def module(monkeypatch: pytest.MonkeyPatch, name: str, **said: Any) -> None:
    made = types.ModuleType(name)
    made.__dict__.update(said)
    monkeypatch.setitem(sys.modules, name, made)


@pytest.mark.parametrize("entry", [None, 3, "a\0b", "x" * 100_000, "/a/missing/folder", "/\udcff\n"])
def test_an_entry_that_no_import_heeds_is_passed_over(entry):
    # In a process of its own: with a NUL no namespace can be looked up any more, and pytest has loaded some.
    source = (
        f"{ANYWHERE.format('')}\nbefore = import_path()\nsys.path.append({entry!r})\nprint(import_path() == before)"
    )
    done = subprocess.run([sys.executable, "-"], input=source, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("True\nTrue\n", "")


@pytest.mark.parametrize("entry", ["", "relative"])
def test_the_working_directory_may_be_gone(entry, tmp_path):
    (gone := tmp_path / "gone").mkdir()
    source = ANYWHERE.format(f"os.chdir({str(gone)!r}); os.rmdir({str(gone)!r}); sys.path.insert(0, {entry!r})")
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_a_module_that_raises_when_it_is_asked_is_passed_over(monkeypatch):
    def refuse(name: str) -> Any:
        raise ImportError(f"{name} needs more to be installed")

    before = import_path()
    module(monkeypatch, "refusing", __getattr__=refuse)
    module(monkeypatch, "odd_file", __file__="a\0b")
    module(monkeypatch, "no_file", __file__="")
    module(monkeypatch, "number", __file__=3)
    monkeypatch.setitem(sys.modules, "no_module", None)
    monkeypatch.setitem(sys.modules, "slots", object())
    assert import_path() == before


def test_a_module_that_is_loaded_when_it_is_first_used_is_not_loaded_by_that(monkeypatch, tmp_path):
    (tmp_path / "lazy.py").write_text("raise SystemExit\n")
    spec = importlib.util.spec_from_file_location("lazy", tmp_path / "lazy.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    lazy = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lazy", lazy)
    spec.loader.exec_module(lazy)
    assert str(tmp_path / "lazy.py") in import_path()


def test_what_is_loaded_off_the_path_is_told_with_its_compiled_code_and_its_archive(monkeypatch, tmp_path):
    for name in ("one", "package", "loose", "part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tool.py").touch()
    (tmp_path / "one" / "__pycache__").mkdir()
    with zipfile.ZipFile(tmp_path / "archive.egg", "w") as archive:
        archive.writestr("inside.py", "")
    module(monkeypatch, "one", __file__=str(tmp_path / "one" / "tool.py"))
    module(monkeypatch, "package", __file__=str(tmp_path / "package" / "__init__.py"), __path__=["anywhere"])
    module(monkeypatch, "package.tool", __file__=str(tmp_path / "package" / "tool.py"))
    module(monkeypatch, "loose", __path__=[str(tmp_path / "loose"), "/a/missing/folder"])
    module(monkeypatch, "namespace", __path__=[])
    module(monkeypatch, "namespace.part", __file__=str(tmp_path / "part" / "__init__.py"), __path__=["anywhere"])
    module(monkeypatch, "inside", __file__=str(tmp_path / "archive.egg" / "inside.py"))
    found = {os.path.relpath(one, tmp_path) for one in import_path() if Path(one).is_relative_to(tmp_path.resolve())}
    assert found == {"one/tool.py", "one/__pycache__", "package", "loose", "part", "archive.egg"}


def test_of_a_folder_on_the_path_that_may_be_read_as_such_what_was_loaded_is_told(monkeypatch, tmp_path):
    (tmp_path / "tool").mkdir()
    (tmp_path / "site-packages" / "library").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path), str(tmp_path / "site-packages")])
    for above in (tmp_path, tmp_path / "site-packages"):
        name = "tool" if above == tmp_path else "library"
        module(monkeypatch, name, __file__=str(above / name / "__init__.py"), __path__=[str(above / name)])
    found = {os.path.relpath(one, tmp_path) for one in import_path() if Path(one).is_relative_to(tmp_path.resolve())}
    assert found == {".", "tool", "site-packages"}


@pytest.mark.slow
async def test_a_host_may_import_from_more_places_than_a_socket_takes_at_once(tmp_path):
    places = [f"/somewhere/far/away/in/a/long/folder/{number}/modules" for number in range(6000)]
    async with running(hidden=places) as zygote:
        child = await zygote.fork(spec_in(tmp_path))
        assert await tell(child, "told = 1") == 1
        child.close()
