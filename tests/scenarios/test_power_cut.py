"""Power cuts: a real ext4 on a loop device is shut down without a flush after each step, mounted again, and looked at.

What the file system had not brought to disk by then is lost, its journal included. Only root can mount; elsewhere it is
skipped by name. Run it with `-s` to see the table.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.test_crash import look, tell
from tests.support.installers import Installers
from tests.support.power import missing, supplied
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("C45", "C46")]

_FEWEST_STEPS = 9


@pytest.fixture(scope="module", autouse=True)
def machine(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where this cannot be done, and say what is missing."""
    reason = missing(tmp_path_factory.mktemp("trial"))
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("wheels")
    built = [build_plugin(folder, "poll", version) for version in ("1.0.0", "2.0.0")]
    built.append(build_plugin(folder, "dice"))
    return {"-".join(wheel.name.split("-")[:2]): str(wheel) for wheel in built}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, wheels: dict[str, str], installers: Installers) -> Path:
    """A profile with poll 1.0.0 and a history."""
    root = tmp_path_factory.mktemp("old") / "profile"
    for name in ("chat_dice-1.0.0", "chat_poll-1.0.0"):
        assert not installers.run_one(root, "install", wheels[name]).error
    return root


STORIES = {"update": ("install", "chat_poll-2.0.0"), "remove": ("remove", "dice"), "roll back": ("rollback",)}


@pytest.mark.parametrize("story", STORIES)
def test_a_power_cut_after_any_step_leaves_the_whole_old_or_the_whole_new_set(
    story: str,
    installers: Installers,
    wheels: dict[str, str],
    old: Path,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    words = [wheels.get(word, word) for word in STORIES[story]]
    whole = tmp_path / "whole"
    shutil.copytree(old, whole, symlinks=True)
    before = look(whole)
    steps = installers.run_one(whole, *words).steps
    after = look(whole)
    assert after != before
    assert len(steps) >= _FEWEST_STEPS - (3 if story == "roll back" else 1)
    rows = []
    for number, step in enumerate(steps, 1):
        with supplied(tmp_path, f"disk-{number}") as supply:
            root = supply.mount / "profile"
            shutil.copytree(old, root, symlinks=True)
            os.sync()
            ended = installers.run_one(root, *words, kill_after_steps=number)
            assert ended.killed, ended
            supply.cut()
            supply.turn_on()
            found = look(root)
            # Between the switch and the folder's fsync the disk may have either; after it the new one for good.
            done = steps[:number]
            allowed = (
                [after] if "pointer-synced" in done else [before, after] if "pointer-replaced" in done else [before]
            )
            assert found in allowed, step
            again = installers.run_one(root, "install", wheels["chat_poll-1.0.0"])
            assert not again.error, again
            assert look(root).versions["chat-poll"] == "1.0.0"
            rows.append((story, step, "new" if found == after else "old", "succeeds"))
    tell(record_property, f"power cuts: {story}", ("story", "cut after", "set", "next install"), rows)
