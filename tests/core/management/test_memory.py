"""What a process remembers of a profile is what is there: another process may change anything at any time."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from jackfield.discovery import discover
from jackfield.management.environment import SETTLED_NS, Environment
from jackfield.management.memory import Memory

from tests.support.profiles import Profile
from tests.support.wheels import build_plugin

GROUPS = ("chat.plugins",)


def distribution(folder: Path, name: str, version: str = "1.0.0", entry: str = "") -> Path:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if entry:
        (info / "entry_points.txt").write_text(f"[chat.plugins]\n{entry} = {entry}_package\n")
    return info


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, in which a distribution lies; a second one on the path does not exist."""
    folder = tmp_path / "first"
    folder.mkdir()
    distribution(folder, "library")
    monkeypatch.setattr(sys, "path", [str(folder), str(tmp_path / "second"), *sys.path])
    return folder


@pytest.fixture
def memory() -> Memory:
    """One that has looked before, and more than once: a command looks once and watches for nothing."""
    memory = Memory()
    memory.environment(GROUPS)
    memory.environment(GROUPS)
    return memory


def test_an_environment_in_which_nothing_changed_is_read_once(surroundings: Path, memory: Memory):
    first = memory.environment(GROUPS)
    assert first.installed["library"].version == "1.0.0"
    assert memory.environment(GROUPS) is first


CHANGES = {
    "a distribution comes": lambda folder: distribution(folder, "other"),
    "one goes": lambda folder: (folder / "library-1.0.0.dist-info").rename(folder.parent / "away"),
    "its metadata is edited in place": lambda folder: (folder / "library-1.0.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: library\nVersion: 1.0.9\n"
    ),
    "it becomes a plugin": lambda folder: (folder / "library-1.0.0.dist-info" / "entry_points.txt").write_text(
        "[chat.plugins]\nweather = weather_package\n"
    ),
    "a folder of the path comes": lambda folder: distribution(_made(folder.parent / "second"), "other"),
    "the path grows": lambda folder: sys.path.append(str(folder.parent)),
}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("change", CHANGES)
def test_an_environment_that_changed_is_read_anew(surroundings: Path, memory: Memory, change: str):
    before = memory.environment(GROUPS)
    assert before.installed
    CHANGES[change](surroundings)
    after = memory.environment(GROUPS)
    fresh = Environment(GROUPS)
    assert after is not before
    assert after.installed == fresh.installed
    assert after.candidates == fresh.candidates


@pytest.mark.parametrize("change", CHANGES)
def test_an_environment_that_changed_stands_no_more(surroundings: Path, memory: Memory, change: str):
    before = memory.environment(GROUPS)
    assert before.candidates == {}  # what was not read yet, nobody can find changed
    assert memory.standing_environment() is before
    CHANGES[change](surroundings)
    assert memory.standing_environment() is None


def test_a_manifest_of_the_environment_that_changes_is_read_anew(surroundings: Path, memory: Memory):
    distribution(surroundings, "weather", entry="weather")
    package = _made(surroundings / "weather_package")
    (package / "__init__.py").touch()
    manifest = package / "plugin.toml"
    manifest.write_text('schema = 1\nid = "weather"\nname = "Weather"\nisolation = "any"\n')
    assert memory.environment(GROUPS).candidates["weather"].name == "Weather"
    manifest.write_text('schema = 1\nid = "weather"\nname = "Climate"\nisolation = "any"\n')
    assert memory.environment(GROUPS).candidates["weather"].name == "Climate"


def test_a_manifest_that_is_younger_than_its_times_can_tell_is_not_believed(surroundings: Path, memory: Memory):
    distribution(surroundings, "weather", entry="weather")
    package = _made(surroundings / "weather_package")
    (package / "__init__.py").touch()
    (package / "plugin.toml").write_text('schema = 1\nid = "weather"\nname = "Weather"\nisolation = "any"\n')
    young = memory.environment(GROUPS)
    assert young.candidates
    assert not young.stands()
    assert SETTLED_NS >= 1_000_000_000  # ext3 and HFS+ count seconds


