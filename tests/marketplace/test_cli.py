"""The operator's command: each of them for real, and no traceback for a mistake."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from jackfield_marketplace.cli import main

from tests.support.processes import Server, clean_environment, script
from tests.support.wheels import WheelSource, build_plugin

HOST_FILE = Path(__file__).parents[2] / "core" / "chat-api" / "jackfield_chat_api" / "host.toml"


@pytest.fixture
def run(tmp_path):
    """Runs a command on one data folder; returns its output, with the exit code checked."""

    def run(*arguments, status=0, text=None):
        done = CliRunner().invoke(main, [*arguments, "--data", str(tmp_path / "data")], input=text)
        assert done.exit_code == status, done.output
        assert "Traceback" not in done.output
        return done.output

    return run


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


def serve(tmp_path, *arguments):
    return Server(
        [script("jackfield-marketplace"), "serve", "--data", str(tmp_path / "data"), "--port", "0", *arguments]
    )


def test_init_makes_the_folder_and_is_welcome_again(run, tmp_path):
    run("init")
    run("init")
    assert (tmp_path / "data" / "marketplace.sqlite3").is_file()


def test_token_create_prints_the_token_alone(run):
    run("user", "add", "Alice")
    printed = run("token", "create", "--user", "alice", "--expires", "30")
    assert printed.startswith("jfm-")
    assert len(printed.split()) == 1


def test_tokens_are_listed_and_revoked(run):
    run("user", "add", "alice")
    text = run("token", "create", "--user", "alice", "--project", "chat-poll")
    run("token", "create", "--user", "alice")
    listed = run("token", "list", "--user", "alice").splitlines()
    assert listed[0] == f"1  {text[:8]}…  chat-poll  never used  no end"
    assert "every project" in listed[1]
    assert "no longer counts" in run("token", "revoke", "1")
    assert run("token", "list", "--user", "alice").splitlines() == listed[1:]
    assert "there is no token 1" in run("token", "revoke", "1", status=2)


def test_a_user_with_a_password(run):
    run("user", "add", "alice", "--password", text="correct horse battery\ncorrect horse battery\n")
    assert "12 to 1024 characters" in run("user", "add", "bob", "--password", text="short\nshort\n", status=2)


def test_a_password_is_changed_and_a_user_shut_out(run):
    run("user", "add", "alice")
    run("token", "create", "--user", "alice")
    assert "another password" in run("user", "password", "alice", text="correct horse battery\n" * 2)
    assert "12 to 1024" in run("user", "password", "alice", text="short\nshort\n", status=2)
    assert "no password" in run("user", "password", "alice", "--remove")
    assert "1 token and the password are forgotten" in run("user", "block", "alice")
    assert run("token", "list", "--user", "alice") == ""
    assert "no user is called bob" in run("user", "block", "bob", status=2)


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (("serve", "--proxy", "*"), 2, "* is no address"),
        (("token", "create", "--user", "nobody"), 2, "no user is called nobody"),
        (("user", "add", "Ünal"), 2, "cannot name a user"),
        (("user", "add", "__token__"), 2, "cannot name a user"),
        (("yank", "nothing", "1.0"), 1, "nothing here is called nothing"),
        (("status", "nothing", "archived"), 1, "nothing here is called nothing"),
        (("status", "nothing", "sold"), 2, "sold"),
        (("token", "create", "--user", "nobody", "--project", "x"), 2, "no user is called nobody"),
        (("feature", "nothing"), 1, "nothing here is called nothing"),
        (("host", "add", "/nowhere/host.toml"), 1, "cannot be read"),
        (("review", "release", "x.whl"), 2, "no file called x.whl is held back"),
        (("serve", "--port", "99999"), 2, "99999"),
        (("serve", "--host", "203.0.113.1", "--port", "0"), 2, "cannot be listened on"),
        (("serve", "--host-file", "/nowhere/host.toml", "--port", "0"), 1, "cannot be read"),
        (("token", "create"), 2, "--user"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(run, arguments, status, reason):
    assert reason in run(*arguments, status=status)


def test_a_user_is_added_once(run):
    run("user", "add", "alice")
    assert "is there already" in run("user", "add", "ALICE", status=2)


def test_a_damaged_database_is_said_so(run, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "marketplace.sqlite3").write_bytes(b"not a database" * 100)
    assert "the database cannot be read" in run("user", "add", "alice", status=1)


def test_a_database_of_a_later_version_is_said_so(run, tmp_path):
    import sqlite3

    run("init")
    with sqlite3.connect(tmp_path / "data" / "marketplace.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "cannot be brought to revision" in run("user", "add", "alice", status=1)


def test_host_add_keeps_a_host_file(run, tmp_path):
    assert "kept chat (Chat, API 1.0.0)" in run("host", "add", str(HOST_FILE))
    assert (tmp_path / "data" / "hosts" / "chat.toml").is_file()
    broken = tmp_path / "broken.toml"
    broken.write_text("schema = 1\napp = 5\n")
    assert "app" in run("host", "add", str(broken), status=1)


def test_review_lists_nothing_at_first(run):
    assert run("review", "list") == "nothing is held back\n"


@pytest.mark.slow
def test_serve_publishes_its_seed_before_it_is_ready(tmp_path):
    build_plugin(tmp_path / "seed", "poll")
    with serve(tmp_path, "--seed", str(tmp_path / "seed"), "--host-file", str(HOST_FILE)) as server:
        assert get(f"{server.address}/healthz") == "ok\n"
        assert [one["id"] for one in json.loads(get(f"{server.address}/plugins/search"))["plugins"]] == ["poll"]


@pytest.mark.slow
def test_a_seed_edited_without_a_new_version_is_named(tmp_path):
    seed = tmp_path / "seed"
    build_plugin(seed, "poll")
    with serve(tmp_path, "--seed", str(seed)):
        pass
    build_plugin(seed, "poll", code="class Main: ...\n")
    (seed / "broken-1.0-py3-none-any.whl").write_bytes(b"PK")
    build_plugin(seed, "dice")
    WheelSource("held-lib", files={"held.pth": "import os\n"}).build(seed)
    command = [
        script("jackfield-marketplace"),
        "serve",
        "--data",
        str(tmp_path / "data"),
        "--port",
        "0",
        "--seed",
        str(seed),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment()
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert len(json.loads(get(f"{ready.split()[-1]}/plugins/search"))["plugins"]) == 2
    finally:
        process.send_signal(signal.SIGTERM)
        printed, said = process.communicate(timeout=20)
    assert printed == ""
    lines = said.splitlines()
    assert len(lines) == 3, said
    assert lines[0].startswith(
        "jackfield-marketplace: broken-1.0-py3-none-any.whl was not taken: the wheel is cut short"
    )
    assert lines[1] == (
        "jackfield-marketplace: chat_poll-1.0.0-py3-none-any.whl was edited without a new version: "
        "the one published before stays"
    )
    assert "held for review" in lines[2]


@pytest.mark.slow
def test_commands_beside_a_running_server_show_at_once(tmp_path, run):
    build_plugin(tmp_path / "seed", "poll")
    with serve(tmp_path, "--seed", str(tmp_path / "seed")) as server:
        assert json.loads(get(f"{server.address}/plugins/featured"))["total"] == 0
        assert run("feature", "poll") == "poll is featured\n"
        assert json.loads(get(f"{server.address}/plugins/featured"))["total"] == 1
        assert "data-yanked" not in get(f"{server.address}/simple/chat-poll/")
        assert run("yank", "poll", "1.0.0", "--reason", "broken") == "yanked poll 1.0.0, 1 file\n"
        assert 'data-yanked="broken"' in get(f"{server.address}/simple/chat-poll/")
        assert run("yank", "poll", "1.0.0", "--undo") == "restored poll 1.0.0, 1 file\n"


@pytest.mark.slow
def test_the_idle_server_is_small(tmp_path):
    for plugin_id in ("poll", "dice", "welcome", "timestamp"):
        build_plugin(tmp_path / "seed", plugin_id)
    with serve(tmp_path, "--seed", str(tmp_path / "seed")) as server:
        get(f"{server.address}/plugin/poll")
        status = Path(f"/proc/{server.pid}/status").read_text()
        kibibytes = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    assert kibibytes <= 120 * 1024, f"{kibibytes / 1024:.0f} MiB"


@pytest.mark.slow
def test_an_upload_cut_off_by_a_kill_leaves_nothing(tmp_path):
    with serve(tmp_path):
        pass
    left = tmp_path / "data" / "incoming" / "tmpabc"
    left.mkdir()
    (left / "x.whl").write_bytes(b"half")
    with serve(tmp_path):
        assert list((tmp_path / "data" / "incoming").iterdir()) == []


@pytest.mark.slow
def test_a_data_folder_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "data").write_text("a file")
    done = subprocess.run(
        [script("jackfield-marketplace"), "init", "--data", str(tmp_path / "data" / "below")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=clean_environment(),
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert os.linesep.join(done.stderr.splitlines()).startswith("jackfield-marketplace: ")


def test_the_command_is_on_the_path():
    assert shutil.which(script("jackfield-marketplace"))


@pytest.mark.slow
def test_a_command_on_the_data_folder_loads_no_server(tmp_path):
    code = (
        "import sys\nfrom jackfield_marketplace.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as ended:\n    code = ended.code\n"
        "print(code, sorted({'fastapi', 'starlette', 'uvicorn'} & set(sys.modules)), file=sys.stderr)\n"
    )
    words = ["init", "--data", str(tmp_path / "data")]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, env=clean_environment()
    )
    assert done.stderr.splitlines()[-1] == "0 []"
