"""What must be on disk before what names it: the order in which the store waits for the disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from jackfield.errors import StoreError
from jackfield.store import Activation, Disk, Store, now


class RecordingDisk(Disk):
    """The real disk, remembering the order of what decides."""

    def __init__(self, patch):
        self.calls = []
        self.patch = patch

    def write(self, path, data, *, wait=True):
        synced = []
        real = os.fsync

        def fsync(descriptor: int) -> None:
            real(descriptor)
            synced.append(os.fstat(descriptor).st_ino)

        self.patch.setattr(os, "fsync", fsync)
        super().write(path, data, wait=wait)
        self.patch.undo()
        assert synced == [path.stat().st_ino] * wait
        self.calls.append(("write and fsync" if wait else "write", path.name.partition(".")[0]))

    def sync_filesystem(self, path, *, above_all=()):
        self.calls.append(("sync_filesystem", path.name))
        super().sync_filesystem(path, above_all=above_all)

    def rename(self, source, target):
        self.calls.append(("rename", target.name))
        super().rename(source, target)

    def replace(self, source, target):
        self.calls.append(("replace", target.name))
        super().replace(source, target)

    def sync_folder(self, folder):
        self.calls.append(("sync_folder", folder.name))
        super().sync_folder(folder)

    def append(self, path, data, *, offset, wait=True):
        self.calls.append(("append and fsync" if wait else "append", json.loads(data)["record"]))
        super().append(path, data, offset=offset, wait=wait)


def test_what_is_named_is_on_disk_before_its_name_and_the_pointer_comes_last(layout, install, plugin, monkeypatch):
    disk = RecordingDisk(monkeypatch)
    pin, wheel = plugin("poll")
    install((pin, wheel), on=Store(layout, disk=disk))
    assert disk.calls == [
        ("sync_filesystem", "unfinished"),
        ("rename", pin.file.sha256),
        ("rename", "1"),
        ("append", "begin"),
        ("write", "current"),
        ("sync_filesystem", "profile"),
        ("replace", "current"),
        ("sync_folder", "profile"),
        ("append", "done"),
    ]


def test_a_switch_that_makes_nothing_waits_for_its_two_files_alone(layout, install, plugin, monkeypatch):
    install(plugin("poll"))
    disk = RecordingDisk(monkeypatch)
    store = Store(layout, disk=disk)
    back = Activation("back", previous=1, generation=0, at=now(), by="tester", what="go back")
    with store.lock(by="tester"):
        list(store.activate(back, record=lambda _: None))
    assert disk.calls == [
        ("append and fsync", "begin"),
        ("write and fsync", "current"),
        ("replace", "current"),
        ("sync_folder", "profile"),
        ("append", "done"),
    ]


class Uname:
    sysname, release = "Linux", "5.7.19-generic"


@pytest.mark.parametrize("missing", ["call", "errors"])
def test_without_a_barrier_for_all_each_file_is_waited_for(layout, install, plugin, monkeypatch, missing):
    """As on macOS, whose `sync` only begins to write, and on Linux before 5.8, whose `syncfs` tells of no error."""
    synced = []
    real = os.fsync

    def fsync(descriptor):
        real(descriptor)
        synced.append(os.fstat(descriptor).st_ino)

    if missing == "call":
        monkeypatch.setattr("jackfield.store.disk._syncfs", lambda: None)
    else:
        monkeypatch.setattr(os, "uname", Uname)
    monkeypatch.setattr(os, "fsync", fsync)
    install(plugin("poll"))
    # The last of that number: a folder that is gone by now may have had it before.
    last = max(place for place, number in enumerate(synced) if number == layout.current.stat().st_ino)
    waited = set(synced[: last + 1])
    made = [layout.journal, layout.generations, layout.store]
    made += [*layout.generations.rglob("*"), *layout.store.rglob("*")]
    assert not [path for path in made if path.stat().st_ino not in waited]


@pytest.mark.parametrize("barrier", [1, 2])
def test_a_barrier_that_fails_leaves_what_was(layout, install, plugin, monkeypatch, barrier):
    """A disk that did not take the files of a set tells it there at the latest, before anything names them."""
    install(plugin("dice"))
    calls = []

    def failing(_descriptor):
        calls.append(1)
        return errno.EIO if len(calls) == barrier else 0

    monkeypatch.setattr("jackfield.store.disk._syncfs", lambda: failing)
    with pytest.raises(StoreError, match="cannot be written: Input/output error"):
        install(plugin("poll"))
    assert layout.current.read_text() == "1"
    monkeypatch.undo()
    install(plugin("poll"))
    assert layout.current.read_text() != "1"


def test_what_is_mended_is_on_disk_before_the_generation_that_names_it(layout, install, plugin, monkeypatch):
    pin, wheel = plugin("poll")
    install((pin, wheel), what="one")
    source = Store(layout).entries.tree(pin.file.sha256) / "chat_poll" / "__init__.py"
    source.chmod(0o644)
    source.write_text("edited\n")
    disk = RecordingDisk(monkeypatch)
    install((pin, wheel), what="two", on=Store(layout, disk=disk))
    assert disk.calls[:5] == [
        ("sync_filesystem", f"wheel-{pin.file.sha256}"),
        ("replace", "__init__.py"),
        ("sync_filesystem", pin.file.sha256),
        ("rename", "2"),
        ("append", "begin"),
    ]


def test_a_generation_is_out_of_sight_on_disk_before_its_wheels_go(layout, install, plugin, monkeypatch):
    pin, wheel = plugin("poll")
    install((pin, wheel), what="one")
    install(what="two")
    disk = RecordingDisk(monkeypatch)
    store = Store(layout, disk=disk)
    with store.lock(by="tester"):
        list(store.collect(keep=0))
    assert disk.calls == [
        ("rename", "gone-generation-1"),
        ("sync_folder", "generations"),
        ("rename", f"gone-wheel-{pin.file.sha256}"),
    ]


@pytest.fixture
def elsewhere(tmp_path):
    """A folder on another file system than the profile."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system here")
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


def test_a_journal_on_another_file_system_is_waited_for_by_itself(layout, install, plugin, monkeypatch, elsewhere):
    install(plugin("poll"))
    shutil.move(layout.journal, elsewhere / "journal")
    layout.journal.symlink_to(elsewhere / "journal")
    disk = RecordingDisk(monkeypatch)
    install(plugin("dice"), what="two", on=Store(layout, disk=disk))
    assert ("append and fsync", "begin") in disk.calls


@pytest.mark.parametrize("name", ["store", "generations"])
def test_a_profile_that_is_split_is_refused_with_the_way_out(layout, install, plugin, elsewhere, name):
    layout.make_root()
    (layout.root / name).symlink_to(elsewhere)
    with pytest.raises(StoreError, match=r"Invalid cross-device link \(store, generations and unfinished in it lie on"):
        install(plugin("poll"))


def test_a_profile_that_is_a_link_as_a_whole_is_like_any_other(layout, install, plugin, elsewhere):
    layout.root.parent.mkdir(exist_ok=True)
    layout.root.symlink_to(elsewhere)
    install(plugin("poll"))
    assert [pin.id for pin in Store(layout).active().pins] == ["poll"]
