"""`kill -9` at every step and at any moment: the whole old or the whole new set, and the next install clears the rest.

The installers are real processes. Run it with `-s` to see the table; it is kept as a property of the test report too.
"""

from __future__ import annotations

import random
import shutil
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jackfield.management import Environment, Management
from jackfield.store import Layout, Store

from tests.support.installers import Installers
from tests.support.profiles import Profile
from tests.support.wheels import WheelSource, build_plugin

pytestmark = pytest.mark.slow

FEWEST_STEPS = 9
MOMENTS = 100
VERSIONS = ("1.0.0", "2.0.0", "3.0.0")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a start after the crash finds.

    Args:
        versions: plugin -> version, of the active generation.
        state: every key that says what is wished, granted and asked; settings too.
    """

    versions: dict[str, str]
    state: dict[str, Any]


def manage(root: Path) -> Management:
    return Management("chat", Layout(root), [], environment=Environment(("chat.plugins",), path=[]))


def look(root: Path) -> Seen:
    """Start on the profile as an application does: complete what is open, then read; everything must be whole."""
    management = manage(root)
    management.settle()
    store = management.store
    assert store.settled()
    assert store.verify() == {}
    generation = store.active()
    assert generation.missing() == ()
    for path, row in generation.files().items():
        assert (store.entries.tree(row.wheel) / path).stat().st_size == row.size
    assert all(tree.is_dir() for cid in generation.workers for tree in generation.worker_paths(cid))
    for number in store.numbers():
        assert store.generation(number).missing() == ()
    return Seen({pin.distribution: pin.version for pin in generation.pins}, management.state.items())


def leftovers(root: Path) -> list[str]:
    """What lies in a profile that nothing names."""
    store = Store(Layout(root))
    found = [path.name for path in root.glob("current.*")]
    found += [f"unfinished/{path.name}" for path in store.layout.unfinished.glob("*")]
    found += [f"generations/{path.name}" for path in store.layout.generations.glob("new-*")]
    found += [
        f"generations/{number}"
        for number in store.numbers()
        if number not in {store.active_number(), *store.journalled()}
    ]
    found += [f"store/{sha256[:8]}" for sha256 in store.unnamed(set(store.numbers()))]
    return found


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A local folder of wheels: name-version -> path."""
    folder = tmp_path_factory.mktemp("wheels")
    built = [build_plugin(folder, "poll", version) for version in VERSIONS]
    built += [build_plugin(folder, "dice", isolation="inline"), build_plugin(folder, "welcome")]
    built.append(WheelSource("jfcards", files={f"jfcards/part{n}.py": f"N = {n}\n" for n in range(20)}).build(folder))
    return {"-".join(wheel.name.split("-")[:2]): str(wheel) for wheel in built}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, wheels: dict[str, str], installers: Installers) -> Path:
    """A profile with a history: poll 1.0.0, then 2.0.0 beside dice."""
    root = tmp_path_factory.mktemp("old") / "profile"
    for words in (("install", wheels["chat_poll-1.0.0"]), ("install", wheels["chat_dice-1.0.0"])):
        ended = installers.run_one(root, *words)
        assert not ended.error
    assert not installers.run_one(root, "install", wheels["chat_poll-2.0.0"]).error
    return root


