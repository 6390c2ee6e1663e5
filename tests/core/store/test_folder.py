"""The store: commit, activate, settle, and what readers see meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from dataclasses import replace

import pytest
from jackfield.errors import StoreError, StoreLocked, WheelError
from jackfield.store import Activation, Disk, now

from tests.core.store.conftest import pin_of
from tests.support.steps import STEPS
from tests.support.wheels import plugin_source


def nothing(_activation: Activation) -> None:
    """No state."""


def test_an_unused_profile_is_generation_zero_and_makes_no_file(store, layout):
    generation = store.active()
    assert (generation.number, generation.pins, generation.paths) == (0, (), ())
    assert generation.files() == {}
    assert store.settled()
    assert not layout.root.exists()


def test_a_commit_names_its_steps_and_makes_a_generation(store, install, plugin, layout):
    pin, wheel = plugin("poll")
    assert install((pin, wheel)) == STEPS
    generation = store.active()
    assert generation.number == 1
    assert generation.plugins["poll"].version == "1.0.0"
    tree = generation.tree(generation.pins[0])
    assert (tree / "chat_poll" / "plugin.toml").is_file()
    assert generation.paths == (tree,)
    assert generation.missing() == ()
    assert store.wheel(pin.file.sha256).read_bytes() == wheel.read_bytes()
    assert not layout.unfinished.exists()


def test_the_lock_file_is_pep_751_and_holds_no_credentials(store, install, plugin):
    install(plugin("poll"))
    text = (store.active().folder / "inline" / "pylock.toml").read_text()
    lock = tomllib.loads(text)
    assert lock["lock-version"] == "1.0"
    assert lock["created-by"] == "jackfield"
    (package,) = lock["packages"]
    assert package["name"] == "chat-poll"
    assert package["wheels"][0]["url"].startswith("https://x.example/")
    assert len(package["wheels"][0]["hashes"]["sha256"]) == 64
    assert "secret" not in text


@pytest.mark.feature("K38")
def test_the_table_says_which_wheel_each_file_comes_from(store, install, plugin, library):
    poll, (lib, lib_wheel) = plugin("poll"), library("jfshared", {"jfshared/__init__.py": "X = 1\n"})
    install(poll, (lib, lib_wheel))
    files = store.active().files()
    assert files["jfshared/__init__.py"].wheel == lib.file.sha256
    assert files["chat_poll/__init__.py"].wheel == poll[0].file.sha256
    assert files["jfshared/__init__.py"].size == 6


def test_trees_are_read_only_and_carry_hash_checked_bytecode(store, install, plugin):
    install(plugin("poll"))
    (tree,) = store.active().paths
    source = tree / "chat_poll" / "__init__.py"
    assert not source.stat().st_mode & 0o222
    (bytecode,) = (tree / "chat_poll" / "__pycache__").iterdir()
    assert int.from_bytes(bytecode.read_bytes()[4:8], "little") == 0b11  # PEP 552: hashed, checked


def test_a_wheel_is_stored_once_for_all_generations(store, install, plugin):
    poll, dice = plugin("poll"), plugin("dice")
    install(poll, what="one")
    steps = install(poll, dice, what="two")
    assert steps.count("wheel-unpacked") == 1
    install(poll, what="three")
    assert store.numbers() == (1, 2, 3)
    assert [pin.id for pin in store.active().pins] == ["poll"]


def test_a_wheel_with_another_hash_than_promised_is_refused_and_nothing_stays(store, install, plugin, layout):
    pin, wheel = plugin("poll")
    wrong = replace(pin, file=replace(pin.file, sha256="0" * 64))
    with (
        pytest.raises(WheelError, match="not 0000"),
        store.lock(by="tester"),
    ):
        list(
            store.commit(
                [wrong],
                {"0" * 64: wheel},
                activation=Activation("t", 0, 0, now(), "tester", "install"),
                record=nothing,
            )
        )
    assert store.active().number == 0
    assert not layout.unfinished.exists()
    assert not layout.journal.exists()


def test_a_wheel_that_the_inspection_refuses_is_named(store, install, library):
    with pytest.raises(WheelError, match="evil"):
        install(library("evil", {"evil/__init__.py": "", "../../escape.py": "x = 1\n"}))
    assert store.active().number == 0


def test_different_files_for_one_path_are_refused_by_name(store, install, library):
    one = library("jfone", {"jfsame/__init__.py": "ONE = 1\n"})
    two = library("jftwo", {"jfsame/__init__.py": "TWO = 2\n"})
    with pytest.raises(StoreError, match=r"jftwo 1.0.0 and jfone 1.0.0 hold different files for jfsame/__init__.py"):
        install(one, two)
    assert store.active().number == 0


def test_identical_files_for_one_path_are_shared(store, install, library):
    install(library("jfone", {"jfsame/part.py": "X = 1\n"}), library("jftwo", {"jfsame/part.py": "X = 1\n"}))
    assert len(store.active().pins) == 2


def test_scripts_and_data_are_left_out_and_listed(store, install, library):
    files = {"jflib/__init__.py": "", "jflib-1.0.0.data/scripts/run": "#!python\n", "jflib-1.0.0.data/data/x": "1"}
    pin, wheel = library("jflib", files, entry_points={"console_scripts": {"jf-run": "jflib:main"}})
    install((pin, wheel))
    assert store.left_out(pin.file.sha256) == ("data/x", "script jf-run", "scripts/run")
    (tree,) = store.active().paths
    assert sorted(path.name for path in tree.iterdir()) == ["jflib", "jflib-1.0.0.dist-info"]


def test_a_librarys_pth_is_left_out_and_a_plugins_is_refused(store, install, library, tmp_path):
    pin, wheel = library("jflib", {"jflib/__init__.py": "", "jflib.pth": "import os; os.abort()\n"})
    install((pin, wheel))
    assert store.left_out(pin.file.sha256) == ("jflib.pth",)
    assert not list(store.active().paths[0].glob("*.pth"))
    source = plugin_source("poll")
    source.files["poll.pth"] = "import os\n"
    evil = source.build(tmp_path / "wheels")
    with pytest.raises(WheelError, match=r"poll\.pth"):
        install((pin_of(evil, "chat-poll", "1.0.0", "poll"), evil))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="an installer that is killed")
def test_what_a_killed_installer_had_fetched_is_cleared_by_the_next(store, layout):
    process = os.fork()
    if not process:
        with store.lock(by="tester"), store.fetching() as folder:
            (folder / "large.whl").write_bytes(b"x" * 100_000)
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(process, 0)
    assert [path.name for path in layout.fetched.rglob("*.whl")] == ["large.whl"]
    with store.lock(by="tester"):
        store.settle(lambda _activation: None)
    assert not layout.fetched.exists()
    with store.lock(by="tester"), store.fetching() as folder:
        assert list(folder.iterdir()) == []
    assert not layout.fetched.exists()


def test_a_check_that_refuses_leaves_everything_as_it_was(store, plugin):
    pin, wheel = plugin("poll")

    def check(table, plugin):
        assert "chat_poll/__init__.py" in table
        raise StoreError("no")

    with pytest.raises(StoreError, match="no"), store.lock(by="tester"):
        list(
            store.commit(
                [pin],
                {pin.file.sha256: wheel},
                activation=Activation("t", 0, 0, now(), "tester", "install"),
                record=nothing,
                check=check,
            )
        )
    assert store.numbers() == ()


def test_a_generation_whose_wheel_is_gone_is_not_activated(store, install, plugin, layout):
    poll = plugin("poll")
    install(poll, what="one")
    install(what="two")
    Disk().remove(layout.store / poll[0].file.sha256)
    back = Activation("back", 2, 1, now(), "tester", "back", undoes=("t-two",))
    with pytest.raises(StoreError, match=r"chat-poll 1\.0\.0 is not in the store"), store.lock(by="tester"):
        list(store.activate(back, record=nothing))
    assert store.active().number == 2
    assert [pin.id for pin in store.generation(1).missing()] == ["poll"]


def test_a_damaged_pointer_or_generation_is_an_error_with_a_way_out(store, install, plugin, layout):
    install(plugin("poll"))
    (layout.generations / "1" / "inline" / "pylock.toml").write_text("nonsense = [")
    with pytest.raises(StoreError, match=r"pylock.toml is missing or damaged \(.*rollback\)"):
        store.active()
    layout.current.write_text("nonsense")
    with pytest.raises(StoreError, match="current is damaged"):
        store.active()


def test_a_pointer_that_is_gone_is_an_error_with_a_way_out_once_there_was_one(store, install, plugin, layout):
    assert store.active().number == 0
    install(plugin("poll"))
    layout.current.unlink()
    with pytest.raises(StoreError, match=r"current is gone, .* generation 1 is active \(.*jackfield rollback\)"):
        store.active()


def test_a_last_step_that_a_damaged_log_stops_is_told_with_the_logs_way_out(store, plugin):
    pin, wheel = plugin("poll")

    def record(_activation: Activation) -> None:
        raise StoreError("the log is damaged", hint="restore it from a backup")

    activation = Activation("t-poll", 0, 0, now(), "tester", "install poll")
    with (
        pytest.raises(StoreError, match="done but for its last step: the log is damaged") as caught,
        store.lock(by="tester"),
    ):
        list(store.commit([pin], {pin.file.sha256: wheel}, activation=activation, record=record))
    assert caught.value.hint == "restore it from a backup; the next jackfield command completes it then"


class TestSettle:
    """An installer that died after each step, as seen by the next one (the process itself is killed elsewhere)."""

    @pytest.mark.parametrize("step", STEPS)
    def test_the_set_is_whole_and_the_next_install_works(self, store, install, plugin, step):
        install(plugin("poll"), what="before")
        pin, wheel = plugin("dice")
        recorded: list[Activation] = []
        with store.lock(by="dying"):
            activation = Activation("t-dying", 1, 0, now(), "dying", "install dice", {"wish/dice": True})
            steps = store.commit([pin], {pin.file.sha256: wheel}, activation=activation, record=recorded.append)
            for done in steps:
                if done == step:
                    break
            del steps  # never resumed: its process is gone
        after = STEPS.index(step) >= STEPS.index("pointer-replaced")
        assert store.active_number() == (2 if after else 1)
        assert [one.id for one in store.active().pins] == (["dice"] if after else ["poll"])
        with store.lock(by="next"):
            store.settle(recorded.append)
        assert store.settled()
        assert bool(recorded) is after
        assert {one.transaction for one in recorded} <= {"t-dying"}
        assert [one.what for one in store.journal.standing()] == (["before", "install dice"] if after else ["before"])
        install(plugin("welcome"), what="next")
        assert [one.id for one in store.active().pins] == ["welcome"]


def test_the_note_of_who_holds_the_lock_is_whole_after_a_longer_one_and_names_nobody_afterwards(store, layout):
    note = layout.run / "installer.json"
    for by in ("an installer with a long name", "short"):
        with store.lock(by=by):
            assert json.loads(note.read_text())["by"] == by
        assert json.loads(note.read_text()) is None


def test_a_second_installer_is_told_who_holds_the_lock(store, layout):
    code = (
        "import sys; from pathlib import Path; from jackfield.store import Layout, install_lock\n"
        f"with install_lock(Layout(Path({str(layout.root)!r})), by='jackfield install poll'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(StoreLocked, match=rf"jackfield install poll, process {holder.pid}, since "),
            store.lock(by="other", timeout_seconds=0.1),
        ):
            pass
        holder.kill()
        holder.wait(10)
        with store.lock(by="other", timeout_seconds=5):
            pass
    finally:
        holder.kill()
        holder.wait(10)
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.close()
        holder.stdout.close()


def test_reading_loads_neither_the_installer_nor_the_network(store, install, plugin, layout):
    install(plugin("poll"))
    code = (
        "import sys; from pathlib import Path; from jackfield.store import Layout, Store\n"
        f"print(Store(Layout(Path({str(layout.root)!r}))).active().number)\n"
        "print([name for name in ('installer', 'httpx', 'filelock', 'ctypes', 'packaging') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["1", "[]"]