@pytest.fixture
def profile(layout) -> Profile:
    return Profile(layout)


def trees_of(profile: Profile) -> list[Path]:
    return [path for path in profile.store.active().paths if path.is_dir()]


def test_of_the_stored_plugins_only_those_are_read_that_changed(profile: Profile, tmp_path: Path, memory: Memory):
    poll, dice = build_plugin(tmp_path, "poll"), build_plugin(tmp_path, "dice")
    profile.install(poll, dice)
    first = memory.stored(GROUPS, trees_of(profile))
    assert first == discover(GROUPS, path=trees_of(profile))
    profile.install(poll, build_plugin(tmp_path, "dice", "2.0.0"))
    second = memory.stored(GROUPS, trees_of(profile))
    assert second == discover(GROUPS, path=trees_of(profile))
    assert {one.id: one.version for one in second} == {"poll": "1.0.0", "dice": "2.0.0"}
    assert next(one for one in first if one.id == "poll") is next(one for one in second if one.id == "poll")


EDITS = {
    "manifest": lambda tree: _edit(
        tree / "chat_poll" / "plugin.toml", lambda text: text.replace('id = "poll"', "id = ")
    ),
    "manifest gone": lambda tree: (tree / "chat_poll" / "plugin.toml").unlink(),
    "package gone": lambda tree: (tree / "chat_poll").rename(tree / "elsewhere"),
    "entry points": lambda tree: _edit(next(tree.glob("*.dist-info")) / "entry_points.txt", lambda _text: ""),
    "metadata": lambda tree: _edit(
        next(tree.glob("*.dist-info")) / "METADATA", lambda text: text.replace("Version: 1.0.0", "Version: 1.0.1")
    ),
}


def _edit(path: Path, change) -> None:
    path.chmod(0o644)
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize("edit", EDITS)
def test_a_stored_plugin_that_is_edited_is_read_anew(profile: Profile, tmp_path: Path, memory: Memory, edit: str):
    profile.install(build_plugin(tmp_path, "poll"))
    trees = trees_of(profile)
    before = memory.stored(GROUPS, trees)
    assert memory.stored(GROUPS, trees) == before
    EDITS[edit](trees[0])
    after = memory.stored(GROUPS, trees)
    assert _words(after) == _words(discover(GROUPS, path=trees))
    assert _words(after) != _words(before)


@pytest.mark.parametrize("edit", EDITS)
def test_a_set_stands_until_something_in_it_is_edited(profile: Profile, tmp_path: Path, memory: Memory, edit: str):
    profile.install(build_plugin(tmp_path, "poll"), build_plugin(tmp_path, "dice"))
    trees = sorted(trees_of(profile), key=lambda tree: (tree / "chat_dice").is_dir())
    assert memory.standing_set(trees) is None
    read = memory.stored(GROUPS, trees)
    assert memory.standing_set(trees) == read
    assert memory.standing_set(trees[:1]) is None, "another set"
    EDITS[edit](trees[0])
    assert memory.standing_set(trees) is None


@pytest.mark.parametrize("edit", EDITS)
def test_what_was_read_of_a_tree_that_was_found_whole_is_not_looked_at_again(
    profile: Profile, tmp_path: Path, memory: Memory, edit: str
):
    profile.install(build_plugin(tmp_path, "poll"))
    trees, entries = trees_of(profile), profile.store.entries
    wheels = [pin.file.sha256 for pin in profile.store.active().pins]
    read = memory.stored(GROUPS, trees)
    assert entries.all_sound(wheels) == set(wheels)
    whole = entries.found_whole(wheels)
    EDITS[edit](trees[0])
    assert memory.standing_set(trees, whole) == read, "the change itself will find it"
    assert entries.all_sound(wheels) == set()
    assert entries.found_whole(wheels) == [None]
    assert memory.standing_set(trees, entries.found_whole(wheels)) is None


