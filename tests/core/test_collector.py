"""The collector is held back while an adopted application loads its plugins, and is as it was afterwards."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import jackfield
import pytest
from jackfield.collector import ENOUGH, HeldBack

from tests.support.processes import clean_environment


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


class Knot:
    """Garbage that only the collector can tell."""

    def __init__(self) -> None:
        self.itself = self


def test_it_is_held_back_within_and_as_before_afterwards() -> None:
    gc.set_threshold(600, 9, 8)
    with HeldBack():
        assert gc.get_threshold() == (ENOUGH, 9, 8)
    assert gc.get_threshold() == (600, 9, 8)
    with pytest.raises(ZeroDivisionError), HeldBack():
        raise ZeroDivisionError
    assert gc.get_threshold() == (600, 9, 8)


def test_within_another_the_outer_one_ends_it() -> None:
    gc.set_threshold(600, 9, 8)
    with HeldBack():
        with HeldBack():
            pass
        assert gc.get_threshold()[0] == ENOUGH
    assert gc.get_threshold() == (600, 9, 8)


@pytest.mark.parametrize("own", [0, ENOUGH, ENOUGH * 2])
def test_who_collects_seldom_or_never_is_left_to_it(own: int) -> None:
    gc.set_threshold(own, 9, 8)
    with HeldBack():
        assert gc.get_threshold() == (own, 9, 8)
    assert gc.get_threshold() == (own, 9, 8)


def test_what_is_set_meanwhile_stays() -> None:
    with HeldBack():
        gc.set_threshold(1234, 5, 6)
    assert gc.get_threshold() == (1234, 5, 6)


@pytest.mark.slow
def test_garbage_made_meanwhile_goes_with_the_next_whole_collection() -> None:
    with HeldBack():
        knot = weakref.ref(Knot())
    gc.collect()
    assert knot() is None


def test_what_an_application_froze_stays_frozen() -> None:
    code = (
        "import gc; gc.freeze(); frozen = gc.get_freeze_count(); import jackfield; jackfield.PluginManager('a');"
        "assert 0 < frozen * 0.9 < gc.get_freeze_count()"
    )
    subprocess.run([sys.executable, "-c", code], env=clean_environment(), check=True, timeout=60)


def test_plugins_are_imported_while_it_is_held_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_collector.py").write_text("import gc\nSEEN = gc.get_threshold()[0]\n")
    info = tmp_path / "slow_collector-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-collector\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[collector.plugins]\nslow = slow_collector\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = gc.get_threshold()
    manager = jackfield.PluginManager("collector", remember=False)
    assert manager.load_setuptools_entrypoints("collector.plugins") == 1
    assert vars(manager.get_plugin("slow"))["SEEN"] == ENOUGH
    assert gc.get_threshold() == before
