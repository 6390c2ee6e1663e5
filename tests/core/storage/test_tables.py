"""Small tables, changes that happen together, and how much may be kept."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.api import Delete, Forget, Insert, Put, Require, Update
from jackfield.errors import DataConflict, QuotaExceeded, StoreError, UsageError
from jackfield.storage import Definition, PluginDatabase, Quota, shown_bytes

from tests.support.examples import examples

VOTES = Definition.of(
    "votes", {"room": str, "user": str, "choice": int, "weight": float, "open": bool}, ("room", "user")
)
MIB = 1 << 20


@pytest.fixture
def database(tmp_path):
    made = PluginDatabase(tmp_path / "data" / "storage.sqlite3", plugin="poll")
    yield made
    made.close()


def insert(database, **row):
    (made,) = database.apply([Insert("votes", row)], [VOTES])
    return made


class TestRows:
    @pytest.mark.feature("C20")
    def test_they_come_back_as_they_went_in_with_an_id(self, database):
        assert insert(database, room="lobby", user="ann", choice=2, weight=1, open=True) == 1
        assert insert(database, room="lobby", user="carl") == 2
        assert database.select(VOTES) == [
            {"id": 1, "room": "lobby", "user": "ann", "choice": 2, "weight": 1.0, "open": True},
            {"id": 2, "room": "lobby", "user": "carl", "choice": None, "weight": None, "open": None},
        ]

    def test_an_id_is_never_used_again(self, database):
        insert(database, user="ann")
        database.apply([Delete("votes")])
        assert insert(database, user="carl") == 2

    def test_one_that_may_be_there_once_is_refused_or_replaced(self, database):
        insert(database, room="lobby", user="ann", choice=1)
        with pytest.raises(DataConflict, match="votes has a row with room 'lobby', user 'ann' already"):
            insert(database, room="lobby", user="ann", choice=2)
        (same,) = database.apply([Insert("votes", {"room": "lobby", "user": "ann", "weight": 2.0}, replace=True)])
        assert database.select(VOTES) == [
            {"id": same, "room": "lobby", "user": "ann", "choice": None, "weight": 2.0, "open": None}
        ]
        assert same == 1

    def test_updates_and_deletions_say_how_many(self, database):
        for user in ("ann", "bob", "carl"):
            insert(database, room="lobby", user=user, choice=1)
        assert database.apply([Update("votes", {"choice": 3}, {"user !=": "bob"})]) == [2]
        assert database.apply([Delete("votes", {"choice": 3})]) == [2]
        assert database.count(VOTES) == 1

    @pytest.mark.parametrize(
        ("where", "users"),
        [
            ({}, "abcd"),
            ({"choice": 2}, "b"),
            ({"choice >": 1, "choice <=": 3}, "bc"),
            ({"choice": None}, "d"),
            ({"choice !=": None}, "abc"),
            ({"user in": ["a", "d", "z"]}, "ad"),
            ({"user in": []}, ""),
            ({"id >=": 3}, "cd"),
            ({"open": True}, "a"),
        ],
    )
    def test_conditions_choose_rows(self, database, where, users):
        for user, choice in zip("abcd", (1, 2, 3, None), strict=True):
            insert(database, room="r", user=user, choice=choice, open=user == "a")
        assert "".join(row["user"] for row in database.select(VOTES, where)) == users
        assert database.count(VOTES, where) == len(users)

    def test_rows_come_in_order_a_page_at_a_time(self, database):
        for user, choice in (("a", 1), ("b", 2), ("c", 1)):
            insert(database, user=user, choice=choice)
        by_choice = database.select(VOTES, order=("-choice", "user"))
        assert [row["user"] for row in by_choice] == ["b", "a", "c"]
        assert [row["user"] for row in database.select(VOTES, order=("user",), limit=1, offset=1)] == ["b"]

    @pytest.mark.parametrize(
        ("ask", "sentence"),
        [
            (lambda one: insert(one, user=1), "votes.user holds text, not 1"),
            (lambda one: insert(one, choice=True), "votes.choice holds integer, not True"),
            (lambda one: insert(one, choice=1 << 63), "votes.choice holds integer"),
            (lambda one: insert(one, weight=float("nan")), "votes.weight holds number, not nan"),
            (lambda one: insert(one, open=1), "votes.open holds boolean, not 1"),
            (lambda one: insert(one, colour="red"), "votes has no column 'colour'"),
            (lambda one: insert(one, id=7), "is not for the plugin to set"),
            (lambda one: insert(one, user="x" * (1 << 20) + "x"), "votes.user holds text"),
            (lambda one: one.select(VOTES, {"user ~": "a"}), "'~' is no comparison"),
            (lambda one: one.select(VOTES, {"user; DROP TABLE x": "a"}), "votes has no column 'user;'"),
            (lambda one: one.select(VOTES, {"choice <": None}), "nothing is below or above None"),
            (lambda one: one.select(VOTES, order=("user; --",)), "has no column"),
            (lambda one: one.select(VOTES, limit=10_001), "limit is 0 to 10000"),
            (lambda one: one.select(VOTES, limit=1.5), "limit is 0 to 10000, offset 0 or more, whole numbers"),
            (lambda one: one.select(VOTES, limit=None), "whole numbers"),
            (lambda one: one.select(VOTES, offset=2**70), "offset 0 or more, whole numbers"),
            (lambda one: one.select(VOTES, order=(5,)), "no column '5'"),
            (lambda one: one.apply([Update("votes", {})]), "nothing to change"),
            (lambda one: one.apply([Insert("other", {})]), "there is no table 'other'"),
            (lambda one: one.apply([Put("k", 1)] * 1001), "1001 changes at once"),
            (lambda one: one.apply(["DROP"]), "str is no change"),
        ],
    )
    def test_what_cannot_be_is_told_and_changes_nothing(self, database, ask, sentence):
        insert(database, user="there")
        with pytest.raises(UsageError, match=sentence):
            ask(database)
        assert [row["user"] for row in database.select(VOTES)] == ["there"]

    @pytest.mark.parametrize(
        ("name", "columns", "unique"),
        [
            ("Votes", {"a": int}, ()),
            ("votes", {"a b": int}, ()),
            ("votes", {"id": int}, ()),
            ("votes", {}, ()),
            ("votes", {"a": bytes}, ()),
            ("votes", {"a": int}, ("b",)),
            ("votes", {f"c{n}": int for n in range(65)}, ()),
        ],
    )
    def test_a_table_that_cannot_be_is_refused_at_once(self, name, columns, unique):
        with pytest.raises(UsageError):
            Definition.of(name, columns, unique)

    @settings(deadline=None, max_examples=examples(40))
    @given(
        st.lists(
            st.fixed_dictionaries(
                {
                    "room": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
                    "choice": st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
                    "weight": st.none() | st.floats(allow_nan=False, allow_infinity=False),
                    "open": st.none() | st.booleans(),
                }
            ),
            max_size=6,
        )
    )
    def test_whatever_fits_comes_back(self, tmp_path_factory, rows):
        database = PluginDatabase(tmp_path_factory.mktemp("data") / "storage.sqlite3")
        table = Definition.of("things", {"room": str, "choice": int, "weight": float, "open": bool})
        ids = database.apply([Insert("things", row) for row in rows], [table])
        assert database.select(table) == [{"id": made, **row} for made, row in zip(ids, rows, strict=True)]
        database.close()


class TestShapes:
    def test_new_columns_are_added_and_old_rows_stay(self, database):
        insert(database, user="ann")
        wider = Definition.of("votes", {"user": str, "note": str})
        assert database.select(wider)[0]["note"] is None
        database.apply([Update("votes", {"note": "late"})], [wider])
        assert database.select(VOTES)[0]["note"] == "late"

    def test_another_type_is_refused_with_what_to_do(self, database):
        insert(database, user="ann")
        with pytest.raises(UsageError, match="the column choice of votes holds integer, not text") as caught:
            database.select(Definition.of("votes", {"choice": str}))
        assert caught.value.hint == "raise data_version and convert it in on_migrate"

    def test_rows_that_would_be_twice_hold_up_a_new_rule(self, database):
        loose = Definition.of("things", {"name": str})
        database.apply([Insert("things", {"name": "a"})] * 2, [loose])
        with pytest.raises(DataConflict, match="rows of things have the same name"):
            database.apply([], [Definition.of("things", {"name": str}, ("name",))])
        assert database.count(loose) == 2

    def test_a_table_goes_with_all_its_rows(self, database):
        insert(database, user="ann")
        database.drop("votes")
        assert database.tables() == []
        assert database.select(VOTES) == []

    def test_reading_makes_no_file(self, tmp_path):
        database = PluginDatabase(tmp_path / "data" / "storage.sqlite3")
        assert (database.select(VOTES), database.count(VOTES), database.size()) == ([], 0, 0)
        assert list(tmp_path.iterdir()) == []


class TestTogether:
    @pytest.mark.feature("C20")
    def test_all_of_it_happens_or_nothing(self, database):
        insert(database, room="lobby", user="ann")
        with pytest.raises(DataConflict):
            database.apply(
                [
                    Put("count", 1),
                    Forget("other"),
                    Insert("votes", {"user": "carl"}),
                    Insert("votes", {"room": "lobby", "user": "ann"}),
                ]
            )
        assert (database.get("count"), database.count(VOTES)) == (None, 1)
        assert database.apply([Put("count", 1), Insert("votes", {"user": "carl"}), Delete("votes", {"id": 1})]) == [
            None,
            2,
            1,
        ]
        assert database.get("count") == 1

    def test_what_it_depends_on_must_hold(self, database):
        insert(database, user="ann")
        with pytest.raises(DataConflict, match="votes has 1 rows where"):
            database.apply([Put("first", True), Require("votes", most=0)])
        assert database.get("first") is None
        database.apply([Put("first", True), Require("votes", {"user": "ann"}, least=1)])
        assert database.get("first") is True

    def test_threads_do_not_get_in_each_others_way(self, tmp_path):
        def work(number: int) -> None:
            database = PluginDatabase(tmp_path / "storage.sqlite3")
            for step in range(20):
                database.apply([Put(f"{number}/{step}", step), Insert("votes", {"user": f"{number}/{step}"})], [VOTES])
            database.close()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        database = PluginDatabase(tmp_path / "storage.sqlite3")
        assert (len(database.keys()), database.count(VOTES)) == (80, 80)
        database.close()

    @pytest.mark.slow
    def test_whoever_comes_while_the_file_is_made_waits_for_it(self, tmp_path):
        def come(place: int, number: int) -> None:
            database = PluginDatabase(tmp_path / str(place) / "storage.sqlite3")
            together.wait()
            database.set(str(number), number)
            database.close()

        together = threading.Barrier(6)
        for place in range(60):
            threads = [threading.Thread(target=come, args=(place, number)) for number in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            database = PluginDatabase(tmp_path / str(place) / "storage.sqlite3")
            assert database.keys() == ["0", "1", "2", "3", "4", "5"]
            database.close()


class TestQuota:
    @pytest.mark.feature("C14")
    def test_what_is_too_much_is_refused_by_name_and_nothing_of_it_kept(self, tmp_path):
        limit = [2 * MIB]
        quota = Quota("poll", lambda: limit[0], tmp_path / "files")
        database = PluginDatabase(tmp_path / "storage.sqlite3", plugin="poll", quota=quota)
        database.set("some", "x" * (MIB - 10))
        with pytest.raises(
            QuotaExceeded, match=r"^poll keeps 1(\.\d)? MiB of 2 MiB: nothing more was kept \("
        ) as caught:
            database.apply([Put("more", "x" * (MIB - 10)), Put("little", 1)])
        assert caught.value.hint is not None
        assert "jackfield data quota poll SIZE" in caught.value.hint
        assert database.keys() == ["some"]
        database.set("little", 1)
        database.delete("some")
        database.set("more", "x" * (MIB - 10))  # what was deleted makes room
        limit[0] = 4 * MIB
        database.set("again", "x" * (MIB - 10))
        database.close()

    def test_the_plugins_own_files_count_and_deleting_always_works(self, tmp_path):
        files = tmp_path / "files"
        files.mkdir()
        database = PluginDatabase(
            tmp_path / "storage.sqlite3", plugin="poll", quota=Quota("poll", lambda: 2 * MIB, files)
        )
        database.set("some", 1)
        database.close()
        (files / "film").write_bytes(b"x" * (2 * MIB))
        database = PluginDatabase(
            tmp_path / "storage.sqlite3", plugin="poll", quota=Quota("poll", lambda: 2 * MIB, files)
        )
        with pytest.raises(QuotaExceeded, match="poll keeps 2 MiB of 2 MiB"):
            database.set("more", 1)
        database.delete("some")
        assert database.keys() == []
        database.close()

    def test_sizes_read_well(self):
        assert [shown_bytes(count) for count in (0, 812, 105_067_315, 2 * MIB)] == [
            "0 bytes",
            "812 bytes",
            "100.2 MiB",
            "2 MiB",
        ]


class TestWhatAPluginMayAsk:
    @pytest.fixture
    def bounded(self, tmp_path):
        made = PluginDatabase(tmp_path / "storage.sqlite3", plugin="poll", bounded=True)
        yield made
        made.close()

    def test_a_condition_that_takes_minutes_is_stopped_and_whoever_closes_the_file_does_not_wait(
        self, bounded, monkeypatch
    ):
        """Before it was held a plugin had its host at one call for hours: a thousand such conditions in one `apply`."""
        monkeypatch.setattr("jackfield.storage.database.MOST_SECONDS", 0.2)
        for _ in range(20):
            bounded.apply([Insert("votes", {"choice": 1}) for _ in range(1000)], [VOTES])
        never = {f"choice{' ' * spaces}!=": spaces + 1 for spaces in range(1, 900)}
        changes = [Insert("votes", {"room": "last"}), *(Require("votes", never, least=0) for _ in range(900))]
        with pytest.raises(StoreError, match=r"poll was at one call for 0\.2 s and stopped: nothing was changed"):
            bounded.apply(changes, [VOTES])
        assert bounded.count(VOTES, {"room": "last"}) == 0
        assert bounded.count(VOTES, {"choice": 1}) == 20_000

    def test_an_answer_is_no_larger_than_its_host_can_hold(self, bounded):
        """A sign beyond the first plane makes each character of a text four bytes."""
        text = "\N{WHITE SMILING FACE}\N{SMILING FACE WITH SMILING EYES}" + "x" * 300_000
        for number in range(40):
            bounded.apply([Insert("votes", {"room": text, "user": str(number)})], [VOTES])
        with pytest.raises(UsageError, match="the rows of votes take more than 32 MiB"):
            bounded.select(VOTES)
        assert [len(one["room"]) for one in bounded.select(VOTES, limit=20)] == [len(text)] * 20

    def test_so_are_keys(self, bounded, monkeypatch):
        monkeypatch.setattr("jackfield.storage.database.MOST_ANSWER_BYTES", 1 << 20)
        for page in range(4):
            bounded.apply([Put(f"{page}{number:03}" + "k" * 500, 1) for number in range(1000)])
        with pytest.raises(UsageError, match="the keys take more than 1 MiB"):
            bounded.keys()
        assert len(bounded.keys("1")) == 1000

    def test_a_column_is_sorted_by_once_however_often_it_is_named(self, bounded):
        bounded.apply([Insert("votes", {"choice": number, "user": str(number)}) for number in (2, 1, 3)], [VOTES])
        rows = bounded.select(VOTES, order=["-choice", *["choice", "-user"] * 2000])
        assert [row["choice"] for row in rows] == [3, 2, 1]
