"""`jackfield bisect` and `jackfield doctor`, as people and programs call them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from jackfield.sandbox import grade_of, probe, sentences
from jackfield.storage import Starts
from jackfield.store import Layout

from tests.support.processes import script, wait_for

pytestmark = pytest.mark.slow

TELLS = """
import json, subprocess, sys
rows = json.loads(subprocess.run([{jackfield!r}, "list", "--json"], capture_output=True, text=True, check=True).stdout)
enabled = {{row["id"] for row in rows["plugins"] if row["enabled"]}}
sys.exit(1 if "dice" in enabled else 0)
"""


@pytest.fixture
def crowded(polling):
    """poll, dice, and weather of pip's are enabled; dice is to blame."""
    for words in (("install", "dice", "--yes", "--accept-permissions"), ("enable", "weather", "--accept-permissions")):
        assert polling.run(*words).code == 0
    return polling


@pytest.fixture
def program(tmp_path):
    file = tmp_path / "tells.py"
    file.write_text(TELLS.format(jackfield=script("jackfield")))
    return f"{sys.executable} {file}"


def enabled(desk) -> dict[str, bool]:
    return {name: row["enabled"] for name, row in desk.rows().items()}


def test_a_command_finds_the_culprit_and_everything_is_enabled_as_before(crowded, program):
    before = enabled(crowded)
    found = crowded.run("bisect", "--command", program, "--json")
    assert found.code == 0, found.err
    assert (found.json["culprit"], found.json["alone"], found.json["restored"]) == ("dice", True, True)
    assert found.json["tried"][0] == {"enabled": [], "bad": False}
    assert enabled(crowded) == before

    told = crowded.run("bisect", "--command", program)
    assert "dice is to blame." in told.out
    assert told.out.endswith("All plugins are enabled as they were.\nDisable it: jackfield disable dice\n")


def test_a_command_may_leave_the_culprit_disabled(crowded, program):
    before = enabled(crowded)
    told = crowded.run("bisect", "--command", program, "--disable")
    assert told.code == 0, told.err
    assert told.out.endswith("dice stays disabled; all others are enabled as they were.\n")
    assert enabled(crowded) == {**before, "dice": False}


def test_where_it_is_no_plugin_nobody_is_blamed(crowded):
    before = enabled(crowded)
    found = crowded.run("bisect", "--command", "exit 3")
    assert found.out.splitlines()[-1] == "It happens without any plugin, too: none of them is to blame."
    assert enabled(crowded) == before


def test_a_command_that_there_is_not_clears_nobody(crowded):
    before = enabled(crowded)
    found = crowded.run("bisect", "--command", "no-such-program-anywhere --self-test")
    assert found.code == 2
    assert "the shell cannot run no-such-program-anywhere --self-test" in found.err
    assert "to blame" not in found.out
    assert enabled(crowded) == before


def test_what_does_not_happen_is_nobodys_fault(crowded):
    before = enabled(crowded)
    found = crowded.run("bisect", "--command", "exit 0")
    assert found.code == 0
    assert found.out.splitlines()[-1] == "It does not happen with all of them enabled: there is nobody to blame."
    assert crowded.run("bisect", "--command", "exit 0", "--json").json["culprit"] is None
    assert enabled(crowded) == before


