"""Copies of plugin data: whole or absent, whatever step is the last; and what is set aside is never lost."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from jackfield.errors import StoreError, UsageError
from jackfield.storage import Most, Snapshots, State, delete_folder, snapshots

pytestmark = [pytest.mark.slow, pytest.mark.feature("C14", "C45")]

OLD, NEW = {"storage.sqlite3": "old rows", "files/a.txt": "old file"}, {"storage.sqlite3": "new rows"}


class Desk:
    """One profile with a plugin that keeps something."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = State(root / "state")
        self.copies = Snapshots(root, self.state)

    def put(self, files: dict[str, str]) -> None:
        shutil.rmtree(self.root / "data" / "poll", ignore_errors=True)
        for name, text in files.items():
            path = self.root / "data" / "poll" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def kept(self) -> dict[str, str]:
        folder = self.root / "data" / "poll"
        return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}

    def held_in(self, number: int) -> dict[str, str]:
        folder = self.root / "snapshots" / "poll" / str(number) / "data"
        return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path / "profile")
    found.put(OLD)
    found.state.change({"data_version/poll": 1}, by="test")
    return found


def run(steps: Generator[str]) -> list[str]:
    return list(steps)


def killed_after(count: int, begin: Callable[[], Generator[str]]) -> bool:
    """Run steps in a process of their own, and kill it after so many; whether it was killed before it was through."""
    pid = os.fork()
    if pid == 0:
        try:
            for number, _step in enumerate(begin(), 1):
                if number == count:
                    os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def test_a_migration_that_is_given_up_leaves_what_was_there(desk):
    assert run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test")) == ["copied", "stored", "begun"]
    desk.put({"storage.sqlite3": "half"})
    run(desk.copies.complete("poll", by="test"))
    assert desk.kept() == OLD
    assert desk.state.get("data_version/poll") == 1
    assert run(desk.copies.complete("poll", by="test")) == []


def test_a_migration_that_is_through_keeps_a_copy_to_go_back_to(desk):
    run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
    desk.put(NEW)
    desk.copies.keep("poll", 2, by="test", why="migrated")
    assert run(desk.copies.complete("poll", by="test")) == []
    assert desk.kept() == NEW
    chosen = desk.copies.fitting("poll", 1)
    assert chosen is not None
    assert (chosen.number, chosen.kind, chosen.data_version, chosen.size) == (1, "copy", 1, 16)
    desk.copies.go_back("poll", 1, why="poll 1.0.0 came back", by="test")
    run(desk.copies.complete("poll", by="test"))
    assert desk.kept() == OLD
    assert desk.state.get("data_version/poll") == 1
    aside = desk.copies.of("poll")[0]
    assert (aside.number, aside.kind, aside.data_version, aside.why) == (2, "aside", 2, "poll 1.0.0 came back")
    assert desk.held_in(2) == NEW
    desk.copies.go_back("poll", 2, why="forward again", by="test")
    run(desk.copies.complete("poll", by="test"))
    assert desk.kept() == NEW
    assert desk.state.get("data_version/poll") == 2


def test_who_kept_nothing_keeps_nothing_after_a_failed_migration(tmp_path):
    desk = Desk(tmp_path)
    run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
    desk.put(NEW)
    run(desk.copies.complete("poll", by="test"))
    assert desk.kept() == {}


