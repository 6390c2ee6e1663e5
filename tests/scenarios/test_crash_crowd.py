"""Eight installers at once, odd folders, two profiles: everybody is served or told, and nothing is lost or mixed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from jackfield.errors import StoreError
from jackfield.management import Environment, Management
from jackfield.store import Layout, Store

from tests.support.installers import Installers, Job
from tests.support.processes import clean_environment, script
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

CROWD = 8


def installed(root: Path) -> set[str]:
    store = Store(Layout(root))
    assert store.settled()
    assert store.verify() == {}
    assert store.active().missing() == ()
    assert not store.layout.unfinished.exists()
    return set(store.active().plugins)


@pytest.mark.parametrize("tries", [0, 1, CROWD])
def test_eight_installers_at_once(tries: int, tmp_path: Path) -> None:
    """Each waits for the one before it; whose plan is void by then is told, and succeeds when it plans anew."""
    root = tmp_path / "profile"
    wheels = [build_plugin(tmp_path / "w", f"plugin{number}") for number in range(CROWD)]
    with Installers() as installers:
        ended = installers.run([Job(str(root), ("install", str(wheel)), tries=tries) for wheel in wheels])
    done = {f"plugin{number}" for number, one in enumerate(ended) if not one.error}
    refused = [one.error for one in ended if one.error]
    assert done
    assert installed(root) == done
    assert all("something else was installed, removed or granted meanwhile (try again)" in one for one in refused)
    if tries != 1:
        assert refused == []
    journal = Store(Layout(root)).journal
    assert [one.generation for one in journal.activations()] == list(range(1, len(done) + 1))


def test_whoever_looks_after_the_store_and_whoever_changes_it_are_in_nobodys_way(tmp_path: Path) -> None:
    """Installs, ways back, collections and looks at every file, all at once: each is done or told."""
    root = tmp_path / "profile"
    wheels = [build_plugin(tmp_path / "w", "poll", version) for version in ("1.0.0", "2.0.0")]
    wheels.append(build_plugin(tmp_path / "w", "dice"))
    installs = [Job(str(root), ("install", str(wheel)), tries=0) for wheel in wheels]
    others = [("rollback",), ("rollback",), ("gc", "0"), ("gc", "1"), ("verify",), ("verify",)]
    told = ("StoreError: ", "StoreLocked: ", "UsageError: ")  # somebody was faster, or there is no way back any more
    with Installers() as installers:
        for turn in range(4):
            jobs = [*installs, *(Job(str(root), words) for words in others)]
            ended = installers.run(jobs[turn:] + jobs[:turn])
            assert [one.error for one in ended if one.error and not one.error.startswith(told)] == []
            installed(root)


async def test_a_plan_that_would_do_something_else_by_then_is_asked_about_again(tmp_path: Path) -> None:
    management = Management("chat", Layout(tmp_path), [], environment=Environment(("chat.plugins",), path=[]))
    older, newer = (str(build_plugin(tmp_path / "w", "poll", version)) for version in ("1.0.0", "2.0.0"))
    late = await management.plan_install([newer])
    await management.apply(await management.plan_install([older]), accept_permissions=True, by="the faster one")
    with pytest.raises(StoreError, match="meanwhile"):
        await management.apply(
            late, accept_permissions=True, by="the slower one", again=lambda: management.plan_install([newer])
        )
    assert [row.version for row in management.list()] == ["1.0.0"]


def test_one_killed_among_eight_is_no_trouble_for_the_others(tmp_path: Path) -> None:
    root = tmp_path / "profile"
    wheels = [build_plugin(tmp_path / "w", f"plugin{number}") for number in range(CROWD)]
    jobs = [Job(str(root), ("install", str(wheel)), tries=CROWD) for wheel in wheels]
    jobs[3] = Job(jobs[3].root, jobs[3].words, tries=CROWD, kill_after_steps=9)
    with Installers() as installers:
        ended = installers.run(jobs)
    assert [one.error for one in ended] == [""] * CROWD
    assert ended[3].killed
    with Installers() as installers:  # the killed one may have been the last: the next install clears what it left
        (again,) = installers.run([Job(str(root), ("install", str(wheels[3])), tries=CROWD)])
    assert again.error == ""
    assert installed(root) == {f"plugin{number}" for number in range(CROWD)}


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script("jackfield"), "--app", "chat", *words],
        env=clean_environment(JACKFIELD_HOME=str(home), COLUMNS="200"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_home_with_blanks_and_letters_of_the_world_holds_two_profiles(tmp_path: Path) -> None:
    home = tmp_path / "ein Ordner für Plugins" / "プラグイン"
    yes = ("--yes", "--accept-permissions")
    for profile, plugin in (("work", "poll"), ("play", "dice")):
        wheel = build_plugin(tmp_path / "räder und wheels", plugin)
        done = run(home, "--profile", profile, "install", str(wheel), *yes)
        assert done.returncode == 0, done.stderr
    for profile, plugin in (("work", "poll"), ("play", "dice")):
        rows = json.loads(run(home, "--profile", profile, "list", "--json").stdout)["plugins"]
        assert [row["id"] for row in rows] == [plugin]
    tree = next((home / "chat" / "work" / "store").glob("*/tree/chat_poll"))
    (tree / "plugin.toml").chmod(0o644)
    (tree / "plugin.toml").write_text("edited")
    found = run(home, "--profile", "work", "store", "verify")
    assert found.returncode == 1
    assert "chat-poll 1.0.0: chat_poll/plugin.toml was changed" in found.stdout
    mended = run(home, "--profile", "work", "store", "verify", "--repair")
    assert mended.returncode == 0
    assert "chat-poll 1.0.0: chat_poll/plugin.toml was changed; repaired" in mended.stdout
    assert run(home, "--profile", "work", "store", "gc").stdout == "There is nothing to remove.\n"