@pytest.fixture
def fresh(old: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Copies the profile: `fresh("name")`."""

    def copy(name: str) -> Path:
        shutil.copytree(old, tmp_path / name / "profile", symlinks=True)
        return tmp_path / name / "profile"

    return copy


STORIES = {
    "install two": ("install", "chat_welcome-1.0.0", "chat_poll-3.0.0"),
    "remove": ("remove", "dice"),
    "roll back": ("rollback",),
    "collect": ("gc", "0"),
}


@pytest.mark.parametrize("story", STORIES)
def test_killed_at_every_step(
    story: str,
    installers: Installers,
    wheels: dict[str, str],
    fresh: Callable[[str], Path],
    record_property: Callable[[str, object], None],
) -> None:
    words = [wheels.get(word, word) for word in STORIES[story]]
    whole = fresh("whole")
    before = look(whole)
    steps = installers.run_one(whole, *words).steps
    after = look(whole)
    assert (after == before) is (story == "collect")
    assert leftovers(whole) == []
    if story == "install two":
        assert len(steps) >= FEWEST_STEPS
        assert {"wheel-unpacked", "wheels-synced", "wheels-stored", "generation-renamed", "pointer-replaced"} <= {
            *steps
        }
    rows = []
    for number, step in enumerate(steps, 1):
        root = fresh(f"killed-{number}")
        ended = installers.run_one(root, *words, kill_after_steps=number)
        assert ended.killed, ended
        assert ended.steps == steps[:number]
        left = leftovers(root)
        found = look(root)
        switched = "pointer-replaced" in steps[:number]
        assert found == (after if switched else before), step
        again = installers.run_one(root, "install", wheels["chat_poll-1.0.0"])
        assert not again.error, again
        assert leftovers(root) == []
        assert look(root).versions["chat-poll"] == "1.0.0"
        rows.append((story, step, "new" if switched else "old", len(left), "succeeds, nothing left"))
    tell(record_property, f"crash table: {story}", ("story", "killed after", "set", "left over", "next install"), rows)


@pytest.mark.feature("C46", "U10")
def test_killed_at_every_step_of_a_rollback_by_itself(
    installers: Installers, fresh: Callable[[str], Path], record_property: Callable[[str, object], None]
) -> None:
    """What failed is held back exactly where it was rolled back."""
    whole = fresh("whole")
    before = look(whole)
    steps = installers.run_one(whole, "give-up", "poll").steps
    after = look(whole)
    assert (before.versions["chat-poll"], after.versions["chat-poll"]) == ("2.0.0", "1.0.0")
    assert after.state["failed/chat-poll"]["2.0.0"]["why"] == "it failed"
    rows = []
    for number, step in enumerate(steps, 1):
        root = fresh(f"killed-{number}")
        assert installers.run_one(root, "give-up", "poll", kill_after_steps=number).killed
        found = look(root)
        switched = "pointer-replaced" in steps[:number]
        held = found.state.pop("failed/chat-poll", None)
        assert (held is not None) is switched, step
        assert found.versions == (after if switched else before).versions, step
        assert found.state == {
            key: value for key, value in (after if switched else before).state.items() if key != "failed/chat-poll"
        }, step
        assert leftovers(root) == []
        rows.append(("roll back by itself", step, "new" if switched else "old", "yes" if switched else "no"))
    tell(record_property, "crash table: by itself", ("story", "killed after", "set", "held back"), rows)


def test_killed_at_a_hundred_random_moments(
    installers: Installers,
    wheels: dict[str, str],
    old: Path,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """One profile lives through all of them; each installer meets what the one before left."""
    chance = random.Random(20261120)
    root = tmp_path / "profile"
    shutil.copytree(old, root, symlinks=True)
    lengths = [installers.run_one(root, "install", wheels[f"chat_poll-{n}.0.0"]).seconds for n in (3, 2, 3, 2)]
    seen = look(root)
    outcomes: dict[tuple[str, str], int] = {}
    killed = moment = 0
    while killed < MOMENTS:
        moment += 1
        assert moment < 3 * MOMENTS, "too few of them were hit before they had ended"
        before = seen
        version = chance.choice([one for one in VERSIONS if one != before.versions["chat-poll"]])
        # What a whole one takes by now: a machine that has other work to do is slower at one time than at another.
        delay = chance.uniform(0, 1.2 * statistics.median(lengths[-5:]))
        ended = installers.run_one(root, "install", wheels[f"chat_poll-{version}"], kill_after_seconds=delay)
        assert not ended.error, ended
        killed += ended.killed
        lengths += [] if ended.killed else [ended.seconds]
        seen = look(root)
        if seen.versions["chat-poll"] == before.versions["chat-poll"]:
            assert seen == before
            result = "old"
        else:
            assert seen.versions == {**before.versions, "chat-poll": version}
            assert seen.state["grants/poll"]["version"] == version
            result = "new"
        if ended.killed:
            outcomes[ended.steps[-1], result] = outcomes.get((ended.steps[-1], result), 0) + 1
    ended = installers.run_one(root, "install", wheels["chat_welcome-1.0.0"])
    assert not ended.error
    assert leftovers(root) == []
    assert look(root).versions.keys() == {"chat-poll", "chat-dice", "chat-welcome"}
    rows = [(step, result, count) for (step, result), count in sorted(outcomes.items(), key=lambda one: -one[1])]
    tell(record_property, "crash table: random moments", ("last step told", "set", "times"), rows)
    assert len(outcomes) > 5, "the moments did not spread over the steps"


def tell(record: Callable[[str, object], None], title: str, head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Print a table as Markdown and keep it in the test report."""
    lines = [head, tuple("---" for _ in head), *rows]
    text = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
    record(title, text)
    print(f"\n{title}\n\n{text}")


@pytest.mark.parametrize(("last_step", "version"), [("pointer-written", "2.0.0"), ("pointer-replaced", "3.0.0")])
async def test_a_host_starts_on_what_a_killed_installer_left(
    last_step: str, version: str, installers: Installers, wheels: dict[str, str], fresh: Callable[[str], Path]
) -> None:
    words = ("install", wheels["chat_poll-3.0.0"])
    steps = installers.run_one(fresh("whole"), *words).steps
    root = fresh("killed")
    installers.run_one(root, *words, kill_after_steps=steps.index(last_step) + 1)
    host = Profile(Layout(root)).host()
    await host.start()
    try:
        status = host.plugins.status("poll")
        assert (status.version, status.state) == (version, "active")
    finally:
        await host.stop()
