"""One replaced line, on a terminal only."""

import io

from jackfield.cli.progress import ProgressLine, progress_text


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_line_tells_size_speed_and_what_is_left():
    assert progress_text("poll.whl", 1_258_291, 5_033_165, 0.5) == "poll.whl  1.2 MiB of 4.8 MiB  2.4 MiB/s  1.5 s left"


def test_what_is_unknown_is_left_out():
    assert progress_text("resolving", 0, None, 3.0) == "resolving"
    assert progress_text("poll.whl", 1200, None, 1.0) == "poll.whl  1.2 KiB  1.2 KiB/s"


def test_a_terminal_sees_one_line_that_is_replaced_and_taken_away():
    terminal, clock = Terminal(), Clock()
    with ProgressLine(terminal, clock=clock) as progress:
        progress("poll.whl", 0, 1000)
        clock.now = 0.05
        progress("poll.whl", 100, 1000)  # too soon after the first
        clock.now = 0.2
        progress("poll.whl", 500, 1000)
    assert terminal.getvalue().count("\n") == 0
    assert [part for part in terminal.getvalue().split("\r\x1b[2K") if part] == [
        "poll.whl  0 bytes of 1000 bytes",
        "poll.whl  500 bytes of 1000 bytes  2.4 KiB/s  0.2 s left",
    ]
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_a_pipe_sees_nothing():
    stream = io.StringIO()
    with ProgressLine(stream) as progress:
        progress("poll.whl", 0, 1000)
    assert stream.getvalue() == ""


def test_json_sees_nothing():
    terminal = Terminal()
    with ProgressLine(terminal, quiet=True) as progress:
        progress("poll.whl", 0, 1000)
    assert terminal.getvalue() == ""
