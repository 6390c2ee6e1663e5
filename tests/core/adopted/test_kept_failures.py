"""What failed in an adopted application is kept for the command line, and only as long as it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from jackfield.adopted import PluginManager
from jackfield.storage import Starts
from jackfield.store import Layout

from tests.core.adopted.conftest import GOOD, Install, started

BROKEN = "raise ValueError('no map')"


def kept(layout: Layout) -> dict[str, str]:
    return Starts(layout.starts).failures()


def test_what_fails_is_kept_with_the_place_in_the_plugin(layout: Layout, install: Install, tmp_path: Path) -> None:
    install("lakes")
    install("seas", BROKEN)
    install("coasts", "import atlas_absent")

    started(layout)

    place = tmp_path / "site" / "atlas_seas" / "__init__.py"
    assert kept(layout)["seas"] == f"ValueError: no map ({place}, line 1)"
    assert kept(layout)["coasts"].startswith("ModuleNotFoundError: No module named 'atlas_absent' (")
    assert set(kept(layout)) == {"coasts", "seas"}


def test_the_record_is_written_only_where_what_fails_differs(layout: Layout, install: Install) -> None:
    install("seas", BROKEN)
    started(layout)
    before = Starts(layout.starts).stamp()

    started(layout)

    assert Starts(layout.starts).stamp() == before


def test_where_nothing_ever_failed_nothing_is_written_or_imported_for_it(
    layout: Layout, install: Install, tmp_path: Path
) -> None:
    install("lakes")
    started(layout)
    assert not layout.starts.exists()

    program = (
        "import sys, json; from pathlib import Path; from jackfield import PluginManager; "
        "manager = PluginManager('atlas'); manager.load_setuptools_entrypoints('atlas'); "
        "print([one for one in sys.modules if one.startswith(('jackfield.adopted.kept', 'jackfield.storage'))])"
    )
    environ = {**os.environ, "JACKFIELD_HOME": str(layout.root), "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n", done.stdout


def test_disabling_it_ends_the_word_and_so_does_a_load_that_works(layout: Layout, install: Install) -> None:
    install("seas", BROKEN)
    manager = started(layout)
    manager.disable("seas")
    assert kept(layout) == {}

    manager.enable("seas")
    assert set(kept(layout)) == {"seas"}
    install("seas", GOOD)
    sys.path_importer_cache.clear()
    manager.enable("seas")
    assert kept(layout) == {}


def test_a_process_says_nothing_of_plugins_that_it_did_not_try(layout: Layout, install: Install) -> None:
    install("lakes")
    install("seas", BROKEN)
    started(layout)

    manager = PluginManager("atlas", layout=layout)
    manager.load_setuptools_entrypoints("atlas", name="lakes")

    assert set(kept(layout)) == {"seas"}


def test_an_error_that_cannot_say_what_it_is_does_not_stop_the_application(layout: Layout, install: Install) -> None:
    install("lakes")
    code = "class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise Odd"
    install("seas", code)

    assert started(layout).has_plugin("lakes")

    assert kept(layout)["seas"].startswith("Odd: <exception str() failed> (")


def test_a_folder_that_cannot_be_made_disturbs_nothing(install: Install, tmp_path: Path) -> None:
    install("seas", BROKEN)
    (tmp_path / "file").touch()

    manager = started(Layout(tmp_path / "file" / "profile"))

    assert "seas" in manager.failures
