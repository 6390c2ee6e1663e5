"""Plugins with a process of their own in a generation: locks, trees in their order, and what keeps them."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from jackfield.errors import StoreError
from jackfield.store import Generation, Store

from tests.core.store.conftest import activation_of


@pytest.fixture
def commit(store: Store):
    """Commits a set: `commit((pin, wheel), …, workers={"poll": [(pin, wheel), …]})`."""

    def run(*inline, workers=None, what="install", check=None):
        own = workers or {}
        wheels = [*inline, *(one for several in own.values() for one in several)]
        with store.lock(by="tester"):
            return list(
                store.commit(
                    [pin for pin, _ in inline],
                    {pin.file.sha256: wheel for pin, wheel in wheels},
                    workers={cid: [pin for pin, _ in several] for cid, several in own.items()},
                    activation=activation_of(store, what),
                    record=lambda _: None,
                    check=check,
                )
            )

    return run


@pytest.fixture
def one_library_twice(plugin, library, commit, store):
    """poll and dice with two versions of one library, each in a process of its own; clock in the application's."""
    old = library("jflib", {"jflib/__init__.py": "version = 1\n"}, "1.0")
    new = library("jflib", {"jflib/__init__.py": "version = 2\n"}, "2.0")
    commit(plugin("clock"), new, workers={"poll": [plugin("poll"), old], "dice": [plugin("dice"), new]})
    return store.active()


def lock_of(generation: Generation, cid: str) -> Path:
    return Path(str(generation.folder)) / "workers" / f"pylock.{cid}.toml"


@pytest.mark.feature("K41")
def test_two_versions_of_one_library_lie_side_by_side(one_library_twice):
    own = {cid: [(pin.distribution, pin.version) for pin in pins] for cid, pins in one_library_twice.workers.items()}
    assert own == {
        "dice": [("chat-dice", "1.0.0"), ("jflib", "2.0")],
        "poll": [("chat-poll", "1.0.0"), ("jflib", "1.0")],
    }
    assert [(pin.distribution, pin.version) for pin in one_library_twice.inline] == [
        ("chat-clock", "1.0.0"),
        ("jflib", "2.0"),
    ]
    assert len(one_library_twice.pins) == 5  # the wheel that two of them have is there once


@pytest.mark.feature("K42")
def test_the_trees_of_a_worker_come_in_the_order_of_its_imports(one_library_twice):
    own, library = one_library_twice.worker_paths("poll")
    assert (own / "chat_poll").is_dir()
    assert (library / "jflib" / "__init__.py").read_text() == "version = 1\n"
    assert one_library_twice.worker_paths("clock") == ()


@pytest.mark.feature("K30", "K31")
def test_the_application_sees_nothing_of_what_others_have_for_themselves(one_library_twice):
    names = {name for tree in one_library_twice.paths for name in (path.name for path in tree.iterdir())}
    assert {"chat_clock", "jflib"} <= names
    assert not {"chat_poll", "chat_dice"} & names
    files = one_library_twice.files()
    assert not any(path.startswith("chat_poll/") for path in files)
    found = {name for tree in one_library_twice.plugin_trees for name in (path.name for path in tree.iterdir())}
    assert {"chat_clock", "chat_poll", "chat_dice"} <= found


def test_each_has_a_lock_file_of_its_own(one_library_twice):
    packages = tomllib.loads(lock_of(one_library_twice, "poll").read_text(encoding="utf-8"))["packages"]
    assert [(package["name"], package["version"]) for package in packages] == [("chat-poll", "1.0.0"), ("jflib", "1.0")]
    assert all(package["wheels"][0]["hashes"]["sha256"] for package in packages)
    said = json.loads((one_library_twice.folder / "generation.json").read_bytes())["workers"]["poll"]
    assert said["packages"] == packages


def test_a_lock_file_that_only_looks_otherwise_says_the_same(one_library_twice, store):
    lock = lock_of(one_library_twice, "poll")
    lock.write_bytes(lock.read_bytes())
    assert Store(store.layout).active().workers == one_library_twice.workers


def test_a_lock_file_that_was_edited_counts(one_library_twice, store):
    lock = lock_of(one_library_twice, "poll")
    lock.write_text(lock.read_text().replace('version = "1.0"', 'version = "1.0.5"'), encoding="utf-8")
    about = one_library_twice.folder / "generation.json"
    about.write_bytes(about.read_bytes())  # another process would look anew
    assert [pin.version for pin in store.active().workers["poll"]] == ["1.0.0", "1.0.5"]


@pytest.mark.parametrize("damage", [b"", b"packages = 3", b"\xff"])
def test_a_damaged_lock_file_is_a_sentence(one_library_twice, store, damage):
    lock_of(one_library_twice, "poll").write_bytes(damage)
    about = one_library_twice.folder / "generation.json"
    about.write_bytes(about.read_bytes())
    with pytest.raises(StoreError, match=r"pylock\.poll\.toml is missing or damaged"):
        store.active()


