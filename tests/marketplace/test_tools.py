"""pip, uv and twine, as they are, against a marketplace as an operator runs it."""

import subprocess
import sys
from pathlib import Path

import pytest
from pypi_simple import ACCEPT_HTML_ONLY, ACCEPT_JSON_ONLY, PyPISimple

from tests.support.marketplace import RunningMarketplace
from tests.support.processes import clean_environment, script
from tests.support.wheels import build_plugin, plugin_source

pytestmark = pytest.mark.slow


def run(home: Path, *command: str, status: int = 0) -> str:
    """Run a tool with an empty home and no configuration of this machine; returns all that it printed."""
    home.mkdir(exist_ok=True)
    environment = clean_environment(
        HOME=str(home), PIP_CONFIG_FILE="/dev/null", TWINE_NON_INTERACTIVE="1", COLUMNS="200"
    )
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False, cwd=home)
    printed = done.stdout + done.stderr
    assert done.returncode == status, printed
    return printed


def pip(home: Path, market: RunningMarketplace, *arguments: str, status: int = 0) -> str:
    command = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "--no-cache-dir", *arguments]
    return run(home, *command, "--index-url", f"{market.url}/simple/", status=status)


def uv(home: Path, *arguments: str, status: int = 0) -> str:
    return run(home, script("uv"), "--no-config", "--no-cache", *arguments, status=status)


def twine(home: Path, market: RunningMarketplace, *arguments: str, user: str = "alice", status: int = 0) -> str:
    command = [script("twine"), "upload", "--disable-progress-bar", "--repository-url", f"{market.url}/legacy/"]
    return run(home, *command, "-u", "__token__", "-p", market.token(user), *arguments, status=status)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_twine_uploads_and_pip_installs(operated, home, tmp_path):
    plugin = build_plugin(tmp_path, "poll", requires=["plain-lib>=1"])
    library = plugin_source("unused")
    library.name, library.entry_points, library.files = "plain-lib", {}, {"plain_lib/__init__.py": ""}
    twine(home, operated, str(plugin), str(library.build(tmp_path)))
    pip(home, operated, "install", "--target", str(tmp_path / "target"), "--only-binary", ":all:", "chat-poll")
    assert (tmp_path / "target" / "chat_poll" / "plugin.toml").is_file()
    assert (tmp_path / "target" / "plain_lib").is_dir()


def test_the_pip_that_python_itself_carries_installs(operated, home, tmp_path):
    build_plugin(tmp_path, "ancient")
    twine(home, operated, *(str(path) for path in tmp_path.glob("*.whl")))
    run(home, sys.executable, "-m", "venv", str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    options = ["--isolated", "--disable-pip-version-check", "--no-cache-dir"]
    run(home, python, "-m", "pip", *options, "install", "chat-ancient", "--index-url", f"{operated.url}/simple/")
    assert list((tmp_path / "venv").rglob("chat_ancient/plugin.toml"))


def test_uv_publishes_and_installs(operated, home, tmp_path):
    plugin = build_plugin(tmp_path, "dice")
    uv(home, "publish", "--publish-url", f"{operated.url}/legacy/", "--token", operated.token(), str(plugin))
    target = tmp_path / "target"
    uv(home, "pip", "install", "--target", str(target), "--default-index", f"{operated.url}/simple/", "chat-dice")
    assert (target / "chat_dice" / "plugin.toml").is_file()


def test_twine_shows_why_an_upload_was_refused(operated, home, tmp_path):
    source = plugin_source("broken")
    del source.files["chat_broken/plugin.toml"]
    printed = twine(home, operated, str(source.build(tmp_path)), status=1)
    assert "Invalid package: missing plugin.toml" in printed


def test_uv_shows_why_an_upload_was_refused(operated, home, tmp_path):
    operated.publish("owned")
    plugin = build_plugin(tmp_path, "owned", "2.0.0")
    command = ["publish", "--publish-url", f"{operated.url}/legacy/", "--token", operated.token("bob"), str(plugin)]
    assert "chat-owned belongs to alice" in uv(home, *command, status=2)


def test_twine_sends_what_is_there_again(operated, home, tmp_path):
    plugin = build_plugin(tmp_path, "again")
    twine(home, operated, str(plugin))
    twine(home, operated, str(plugin))
    other = build_plugin(tmp_path, "again", code="class Main: ...\n")
    printed = twine(home, operated, str(other), status=1)
    assert "409" in printed
    assert "a file is never replaced: raise the version" in printed


def test_a_yanked_version_is_passed_over(operated, home, tmp_path):
    operated.publish("old", "1.0.0")
    operated.publish("old", "1.1.0")
    operated.run("yank", "chat-old", "1.1.0", "--reason", "broken")
    for tool, target in ((pip, "pip"), (uv, "uv")):
        if tool is pip:
            pip(home, operated, "install", "--target", str(tmp_path / target), "chat-old")
        else:
            index = ["--default-index", f"{operated.url}/simple/"]
            uv(home, "pip", "install", "--target", str(tmp_path / target), *index, "chat-old")
        assert (tmp_path / target / "chat_old-1.0.0.dist-info").is_dir()
    pip(home, operated, "install", "--target", str(tmp_path / "pinned"), "chat-old==1.1.0")
    assert (tmp_path / "pinned" / "chat_old-1.1.0.dist-info").is_dir()


def test_requires_python_is_honoured(operated, home, tmp_path):
    operated.publish("future", requires_python=">=4")
    assert "No matching distribution" in pip(
        home, operated, "download", "--dest", str(tmp_path), "chat-future", status=1
    )


def test_pip_checks_hashes_from_the_index(operated, home, tmp_path):
    operated.publish("hashed")
    wrong = tmp_path / "requirements.txt"
    wrong.write_text(f"chat-hashed==1.0.0 --hash=sha256:{'0' * 64}\n")
    printed = pip(home, operated, "download", "--dest", str(tmp_path), "--require-hashes", "-r", str(wrong), status=1)
    assert "HASHES" in printed.upper()


def test_pypi_simple_reads_every_field(operated):
    operated.publish("read", "1.0.0", requires_python=">=3.11")
    operated.publish("read", "1.1.0")
    operated.run("yank", "chat-read", "1.1.0", "--reason", "broken")
    operated.run("status", "chat-read", "deprecated", "--reason", "see chat-write")
    for accept in (ACCEPT_JSON_ONLY, ACCEPT_HTML_ONLY):
        with PyPISimple(f"{operated.url}/simple/", accept=accept) as client:
            assert "chat-read" in client.get_index_page().projects
            page = client.get_project_page("chat-read")
            old, new = page.packages
            assert (page.repository_version, old.version, new.version) == ("1.4", "1.0.0", "1.1.0")
            assert (old.is_yanked, new.is_yanked, new.yanked_reason) == (False, True, "broken")
            assert (old.requires_python, old.has_metadata, list(old.digests)) == (">=3.11", True, ["sha256"])
            assert "Requires-Python: >=3.11" in client.get_package_metadata(old)
            assert (page.status, page.status_reason) == ("deprecated", "see chat-write")
            if accept == ACCEPT_JSON_ONLY:
                assert page.versions == ["1.0.0", "1.1.0"]
                assert old.size
                assert old.upload_time
