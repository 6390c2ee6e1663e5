"""One data folder and several processes: whoever starts at the same moment waits, and one server has it."""

import os
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from jackfield.errors import JackfieldError
from jackfield_marketplace.app import open_database
from jackfield_marketplace.app.folder import sole_use
from jackfield_marketplace.db import Database, User
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.trust.keyfiles import make_key
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from tests.support.processes import Server, clean_environment, script

COMMAND = script("jackfield-marketplace")
SECONDS = 120
NOBODY = 65534


def started(*arguments):
    return subprocess.Popen(
        [COMMAND, *arguments], env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.slow
def test_processes_that_begin_on_a_fresh_folder_at_the_same_moment_all_get_on(tmp_path):
    names = ["alice", "bob", "carol", "dora"]
    for turn in range(2):
        data = tmp_path / f"data{turn}"
        at_once = [started("user", "add", name, "--data", str(data)) for name in names]
        said = [process.communicate(timeout=SECONDS)[0] for process in at_once]
        assert [process.returncode for process in at_once] == [0] * len(names), said
        database = open_database(Settings(data))
        with database.read() as session:
            assert sorted(session.scalars(select(User.name))) == names
        database.close()


def test_threads_that_make_the_same_new_file_wait_for_each_other(tmp_path):
    for turn in range(5):
        database = Database(f"sqlite:///{tmp_path / f'{turn}.sqlite3'}")
        together = threading.Barrier(6)
        failed: list[DatabaseError] = []

        def connect(database=database, together=together, failed=failed):
            together.wait()
            try:
                database.engine.connect().close()
            except DatabaseError as error:
                failed.append(error)

        threads = [threading.Thread(target=connect) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        database.close()
        assert failed == []


@pytest.mark.slow
def test_a_second_server_on_the_same_folder_is_refused_in_one_sentence(tmp_path):
    data = tmp_path / "data"
    serve = ("serve", "--data", str(data), "--port", "0")
    with Server([COMMAND, *serve]) as first:
        second = started(*serve)
        said = second.communicate(timeout=SECONDS)[0]
        told = (
            f"another marketplace (process {first.pid}) serves {data} (stop it, or choose another folder with --data)"
        )
        assert (second.returncode, said) == (1, f"jackfield-marketplace: {told}\n")
        assert started("user", "add", "alice", "--data", str(data)).communicate(timeout=SECONDS)[0].startswith("added")
        os.kill(first.pid, signal.SIGKILL)
    with Server([COMMAND, *serve]):  # who was killed holds nothing
        pass


@pytest.mark.slow
def test_a_disk_that_takes_nothing_is_told_in_one_line(tmp_path):
    data = tmp_path / "data"
    open_database(Settings(data)).close()
    command = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", COMMAND, "user", "add", "alice", "--data", str(data)]
    done = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("jackfield-marketplace: the database cannot be ")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def open_folder():
    """A folder that every user of this machine can enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone gives files away")
def test_what_root_makes_in_a_folder_belongs_to_the_owner_of_the_folder(open_folder):
    data = open_folder / "data"
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    with sole_use(Settings(data)):
        open_database(Settings(data)).close()
        make_key(Settings(data).keys, "timestamp")
        made = {path.name: path.stat() for path in data.rglob("*") if path.name != "serving.pid"}
    assert {"serving.lock", "marketplace.sqlite3", "marketplace.sqlite3-migrating", "blobs", "incoming"} <= made.keys()
    assert any(name.endswith(".pem") for name in made)
    assert {(status.st_uid, status.st_gid) for status in made.values()} == {(NOBODY, NOBODY)}


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners as POSIX has them")
def test_a_lock_that_another_user_made_is_named_with_the_line_to_type(open_folder):
    settings = Settings(open_folder)
    settings.make_folders()
    lock, before = open_folder / "serving.lock", os.geteuid()
    lock.touch(mode=0o600 if before == 0 else 0o400)
    if before == 0:
        os.chown(open_folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        with pytest.raises(JackfieldError) as told, sole_use(settings):
            pass
    finally:
        os.seteuid(before)
    typed = f"it is root's: sudo chown nobody {lock}" if before == 0 else f"chmod u+rw {lock}"
    assert str(told.value) == f"{lock} cannot be written by this user ({typed})"
