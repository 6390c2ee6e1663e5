"""A revoked plugin at the command line: every command says so, and `allow-revoked` has it run for a day, loudly."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.marketplace import RunningMarketplace
from tests.support.processes import clean_environment, script
from tests.support.revoking import revoking_marketplace

pytestmark = [pytest.mark.slow, pytest.mark.feature("U8")]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with revoking_marketplace(tmp_path_factory.mktemp("market")) as running:
        yield running


class Terminal:
    """The command, with a home of its own."""

    def __init__(self, home: Path, url: str) -> None:
        self.environ = clean_environment() | {"JACKFIELD_HOME": str(home), "JACKFIELD_MARKETPLACE": url}

    def run(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [script("jackfield"), "--app", "chat", *words],
            env=os.environ | self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return " ".join((done.stdout + done.stderr).split())


def test_every_command_says_what_was_revoked_and_what_to_do(market, tmp_path):
    terminal = Terminal(tmp_path / "home", market.url)
    market.publish("spy", "1.0.0")
    terminal.run("install", "spy", "--yes", "--accept-permissions")
    market.run(
        "revoke", "spy", "<1.1", "--reason", "It reads mail.", "--severity", "critical", "--advice", "Remove it."
    )
    why = f"was revoked by {market.url} (critical): It reads mail. Remove it. Appeals: appeals@example.org"
    assert f"1.0.0 {why}" in terminal.run("update", "--check", code=4)
    assert f"REVOKED: it {why}" in terminal.run("list")
    assert f"<1.1 {why}" in terminal.run("info", "spy")
    doctor = terminal.run("doctor", code=1)
    assert f"revoked: spy: 1.0.0 {why}" in doctor
    assert "jackfield --app chat allow-revoked spy" in doctor
    refused = terminal.run("install", "spy==1.0.0", "--yes", code=1)
    assert f"spy 1.0.0 {why}" in refused
    terminal.run("disable", "spy")
    assert f"spy {why}" in terminal.run("enable", "spy", code=1)
    told = terminal.run("allow-revoked", "spy")
    terminal.run("enable", "spy")
    assert f"REVOKED: spy {why}" in told
    assert "It may run until" in told
    assert "REVOKED: runs until" in terminal.run("list")
    assert "runs until" in terminal.run("allow-revoked")
    history = terminal.run("history")
    assert "spy may run until" in history
    assert "spy may not run any more." in terminal.run("allow-revoked", "spy", "--end")
    assert "REVOKED: it was revoked by" in terminal.run("list")
    market.publish("spy", "1.1.0", code="from jackfield import Plugin\nclass Main(Plugin):\n    mended = True\n")
    assert "1.0.0 → 1.1.0" in terminal.run("update", "--check")
    terminal.run("update", "--yes")
    assert "REVOKED" not in terminal.run("list")
    assert "Nothing that is installed is revoked." in terminal.run("allow-revoked")
    told = terminal.run("allow-revoked", "spy")
    assert "It may run until" in told
    assert told.endswith("spy 1.1.0, which is installed, is not meant.")
