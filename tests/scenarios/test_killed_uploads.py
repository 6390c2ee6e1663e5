"""A marketplace that is killed at any step of an upload: what is listed is whole and signed, and no more is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jackfield_marketplace.app import open_database
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.trust import Ceremony, Signing

from tests.support.processes import clean_environment
from tests.support.wheels import plugin_source

pytestmark = [
    pytest.mark.slow,
    pytest.mark.feature("C33", "C39"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="children that are copies"),
]

NOWHERE = {"listed": [], "projects": [], "whole": True, "signed": True, "astray": []}


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """The data folder of a marketplace that has its keys."""
    settings = Settings(tmp_path / "empty")
    database = open_database(settings)
    signing = Signing(database, settings.keys, settings.blobs)
    Ceremony(database, settings.keys, signing).begin(tmp_path / "offline")
    database.close()
    return settings.data


def test_an_upload_is_killed_before_each_of_its_steps(tmp_path, empty):
    """Its wheel goes into the folder of blobs, what is beside it into the database."""
    source = plugin_source("killed", "1.0.0")
    source.files["chat_killed/noise.bin"] = os.urandom(100_000)
    wheel = source.build(tmp_path / "wheels")
    told = killed_before_each_step(empty, wheel, tmp_path / "steps")
    listed = {**NOWHERE, "listed": [wheel.name], "projects": ["chat-killed"]}
    for one in told:
        assert one["before"] in (NOWHERE, listed), one
        assert one["again"] == ("identical" if one["before"] == listed else "published"), one
        assert one["after"] == listed, one
    found = [one["before"] == listed for one in told]
    assert found == sorted(found), found  # once it is there it does not go again
    assert [one["killed"] for one in told] == [True] * (len(told) - 1) + [False]
    assert (
        20 < found.index(True) < len(found) - 10
    )  # before its commit there are many steps, and many until it is signed


def killed_before_each_step(empty: Path, wheel: Path, folder: Path) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_uploads", str(empty), str(wheel), str(folder)],
        cwd=Path(__file__).parents[2],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
