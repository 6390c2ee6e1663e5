"""Whom a list means, which marketplace may say so, and what a user allowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import ManifestError
from jackfield.manifest import Candidate, File, Pin, Revocation, RevocationList, Severity
from jackfield.revocation import (
    ALLOWED,
    Allowance,
    KeptList,
    Lists,
    Subject,
    allowance_for,
    allowances,
    hits,
    now,
    revoked_plugins,
    sentence,
    stopping,
)

pytestmark = pytest.mark.feature("K6")

HERE, OTHER = "https://plugins.example.org", "https://other.example.org"
SHA, CODE = "ab" * 32, "cd" * 32


def kept(*entries: Revocation, marketplace: str = HERE, checked: str = "") -> KeptList:
    told = RevocationList(entries, "appeals@example.org")
    return KeptList(marketplace, checked or f"{now():%Y-%m-%dT%H:%M:%SZ}", told.to_bytes(), told)


def poll(severity: Severity = "critical", **options: object) -> Revocation:
    values = {"number": 1, "plugin": "poll", "distribution": "chat-poll", "versions": "<1.2", "reason": "It spies."}
    return Revocation(**values | {"severity": severity} | options)  # type: ignore[arg-type]  # as each test has them


def is_meant(entry: Revocation, subject: Subject) -> bool:
    return bool(hits([kept(entry)], subject))


class TestNames:
    @pytest.mark.parametrize("source", [HERE, "file", "environment", "external"])
    def test_count_for_what_came_from_there_and_for_what_came_from_no_marketplace(self, source):
        assert is_meant(poll(), Subject("Poll", "chat_poll", "1.0", source=source))
        assert not is_meant(poll(), Subject("poll", "chat-poll", "1.2", source=source))

    def test_of_one_marketplace_say_nothing_of_what_came_from_another(self):
        assert not is_meant(poll(), Subject("poll", "chat-poll", "1.0", source=OTHER))

    def test_of_a_library_are_those_of_its_distribution(self):
        entry = poll(plugin="", distribution="paintlib", versions="*")
        assert is_meant(entry, Subject(None, "PaintLib", "7", source=HERE))
        assert not is_meant(entry, Subject("paintlib", "chat-paintlib", "7", source=HERE))


class TestBytes:
    @pytest.mark.parametrize("source", [HERE, OTHER, "file"])
    def test_are_the_same_wherever_they_come_from_and_whatever_they_are_called(self, source):
        entry = poll(files=frozenset({SHA}))
        assert is_meant(entry, Subject("innocent", "chat-innocent", "9.0", SHA, source))

    @pytest.mark.parametrize("source", [HERE, OTHER, "file"])
    def test_of_the_code_tell_a_copy_under_another_name(self, source):
        entry = poll(contents=frozenset({CODE}))
        assert is_meant(entry, Subject("innocent", "chat-innocent", "9.0", SHA, source, CODE))

    def test_of_the_code_say_nothing_of_a_mended_version_nor_of_what_should_only_be_left(self):
        entry = poll(contents=frozenset({CODE}))
        assert not is_meant(entry, Subject("poll", "chat-poll", "1.2", SHA, HERE, CODE))
        assert is_meant(entry, Subject("poll", "chat-poll", "1.2", SHA, OTHER, CODE))  # another poll is no poll
        assert not is_meant(poll("low", contents=frozenset({CODE})), Subject("x", "y", "1", SHA, HERE, CODE))

    @given(st.text("0123456789abcdef", max_size=64), st.text("0123456789abcdef", max_size=64))
    def test_nothing_else_is_meant(self, sha256, contents):
        entry = poll(files=frozenset({SHA}), contents=frozenset({CODE}))
        meant = sha256 == SHA or contents == CODE
        assert is_meant(entry, Subject("innocent", "chat-innocent", "9.0", sha256, OTHER, contents)) == meant


@given(st.lists(st.tuples(st.sampled_from(["poll", "quiz", ""]), st.booleans(), st.booleans()), max_size=8), st.data())
def test_an_entry_is_found_among_many_as_if_each_was_looked_at(shapes, data):
    """The list is asked by id, name, hash and code, and not entry by entry: nothing may be lost by that."""
    entries = [
        Revocation(
            number,
            plugin=plugin,
            distribution=f"chat-{plugin}" if plugin else "",
            files=frozenset({SHA}) if by_file or not plugin else frozenset(),
            contents=frozenset({CODE}) if by_code else frozenset(),
        )
        for number, (plugin, by_file, by_code) in enumerate(shapes)
    ]
    subject = Subject(
        data.draw(st.sampled_from(["Poll", "quiz", "other", None])),
        data.draw(st.sampled_from(["chat_poll", "chat-quiz", ""])),
        "1.0",
        data.draw(st.sampled_from([SHA, "ef" * 32, ""])),
        data.draw(st.sampled_from([HERE, OTHER, "file"])),
        data.draw(st.sampled_from([CODE, ""])),
    )
    one_by_one = [entry.number for entry in entries if hits([kept(entry)], subject)]
    assert sorted(hit.revocation.number for hit in hits([kept(*entries)], subject)) == one_by_one


class TestWords:
    def test_name_the_marketplace_the_reason_what_to_do_and_where_to_disagree(self):
        subject = Subject("poll", "chat-poll", "1.0", source=HERE)
        found = hits([kept(poll(advice="Change your passwords."))], subject)
        assert sentence(subject, found) == (
            f"poll 1.0 was revoked by {HERE} (critical): It spies. Change your passwords. Appeals: appeals@example.org"
        )

    def test_tell_the_day_of_a_list_that_is_old(self):
        old = kept(poll(), checked="2026-01-02T03:04:05Z")
        (hit,) = hits([old], Subject("poll", "chat-poll", "1.0", source=HERE))
        assert "(critical, by its list of 2026-01-02)" in hit.problem

    def test_the_worst_comes_first_and_only_what_endangers_stops(self):
        entries = [poll("low", number=1), poll("high", number=2), poll("critical", number=3)]
        found = hits([kept(*entries)], Subject("poll", "chat-poll", "1.0", source=HERE))
        assert [hit.revocation.severity for hit in found] == ["critical", "high", "low"]
        assert [hit.revocation.number for hit in stopping(found)] == [3, 2]


def candidate(plugin: str, origin: str = "store") -> Candidate:
    return Candidate(plugin, plugin, f"chat-{plugin}", "1.0", f"chat_{plugin}:Main", "chat.plugins", None, None, origin)  # type: ignore[arg-type]  # one of the four


def pin(name: str, plugin: str | None = None, requires: tuple[str, ...] = (), sha256: str = "") -> Pin:
    file = File(f"{name}-1.0-py3-none-any.whl", f"{HERE}/{name}", sha256 or name.ljust(64, "0"))
    return Pin(name, "1.0", file, plugin, HERE, requires)


class TestInstalled:
    @given(st.permutations(["deep", "wide", "alone"]))
    def test_who_runs_on_a_revoked_library_however_far_away_is_told_by_its_name(self, order):
        entry = poll(plugin="", distribution="deep", versions="*")
        libraries = {
            "deep": pin("deep"),
            "wide": pin("wide", requires=("deep",)),
            "alone": pin("alone"),
        }
        inline = [pin("chat-a", "a", ("wide",)), pin("chat-b", "b", ("alone",)), *(libraries[name] for name in order)]
        workers = {"c": (pin("chat-c", "c"), pin("deep"))}
        found = revoked_plugins([kept(entry)], [candidate(one) for one in "abc"], inline, workers)
        assert set(found) == {"a", "c"}
        assert found["a"][0].problem.startswith(f"needs the library deep 1.0, which was revoked by {HERE}")

    def test_a_script_is_nobodys_to_revoke_and_what_pip_installed_is_known_by_its_name(self):
        lists = [kept(poll())]
        assert revoked_plugins(lists, [candidate("poll", "script")], [], {}) == {}
        assert set(revoked_plugins(lists, [candidate("poll", "environment")], [], {})) == {"poll"}
        assert set(revoked_plugins(lists, [candidate("poll", "external")], [], {})) == {"poll"}


class TestAllowances:
    AT = datetime(2026, 5, 3, 12, tzinfo=UTC)

    def found(self, *numbers: int):
        return hits([kept(*(poll(number=one) for one in numbers))], Subject("poll", "chat-poll", "1.0", source=HERE))

    def test_hold_for_a_day_and_for_what_was_read(self):
        one = Allowance.for_a_day(self.found(1), self.AT)
        assert one.until == "2026-05-04T12:00:00Z"
        assert one.covers(self.found(1), self.AT + timedelta(hours=23))
        assert not one.covers(self.found(1), self.AT + timedelta(hours=24))
        assert not one.covers(self.found(1, 2), self.AT)

    SUBJECT = Subject("poll", "chat-poll", "1.0", SHA, source=HERE)

    @pytest.mark.parametrize(
        "more",
        [{"versions": "<2.0"}, {"files": frozenset({SHA})}, {"severity": "high"}, {"reason": "It sells your mail."}],
    )
    def test_mean_what_was_read_and_not_whatever_has_its_number_later(self, more):
        read = poll(number=7, versions="<1.1", severity="critical")
        one = Allowance.for_a_day(hits([kept(read)], self.SUBJECT), self.AT)
        assert one.covers(hits([kept(replace(read))], self.SUBJECT), self.AT)
        assert not one.covers(hits([kept(replace(read, **more))], self.SUBJECT), self.AT)

    def test_a_clock_that_is_set_back_makes_no_day_longer(self):
        one = Allowance.for_a_day(self.found(1), self.AT)
        assert not one.covers(self.found(1), self.AT - timedelta(hours=1))

    @given(st.one_of(st.none(), st.integers(), st.text(), st.dictionaries(st.text(), st.text())))
    def test_what_cannot_be_read_allows_nothing(self, value):
        given_ = allowances({f"{ALLOWED}poll": value, f"{ALLOWED}other": {"until": "soon", "keys": [f"{HERE}#1"]}})
        assert allowance_for(given_, "poll", self.found(1)) is None
        assert allowance_for(given_, "other", self.found(1)) is None


def spoil(path: Path) -> None:
    """Change a letter where it is still a list."""
    text = path.read_text()
    assert "chat-poll" in text
    path.write_text(text.replace("chat-poll", "chat-pall"))


class TestKept:
    def test_a_list_is_kept_whole_and_read_again_where_it_changed(self, tmp_path: Path):
        (tmp_path / "here").mkdir()
        (tmp_path / "never-asked").mkdir()
        lists = Lists(tmp_path)
        assert (lists.kept(), lists.problems(), lists.stamp()) == ((), (), ())
        kept(poll()).save(tmp_path / "here")
        before = lists.stamp()
        assert lists.kept()[0].list.revocations == (poll(),)
        kept().save(tmp_path / "here")
        assert lists.stamp() != before
        assert lists.kept()[0].list.revocations == ()

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"marketplace": "x"}', '{"marketplace":"x","checked":"","document":"{}"}']
    )
    def test_one_that_is_damaged_is_told_and_hides_no_other(self, tmp_path: Path, text):
        for name in ("damaged", "whole"):
            (tmp_path / name).mkdir()
        kept(poll()).save(tmp_path / "whole")
        (tmp_path / "damaged" / "revoked.json").write_text(text)
        lists = Lists(tmp_path)
        assert [one.marketplace for one in lists.kept()] == [HERE]
        assert str(tmp_path / "damaged" / "revoked.json") in lists.problems()[0]
        with pytest.raises(ManifestError):
            KeptList.load(tmp_path / "damaged")

    @pytest.mark.parametrize("damage", [lambda path: path.write_text("{"), Path.unlink, spoil])
    def test_its_copy_counts_where_it_is_damaged_or_gone(self, tmp_path: Path, damage):
        folder = tmp_path / "plugins.example.org"
        folder.mkdir()
        kept(poll(), checked="2026-05-03T12:00:00Z").save(folder)
        damage(folder / "revoked.json")
        lists = Lists(tmp_path)
        assert [one.list.revocations for one in lists.kept()] == [(poll(),)]
        (problem,) = lists.problems()
        assert str(folder / "revoked.json") in problem
        assert "its copy of 2026-05-03 counts" in problem
        damage(folder / "revoked.copy.json")
        assert KeptList.look(folder)[0] is None
        again = kept(poll())
        again.save(folder)
        assert KeptList.look(folder) == (again, None)

    def test_its_age_is_since_it_was_verified_and_nonsense_is_very_old(self):
        day = kept(checked="2026-05-03T12:00:00Z")
        assert day.age_seconds(datetime(2026, 5, 4, 12, tzinfo=UTC)) == 86_400
        assert day.age_seconds(datetime(2026, 5, 2, 12, tzinfo=UTC)) == 0
        assert kept(checked="yesterday").age_seconds() == float("inf")
