"""The database: migrations that lead to the tables in the code, sessions that undo, times that keep their zone."""

import errno
import os
import shutil
import sqlite3
import stat
import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from jackfield_marketplace.db import Database, NotKept, Prepared, User, migrate
from jackfield_marketplace.db.log import WRITES_A_TURN, Log
from jackfield_marketplace.db.migrate import HEAD, revision
from jackfield_marketplace.search import search
from jackfield_marketplace.settings import Settings
from sqlalchemy import bindparam, func, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from tests.support.processes import wait_for


def configuration(database):
    config = Config()
    config.set_main_option("script_location", "jackfield_marketplace:db/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = database.engine
    return config


def test_migrations_lead_to_the_tables_of_the_code(database):
    command.check(configuration(database))  # raises where the two differ


def test_the_newest_revision_is_the_one_the_code_asks_for(database):
    assert ScriptDirectory.from_config(configuration(database)).get_current_head() == HEAD
    assert revision(database) == HEAD


def test_every_migration_leads_back_too(database):
    command.downgrade(configuration(database), "base")
    migrate(database)
    command.check(configuration(database))


def test_plugins_of_an_older_database_are_found_by_a_slip_too(market):
    market.publish("weather")
    command.downgrade(configuration(market.database), "0002")
    migrate(market.database)
    with market.database.read() as session:
        assert [plugin.plugin_id for plugin, _ in search(session, "wether").plugins] == ["weather"]


def test_what_raises_is_undone_whole(database):
    def add_twice():
        with database.write() as session:
            session.add(User(name="alice"))
            session.flush()
            session.add(User(name="alice"))

    with pytest.raises(IntegrityError):
        add_twice()
    with database.read() as session:
        assert session.scalars(select(User)).all() == []


def test_writers_take_turns(database):
    def add(name):
        for index in range(10):
            with database.write() as session:
                session.scalars(select(User)).all()
                session.add(User(name=f"{name}{index}"))

    threads = [threading.Thread(target=add, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert len(session.scalars(select(User)).all()) == 40


def test_the_stamp_changes_with_every_commit_and_with_nothing_else(database):
    first = database.change_stamp()
    with database.read() as session:
        session.scalars(select(User)).all()
    assert database.change_stamp() == first
    with database.write() as session:
        session.add(User(name="alice"))
    assert database.change_stamp() != first


def test_times_keep_their_zone(database):
    moment = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    with database.write() as session:
        session.add(User(name="alice", created_at=moment))
    with database.read() as session:
        assert session.scalar(select(User.created_at)) == moment
    with pytest.raises(StatementError, match="without a zone"), database.write() as session:
        session.add(User(name="bob", created_at=datetime(2026, 11, 20)))  # noqa: DTZ001 (without a zone on purpose)


def test_the_data_is_for_the_operator_alone(tmp_path):
    settings = Settings(tmp_path / "data")
    settings.make_folders()
    database = Database(settings.database_url)
    try:
        migrate(database)
        database.catalogue_serial()
        made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in settings.data.iterdir() if path.is_file()}
        assert "marketplace.sqlite3-wal" in made
        assert set(made.values()) == {0o600}
        assert {stat.S_IMODE(one.stat().st_mode) for one in (settings.data, settings.blobs)} == {0o700}
    finally:
        database.close()


def test_what_one_transaction_keeps_the_next_one_finds_until_somebody_else_writes(database):
    statement = Prepared(select(User.name))
    with database.write_directly() as direct:
        direct.kept[statement] = "read"
    with database.write_directly() as direct:
        assert direct.kept == {statement: "read"}
    other = Database(database.url)
    with other.write() as session:
        session.add(User(name="alice"))
    other.close()
    with database.write_directly() as direct:
        assert direct.kept == {}
        direct.kept[statement] = "read again"
    with database.write() as session:  # another connection of this very process
        session.add(User(name="bob"))
    with database.write_directly() as direct:
        assert direct.kept == {}


def test_what_is_undone_keeps_nothing(database):
    statement = Prepared(select(User.name))
    with database.write_directly() as direct:
        direct.kept[statement] = "read"
    with pytest.raises(ZeroDivisionError), database.write_directly() as direct:
        direct.kept[statement] = 1 / 0
    with database.write_directly() as direct:
        assert direct.kept == {}


def test_the_log_is_brought_into_the_database_beside_the_writers(database, tmp_path):
    statement = Prepared(insert(User).values(name=bindparam("name")))
    alone = tmp_path / "alone.sqlite3"

    def users_without_the_log() -> int:
        shutil.copyfile(tmp_path / "market.sqlite3", alone)
        alone.with_name(f"{alone.name}-wal").unlink(missing_ok=True)
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(alone)) as connection:
            return int(connection.execute("SELECT count(*) FROM users").fetchone()[0])
        return 0  # copied while it was written to

    for number in range(2 * WRITES_A_TURN):
        with database.write_directly() as direct:
            direct.run(statement, name=f"user{number}")
    end = time.monotonic() + 20
    while users_without_the_log() < WRITES_A_TURN:
        assert time.monotonic() < end
        time.sleep(0.01)


ADD_USER = Prepared(insert(User).values(name=bindparam("name")))
USERS = Prepared(select(func.count()).select_from(User))


def test_what_was_written_is_on_the_disk_before_anybody_is_told(database, tmp_path, monkeypatch):
    cut = tmp_path / "cut"

    def sync(file: int) -> None:
        os.fsync(file)
        shutil.rmtree(cut, ignore_errors=True)
        cut.mkdir()
        for name in ("market.sqlite3", "market.sqlite3-wal"):  # all that a power cut leaves from now on
            shutil.copyfile(tmp_path / name, cut / name)

    monkeypatch.setattr("jackfield_marketplace.db.log._sync", sync)
    for number in range(1, 4):
        with database.write_directly() as direct:
            direct.run(ADD_USER, name=f"user{number}")
        with closing(sqlite3.connect(cut / "market.sqlite3")) as connection:
            assert connection.execute("SELECT count(*) FROM users").fetchone() == (number,)


def test_sessions_wait_for_the_disk_too(database):
    with database.write() as session:
        assert session.scalars(text("PRAGMA synchronous")).one() == 2  # FULL


def test_writers_that_come_together_wait_for_the_disk_together(database, monkeypatch):
    syncs, go_on = [], threading.Event()

    def sync(file: int) -> None:
        syncs.append(file)
        assert go_on.wait(20)

    def write(name: str) -> None:
        with database.write_directly() as direct:
            direct.run(ADD_USER, name=name)

    monkeypatch.setattr("jackfield_marketplace.db.log._sync", sync)
    writers = [threading.Thread(target=write, args=(f"user{number}",)) for number in range(4)]
    writers[0].start()
    wait_for(lambda: syncs, what="the first of them")
    for writer in writers[1:]:
        writer.start()
    wait_for(lambda: database.look_up(USERS) == (4,), what="the others, who do not wait for the first one's disk")
    go_on.set()
    for writer in writers:
        writer.join()
    assert len(syncs) == 2


def test_a_disk_that_fails_is_told_to_who_wrote_and_not_believed_afterwards(database, monkeypatch, tmp_path):
    """After a failed sync the next one succeeds, whatever is on the disk: what was written goes there another way."""

    def fail(file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("jackfield_marketplace.db.log._sync", fail)
        with pytest.raises(NotKept, match="Input/output"), database.write_directly() as direct:
            direct.run(ADD_USER, name="alice")
        with database.write_directly() as direct:
            direct.run(ADD_USER, name="bob")
    without_log = tmp_path / "without_log.sqlite3"
    shutil.copyfile(database.engine.url.database, without_log)
    with closing(sqlite3.connect(without_log)) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (2,)
    with database.write_directly() as direct:  # by the log again
        direct.run(ADD_USER, name="carol")
    assert database.look_up(USERS) == (3,)


def test_a_disk_that_failed_is_not_believed_while_somebody_reads_what_was_before(database, monkeypatch):
    def fail(file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("jackfield_marketplace.db.log._READERS_SECONDS", 0.05)
    with closing(sqlite3.connect(database.engine.url.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM users").fetchall()
        with monkeypatch.context() as patch:
            patch.setattr("jackfield_marketplace.db.log._sync", fail)
            with pytest.raises(NotKept), database.write_directly() as direct:
                direct.run(ADD_USER, name="alice")
        with pytest.raises(NotKept, match="could not be brought in"), database.write_directly() as direct:
            direct.run(ADD_USER, name="bob")
    with database.write_directly() as direct:
        direct.run(ADD_USER, name="carol")
    assert database.look_up(USERS) == (3,)


def test_a_database_without_a_log_has_nothing_to_wait_for(tmp_path):
    path = tmp_path / "without.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")  # no WAL, as where a file system has no shared memory
        log = Log(str(path))
        log.keep(log.written())
        log.close()
    assert not path.with_name("without.sqlite3-wal").exists()
