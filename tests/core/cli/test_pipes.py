"""A pipe in the place of any file that is kept: nobody waits until somebody writes into it."""

from __future__ import annotations

import os
import re

import pytest

from tests.core.cli.conftest import Desk

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")]


def test_list_ends_whichever_file_of_the_home_is_a_pipe(polling: Desk) -> None:
    before = polling.run("list")
    files = [path for path in sorted(polling.home.rglob("*")) if path.is_file() and "store" not in path.parts]
    told = {}
    for file in files:
        aside = file.with_name("aside")
        file.rename(aside)
        os.mkfifo(file, 0o600)
        told[file.name] = polling.run("list")
        file.unlink()
        aside.rename(file)
    for name in ("current", "journal", "log.jsonl", "generation.json"):
        assert told[name].code == 1
        assert re.search(r"^error: .* (is damaged|is missing or damaged|cannot be read: it is no)", told[name].err)
    assert {ran.code for ran in told.values()} == {0, 1}
    assert polling.run("list").out == before.out
