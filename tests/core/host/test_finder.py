"""The finder: last in line, over its table alone, and nothing is left when it goes."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jackfield.host import GenerationFinder
from jackfield.host.finder import drop_modules, modules_below, top_level_names

from tests.support.wheels import WheelSource


@pytest.fixture
def finder() -> Iterator[GenerationFinder]:
    made = GenerationFinder()
    made.install()
    yield made
    drop_modules(made.trees)
    made.remove()


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    def unpack(name: str, version: str = "1.0.0", **files: str) -> Path:
        places = {path: path.replace("__init", "/__init__").replace("__part", "/part") for path in files}
        content = {f"{places[path]}.py": text for path, text in files.items()}
        wheel = WheelSource(name, version, files=dict(content)).build(tmp_path / "wheels")
        folder = tmp_path / f"{name}-{version}"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        return folder

    return unpack


def test_it_takes_the_last_place_also_when_it_is_installed_again(finder):
    class Other:
        @staticmethod
        def find_spec(*_: object) -> None:
            return None

    sys.meta_path.append(Other)
    try:
        finder.install()
        assert sys.meta_path[-1] is finder
        assert sys.meta_path.count(finder) == 1
    finally:
        sys.meta_path.remove(Other)


def test_packages_and_modules_are_found_and_nothing_else(finder, tree):
    finder.replace([tree("one", found_package__init="VALUE = 1", found_package__part="", found_module="VALUE = 2")])
    assert importlib.import_module("found_package.part").__name__ == "found_package.part"
    assert importlib.import_module("found_module").VALUE == 2
    assert top_level_names(finder.trees[0]) == {"found_package", "found_module"}
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("found_nowhere")


@pytest.mark.feature("K42")
def test_the_hosts_own_packages_win(finder, tree):
    finder.replace([tree("pluggy", "99.0", pluggy__init="raise RuntimeError('shadowed')")])
    assert not str(importlib.import_module("pluggy").__file__).startswith(str(finder.trees[0]))
    assert importlib.metadata.version("pluggy") != "99.0"


def test_a_new_table_finds_the_new_code_once_the_old_is_dropped(finder, tree):
    old, new = tree("one", "1.0.0", found_module="VALUE = 1"), tree("one", "2.0.0", found_module="VALUE = 2")
    finder.replace([old])
    assert importlib.import_module("found_module").VALUE == 1
    finder.replace([new])
    assert importlib.import_module("found_module").VALUE == 1
    assert list(drop_modules([old])) == ["found_module"]
    assert importlib.import_module("found_module").VALUE == 2
    assert list(modules_below([new])) == ["found_module"]


def test_distributions_are_told_unless_the_caller_names_a_path(finder, tree, tmp_path):
    finder.replace([tree("found-distribution", "1.5")])
    assert importlib.metadata.version("found-distribution") == "1.5"
    assert "found-distribution" in {one.name for one in importlib.metadata.distributions()}
    assert "found-distribution" not in {one.name for one in importlib.metadata.distributions(path=[str(tmp_path)])}
    finder.remove()
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("found-distribution")


def test_a_folder_whose_name_begins_like_another_is_not_below_it(finder, tree):
    one, other = tree("one", found_module="VALUE = 1"), tree("one", "1.0.0.1", found_other="VALUE = 2")
    assert str(other).startswith(str(one))
    finder.replace([one, other])
    importlib.import_module("found_module")
    importlib.import_module("found_other")
    assert list(drop_modules([one])) == ["found_module"]
    assert "found_other" in sys.modules