def test_a_person_is_asked(crowded):
    before = enabled(crowded)
    found = crowded.run("bisect", typed="n\nn\ny\ny\nn\n")
    assert found.code == 0, found.err
    assert "Enabled now: no plugin (0 of 3)." in found.out
    assert "poll is to blame." in found.out
    assert "Leave poll disabled? [Y/n]" in found.out
    assert found.out.endswith("All plugins are enabled as they were.\nDisable it: jackfield disable poll\n")
    assert enabled(crowded) == before
    assert crowded.run("bisect", typed="n\nn\ny\ny\n").code == 0  # who was there for the search and is not any more
    assert enabled(crowded) == before
    agreed = crowded.run("bisect", typed="n\nn\ny\ny\n\n")
    assert agreed.out.endswith("poll stays disabled; all others are enabled as they were.\n")
    assert enabled(crowded) == {**before, "poll": False}
    assert crowded.run("enable", "poll").code == 0
    gone = crowded.run("bisect", typed="n\n")  # and then nobody is there any more
    assert gone.code == 2
    assert gone.err.splitlines()[-2:] == [
        "error: nobody answered; the plugins are enabled as they were",
        "hint: say with --command what is to be tried",
    ]
    assert enabled(crowded) == before
    assert crowded.run("bisect", "--json").code == 2


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
def test_a_search_that_is_stopped_or_killed_can_be_taken_back(crowded, tmp_path, way):
    before = enabled(crowded)
    mark = tmp_path / "runs"
    code = f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(60)"
    (tmp_path / "waits.py").write_text(code)
    process = subprocess.Popen(
        [script("jackfield"), "bisect", "--command", f"exec {sys.executable} {tmp_path / 'waits.py'}"],
        env=crowded.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_for(mark.exists)
    os.killpg(process.pid, way)
    process.communicate(timeout=30)
    if way is signal.SIGKILL:
        assert not any(enabled(crowded).values())
        assert crowded.run("doctor").code == 1
        assert crowded.run("bisect", "--command", "exit 0").code == 2
        assert crowded.run("bisect", "--restore").out == "All plugins are enabled as they were.\n"
    assert enabled(crowded) == before
    assert crowded.run("bisect", "--restore").out == "No search was cut off.\n"


def test_the_doctor_names_each_trouble_with_what_to_do(polling):
    grade, (first, *_) = grade_of(probe()), sentences(probe())
    assert polling.run("doctor").out == f"sandbox: {grade.value}\n  {first}\nAll is well.\n"
    orphan = next(polling.home.glob("chat/*/")) / "data" / "gone"
    orphan.mkdir(parents=True)
    (orphan / "file").write_bytes(b"x")
    done = polling.run("doctor")
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[2].startswith("orphaned: gone: 1 byte of data of a plugin that is not installed, in ")
    assert lines[3] == "  → jackfield install gone to use it again, or jackfield remove gone --purge"
    assert lines[-1] == "1 problem."
    answer = polling.run("doctor", "--json")
    assert answer.code == 1
    assert [one["kind"] for one in answer.json["findings"]] == ["orphaned"]


def test_the_doctor_tries_the_sandbox_where_it_is_asked_to(polling):
    untried = polling.run("doctor", "--json").json["sandbox"]
    assert (untried["grade"], untried["attacks"]) == (grade_of(probe()).value, [])
    told = polling.run("doctor", "--json", "--sandbox").json["sandbox"]
    assert told["grade"] == grade_of(probe())
    assert told["sentences"] == list(sentences(probe()))
    assert [one["attack"] for one in told["attacks"] if not one["held"]] == []
    page = polling.run("doctor", "--sandbox").out
    assert f"sandbox: {told['grade']}\n" in page
    assert page.count(", held within") == len(told["attacks"])
    assert page.endswith("All is well.\n")


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize("then", ["restore", "leave"])
def test_a_search_that_was_killed_brings_safe_mode_back_with_the_plugins(crowded, tmp_path, then):
    """Else the next start would run all of them at once, and the one that is to blame."""
    starts = Starts(Layout.locate("chat", environ=crowded.environ).starts)
    starts.begin("all", chosen=False)
    starts.begin("all", chosen=False)
    before = starts.begin("all", chosen=False)
    assert before is not None
    mark = tmp_path / "runs"
    (tmp_path / "waits.py").write_text(f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(60)")
    process = subprocess.Popen(
        [script("jackfield"), "bisect", "--command", f"exec {sys.executable} {tmp_path / 'waits.py'}"],
        env=crowded.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_for(mark.exists)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert starts.safe_mode() is None
    if then == "leave":  # who says so meanwhile means it
        crowded.run("safe-mode", "--leave")
    told = crowded.run("bisect", "--restore").out.splitlines()
    assert starts.safe_mode() == (before if then == "restore" else None)
    assert told == [
        "All plugins are enabled as they were" + (", in safe mode as before." if then == "restore" else "."),
        *(["Have the plugins tried again: jackfield safe-mode --leave"] if then == "restore" else []),
    ]
