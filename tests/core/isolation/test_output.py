"""What a worker prints, on its way into the log: whole lines, bounded, told from the host's own."""

from __future__ import annotations

import asyncio
import logging
import os

import pytest
from jackfield.isolation import HowItEnded
from jackfield.isolation.output import BYTES_A_SECOND, MOST_LINE_CHARACTERS, PrintedLines

from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="jackfield.isolation")
    return caplog


async def printed(*parts: bytes, lines_a_second: int = 100) -> None:
    """Write these and close the pipe; return when all was read."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    lines = PrintedLines(reading, speaker="weather", lines_a_second=lines_a_second)
    for part in parts:
        os.write(writing, part)
        await asyncio.sleep(0)
    os.close(writing)
    await asyncio.sleep(0.05)
    lines.close()


async def test_lines_come_whole_however_they_are_written(log):
    await printed(b"first li", b"ne\nsecond\nwithout an end")
    assert log.messages == ["weather: first line", "weather: second", "weather: without an end"]


@pytest.mark.parametrize(
    ("written", "logged"),
    [
        (b"\x1b[2Jcleared\n", "weather: '\\x1b[2Jcleared'"),
        (b"a\rERROR host: b\n", "weather: 'a\\rERROR host: b'"),
        (b"\xff\xfe\n", "weather: \\xff\\xfe"),
        ("Zürich\n".encode(), "weather: Zürich"),
    ],
)
async def test_what_would_deceive_a_reader_of_the_log_is_written_out(log, written, logged):
    await printed(written)
    assert log.messages == [logged]


async def test_a_line_without_end_is_cut(log):
    await printed(b"x" * (3 * MOST_LINE_CHARACTERS))
    assert all(len(message) <= MOST_LINE_CHARACTERS + len("weather: ") for message in log.messages)


async def test_more_lines_than_agreed_are_dropped_and_counted(log):
    await printed(b"line\n" * 50, lines_a_second=10)
    assert log.messages == ["weather: line"] * 10 + ["weather printed too much: 40 lines were dropped"]


async def test_who_prints_without_end_is_not_read_for_a_while_and_then_again(log):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    lines = PrintedLines(reading, speaker="weather", lines_a_second=5)
    sent = 0
    try:
        while sent < 2 * BYTES_A_SECOND:
            try:
                sent += os.write(writing, b"y" * 99 + b"\n")
            except BlockingIOError:
                await asyncio.sleep(0)
                if sent > BYTES_A_SECOND:
                    break
        os.set_blocking(writing, True)
        await until(lambda: "were dropped" in log.text)
        os.write(writing, b"later\n")
        await until(lambda: "weather: later" in log.messages or log.text.count("were dropped") > 1)
    finally:
        os.close(writing)
        lines.close()
    assert sum("yyy" in message for message in log.messages) <= 15


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (-11, "was killed by SIGSEGV"),
        (-40, "was killed by signal 40"),
        (None, "ended together with the process that forks all workers"),
    ],
)
def test_how_a_process_ended_is_the_end_of_a_sentence(code, sentence):
    assert str(HowItEnded(code)) == sentence