@pytest.mark.parametrize("key", ["lock_sha256", "looks", "packages"])
def test_what_is_wrong_with_what_is_said_of_a_lock_file_blames_who_says_it(one_library_twice, store, key):
    path = one_library_twice.folder / "generation.json"
    about = json.loads(path.read_bytes())
    del about["workers"]["poll"][key]
    path.write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        store.active()
    assert caught.value.message == f"{path} is missing or damaged"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX's")
def test_a_pipe_among_the_lock_files_is_waited_for_by_nobody(one_library_twice, store):
    strange = lock_of(one_library_twice, "poll").with_name("pylock.strange.toml")
    os.mkfifo(strange)
    about = one_library_twice.folder / "generation.json"
    about.write_bytes(about.read_bytes())
    with pytest.raises(StoreError, match=r"pylock\.strange\.toml is missing or damaged"):
        store.active()


def test_a_missing_lock_file_is_a_sentence(one_library_twice, store):
    lock_of(one_library_twice, "poll").unlink()
    about = one_library_twice.folder / "generation.json"
    about.write_bytes(about.read_bytes())
    with pytest.raises(StoreError, match=r"pylock\.poll\.toml is missing or damaged"):
        store.active()


def test_their_libraries_are_kept_and_looked_after(one_library_twice, store, commit, plugin):
    _, library = one_library_twice.worker_paths("poll")
    module = library / "jflib" / "__init__.py"
    module.chmod(0o644)
    module.write_text("version = 9\n")
    assert [str(damage) for found in store.verify().values() for damage in found] == ["jflib/__init__.py was changed"]
    (pin,) = [pin for pin in one_library_twice.pins if store.entries.tree(pin.file.sha256) == library]
    with store.lock(by="tester"):
        store.repair(pin)
        assert module.read_text() == "version = 1\n"
        list(store.collect(keep=0))
    assert library.is_dir()
    commit(plugin("clock"), what="alone")
    with store.lock(by="tester"):
        list(store.collect(keep=0))
    assert not library.exists()


def test_one_process_cannot_hold_two_files_for_one_path(plugin, library, commit, store):
    clash = library("other", {"chat_poll/__init__.py": "raise SystemExit\n"})
    with pytest.raises(StoreError, match=r"1\.0\.0 hold different files for chat_poll/"):
        commit(workers={"poll": [plugin("poll"), clash]})
    assert store.active_number() == 0
    commit(plugin("poll"), workers={"dice": [plugin("dice"), clash]})  # two processes can
    assert [pin.distribution for pin in store.active().pins] == ["chat-dice", "chat-poll", "other"]


def test_only_what_is_new_is_looked_at(one_library_twice, plugin, commit, store):
    looked: list[str] = []
    same = {cid: [(pin, None) for pin in pins] for cid, pins in one_library_twice.workers.items()}
    shared = [(pin, None) for pin in one_library_twice.inline]
    commit(*shared, workers={**same, "new": [plugin("new")]}, what="new", check=lambda _, cid: looked.append(cid))
    assert looked == ["", "new"]


@pytest.fixture
def again(one_library_twice, commit, plugin, store):
    """Makes the next generation, in which poll is as it was and dice is gone."""

    def make():
        same = [(pin, None) for pin in one_library_twice.workers["poll"]]
        commit(plugin("clock"), workers={"poll": same}, what="again")
        return store.active()

    return make


def test_a_lock_that_says_the_same_is_the_same_file(one_library_twice, again):
    next_one = again()
    assert lock_of(next_one, "poll").stat().st_ino == lock_of(one_library_twice, "poll").stat().st_ino
    assert next_one.workers["poll"] == one_library_twice.workers["poll"]


def test_one_that_was_edited_is_not_taken_over(one_library_twice, again):
    lock = lock_of(one_library_twice, "poll")
    text = lock.read_text(encoding="utf-8")
    lock.write_text(text.replace('version = "1.0"', 'version = "6.6"'), encoding="utf-8")
    next_one = again()
    assert lock_of(next_one, "poll").read_text(encoding="utf-8") == text
    assert [pin.version for pin in next_one.workers["poll"]] == ["1.0.0", "1.0"]


def test_where_links_are_impossible_it_is_written(one_library_twice, again, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError("no links here")

    monkeypatch.setattr("os.link", refuse)
    next_one = again()
    assert lock_of(next_one, "poll").read_bytes() == lock_of(one_library_twice, "poll").read_bytes()


def test_steps_are_the_same_however_many_there_are(plugin, commit, store):

    def done(steps):
        return [step for step in steps if step != "wheel-unpacked"]

    alone = commit(plugin("clock"), what="first")
    several = commit(workers={name: [plugin(name)] for name in ("a", "b", "c")}, what="second")
    assert done(several) == done(alone)
