"""Where a profile lies is the same, asked as text or as a layout, and to ask loads little."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import platformdirs
import pytest
from jackfield.cli.marketplaces import configuration_file
from jackfield.discovery import write_private
from jackfield.errors import UsageError
from jackfield.places import index_folder, profile_folder, read_private
from jackfield.store import Layout


@pytest.mark.parametrize("profile", [None, "shared"])
@pytest.mark.parametrize("moved", ["", "~/somewhere", "with blanks and ä"])
def test_text_and_layout_name_one_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, moved: str, profile: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"JACKFIELD_HOME": moved}
    assert profile_folder("chat", profile, environ) == str(Layout.locate("chat", profile=profile, environ=environ).root)


def test_unmoved_data_lies_where_platformdirs_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for data in ("", str(tmp_path)):
        monkeypatch.setenv("XDG_DATA_HOME", data)
        expected = platformdirs.user_data_path("jackfield", appauthor=False) / "chat" / "named"
        assert profile_folder("chat", "named", {"XDG_DATA_HOME": data}) == str(expected)


@pytest.fixture
def unknown_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number without a name, as in a container that is started with one."""

    def unknown(number: int) -> NoReturn:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for variable in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "JACKFIELD_HOME"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.skipif(sys.platform != "linux", reason="where the data lies is another question elsewhere")
@pytest.mark.usefixtures("unknown_user")
@pytest.mark.parametrize("home", [None, "", "relative"])
def test_the_data_of_a_user_without_a_home_lies_in_no_folder_that_a_command_is_typed_in(
    monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    if home is not None:
        monkeypatch.setenv("HOME", home)
    assert profile_folder("chat", "named", os.environ) == "/.local/share/jackfield/chat/named"
    assert configuration_file(os.environ) == Path("/.config/jackfield/config.toml")


@pytest.mark.skipif(sys.platform != "linux", reason="these variables are those of Linux")
@pytest.mark.parametrize("data", ["relative", "~/data", "."])
def test_a_relative_folder_of_data_is_ignored(monkeypatch: pytest.MonkeyPatch, data: str) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", data)
    expected = platformdirs.user_data_path("jackfield", appauthor=False) / "chat" / "named"
    assert profile_folder("chat", "named", os.environ) == str(expected)
    assert expected.is_absolute()


@pytest.mark.skipif(sys.platform != "linux", reason="where the data lies is another question elsewhere")
def test_a_relative_home_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", "relative")
    known = pwd.getpwuid(os.getuid()).pw_dir
    assert profile_folder("chat", "named", {}) == str(Path(known, ".local", "share", "jackfield", "chat", "named"))


@pytest.mark.parametrize(("app", "profile"), [("../chat", None), ("chat", "a/b"), ("", None)])
def test_a_name_that_leads_elsewhere_is_refused(app: str, profile: str | None) -> None:
    with pytest.raises(UsageError):
        profile_folder(app, profile, {})


def test_a_home_of_a_user_whom_nobody_knows_is_refused_and_nothing_is_kept_in_it() -> None:
    environ = {"JACKFIELD_HOME": "~nobody-here/plugins"}
    with pytest.raises(UsageError, match="knows no such user"):
        profile_folder("chat", "named", environ)
    assert index_folder(environ) == ""
    assert profile_folder("chat", "named", {"JACKFIELD_HOME": "./~nobody-here"}) == str(
        Path.cwd() / "~nobody-here" / "chat" / "named"
    )


def test_an_adopted_application_starts_without_what_it_does_not_need(tmp_path: Path) -> None:
    code = (
        "import sys, pluggy; before = set(sys.modules)\n"
        "import jackfield\n"
        "manager = jackfield.PluginManager('an-application')\n"
        "manager.load_setuptools_entrypoints('an-application.plugins')\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    for _ in range(2):
        command = [sys.executable, "-c", code]
        environment = {"JACKFIELD_HOME": str(tmp_path)}
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    own = {name.removeprefix("jackfield.") for name in said.split() if name.startswith("jackfield.")}
    adopted = {f"adopted{name}" for name in ("", ".adoption", ".installed", ".plugin_manager")}
    # who registers a plugin has not called it yet
    hooks = {"hooks", "hooks.callers", "hooks.manager", "hooks.registering"}
    assert own == {"collector", "discovery", "discovery.index", "places", *adopted, *hooks}
    loaded = {name.partition(".")[0] for name in said.split()}
    assert not loaded & {"asyncio", "dataclasses", "hashlib", "json", "logging", "pathlib", "sqlite3", "threading"}


@pytest.mark.skipif(sys.platform == "win32", reason="pipes in folders are POSIX")
@pytest.mark.timeout(60)
def test_a_pipe_in_the_place_of_a_file_is_none_and_nobody_waits_for_it(tmp_path: Path) -> None:
    file = tmp_path / "index" / "file"
    assert write_private(str(file.parent), str(file), {"answer": 42, "sections": {}})
    known = read_private(str(file))
    assert known is not None
    assert known["answer"] == 42
    file.unlink()
    os.mkfifo(file, 0o600)
    assert read_private(str(file)) is None


KILLED = """
import os, sys
from jackfield.discovery import write_private

def killed(*_):
    os.kill(os.getpid(), 9)

os.replace = killed
write_private(sys.argv[1], sys.argv[1] + "/segment", {"answer": 42})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nobody is killed in a moment of one's choice there")
def test_what_a_killed_process_left_is_in_nobodys_way_and_is_cleared_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache, file = tmp_path / "index", tmp_path / "index" / "segment"
    killed = subprocess.Popen([sys.executable, "-c", KILLED, str(cache)])
    assert killed.wait() == -9
    (left,) = cache.iterdir()
    monkeypatch.setattr(os, "getpid", lambda: killed.pid)  # as in a container, where each is the first process
    assert write_private(str(cache), str(file), {"answer": 43})
    known = read_private(str(file))
    assert known is not None
    assert known["answer"] == 43
    assert set(cache.iterdir()) == {left, file}, "it may be at work yet"
    os.utime(left, (0, 0))
    assert write_private(str(cache), str(file), {"answer": 44})
    assert set(cache.iterdir()) == {file}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_the_place_of_a_file_is_not_followed_and_makes_room_for_the_file(tmp_path: Path) -> None:
    cache, file = tmp_path / "index", tmp_path / "index" / "segment"
    other = tmp_path / "other"
    for target in (Path("/dev/null"), other):
        assert write_private(str(cache), str(other), {"answer": 41})
        kept = other.read_bytes()
        file.unlink(missing_ok=True)
        file.symlink_to(target)
        assert read_private(str(file)) is None
        assert write_private(str(cache), str(file), {"answer": 42})
        assert not file.is_symlink()
        known = read_private(str(file))
        assert known is not None
        assert known["answer"] == 42
        assert other.read_bytes() == kept
    assert Path("/dev/null").is_char_device()