def test_what_was_read_of_a_damaged_tree_is_read_anew_once_it_is_mended(
    profile: Profile, tmp_path: Path, memory: Memory
):
    profile.install(build_plugin(tmp_path, "poll"))
    trees, entries = trees_of(profile), profile.store.entries
    (pin,) = profile.store.active().pins
    whole = memory.stored(GROUPS, trees)
    EDITS["manifest"](trees[0])
    damaged = memory.stored(GROUPS, trees)
    assert _words(damaged) != _words(whole)
    assert list(entries.mend(pin, None)) == ["wheel-mended"]
    assert entries.all_sound([pin.file.sha256]) == {pin.file.sha256}
    mended = memory.stored(GROUPS, trees, entries.found_whole([pin.file.sha256]))
    assert _words(mended) == _words(whole)


def test_a_tree_that_is_gone_was_not_found_whole(profile: Profile, tmp_path: Path, memory: Memory):
    profile.install(build_plugin(tmp_path, "poll"))
    trees, entries = trees_of(profile), profile.store.entries
    wheels = [pin.file.sha256 for pin in profile.store.active().pins]
    memory.stored(GROUPS, trees)
    assert entries.all_sound(wheels) == set(wheels)
    shutil.rmtree(trees[0].parent)
    assert entries.found_whole(wheels) == [None]
    assert memory.standing_set(trees, entries.found_whole(wheels)) is None
    assert memory.stored(GROUPS, trees, entries.found_whole(wheels)) == []


def test_two_sets_that_follow_each_other_are_both_known(profile: Profile, tmp_path: Path, memory: Memory):
    profile.install(build_plugin(tmp_path, "poll"))
    before = trees_of(profile)
    first = memory.stored(GROUPS, before)
    profile.install(build_plugin(tmp_path, "poll", "2.0.0"))
    second = memory.stored(GROUPS, trees_of(profile))
    assert memory.stored(GROUPS, before) is first, "as after a rollback"
    assert memory.stored(GROUPS, trees_of(profile)) is second
    EDITS["manifest"](before[0])
    assert memory.standing_set(before) is None
    assert memory.standing_set(trees_of(profile)) is second


@pytest.mark.parametrize("folder", ["chat_poll", "chat_poll-1.0.0.dist-info"])
def test_a_file_that_comes_into_a_stored_plugin_is_seen(profile: Profile, tmp_path: Path, memory: Memory, folder: str):
    profile.install(build_plugin(tmp_path, "poll"))
    trees = trees_of(profile)
    name = "plugin.toml" if folder == "chat_poll" else "entry_points.txt"
    there = trees[0] / folder / name
    text = there.read_bytes()
    there.unlink()
    without = memory.stored(GROUPS, trees)
    there.write_bytes(text)
    assert _words(memory.stored(GROUPS, trees)) == _words(discover(GROUPS, path=trees)) != _words(without)


def _words(candidates) -> list[tuple[str, ...]]:
    return [(one.id, one.version, str(one.legacy), str(one.problem), str(one.manifest)) for one in candidates]


async def test_what_another_process_installs_and_takes_back_is_seen(manage, tmp_path: Path):
    one, other = manage(), manage()
    for _ in range(3):
        assert one.list() == []
    await other.apply(
        await other.plan_install([str(build_plugin(tmp_path, "poll"))]), accept_permissions=True, by="other"
    )
    assert [(row.id, row.version) for row in one.list()] == [("poll", "1.0.0")]
    await other.apply(
        await other.plan_install([str(build_plugin(tmp_path, "poll", "2.0.0"))]), accept_permissions=True, by="other"
    )
    assert [(row.id, row.version) for row in one.list()] == [("poll", "2.0.0")]
    await other.rollback(by="other")
    assert [(row.id, row.version) for row in one.list()] == [("poll", "1.0.0")]
