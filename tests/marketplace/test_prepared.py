"""Statements run by the driver itself: the same words, values and rows as SQLAlchemy's own."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from jackfield_marketplace.db import Direct, File, Prepared, Project, Release, User
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import StatementError

MOMENT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
ADD_USER = Prepared(insert(User).values(name=bindparam("name"), password_hash=None).returning(User.id))
NAMES = Prepared(select(User.name).order_by(User.name))


def test_rows_come_back_as_sqlalchemy_would_give_them(database):
    with database.write_directly() as direct:
        owner = direct.value(ADD_USER, name="alice")
        direct.run(
            Prepared(insert(Project).values(id=1, name="p", display_name="P", owner_id=bindparam("o"), skeleton="p")),
            o=owner,
        )
        direct.run(
            Prepared(insert(Release).values(project_id=1, version="1.0", links=bindparam("links"))),
            links={"Home": "https://example.org"},
        )
        direct.run(Prepared(update(Release).values(created_at=bindparam("at"))), at=MOMENT)
    columns = (Release.version, Release.links, Release.keywords, Release.created_at)
    with database.read() as session:
        by_sqlalchemy = tuple(session.execute(select(*columns)).one())
    assert database.look_up(Prepared(select(*columns))) == by_sqlalchemy
    assert by_sqlalchemy == ("1.0", {"Home": "https://example.org"}, [], MOMENT)


def test_defaults_of_the_tables_are_kept(database):
    with database.write_directly() as direct:
        direct.run(ADD_USER, name="alice")
    with database.read() as session:
        assert session.scalars(select(User)).one().created_at.tzinfo is UTC


def test_a_statement_is_run_with_each_of_many_values(database):
    with database.write_directly() as direct:
        direct.run_each(Prepared(insert(User).values(name=bindparam("name"))), [{"name": "alice"}, {"name": "bob"}])
        direct.run_each(Prepared(insert(User).values(name=bindparam("name"))), [])
        assert list(direct.rows(NAMES)) == [("alice",), ("bob",)]


def test_a_time_is_kept_as_sqlalchemy_writes_it_and_none_without_a_zone(database):
    at = datetime(2026, 11, 20, 13, 30, tzinfo=timezone(timedelta(hours=1)))
    with database.write() as session:
        session.add(User(name="alice", created_at=at))
    with database.read() as session:
        assert session.scalars(select(User.created_at)).one() == MOMENT
        assert session.scalars(text("SELECT created_at FROM users")).one() == "2026-11-20 12:30:00.000000"
    unclear = insert(User).values(name="bob", created_at=at.replace(tzinfo=None))
    with pytest.raises(StatementError, match="a time without a zone"), database.write() as session:
        session.execute(unclear)


def test_what_raises_is_undone_whole_and_the_next_goes_on(database):
    class Unexpected(Exception):
        pass

    def add_and_fail():
        with database.write_directly() as direct:
            direct.run(ADD_USER, name="alice")
            raise Unexpected

    with pytest.raises(Unexpected):
        add_and_fail()
    with database.write_directly() as direct:
        direct.run(ADD_USER, name="bob")
        assert list(direct.rows(NAMES)) == [("bob",)]


def test_a_missing_value_is_not_sent_as_nothing(database):
    with pytest.raises(KeyError, match="name"), database.write_directly() as direct:
        direct.run(ADD_USER)


def test_within_a_session_both_see_each_others_changes(database):
    with database.write() as session:
        user = User(name="alice")
        session.add(user)
        direct = Direct.within(session)
        assert direct.value(NAMES) == "alice"
        direct.run(Prepared(update(User).values(name=bindparam("new"))), new="carol")
        assert user.name == "carol"


def test_a_look_up_sees_commits_alone_and_finds_nothing_where_nothing_is(database):
    assert database.look_up(NAMES) is None
    with database.write_directly() as direct:
        direct.run(ADD_USER, name="alice")
        assert database.look_up(NAMES) is None
    assert database.look_up(NAMES) == ("alice",)
    files = Prepared(select(File.id).where(File.kind == "wheel").limit(1))  # values that stand in the statement
    assert database.look_up(files) is None


def test_the_stamp_sees_direct_writers_too(database):
    first = database.change_stamp()
    with database.write_directly() as direct:
        direct.run(ADD_USER, name="alice")
    assert database.change_stamp() != first