def test_killed_at_every_step_of_a_copy_nothing_is_lost(desk):
    steps = run(desk.copies.take("poll", 1, why="a rehearsal", by="test"))
    run(desk.copies.complete("poll", by="test"))
    for count in range(1, len(steps) + 1):
        assert killed_after(count, lambda: desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
        run(desk.copies.complete("poll", by="test"))
        assert desk.kept() == OLD
        assert all(desk.held_in(one.number) == OLD for one in desk.copies.of("poll"))
    run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
    names = [path.name for path in (desk.root / "snapshots" / "poll").iterdir()]
    assert all(name.isdecimal() for name in names), "what the dead left is cleared"
    assert len(names) == 3


def test_killed_at_every_step_of_the_way_back_it_is_completed_and_nothing_is_lost(tmp_path):
    """And killed at every step of the completion again."""

    def prepared(name: str) -> Desk:
        desk = Desk(tmp_path / name)
        desk.put(OLD)
        desk.state.change({"data_version/poll": 1}, by="test")
        run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
        desk.put(NEW)
        desk.copies.keep("poll", 2, by="test", why="migrated")
        desk.copies.go_back("poll", 1, why="back", by="test")
        return desk

    steps = run(prepared("whole").copies.complete("poll", by="test"))
    assert steps == ["copied back", "set aside", "aside named", "emptied", "in place", "done"]
    for first in range(1, len(steps) + 1):
        for second in range(1, len(steps) + 1):
            desk = prepared(f"{first}-{second}")
            assert killed_after(first, partial(desk.copies.complete, "poll", by="test"))
            killed_after(second, partial(desk.copies.complete, "poll", by="test"))
            run(desk.copies.complete("poll", by="test"))
            assert desk.kept() == OLD, (first, second)
            assert desk.held_in(2) == NEW, (first, second)
            assert desk.state.items("restore/") == {}
            assert desk.state.get("data_version/poll") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system of a few pages")
def test_a_full_disk_refuses_the_copy_and_leaves_what_is_there(tmp_path):
    import subprocess

    mount = tmp_path / "small"
    mount.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip("this machine mounts nothing")
    try:
        desk = Desk(mount / "profile")
        desk.state.change({"data_version/poll": 1}, by="test")
        desk.put({"big": "x" * 150_000})
        with pytest.raises(StoreError, match="what poll keeps could not be copied before its shape changes: No space"):
            run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
        assert desk.kept() == {"big": "x" * 150_000}
        assert desk.copies.of("poll") == ()
        assert not desk.copies.pending("poll")
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_what_the_system_refuses_is_told_with_what_helps_against_that(desk, monkeypatch):
    told = {
        errno.ENOSPC: "make room on the disk, or discard old copies",
        errno.EDQUOT: "the user of the application may take up no more of the disk",
        errno.EROFS: "let the user of the application read and write /the/place",
        errno.EIO: None,
    }
    for number, hint in told.items():

        def refuse(folder: Path, number: int = number) -> None:
            raise OSError(number, os.strerror(number), "/the/place")

        monkeypatch.setattr(snapshots, "sync_tree", refuse)
        with pytest.raises(StoreError, match=os.strerror(number)) as caught:
            run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
        assert (caught.value.hint or "").startswith(hint or "")
        assert (caught.value.hint is None) == (hint is None)


@pytest.mark.skipif(not hasattr(os, "SEEK_HOLE"), reason="the system does not tell where holes are")
def test_holes_stay_holes_in_a_copy_and_on_the_way_back(desk):
    """A disk has no room for them, and neither has what was set aside once."""
    files = desk.root / "data" / "poll" / "files"
    for number in range(100):
        with (files / f"hole-{number}").open("wb") as file:
            file.write(b"begin")
            file.seek(1 << 40)
            file.write(b"middle")
            file.truncate(1 << 41)
    (files / "empty").touch()
    run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test", most=Most(10 << 20, 1000)))
    for _ in range(2):
        desk.copies.go_back("poll", 1, why="back", by="test")
        run(desk.copies.complete("poll", by="test"))
    assert {one.stat().st_size for one in files.glob("hole-*")} == {1 << 41}
    assert sum(one.stat().st_blocks for one in files.iterdir()) * 512 < 10 << 20
    with (files / "hole-99").open("rb") as file:
        assert file.read(7) == b"begin\0\0"
        file.seek((1 << 40) - 1)
        assert file.read(8) == b"\0middle\0"
    assert (files / "empty").read_bytes() == b""


def test_two_who_discard_copies_at_once_do_not_take_them_out_of_each_others_hands(desk):
    desk.put({f"files/{number}": "kept" for number in range(300)})
    for _ in range(2):
        list(desk.copies.take("poll", 1, why="before", by="test"))
        desk.copies.keep("poll", 1, by="test", why="kept")
    together = Barrier(2)

    def discard(number: int) -> int:
        copies = Snapshots(desk.root, State(desk.root / "state"))
        together.wait(20)
        return copies.discard("poll", number).number

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(discard, (1, 2))) == [1, 2]
    assert list((desk.root / "snapshots" / "poll").iterdir()) == []


