"""`jackfield list` tells its last answer again, and never one that has become wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jackfield.cli.recall import question
from jackfield.places import index_folder, place_in
from jackfield.store import Layout

from tests.support.processes import clean_environment, script
from tests.support.wheels import plugin_source, unpack

pytestmark = pytest.mark.slow

APP = ("--app", "chat")


class User:
    """Somebody who asks in a pipe, with plugins of pip's in a folder of the path."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        self.home = folder / "home"
        self.home.mkdir()
        self.environment = clean_environment(JACKFIELD_HOME=str(self.home), PYTHONPATH=str(self.site))
        unpack(plugin_source("weather", "1.0.0"), self.site)
        self.age()

    def age(self) -> None:
        """Let what was just written be older than what is taken for settled; only time does that."""
        time.sleep(1.05)

    def list(self, *more: str) -> str:
        done = subprocess.run(
            [script("jackfield"), *APP, "list", *more],
            env=self.environment, cwd=self.home.parent, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    def run(self, *words: str) -> None:
        subprocess.run([script("jackfield"), *APP, *words], env=self.environment, check=True, capture_output=True)

    def loaded(self) -> set[str]:
        """What `list` loads of what takes long."""
        code = (
            "import sys, atexit; sys.argv = ['jackfield', '--app', 'chat', 'list']\n"
            "atexit.register(lambda: print([name for name in ('click', 'typing', 'json', 'jackfield.management')"
            " if name in sys.modules], file=sys.stderr))\n"
            "from jackfield.cli import main; main()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=self.environment, cwd=self.home.parent, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return set(json.loads(done.stderr.replace("'", '"')))


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


def test_the_second_answer_is_the_first_one_and_loads_nothing(user: User) -> None:
    first = user.list()
    assert "weather  1.0.0    not enabled" in first
    user.age()
    assert user.list() == first
    assert "click" in user.loaded()  # asked from another path: nothing is known of it yet
    assert user.loaded() == set()
    assert user.list() == first


def test_json_is_recalled_by_itself(user: User) -> None:
    first = user.list("--json")
    user.age()
    user.list()
    assert user.list("--json") == first
    assert json.loads(first)["plugins"][0]["id"] == "weather"


def test_an_edited_manifest_an_installed_plugin_and_a_wish_are_seen(user: User) -> None:
    first = user.list()
    user.age()
    assert user.list() == first
    manifest = user.site / "chat_weather" / "plugin.toml"
    manifest.write_text(re.sub(r'isolation = "\w+"', 'isolation = "worker"', manifest.read_text()))
    assert "worker" in user.list()
    manifest.write_text(plugin_source("weather", "1.0.0").members()["chat_weather/plugin.toml"].decode())
    unpack(plugin_source("poll", "2.0.0"), user.site)
    assert "poll" in user.list()
    user.age()
    user.list()
    user.run("enable", "weather", "--accept-permissions")
    assert "weather  1.0.0    enabled" in user.list()
    user.run("disable", "weather")
    assert "weather  1.0.0    disabled" in user.list()


def test_what_changed_a_moment_ago_is_not_taken_down(user: User) -> None:
    (user.site / "chat_weather" / "plugin.toml").touch()
    user.list()
    cache = Path(index_folder(user.environment))
    assert not any(b"weather  1.0.0" in file.read_bytes() for file in cache.iterdir())


def test_a_running_host_is_asked_anew(user: User) -> None:
    first = user.list()
    user.age()
    layout = Layout.locate("chat", environ=user.environment)
    layout.make_root()
    layout.run.mkdir()
    layout.host_lock.touch()
    assert user.list() == first
    assert "click" in user.loaded()


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--help"],
        ["list", "--json-schema"],
        ["search", "list"],
        ["--app"],
        [],
        ["--verbose", "list"],
        ["list", "x"],
    ],
)
def test_anything_else_is_no_question_for_it(words: list[str]) -> None:
    assert question(words) is None


def test_questions_of_other_applications_users_and_places_have_other_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [question(["--app", "chat", "list"]), question(["--app=poll", "list"]), question(["list"])]
    asked.append(question(["--profile", "work", "list"]))
    monkeypatch.setenv("JACKFIELD_HOME", "/elsewhere")
    asked.append(question(["list"]))
    assert len(set(asked)) == len(asked)
    assert question(["--app=chat", "list", "--json"]) != question(["--app=chat", "list"])


def test_an_answer_that_others_may_write_is_not_told(user: User) -> None:
    first = user.list()
    user.age()
    user.list()
    cache = Path(index_folder(user.environment))
    for file in cache.iterdir():
        file.write_bytes(file.read_bytes().replace(b"weather", b"eviller"))
        file.chmod(0o666)
    assert user.list() == first
    assert Path(place_in(str(cache), "x")).parent == cache
    assert cache.stat().st_mode & 0o022 == 0
