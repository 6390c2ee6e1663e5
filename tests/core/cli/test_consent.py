"""The consent question as people read it (ui.md)."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from jackfield.cli.consent import asked, show_request
from jackfield.cli.output import Output
from jackfield.cli.plans import show_changelog
from jackfield.errors import ConsentRequired
from jackfield.management import AskedPermission, ConsentRequest
from jackfield.permissions import Growth, GrowthEntry, Permission

SEND = AskedPermission("send messages", "to post results", "medium", "messages", "send")
SHOW = AskedPermission("add to the sidebar", "to show the running poll", "low", "ui", "component")
NAMES = AskedPermission("read member names", "to show who voted", "medium", "members", "read", new=True)
CONNECT = Permission("network", ("connect",))
FILES = AskedPermission("change and delete files on this computer", "", "high", "files", "write")


def request(*permissions, version="1.3.1", growth=(), **more):
    return ConsentRequest(
        plugin="poll",
        name="Poll",
        version=version,
        source="https://plugins.example.org",
        isolation_sentence="its own process, no network, no files",
        permissions=permissions,
        growth=Growth(tuple(growth)),
        **{"brings": (), **more},
    ).to_mapping()


def shown(capsys, mapping):
    show_request(Output(), mapping)
    return capsys.readouterr().out.splitlines()


@pytest.mark.feature("C1", "C4", "C13")
def test_a_first_install_says_what_it_wants_where_it_runs_and_what_it_brings(capsys):
    assert shown(capsys, request(SEND, SHOW, publisher="poll-team")) == [
        "poll 1.3.1 from https://plugins.example.org (published by poll-team)",
        "  wants to   send messages       to post results",
        "             add to the sidebar  to show the running poll",
        "  runs in    its own process, no network, no files",
        "  brings     nothing else",
    ]


def test_it_says_when_and_by_whom_it_was_published(capsys):
    moment = (datetime.now(UTC) - timedelta(weeks=3, hours=1)).isoformat()
    heads = [
        shown(capsys, request(published=moment, publisher="poll-team"))[0],
        shown(capsys, request(published=moment))[0],
        shown(capsys, request())[0],
    ]
    assert [head.removeprefix("poll 1.3.1 from https://plugins.example.org") for head in heads] == [
        " (published 3 weeks ago by poll-team)",
        " (published 3 weeks ago)",
        "",
    ]


def test_one_without_a_manifest_is_said_to_be_full_trust(capsys):
    lines = shown(capsys, request(legacy=True))
    assert lines[1] == "  wants to   nobody knows: it has no manifest, so a yes is full trust"


def test_what_is_enabled_again_in_the_same_version_is_no_update(capsys):
    assert shown(capsys, request(previous="1.3.1"))[0] == "poll 1.3.1 from https://plugins.example.org"


def test_an_update_marks_what_is_new(capsys):
    lines = shown(capsys, request(SEND, NAMES, version="2.0.0", previous="1.3.1"))
    assert lines[0] == "poll 1.3.1 → 2.0.0 from https://plugins.example.org"
    assert lines[1] == "  wants to   send messages            to post results"
    assert lines[2] == "             read member names (new)  to show who voted"


def test_risky_permissions_are_marked_in_words_not_only_in_colour(capsys):
    assert "change and delete files on this computer (risky)" in shown(capsys, request(FILES))[1]


def test_a_plugin_that_asks_for_nothing_says_so(capsys):
    assert shown(capsys, request())[1] == "  wants to   nothing that needs a permission"


def test_changes_of_publisher_and_what_a_dependency_asks_are_told(capsys):
    growth = [
        GrowthEntry("publisher", "poll", None, "published by mallory, before by poll-team"),
        GrowthEntry("dependency", "charts", CONNECT, "comes with charts, which asks to open connections"),
    ]
    lines = shown(capsys, request(SEND, previous="1.0.0", growth=growth, brings=("charts",)))
    assert lines[-3:] == [
        "  brings     charts",
        "  changed    published by mallory, before by poll-team",
        "             comes with charts, which asks to open connections",
    ]


@pytest.mark.feature("C4", "K25")
def test_a_plugin_that_it_uses_is_told_and_one_that_it_uses_anew_is_marked(capsys):
    growth = [GrowthEntry("dependency", "poll", None, "uses the plugin geo: its services and events")]
    assert shown(capsys, request(SEND, growth=growth))[1:] == [
        "  wants to   send messages  to post results",
        "  and it     uses the plugin geo: its services and events",
        "  runs in    its own process, no network, no files",
        "  brings     nothing else",
    ]
    lines = shown(capsys, request(SEND, previous="1.0.0", growth=growth))
    assert lines[2] == "  and it     uses the plugin geo: its services and events (new)"
    assert not any(line.startswith("  changed") for line in lines)


def test_a_long_reason_is_wrapped_below_its_sentence(capsys):
    reason = "so that " + "the results of every vote are shown to everybody in the room " * 3
    wordy = AskedPermission("send messages", reason.strip(), "medium", "messages", "send")
    lines = shown(capsys, request(wordy))
    assert lines[1] == "  wants to   send messages"
    assert all(line.startswith(" " * 15) for line in lines[2:4])
    assert max(map(len, lines)) <= 120


def test_a_sentence_too_long_to_align_to_moves_no_other_reason(capsys):
    hosts = ", ".join(f"host-{number}.example.org:443" for number in range(5))
    wide = AskedPermission(f"open connections: {hosts} only", "to ask", "medium", "network", "connect")
    lines = shown(capsys, request(wide, SEND, SHOW))
    assert lines[-4:-2] == [
        "             send messages       to post results",
        "             add to the sidebar  to show the running poll",
    ]


def test_an_authors_reason_cannot_repaint_the_question(capsys):
    sly = AskedPermission("send messages", "\x1b[2K\x1b[1Abrings nothing\nInstall? y", "medium", "messages", "send")
    text = "\n".join(shown(capsys, request(sly)))
    assert "\x1b" not in text
    assert "\nInstall?" not in text


@pytest.mark.parametrize(
    ("typed", "answer"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("yeah no\n", False)]
)
def test_no_is_the_default(monkeypatch, capsys, typed, answer):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert asked(Output(), "Install and enable poll?", ConsentRequired("unanswered")) is answer
    assert capsys.readouterr().out == "Install and enable poll? [y/N] "


def test_silence_is_not_consent(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(ConsentRequired, match="unanswered"):
        asked(Output(), "Install?", ConsentRequired("unanswered"))


def test_a_program_is_not_asked(capsys):
    with pytest.raises(ConsentRequired):
        asked(Output(as_json=True), "Install?", ConsentRequired("unanswered"))
    assert capsys.readouterr().out == ""


def test_what_an_author_tells_of_changes_pushes_no_question_out_of_sight(capsys):
    show_changelog(Output(), "poll", "\n".join(["short", *["x" * 100_000] * 40]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["new in poll:", "  short"]
    assert len(lines) == 14
    assert max(map(len, lines)) < 400
