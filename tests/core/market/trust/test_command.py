"""`python -m jackfield.market.trust`, as conformance tools call it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jackfield.manifest import page_path

from tests.support.mirror import Answer, Mirror, mirror_of

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33")]


@pytest.fixture
def mirror(market) -> Iterator[Mirror]:
    with mirror_of(market.url) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def published(market) -> None:
    market.publish("seen")


def run(folder: Path, mirror: Mirror, *words: str) -> subprocess.CompletedProcess[str]:
    base = ["--metadata-dir", str(folder / "metadata"), "--metadata-url", f"{mirror.url}/tuf"]
    return subprocess.run(
        [sys.executable, "-m", "jackfield.market.trust", *base, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def download(folder: Path, mirror: Mirror, *names: str) -> subprocess.CompletedProcess[str]:
    asked = [word for name in names for word in ("--target-name", name)]
    where = ["--target-base-url", f"{mirror.url}/tuf/targets", "--target-dir", str(folder / "out")]
    return run(folder, mirror, *asked, *where, "download")


@pytest.fixture
def initialised(mirror: Mirror, tmp_path: Path) -> Path:
    (tmp_path / "root.json").write_bytes(mirror.honest("/tuf/1.root.json").body)
    mirror.asked.clear()
    assert run(tmp_path, mirror, "init", str(tmp_path / "root.json")).returncode == 0
    assert mirror.asked == []
    return tmp_path


def test_init_refresh_download(initialised, mirror):
    assert run(initialised, mirror, "refresh").returncode == 0
    assert {path.name for path in (initialised / "metadata").glob("*.json")} == {
        "root.json",
        "timestamp.json",
        "snapshot.json",
        "targets.json",
    }
    done = download(initialised, mirror, page_path("chat-seen"))
    assert done.returncode == 0, done.stderr
    assert json.loads(Path(done.stdout.strip()).read_text())["name"] == "chat-seen"


def test_several_targets_come_in_order_and_the_first_that_fails_ends_it(initialised, mirror):
    done = download(initialised, mirror, page_path("chat-seen"), "nothing", page_path("chat-seen"))
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert "nothing is no target of" in done.stderr


def test_a_target_that_lies_there_is_not_fetched_again(initialised, mirror):
    path = page_path("chat-seen")
    first = download(initialised, mirror, path)
    mirror.asked.clear()
    again = download(initialised, mirror, path)
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert not any("/targets/" in asked for asked in mirror.asked)


def test_what_does_not_hold_is_one_sentence_and_an_exit_code(initialised, mirror):
    mirror.lie("/tuf/timestamp.json", Answer(200, b"<html>"))
    done = run(initialised, mirror, "refresh")
    assert done.returncode == 1
    assert "answers with something that is no signed metadata" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_missing_on_the_command_line_is_said(initialised, mirror):
    done = run(initialised, mirror, "download")
    assert done.returncode == 1
    assert "download needs --target-name, --target-base-url and --target-dir" in done.stderr
