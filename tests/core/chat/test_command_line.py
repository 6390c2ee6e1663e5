"""`jackfield-chat plugins --data DIR`: the plugins and the marketplaces of one chat, running or not."""

import json
import logging
import os
import subprocess
from pathlib import Path

import pytest
from jackfield.errors import PluginError
from jackfield_chat.cli.commands import LogLine
from jackfield_chat.settings import Notice, Settings
from jackfield_chat.web.conversation import sentence

from tests.support.marketplace import running_marketplace
from tests.support.processes import Server, clean_environment, script
from tests.support.wheels import build_plugin


def plugins(*words: str, status: int = 0, **variables: str) -> str:
    done = subprocess.run(
        [script("jackfield-chat"), "plugins", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment(**variables),
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.feature("C33")
def test_it_installs_into_a_running_chat_from_the_marketplace_that_the_chat_asks(tmp_path: Path) -> None:
    data = tmp_path / "chat"
    with running_marketplace(tmp_path) as market:
        market.publish("greeter")
        command = [script("jackfield-chat"), "serve", "--data", str(data), "--port", "0", "--marketplace", market.url]
        with Server(command):
            assert Notice(data).marketplaces() == (market.url,)
            assert "greeter" in plugins("--data", str(data), "search")
            plugins("--data", str(data), "install", "greeter", "--yes", "--accept-permissions")
            rows = json.loads(plugins("list", "--json", JACKFIELD_CHAT_DATA=str(data)))["plugins"]
            assert [row["id"] for row in rows] == ["greeter"]
    assert not (data / "run" / "serving.json").exists()
    asked = plugins("--data", str(data), "search", status=2)
    assert "no marketplace is configured" in asked
    assert f"start the chat that serves from {data}" in asked


@pytest.mark.slow
def test_a_chat_that_does_not_run_can_be_worked_on(tmp_path: Path) -> None:
    wheel = build_plugin(tmp_path, "greeter")
    plugins("--data", str(tmp_path / "chat"), "install", str(wheel), "--yes", "--accept-permissions")
    assert "greeter" in plugins("--data", str(tmp_path / "chat"), "list")
    assert "greeter" not in plugins("--data", str(tmp_path / "other"), "list")


@pytest.mark.slow
def test_jackfield_home_moves_the_plugins_of_both_commands(tmp_path: Path) -> None:
    wheel, home = build_plugin(tmp_path, "greeter"), str(tmp_path / "home")
    words = ("--data", str(tmp_path / "chat"))
    plugins(*words, "install", str(wheel), "--yes", "--accept-permissions", JACKFIELD_HOME=home)
    assert "greeter" not in plugins(*words, "list")
    assert "greeter" in plugins(*words, "list", JACKFIELD_HOME=home)
    assert Settings(tmp_path / "chat", home=Path(home)).plugin_home == Path(home)


@pytest.mark.parametrize("text", ["", "[]", '{"process": 1}', '{"process": "x", "marketplaces": []}', "\x00"])
def test_a_notice_that_cannot_be_read_names_no_marketplace(tmp_path: Path, text: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "serving.json").write_text(text)
    assert Notice(tmp_path).marketplaces() == ()


def test_a_notice_of_a_process_that_is_gone_names_no_marketplace(tmp_path: Path) -> None:
    notice = Notice(tmp_path)
    notice.write(("http://127.0.0.1:1",))
    assert notice.marketplaces() == ("http://127.0.0.1:1",)
    file = tmp_path / "run" / "serving.json"
    assert file.stat().st_mode & 0o777 == 0o600  # an address may hold a password
    gone = subprocess.Popen(["true"])
    gone.wait()
    file.write_text(file.read_text().replace(str(os.getpid()), str(gone.pid)))
    assert notice.marketplaces() == ()
    notice.remove()
    notice.remove()
    assert not file.exists()


def test_what_the_framework_advises_is_told_as_the_users_of_this_chat_type_it(tmp_path: Path) -> None:
    data = tmp_path / "my chat"
    said = "weather used 61 MiB of 50 MiB and was stopped (if it should: jackfield limits weather memory=64MiB)"
    record = logging.LogRecord("chat.plugins.weather", logging.ERROR, __file__, 1, said, None, None)
    assert LogLine(data).format(record) == (
        "ERROR chat.plugins.weather: weather used 61 MiB of 50 MiB and was stopped "
        f"(if it should: jackfield-chat plugins --data '{data}' limits weather memory=64MiB)"
    )
    hints = PluginError(
        "weather was stopped", hint="jackfield limits weather memory=64MiB, or jackfield disable weather"
    )
    assert sentence(hints) == (
        "weather was stopped (on the chat's machine, jackfield-chat plugins --data DATA limits weather memory=64MiB, "
        "or /plugins disable weather)"
    )
    twice = PluginError("weather was stopped", hint="jackfield logs weather, or jackfield limits weather")
    shell = "jackfield-chat plugins --data DATA"
    assert sentence(twice) == (
        f"weather was stopped (on the chat's machine, {shell} logs weather, or {shell} limits weather)"
    )


@pytest.mark.slow
def test_neither_an_error_nor_a_line_of_the_log_is_obeyed_by_a_terminal(tmp_path: Path) -> None:
    certificate = tmp_path / "no\x1b[2Jcertificate.pem"
    certificate.write_text("nothing")
    words = ("serve", "--data", str(tmp_path / "chat"), "--plugin-certificate", str(certificate))
    done = subprocess.run(
        [script("jackfield-chat"), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment(),
    )
    assert done.returncode
    assert done.stderr.startswith("jackfield-chat: ")
    assert "there is no certificate in " in done.stderr
    assert r"/no\x1b[2Jcertificate.pem: a PEM file" in done.stderr
    record = logging.LogRecord("chat", logging.ERROR, __file__, 1, "y\u202eon\x1b[2J\nnext", None, None)
    assert LogLine(tmp_path).format(record) == "ERROR chat: y\\u202eon\\x1b[2J\nnext"
