"""On a terminal: colour, width, one replaced progress line, Ctrl-C; and what starting a command costs."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jackfield.cli.output import laid_out

from tests.core.cli.conftest import Desk
from tests.core.cli.terminals import StallingMarket, Terminal
from tests.support.processes import script

pytestmark = pytest.mark.slow


def test_a_terminal_sees_colour_and_a_question(desk: Desk):
    terminal = Terminal(desk, "install", "poll")
    terminal.shows("Install and enable poll? [y/N] ")
    assert "\x1b[1mpoll 2.0.0\x1b[0m" in terminal.text
    terminal.types("y\n")
    assert terminal.ends() == 0
    assert "poll 2.0.0 was installed and enabled" in terminal.text


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "TERM=dumb"])
def test_colour_can_be_turned_off(desk: Desk, environ):
    terminal = Terminal(desk, "info", "poll", **environ)
    assert terminal.ends() == 0
    assert "send messages" in terminal.text
    assert "\x1b[" not in terminal.text


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_tables_and_questions_fit_the_terminal(polling: Desk, columns):
    for words in (["search"], ["list"], ["update", "--check"], ["permissions"], ["history"]):
        terminal = Terminal(polling, *words, columns=columns, NO_COLOR="1")
        assert terminal.ends() == 0
        lines = terminal.text.splitlines()
        too_long = [line for line in lines if len(line) > columns]
        assert lines
        assert too_long == [] or columns == 40  # names and versions are never cut, however narrow it is


def test_progress_is_one_line_that_goes_away(desk: Desk):
    with StallingMarket(desk.market) as market:
        desk.more["JACKFIELD_MARKETPLACE"] = market.address
        terminal = Terminal(desk, "install", "dice", "--accept-permissions", NO_COLOR="1")
        assert market.asked.wait(30)
        terminal.shows("chat_dice-1.0.0-py3-none-any.whl")
        progress = terminal.text.rpartition("\n")[2]
        assert progress.startswith("\r\x1b[2K")
        terminal.interrupt()
        terminal.ends()
    assert "\r\x1b[2Kstopped:" in terminal.text


@pytest.mark.parametrize("words", [["list"], ["search", "poll"]], ids=" ".join)
def test_list_and_search_stay_below_60_mib(polling: Desk, words):
    # Measured by a small process: a child's peak counts the memory of whoever forked it.
    measure = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", measure, script("jackfield"), *words],
        env=polling.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) / 1024 <= 60


def test_list_loads_no_network_library(polling: Desk):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", script("jackfield"), "list"],
        env=polling.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "jackfield.management" in loaded
    heavy = {"httpx", "rich", "asyncio", "tuf", "pydantic", "resolvelib", "jackfield.market", "jackfield.host"}
    assert heavy & loaded == set()


def completed(desk: Desk, line: str) -> list[str]:
    """What bash is offered for the last word of a line."""
    count = str(len(line.split(" ")) - 1)
    environ = {**desk.environ, "_JACKFIELD_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": count}
    done = subprocess.run([script("jackfield")], env=environ, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert not desk.mark.exists(), "completion imported a plugin"
    return [offered.partition(",")[2] for offered in done.stdout.split()]


def test_the_shell_completes_commands(desk: Desk):
    assert completed(desk, "jackfield in") == ["info", "install"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("jackfield update ", ["poll"]),
        ("jackfield remove p", ["poll"]),
        ("jackfield remove poll ", []),
        ("jackfield enable ", ["legacy-x", "weather"]),
        ("jackfield enable weather ", ["legacy-x"]),
        ("jackfield disable ", ["poll"]),
        ("jackfield --app chat --profile default disable ", []),
        ("jackfield --app nothing disable ", []),
        ("jackfield permissions show w", ["weather"]),
        ("jackfield permissions revoke poll ", ["messages:send"]),
        ("jackfield permissions grant poll ", []),
        ("jackfield permissions grant weather ", ["messages:send"]),
        ("jackfield settings set weather d", ["days"]),
        ("jackfield settings set poll ", []),
        ("jackfield settings w", ["weather"]),
        ("jackfield permissions p", ["poll"]),
        ("jackfield permissions r", ["revoke"]),
        ("jackfield --app c", ["chat"]),
        ("jackfield --app x", []),
        ("jackfield install ./chat_", ["./chat_"]),
        ("jackfield install po", []),
    ],
)
def test_the_shell_completes_what_is_installed(polling: Desk, line, offered):
    assert completed(polling, line) == offered


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_real_bash_completes_with_the_script_that_is_printed(polling: Desk, tmp_path: Path):
    """As far as bash itself: the script is sourced, and its function asked as a Tab does."""
    (tmp_path / "chat_poll.whl").touch()
    ask = (
        'COMP_WORDS=("${words[@]}"); COMP_CWORD=$((${#words[@]} - 1)); COMPREPLY=(); '
        '_jackfield_completion jackfield 2>"$errors"; echo "${COMPREPLY[*]}"\n'
    )
    program = 'PATH="$1:$PATH"; cd "$2"; errors="$2/errors"; source <(jackfield completion bash)\n'
    lines = [("disable", ""), ("settings", "w"), ("sta",), ("--app", "c"), ("logs", "poll", "--level", "d")]
    for line in lines:
        program += f"words=({' '.join(shlex.quote(word) for word in ('jackfield', *line))}); {ask}"
    done = subprocess.run(
        ["bash", "--norc", "-c", program, "bash", str(Path(script("jackfield")).parent), str(tmp_path)],
        env=polling.environ, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["poll", "weather", "stats", "chat", "debug default"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        (200, "PLUGIN  CALLS  TIME   WORST  P99    ERRORS  MESSAGES  STORAGE"),
        (62, "PLUGIN  CALLS  TIME   WORST  P99    ERRORS  MESSAGES  STORAGE"),
        (61, "PLUGIN  CALLS  TIME   WORST  ERRORS  MESSAGES  STORAGE"),
        (40, "PLUGIN  CALLS  TIME   ERRORS  MESSAGES"),
        (31, "PLUGIN  CALLS  TIME   ERRORS"),
    ],
)
def test_a_narrow_terminal_does_without_the_least_important_columns(columns: int, header: str):
    row = ("poll", "5", "101 ms", "43 ms", "43 ms", "0", "1", "36 KiB", "blocked everything 1 time")
    names = ("PLUGIN", "CALLS", "TIME", "WORST", "P99", "ERRORS", "MESSAGES", "STORAGE", "")
    lines = laid_out(names, [row], spare=("P99", "STORAGE", "WORST", "MESSAGES"), columns=columns)
    assert lines[0].split() == header.split()
    assert all(len(line) <= columns for line in lines)


def test_what_a_narrow_terminal_cuts_off_a_list_stands_whole_below_it(polling):
    assert polling.run("enable", "legacy-x", "--accept-permissions").code == 0
    remark = next(line for line in polling.run("list").out.splitlines() if "trusted by you" in line)
    remark = remark[remark.index("no manifest") :]
    narrow = Terminal(polling, "list", columns=73)
    assert narrow.ends() == 0
    lines = _plain(narrow.text).splitlines()
    assert all(len(line) <= 73 for line in lines[:4])
    assert " ".join(line.strip() for line in lines[4:]) == f"legacy-x: {remark}"
    assert all(len(line) <= 73 for line in lines)
    wide = Terminal(polling, "list", columns=120)
    assert wide.ends() == 0
    assert len(_plain(wide.text).splitlines()) == 4


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