def test_a_copy_can_be_discarded_and_only_three_stay_by_themselves(desk):
    for _ in range(5):
        run(desk.copies.take("poll", 1, why="again", by="test"))
        desk.copies.keep("poll", 1, by="test", why="again")
    assert [one.number for one in desk.copies.of("poll")] == [5, 4, 3]
    assert desk.copies.discard("poll", 4).number == 4
    assert [one.number for one in desk.copies.all()] == [5, 3]
    with pytest.raises(UsageError, match="poll has no copy 4"):
        desk.copies.discard("poll", 4)
    desk.copies.go_back("poll", 3, why="back", by="test")
    with pytest.raises(UsageError, match="copy 3 of poll is being brought back"):
        desk.copies.discard("poll", 3)


def test_a_pipe_and_a_link_do_not_stop_a_copy(desk):
    os.mkfifo(desk.root / "data" / "poll" / "pipe")
    (desk.root / "data" / "poll" / "link").symlink_to("/nowhere")
    run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
    run(desk.copies.complete("poll", by="test"))
    assert (desk.root / "data" / "poll" / "link").is_symlink()
    assert not (desk.root / "data" / "poll" / "pipe").exists()


def nested(folder: Path) -> None:
    """Make folders one in the other, deeper than any path leads."""
    place = os.open(folder, os.O_RDONLY)
    for _ in range(2100):
        os.mkdir("a", dir_fd=place)
        place, above = os.open("a", os.O_RDONLY, dir_fd=place), place
        os.close(above)
    os.close(place)


def test_folders_too_deep_for_a_copy_are_told_and_in_no_way_back_s_way(desk):
    run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
    nested(desk.root / "data" / "poll" / "files")
    try:
        with pytest.raises(StoreError, match="what poll keeps could not be copied before its shape changes"):
            run(desk.copies.take("poll", 1, why="before poll 3.0.0", by="test"))
        run(desk.copies.complete("poll", by="test"))
        assert desk.kept() == OLD
        assert [path.name for path in (desk.root / "snapshots" / "poll").iterdir()] == ["1"]
    finally:
        delete_folder(desk.root)  # pytest could not


def test_a_copy_follows_no_link_that_comes_into_a_folders_place(desk, tmp_path, monkeypatch):
    secret = tmp_path / "home"
    secret.mkdir()
    (secret / "key").write_text("the user's own")
    files = desk.root / "data" / "poll" / "files"
    (files / "z").mkdir()
    lstat = os.lstat

    def exchanged(path, *, dir_fd=None):
        found = lstat(path, dir_fd=dir_fd)
        if Path(path).name == "z" and stat.S_ISDIR(found.st_mode):  # what a plugin does between two steps of its host
            (files / "z").rmdir()
            (files / "z").symlink_to(secret)
        return found

    monkeypatch.setattr(os, "lstat", exchanged)
    with pytest.raises(StoreError, match="what poll keeps could not be copied"):
        run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
    assert list((desk.root / "snapshots").rglob("key")) == []


def test_a_copy_has_modes_times_and_links(desk):
    files = desk.root / "data" / "poll" / "files"
    (files / "shut").mkdir()
    (files / "shut" / "b.txt").write_text("b")
    (files / "shut" / "b.txt").chmod(0o400)
    (files / "link").symlink_to("../nowhere")
    os.utime(files / "shut" / "b.txt", (1, 2))
    os.utime(files / "shut", (3, 4))
    (files / "shut").chmod(0o500)
    run(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
    copy = desk.root / "snapshots" / "poll" / "1" / "data" / "files"
    assert str((copy / "link").readlink()) == "../nowhere"
    assert ((copy / "shut").stat().st_mtime, (copy / "shut" / "b.txt").stat().st_mtime) == (4, 2)
    assert [(copy / name).stat().st_mode & 0o777 for name in ("shut", "shut/b.txt")] == [0o500, 0o400]
    for folder in (copy, files):
        (folder / "shut").chmod(0o700)
