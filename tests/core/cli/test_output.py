"""Tables without boxes, JSON alone on stdout, colour only for people."""

import json

import pytest
from jackfield.cli.output import Output, as_json_line, laid_out

HEADER = ("PLUGIN", "VERSION", "ABOUT")


def test_a_table_has_one_header_line_and_aligned_columns(capsys):
    Output().table(HEADER, [("poll", "1.3.1", "Ask the room"), ("quick-poll", "0.9", "Yes or no")])
    assert capsys.readouterr().out.splitlines() == [
        "PLUGIN      VERSION  ABOUT",
        "poll        1.3.1    Ask the room",
        "quick-poll  0.9      Yes or no",
    ]


def test_a_column_that_is_empty_everywhere_is_left_out(capsys):
    Output().table(HEADER, [("poll", "", "Ask the room")])
    assert capsys.readouterr().out.splitlines() == ["PLUGIN  ABOUT", "poll    Ask the room"]


def test_wide_names_keep_the_columns_aligned(capsys):
    Output().table((), [("投票", "1.0"), ("poll", "2.0")])
    assert capsys.readouterr().out.splitlines() == ["投票  1.0", "poll  2.0"]


def test_an_empty_table_prints_nothing(capsys):
    Output().table(HEADER, [])
    assert capsys.readouterr().out == ""


def test_cells_are_cleaned_of_control_characters(capsys):
    Output().table((), [("poll\x1b[31m", "x")])
    assert "\x1b" not in capsys.readouterr().out


OBEYED = "\x1b[2J\x1b]0;title\x07\x9b1A\r\x08\x7f\u202eturned\u2066\u2028half \ud800"


def test_a_terminal_obeys_nothing_of_a_line_but_its_colours(capsys):
    """Whoever forgets to clean a word of others before it is put into a line."""
    Output().colour = True
    Output().line(f"\x1b[31mred\x1b[0m {OBEYED}\tand\nmore")
    Output().note(OBEYED)
    told = capsys.readouterr()
    assert told.out.endswith("\tand\nmore\n")
    for text in (told.out, told.err):
        assert not [char for char in text if not char.isprintable() and char not in "\n\t\x1b"]
        assert "\x1b" not in text.replace("\x1b[31m", "").replace("\x1b[0m", ""), "nothing begins an escape"
        assert "turned" in text


def test_json_says_all_of_it_and_a_terminal_obeys_none(capsys):
    output = Output(as_json=True)
    output.data({"plugin": "poll", "problem": OBEYED})
    text = capsys.readouterr().out
    assert not [char for char in text if not char.isprintable() and char != "\n"]
    assert json.loads(text) == {"plugin": "poll", "problem": OBEYED}
    assert json.loads(as_json_line({"line": OBEYED})) == {"line": OBEYED}
    assert as_json_line({"line": OBEYED}).isprintable()


def test_json_keeps_every_other_word_off_stdout(capsys):
    output = Output(as_json=True)
    output.line("poll was installed")
    output.table(HEADER, [("poll", "1", "x")])
    output.data({"plugin": "poll", "name": "投票"})
    assert json.loads(capsys.readouterr().out) == {"plugin": "poll", "name": "投票"}


def test_text_output_prints_no_json(capsys):
    Output().data({"plugin": "poll"})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_turned_off(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert Output().colour is False


def test_remarks_are_left_out_where_next_to_nothing_of_them_could_be_read():
    table = (("PLUGIN", "RUNS", ""), [("poll", "worker (full)", "failed when it last ran: no module numpy")])
    assert laid_out(*table, columns=25) == ["PLUGIN  RUNS", "poll    worker (full)"]
    assert laid_out(*table, columns=40) == ["PLUGIN  RUNS", "poll    worker (full)  failed when it l…"]


def test_a_sentence_is_broken_between_words_and_not_cut_where_all_of_it_counts():
    table = (("LIMIT", "DEFAULT", "WHAT IT IS"), [("call", "5 s", "the time to answer one call of the application")])
    assert laid_out(*table, columns=42, whole=True) == [
        "LIMIT  DEFAULT  WHAT IT IS",
        "call   5 s      the time to answer one",
        "                call of the application",
    ]
    assert laid_out(*table, columns=30, whole=True) == [
        "LIMIT  DEFAULT",
        "call   5 s",
        "  the time to answer one call",
        "  of the application",
    ]
    for columns in (62, None):
        assert laid_out(*table, columns=columns, whole=True) == laid_out(*table)


def test_a_table_without_a_header_breaks_its_sentences_too():
    rows = [("poll", "asks for more: read member names"), ("dice", "")]
    assert laid_out((), rows, columns=30, whole=True) == [
        "poll  asks for more: read",
        "      member names",
        "dice",
    ]
