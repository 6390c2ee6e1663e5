"""`make demo` and `make run`, as a newcomer types them."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.demo.telling import Failed, Telling, expect
from tests.demo.wheels import CONTRIB, ROOT, version_of
from tests.support.processes import NotStarted, Server, clean_environment, free_port

MINUTE = 60


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_story_is_as_told_within_a_minute() -> None:
    """A minute of work: other tests may run beside it, so the processor's time is what is held to it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"], cwd=ROOT, env=clean_environment(), capture_output=True, text=True,
        timeout=200, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    *steps, summary = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line[:3] for line in steps} == {"ok "}
    assert f"{len(steps)} steps, each as told" in summary
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < MINUTE


def test_a_step_that_is_not_as_told_fails_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    telling = Telling()
    with telling.step("the sky is blue") as step:
        step.detail = "as always"
    with pytest.raises(Failed), telling.step("pigs fly"):
        expect(1 > 2, "they walked")
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"ok\s+0\.0 s  the sky is blue: as always", first)
    assert re.fullmatch(r"FAILED\s+0\.0 s  pigs fly: they walked", second)
    assert telling.failed == "pigs fly"
    assert "step 2 was not as told (pigs fly)" in telling.summary()


@pytest.fixture
def make_run(tmp_path: Path) -> Iterator[Callable[[], Server]]:
    """Start `make run` on free ports and a data folder of the test's."""
    servers: list[Server] = []

    def start() -> Server:
        ports = [f"PORT={free_port()}", f"MARKET_PORT={free_port()}", f"DATA={tmp_path / 'data'}"]
        server = Server(["make", "--no-print-directory", "run", *ports], ready=2, cwd=ROOT)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.stop()


@pytest.mark.slow
def test_make_run_asks_nothing_and_prints_both_addresses_and_the_password_once(
    make_run: Callable[[], Server],
) -> None:
    first = make_run()
    market, chat = first.addresses
    assert "Sign in" in httpx.get(f"{chat}/sign-in", trust_env=False).text
    found = httpx.get(f"{market}/plugins/search", params={"q": ""}, trust_env=False).json()
    assert {plugin["id"] for plugin in found["plugins"]} == {"console", "dice", "poll", "timestamp", "welcome"}
    assert first.output.count("password") == 1
    first.stop()
    again = make_run()
    assert "password" not in again.output


@pytest.mark.slow
def test_make_run_names_a_contrib_plugin_that_was_edited_without_a_new_version(tmp_path: Path) -> None:
    """In a copy of what `make run` starts with, so that the test edits nothing of the tree it runs from."""
    tree = tmp_path / "tree"
    shutil.copytree(CONTRIB, tree / "plugins-contrib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests/demo", tree / "tests/demo", ignore=shutil.ignore_patterns("__pycache__"))
    environment = clean_environment(PYTHONPATH=str(tree))
    command = [sys.executable, "-m", "tests.demo.wheels", "--out", str(tmp_path / "wheels")]
    subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True)
    code = tree / "plugins-contrib/dice/chat_dice/__init__.py"
    code.write_text(code.read_text() + "# edited\n")
    done = subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        (
            f"chat-dice was edited and is still {version_of('dice')}: the first wheel is used; "
            "raise version in plugins-contrib/dice/pyproject.toml"
        )
    ]


@pytest.mark.slow
def test_a_port_that_is_taken_is_named(make_run: Callable[[], Server], tmp_path: Path) -> None:
    first = make_run()
    port = first.addresses[1].rpartition(":")[2]
    second = Server(
        ["make", "--no-print-directory", "run", f"PORT={port}", f"DATA={tmp_path / 'other'}"],
        cwd=ROOT,
        environment=clean_environment(MAKEFLAGS=""),
    )
    with pytest.raises(NotStarted, match=f"port {port} is in use"):
        second.start()
    assert "Traceback" not in second.output
