"""Files and folders that nobody may read, as a plugin can make them: copied and exported all the same."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jackfield.storage import Belongings, State, folder_size
from jackfield.storage.copying import copy_folder, sync_tree

NOBODY = 65534

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="whose a file is stands elsewhere on other systems")


@pytest.fixture
def root() -> Iterator[Path]:
    """A profile's folder that an ordinary user comes to, with what a plugin has left in it."""
    made = Path(tempfile.mkdtemp(dir="/tmp"))  # the one that pytest gives is for its user alone
    files = made / "data" / "poll" / "files"
    (files / "closed").mkdir(parents=True)
    (files / "closed" / "inner").write_text("inner")
    (files / "secret").write_text("secret")
    (files / "secret").chmod(0)
    (files / "closed").chmod(0o300)
    for name in ("listed", "listed/deeper"):
        (files / name).mkdir()
        (files / name / "inner").write_text("inner")
    (files / "listed" / "deeper").chmod(0)
    (files / "listed").chmod(0o400)  # its names can be read, and nothing of what they stand for
    files.chmod(0)
    if os.geteuid() == 0:
        for one in (made, *made.rglob("*")):
            os.chown(one, NOBODY, NOBODY)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def copy_and_export(root: Path) -> None:
    copy_folder(root / "data" / "poll", root / "copy")
    sync_tree(root / "copy")
    sync_tree(root / "data" / "poll")
    Belongings(root, State(root / "state")).export("poll", root / "poll.zip")


def count(root: Path) -> None:
    assert folder_size(root / "data" / "poll" / "files") == len("secret" + "inner" * 3)


def as_an_ordinary_user(work: Callable[[Path], None], root: Path) -> None:
    """Do it without more rights than the owner of a file has."""
    if os.geteuid():
        work(root)
        return
    if not (child := os.fork()):
        code = 1
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            work(root)
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.feature("C14", "C45")
def test_what_nobody_may_read_keeps_nothing_from_being_copied(root, tmp_path):
    Belongings(tmp_path, State(tmp_path / "state")).export("poll", tmp_path / "poll.zip")  # loads what it needs
    as_an_ordinary_user(copy_and_export, root)
    with zipfile.ZipFile(root / "poll.zip") as archive:
        assert archive.read("files/secret") == (root / "copy" / "files" / "secret").read_bytes() == b"secret"
        for inner in ("files/closed/inner", "files/listed/inner", "files/listed/deeper/inner"):
            assert archive.read(inner) == (root / "copy" / inner).read_bytes() == b"inner"


@pytest.mark.feature("C14")
def test_what_nobody_may_read_counts_as_what_a_plugin_keeps(root):
    as_an_ordinary_user(count, root)
