"""Collecting what nothing reaches, and the readers that hold what it would take."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from jackfield.errors import StoreError
from jackfield.store import Activation, Disk, Garbage, Holds, Store, now

from tests.core.store.conftest import activation_of
from tests.support.profiles import Profile
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow


@pytest.fixture
def history(install, plugin):
    """Four generations: poll 1, 2, 3 and 4."""
    for number in range(1, 5):
        install(plugin("poll", f"{number}.0.0"), what=f"poll {number}")


def collect(store: Store, keep: int):
    with store.lock(by="tester"):
        steps = store.collect(keep=keep)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                return done.value


def test_what_a_rollback_can_reach_stays_and_the_rest_goes_with_its_wheels(store, history, layout):
    expected = store.garbage(keep=2)
    assert (expected.generations, expected.held) == ((1,), ())
    assert [name.split("-")[1] for name in expected.wheels.values()] == ["1.0.0"]
    assert expected.size > 0
    gone = collect(store, keep=2)
    assert gone == expected
    assert store.numbers() == (2, 3, 4)
    assert len(store.entries.names()) == 3
    assert not layout.unfinished.exists()
    assert collect(store, keep=2).generations == ()


def test_what_interrupted_downloads_left_goes_too(store, history, layout):
    layout.downloads.mkdir()
    (layout.downloads / f"{'a' * 64}.part").write_bytes(b"x" * 5000)
    expected = store.garbage()
    assert (expected.downloads, expected.size) == (1, 5000)
    assert collect(store, keep=10) == expected
    assert not layout.downloads.exists()


def test_a_folder_that_was_set_aside_in_place_goes_with_the_next_collection(store, history, layout):
    (layout.generations / "1").rename(layout.generations / "gone-1")
    assert store.numbers() == (2, 3, 4)
    collect(store, keep=10)
    assert {path.name for path in layout.generations.iterdir()} == {"2", "3", "4"}


def test_a_collection_that_keeps_more_than_the_one_before_works(store, history, install, plugin):
    collect(store, keep=0)
    assert collect(store, keep=10) == Garbage((), (), {}, 0)
    install(plugin("poll", "5.0.0"), what="poll 5")
    assert store.garbage(keep=1).generations == ()
    collect(store, keep=1)
    assert store.numbers() == (4, 5)


def test_keeping_none_leaves_the_active_generation(store, history):
    collect(store, keep=0)
    assert store.numbers() == (4,)
    assert store.active().missing() == ()
    with pytest.raises(StoreError, match=r"generation 3 is not here any more \(another one: jackfield history\)"):
        store.generation(3)


def test_a_wheel_that_a_kept_generation_names_stays(store, install, plugin):
    poll, dice = plugin("poll"), plugin("dice")
    install(poll, dice, what="one")
    install(poll, what="two")
    collect(store, keep=0)
    assert store.entries.names() == (poll[0].file.sha256,)


def test_what_was_undone_is_kept_as_long_as_it_is_recent(store, history):
    back = Activation("back", 4, 3, now(), "tester", "back", undoes=("t-poll 4",))
    with store.lock(by="tester"):
        list(store.activate(back, record=lambda _: None))
    collect(store, keep=2)
    assert store.numbers() == (1, 2, 3, 4)  # back from 3 to 1 and 2, forward again to 4


def test_a_held_generation_and_its_wheels_stay_until_it_is_released(store, history):
    holds = Holds()
    assert holds.take(store.generation(1))
    gone = collect(store, keep=0)
    assert (gone.generations, gone.held) == ((2, 3), (1,))
    assert store.generation(1).missing() == ()
    holds.release()
    assert collect(store, keep=0).generations == (1,)
    assert holds.take(store.generation(4))


def test_a_reader_that_comes_while_others_are_collected_keeps_what_it_reads(layout, history):
    """What is held is looked at once to tell what goes, and again before each of it does."""
    holds = Holds()

    class Reader(Disk):
        def rename(self, source, target):
            if source.name == "1":
                assert holds.take(Store(layout).generation(2))
            super().rename(source, target)

    store = Store(layout, disk=Reader())
    gone = collect(store, keep=0)
    assert gone.generations == (1, 3)
    assert store.generation(2).missing() == ()
    holds.release()
    assert collect(store, keep=0).generations == (2,)


def test_a_reader_in_another_process_holds_too_and_lets_go_when_it_is_killed(store, history, layout):
    code = (
        "import sys; from pathlib import Path; from jackfield.store import Hold\n"
        f"hold = Hold(Path({str(layout.generations / '1')!r})); print('held', flush=True); sys.stdin.read()\n"
    )
    reader = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "held\n"
        assert collect(store, keep=0).held == (1,)
        reader.kill()
        reader.wait(10)
        assert collect(store, keep=0).generations == (1,)
    finally:
        reader.kill()
        reader.communicate(timeout=10)


def test_readers_always_find_a_whole_set_while_it_is_replaced_and_collected(store, layout, plugin, install):
    """Four threads hold and read whatever is active, while thirty generations come and go."""
    wheels = [plugin("poll", f"{number}.0.0") for number in range(1, 4)]
    install(wheels[0], what="first")
    over, problems, reads = threading.Event(), [], [0, 0, 0, 0]

    def read(index: int) -> None:
        reader, holds = Store(layout), Holds()
        while not over.is_set():
            try:
                generation = reader.active()
                while not holds.take(generation):
                    generation = reader.active()
                for path, row in generation.files().items():
                    if (reader.entries.tree(row.wheel) / path).stat().st_size != row.size:
                        problems.append(path)
                holds.release()
            except (StoreError, OSError) as error:
                problems.append(str(error))
            reads[index] += 1

    threads = [threading.Thread(target=read, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for number in range(30):
        install(wheels[number % 3], what=f"again {number}")
        collect(store, keep=0)
    over.set()
    for thread in threads:
        thread.join(20)
    assert problems == []
    assert min(reads) > 3
    assert len(store.numbers()) <= 5


def test_an_interrupted_collection_leaves_no_generation_without_its_wheels(store, history):
    with store.lock(by="tester"):
        steps = [*store.collect(keep=0)]
    assert steps == ["generations-set-aside", "set-aside-synced", "wheels-set-aside", "garbage-removed"]
    # After each of them a real process is killed in tests/scenarios/test_crash.py.


def test_nothing_is_collected_where_what_is_needed_cannot_be_told(store, history, layout):
    (layout.generations / "4" / "inline" / "pylock.toml").write_text("nonsense = [")
    with pytest.raises(StoreError, match="missing or damaged"):
        collect(store, keep=0)
    assert len(store.entries.names()) == 4


def test_what_a_dead_installer_made_is_swept_by_the_next(store, install, plugin):
    pin, wheel = plugin("poll")
    with store.lock(by="dying"):
        steps = store.commit(
            [pin], {pin.file.sha256: wheel}, activation=activation_of(store, "dying"), record=lambda _: None
        )
        for step in steps:
            if step == "pointer-written":
                break
    with store.lock(by="next"):
        store.settle(lambda _: None)
    install(plugin("dice"), what="next")
    assert len(store.numbers()) == 1
    assert len(store.entries.names()) == 1


async def test_a_running_host_holds_the_generation_it_runs(layout, tmp_path):
    profile = Profile(layout)
    profile.install(build_plugin(tmp_path / "w", "poll", "1.0.0"))
    profile.enable("poll")
    host = profile.host()
    await host.start()
    try:
        profile.install(build_plugin(tmp_path / "w", "poll", "2.0.0"))
        assert collect(profile.store, keep=0).held == (1,)
        await host.reload_changes()
        assert host.plugins.status("poll").version == "2.0.0"
        assert collect(profile.store, keep=0).generations == (1,)
    finally:
        await host.stop()
