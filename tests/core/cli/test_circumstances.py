"""The commands where a marketplace is down, an application another one, a terminal poor or its reader gone."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from jackfield.cli import group_for
from jackfield.storage import Starts

from tests.core.cli.conftest import Desk
from tests.support.processes import free_port, script

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "words", ["disable poll", "enable poll", "history", "permissions poll", "rollback --yes", "list"]
)
def test_what_asks_no_marketplace_loads_neither_the_network_nor_the_resolver(polling: Desk, words: str):
    code = (
        "import sys\nfrom jackfield.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as ended:\n    code = ended.code\n"
        "print(code, sorted({'httpx', 'resolvelib', 'tuf'} & set(sys.modules)), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, *words.split()]
    done = subprocess.run(command, env=polling.environ, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "0 []"


def test_a_marketplace_that_is_down_has_its_own_exit_code(desk: Desk):
    nobody = f"http://127.0.0.1:{free_port()}"
    for words in (["search", "poll"], ["install", "poll", "--yes"], ["info", "poll"]):
        ran = desk.run(*words, market=nobody)
        assert ran.code == 5
        assert nobody in ran.err


def test_what_an_error_quotes_is_bounded(desk: Desk):
    ran = desk.run("install", "x" * 60_000)
    assert ran.code in (1, 2)
    assert len(ran.err) < 5000


@pytest.mark.parametrize("words", [["list"], ["install", "poll", "--yes"], ["store", "gc"]])
def test_a_home_that_cannot_be_written_is_told_with_the_way_to_name_another(desk: Desk, words: list[str]):
    desk.home.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(desk.home, ignore_errors=True)
    desk.home.write_text("in the way")
    ran = desk.run(*words)
    assert ran.code == 1
    assert "[Errno" not in ran.err
    assert f"lie in {desk.home}, and {desk.home} is no folder: JACKFIELD_HOME names another folder" in ran.err


def test_a_home_that_is_a_link_to_nowhere_is_told_as_one(desk: Desk):
    shutil.rmtree(desk.home, ignore_errors=True)
    desk.home.symlink_to(desk.home.parent / "unmounted" / "plugins")
    ran = desk.run("install", "poll", "--yes")
    assert ran.code == 1
    assert f"error: {desk.home} is a link that leads to no folder" in ran.err
    assert "File exists" not in ran.err
    ran = desk.run("doctor")
    assert ran.code == 1
    assert f"{desk.home} is a link that leads to no folder" in " ".join(ran.out.split())
    assert "All is well" not in ran.out


@pytest.mark.parametrize("words", [["list"], ["doctor"], ["install", "poll", "--yes"], ["history"]])
def test_a_home_of_a_user_whom_nobody_knows_is_refused(desk: Desk, words: list[str], tmp_path, monkeypatch):
    """It would be a folder of that name, in whatever folder the command is typed."""
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    ran = replace(desk, home=Path("~nobody-here/plugins")).run(*words)
    assert ran.code == 2
    assert "JACKFIELD_HOME is ~nobody-here/plugins, and this system knows no such user" in ran.err
    assert set(tmp_path.rglob("*")) == before


def test_a_long_path_does_not_hide_what_is_wrong_with_it(desk: Desk, tmp_path):
    """As long as the system lets a path be: of the line that names it, the reason is kept."""
    deep = tmp_path
    while len(str(deep)) < 3000:
        deep /= "d" * 200
    deep.mkdir(parents=True)
    home = deep / "file"
    home.write_text("in the way")
    ran = replace(desk, home=home).run("install", "poll", "--yes")
    told = ran.err.splitlines()[0]
    assert ran.code == 1
    assert told.startswith(f"error: {tmp_path}")
    assert "…" in told
    assert told.endswith((": Not a directory", "is no folder"))


def test_a_home_whose_name_no_file_system_takes_is_a_sentence(desk: Desk):
    ran = replace(desk, home=desk.home.parent / ("x" * 300)).run("list")
    assert (ran.code, ran.out) == (1, "")
    assert "File name too long" in ran.err


def test_one_marketplace_that_is_down_does_not_hide_the_other(desk: Desk):
    nobody = f"http://127.0.0.1:{free_port()}"
    ran = desk.run("search", "poll", market=f"{nobody} {desk.market}")
    assert ran.code == 0
    assert "poll" in ran.out
    assert ran.err.startswith(f"warning: {nobody}")


def test_without_a_marketplace_it_says_how_to_name_one(desk: Desk):
    ran = desk.run("search", "poll", market="")
    assert ran.code == 2
    assert "no marketplace is configured" in ran.err
    assert "--marketplace URL" in ran.err


def test_the_option_goes_before_the_environment(desk: Desk):
    ran = desk.run("--marketplace", desk.market, "search", "poll", market="http://127.0.0.1:9")
    assert ran.code == 0


def test_an_unknown_application_is_named_with_those_that_are_here(desk: Desk):
    ran = desk.run("--app", "chta", "list")
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "error: no application is called 'chta'; here is chat",
        "hint: did you mean --app chat?",
    ]


def test_an_adopted_application_is_listed_and_its_plugins_switched_off(desk: Desk, adopted_app):
    app = adopted_app(desk)
    assert app.loaded() == ["tool-x"]
    rows = desk.run("--app", "tool", "list", "--json").json["plugins"]
    assert [(row["id"], row["enabled"]) for row in rows] == [("tool-x", True)]
    assert desk.run("--app", "tool", "disable", "tool-x").code == 0
    assert app.loaded() == []
    assert desk.run("--app", "tool", "enable", "tool-x").code == 0
    assert app.loaded() == ["tool-x"]


def test_the_lines_of_an_adopted_application_are_its_own(desk: Desk, adopted_app):
    """Nothing of them is kept here, which is not to say that its plugins logged nothing."""
    adopted_app(desk).loaded()
    where = "tool logs by itself: what its plugins log is where tool writes its own log, and not kept here"
    told = desk.run("--app", "tool", "logs", "tool-x")
    assert (told.code, told.out) == (0, f"{where}.\n")
    assert desk.run("--app", "tool", "logs", "tool-x", "--follow").out == f"{where}.\n"
    assert desk.run("--app", "tool", "logs", "tool-x", "--json").json["elsewhere"] == where
    level = desk.run("--app", "tool", "logs", "tool-x", "--level", "debug")
    assert (level.code, level.err.splitlines()[0]) == (2, f"error: {where}")
    (profile,) = [folder for folder in (desk.home / "tool").iterdir() if folder.is_dir()]
    (profile / "run").mkdir(exist_ok=True)
    Starts(profile / "run" / "starts.json").note_failures({"tool-x": "ValueError: no rain"})
    failed = desk.run("--app", "tool", "logs", "tool-x").out
    assert failed.splitlines()[1:] == ["tool-x failed when tool last ran: ValueError: no rain"]


def test_what_an_adopted_application_cannot_do_is_not_offered(desk: Desk, adopted_app):
    adopted_app(desk).loaded()
    none = "tool was adopted: it runs plugins in its own process, and takes no program that connects"
    assert desk.run("--app", "tool", "keys").out == f"No keys: {none}.\n"
    made = desk.run("--app", "tool", "keys", "new", "echo")
    assert (made.code, made.err.splitlines()[0]) == (2, f"error: {none}")
    assert desk.run("--app", "tool", "keys", "--json").json["keys"] == []
    assert "JACKFIELD_COUNT=1 tool" in desk.run("--app", "tool", "stats").out


def test_an_application_embeds_the_commands_under_its_own_name(polling: Desk):
    @click.group()
    def chat():
        pass

    chat.add_command(group_for("chat", marketplaces=[polling.market], home=polling.home))
    runner = CliRunner()
    listed = runner.invoke(chat, ["plugins", "list"], prog_name="jackfield-chat")
    assert listed.exit_code == 0, listed.stderr
    assert "poll" in listed.stdout
    found = runner.invoke(chat, ["plugins", "search", "poll"], prog_name="jackfield-chat")
    assert found.exit_code == 0, found.stderr
    wrong = runner.invoke(chat, ["plugins", "remove"], prog_name="jackfield-chat")
    assert wrong.exit_code == 2
    assert "hint: jackfield-chat plugins remove --help" in wrong.stderr
    unknown = runner.invoke(chat, ["plugins", "permissions", "nothing"], prog_name="jackfield-chat")
    assert "hint: jackfield-chat plugins install nothing" in unknown.stderr


def test_a_terminal_that_lacks_a_character_is_no_reason_to_fail(polling: Desk):
    polling.more["PYTHONIOENCODING"] = "latin-1"
    ran = polling.run("update", "--check")
    assert ran.code == 0
    assert "1.3.1 ? 2.0.0" in ran.out


def test_a_reader_that_goes_away_is_no_reason_to_complain(polling: Desk):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [script("jackfield"), "list"],
        env=polling.environ,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk without a disk here")
@pytest.mark.parametrize("words", ["list", "list --json", "history", "history --json", "permissions poll"])
@pytest.mark.parametrize("where", [">&-", "<&-", ">&- <&- 2>&-", ">/dev/full", "2>/dev/full"])
def test_what_is_closed_or_full_is_no_reason_for_a_traceback(polling: Desk, words: str, where: str):
    command = f'exec "$0" {words} {where}'
    for _ in range(2):  # the second answer of `list` is recalled
        done = subprocess.run(
            ["/bin/sh", "-c", command, script("jackfield")],
            env=polling.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert "sys.std" not in done.stderr
        assert done.returncode == (1 if where == ">/dev/full" else 0)


def test_a_folder_that_somebody_removed_is_no_reason_to_fail(polling: Desk, tmp_path: Path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = 'rmdir "$1" && exec "$0" list'
    done = subprocess.run(
        ["/bin/sh", "-c", command, script("jackfield"), str(gone)],
        env=polling.environ,
        cwd=gone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
