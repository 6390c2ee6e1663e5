"""Settings that the disk does not take: the old ones stay whole, and the error is a sentence."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jackfield.errors import StoreError
from jackfield.manifest import SettingContribution as Declared
from jackfield.storage import Settings, State

DECLARED = (
    Declared("name", "text", "world"),
    Declared("token", "secret"),
    Declared("key", "secret"),
)


@pytest.fixture
def state(tmp_path: Path) -> State:
    """With a log that is longer than the other files."""
    state = State(tmp_path / "state")
    state.change({"filling": "x" * 10_000}, by="test")
    return state


@pytest.fixture
def settings(state: State, tmp_path: Path) -> Settings:
    settings = Settings(state, "weather", DECLARED, plugin="weather", file=tmp_path / "config" / "settings.toml")
    settings.change({"name": "Vienna", "token": "old"})
    return settings


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may grow above it, as quotas and containers set it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def files(folder: Path) -> dict[str, bytes]:
    """What lies below a folder, without locks, which hold nothing."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if path.read_bytes()}


@pytest.mark.feature("C22")
@pytest.mark.parametrize(
    "change",
    [
        {"name": "Graz"},
        {"token": "new"},
        {"token": "new", "key": "first"},
        {"token": None},
        {"name": None, "token": "new"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("size", [9_000, 0])
def test_what_the_disk_refuses_changes_nothing(settings, state, tmp_path, change, size):
    before = files(tmp_path)
    with files_up_to(size), pytest.raises(StoreError, match="cannot be written: File too large"):
        settings.change(change, by="test")
    assert files(tmp_path) == before
    assert (settings.get("name"), settings.get("token"), settings.get("key")) == ("Vienna", "old", "")
    settings.change(change, by="test")
    again = Settings(State(state.folder), "weather", DECLARED, plugin="weather")
    assert all(again.get(key) == (value or {"name": "world"}.get(key, "")) for key, value in change.items())


def test_where_the_first_secret_is_refused_there_is_none(state, tmp_path):
    settings = Settings(state, "weather", DECLARED, plugin="weather")
    with files_up_to(9_000), pytest.raises(StoreError, match="File too large"):
        settings.set("token", "first", by="test")
    assert not settings.is_set("token")


def test_where_the_file_alone_cannot_be_written_it_stays_and_follows_later(settings, tmp_path):
    file = tmp_path / "config" / "settings.toml"
    file.write_text(file.read_text() + "# of its user\n" * 2_000)
    settings.take_up()
    before = file.read_bytes()
    with files_up_to(20_000):
        settings.set("name", "Graz", by="test")
    assert settings.get("name") == "Graz"
    assert settings.problems == (f"{file} cannot be written: File too large: it does not show yet what was set",)
    assert file.read_bytes() == before
    settings.take_up()
    assert 'name = "Graz"' in file.read_text()
    assert settings.problems == ()
