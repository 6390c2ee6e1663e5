"""The last lines of a plugin: bounded in number, size and rate, and on disk before the process ends."""

from __future__ import annotations

import logging
import threading

import pytest
from jackfield.analytics import LogFile, LogLine, LogRing
from jackfield.analytics.log_file import MOST_BYTES as MOST_BYTES_OF_A_FILE
from jackfield.analytics.log_lines import BURST, LONGEST_MESSAGE, MOST_BYTES


def record(message: object, *arguments: object, level: int = logging.INFO, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("chat.plugins.weather", level, __file__, 1, message, arguments, None)
    vars(made).update(fields)
    return made


def texts(ring: LogRing) -> list[str]:
    return [line.message for line in ring.since(0)]


@pytest.mark.feature("K15")
def test_lines_carry_level_message_and_structured_fields():
    ring = LogRing()
    ring.take(record("%d mm of rain", 3, level=logging.WARNING, place="Vienna", chance=0.5, source=object))

    (line,) = ring.since(0)
    assert (line.number, line.level, line.message) == (1, "WARNING", "3 mm of rain")
    assert line.fields == {"place": "Vienna", "chance": 0.5, "source": "<class 'object'>"}
    assert LogLine.from_mapping(line.to_mapping()).to_mapping() == line.to_mapping()


def test_a_message_or_field_that_cannot_be_made_is_told_and_fails_nobody():
    class Odd:
        def __repr__(self) -> str:
            raise ValueError("odd")

    ring = LogRing()
    ring.take(record("%d", "x"))
    ring.take(record(lambda: 1 / 0, odd=Odd()))

    assert texts(ring)[0].startswith("a message that could not be made (TypeError")
    assert texts(ring)[1] == "a message that could not be made (ZeroDivisionError: division by zero)"
    assert ring.since(1)[0].fields == {"odd": "a Odd that cannot be shown (ValueError)"}


def test_a_traceback_is_kept_as_text():
    ring = LogRing()
    try:
        int("wet")
    except ValueError as error:
        made = record("failed")
        made.exc_info = (type(error), error, error.__traceback__)
        ring.take(made)
    assert ring.since(0)[0].traceback.rstrip().endswith("ValueError: invalid literal for int() with base 10: 'wet'")


def test_the_oldest_lines_go_when_there_are_too_many_bytes():
    ring = LogRing()
    for number in range(100):
        ring.take(record(f"{number} " + "x" * 20_000))

    lines = ring.since(0)
    assert sum(line.size for line in lines) <= MOST_BYTES
    assert lines[-1].message.startswith("99 ")
    assert all(len(line.message) <= LONGEST_MESSAGE + 1 for line in lines)


def test_a_flood_is_left_out_and_counted():
    ring = LogRing()
    for number in range(BURST + 2000):
        ring.take(record("line %d", number))
    kept = len(ring.since(0))
    assert BURST <= kept < BURST + 1000

    ring._filled -= 1  # a second passes
    ring.take(record("calm again"))
    told, last = ring.since(0)[-2:]
    assert "lines were left out: more than 100 a second" in told.message
    assert last.message == "calm again"


def test_who_follows_gets_a_line_as_soon_as_it_comes():
    ring = LogRing()
    ring.take(record("first"))
    assert ring.since(1) == []
    threading.Timer(0.05, ring.take, [record("second")]).start()
    assert [line.message for line in ring.since(1, wait_seconds=30)] == ["second"]


def test_the_file_holds_what_came_before_and_grows_no_further_than_its_bound(tmp_path):
    path = tmp_path / "logs" / "weather.jsonl"
    before, now = LogRing(), LogRing()
    before.take(record("of the last run"))
    LogFile(path).write(before)
    file = LogFile(path)
    now.take(record("of this run"))
    file.write(now)
    file.write(now)
    assert [line.message for line in LogFile(path).read()] == ["of the last run", "of this run"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700

    for number in range(300):
        now._allowance = 10.0
        now.take(record(f"{number} " + "x" * 8000))
        file.write(now)
    assert path.stat().st_size <= MOST_BYTES_OF_A_FILE
    assert LogFile(path).read()[-1].message.startswith("299 ")


def test_a_line_that_a_crash_cut_off_is_left_out(tmp_path):
    path = tmp_path / "weather.jsonl"
    ring = LogRing()
    ring.take(record("whole"))
    LogFile(path).write(ring)
    with path.open("a") as stream:
        stream.write('{"number": 2, "time": "2026-')
    assert [line.message for line in LogFile(path).read()] == ["whole"]
    assert LogFile(tmp_path / "absent.jsonl").read() == []
