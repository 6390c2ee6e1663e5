"""Files that commands write where their user said."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path

import pytest
from jackfield.cli.written import write_file
from jackfield.errors import StoreError


def test_what_was_there_stays_where_the_new_one_does_not_fit(tmp_path):
    file = tmp_path / "some.lock"
    file.write_text("the set that works")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))  # as a disk with no more room
    try:
        with pytest.raises(StoreError, match=r"some\.lock cannot be written: "):
            write_file(file, "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_text() == "the set that works"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_keeps_its_mode_and_a_link_stays_one(tmp_path):
    file, link = tmp_path / "some.lock", tmp_path / "link.lock"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_file(link, "new")
    assert (link.is_symlink(), file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (True, "new", 0o640)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes the files of others")
def test_a_file_stays_its_owners_where_root_writes_it(tmp_path):
    file = tmp_path / "some.lock"
    file.write_text("old")
    os.chown(file, 1234, 2345)
    write_file(file, "new")
    status = file.stat()
    assert (file.read_text(), status.st_uid, status.st_gid) == ("new", 1234, 2345)


def test_a_file_of_a_group_that_its_writer_is_not_in_stays_that_groups(tmp_path, monkeypatch):
    file = tmp_path / "some.lock"
    file.write_text("old")
    number = file.stat().st_ino

    def chown(path: Path, owner: int, group: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", chown)
    real = Path.stat

    def as_of_others(path: Path, **options: bool) -> os.stat_result:
        found = real(path, **options)
        return found if path == file else os.stat_result((*found[:5], found.st_gid + 1, *found[6:]))

    monkeypatch.setattr(Path, "stat", as_of_others)
    write_file(file, "new")
    assert (file.read_text(), real(file).st_ino, list(tmp_path.iterdir())) == ("new", number, [file])


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path):
    left = tmp_path / f".jackfield-{os.getpid()}"
    left.write_text("half of")
    write_file(tmp_path / "some.lock", "all of it")
    assert (tmp_path / "some.lock").read_text() == "all of it"
    assert left.read_text() == "half of"


def test_a_device_is_written_to_and_not_replaced():
    nothing = Path(os.devnull)
    write_file(nothing, "gone")
    assert stat.S_ISCHR(nothing.stat().st_mode)


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(StoreError, match="No such file or directory"):
        write_file(tmp_path / "nowhere" / "some.lock", "text")
