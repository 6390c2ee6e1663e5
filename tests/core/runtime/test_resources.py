"""The files that a plugin brought: from a folder, from an archive, never from beside it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from jackfield.errors import UsageError
from jackfield.manifest import Candidate
from jackfield.runtime.resources import LARGEST_FILE, PluginResources


def resources(folder: Path | None = None, *, file: Path | None = None) -> PluginResources:
    candidate = Candidate(
        "poll", "poll", "chat-poll", "1.0", "chat_poll", "chat.plugins", folder, None, "store", file=file
    )
    return PluginResources("poll", candidate.folder or candidate.file)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "chat_poll"
    (folder / "lang").mkdir(parents=True)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"x")
    (folder / "lang" / "de.toml").write_text("a = 'ä'", encoding="utf-8")
    (folder / "logo.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret").write_text("not yours")
    (folder / "way-out").symlink_to(tmp_path / "secret")
    return folder


@pytest.fixture(params=["folder", "archive"])
def told(request: pytest.FixtureRequest, package: Path, tmp_path: Path) -> PluginResources:
    if request.param == "folder":
        return resources(package)
    with zipfile.ZipFile(tmp_path / "poll.mcdr", "w") as archive:
        for path in package.rglob("*"):
            if path.is_file() and not path.is_symlink():
                archive.write(path, path.relative_to(package))
    return resources(file=tmp_path / "poll.mcdr")


@pytest.mark.feature("K34", "U16")
def test_they_are_listed_and_read(told: PluginResources) -> None:
    assert [name for name in told.names() if name != "way-out"] == ["lang/de.toml", "logo.png"]
    assert told.names("lang/") == ["lang/de.toml"]
    assert told.read_text("lang/de.toml") == "a = 'ä'"
    assert told.read_bytes("logo.png") == b"\x89PNG"


@pytest.mark.parametrize(
    "name",
    ["", "..", "../secret", "lang/../../secret", "/etc/passwd", "lang\\de.toml", "way-out", "lang", "a\0b", "no"],
)
def test_nothing_else_is(told: PluginResources, name: str) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        told.read_bytes(name)


def test_what_is_no_text_or_too_large_is_told(package: Path) -> None:
    told = resources(package)
    with pytest.raises(UsageError, match=r"logo\.png of poll is no utf-8"):
        told.read_text("logo.png")
    with (package / "film").open("wb") as film:
        film.truncate(LARGEST_FILE + 1)
    with pytest.raises(UsageError, match="film of poll is larger than 64 MiB"):
        told.read_bytes("film")


def test_a_single_module_has_none(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("")
    for told in (resources(), resources(file=tmp_path / "script.py")):
        assert told.names() == []
        with pytest.raises(UsageError, match="there is no file"):
            told.read_bytes("script.py")
