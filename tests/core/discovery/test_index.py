"""The index answers as what is installed would, never from what another could have written, and never for long."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jackfield.discovery import discover, write_private
from jackfield.discovery.files import HOSTS
from jackfield.discovery.index import PACKAGE, read_index
from jackfield.discovery.indexing import build_segment
from jackfield.places import INDEX, index_folder, is_private
from jackfield.store import home

from tests.support.wheels import WheelSource, plugin_source, unpack

GROUP = "chat.plugins"


class Site:
    """A folder of a path, its index, and how often it was looked through."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        self.built: list[str] = []
        folder.mkdir(exist_ok=True)

    def put(self, source: WheelSource) -> None:
        unpack(source, self.folder)

    def names(self, *more: Path, strict: bool = False, group: str = GROUP) -> list[tuple[str, str]]:
        def build(folder: str) -> dict[str, Any] | None:
            self.built.append(folder)
            return build_segment(folder)

        path = [str(self.folder), *map(str, more)]
        return [
            (row.name, row.version)
            for row in read_index(group, path, str(self.cache), build, strict=strict, keep=write_private)
        ]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    found = Site(tmp_path / "site", tmp_path / "home" / INDEX)
    found.put(plugin_source("weather", "1.0.0"))
    return found


def test_what_is_known_is_not_looked_through_again(site: Site) -> None:
    assert site.names() == site.names(strict=True) == [("weather", "1.0.0")]
    assert len(site.built) == 1


@pytest.mark.parametrize("strict", [False, True])
def test_what_an_installer_does_is_noticed(site: Site, strict: bool) -> None:
    site.names(strict=strict)
    site.put(plugin_source("poll", "2.0.0"))
    assert sorted(site.names(strict=strict)) == [("poll", "2.0.0"), ("weather", "1.0.0")]
    shutil.rmtree(site.folder / "chat_weather-1.0.0.dist-info")
    assert site.names(strict=strict) == [("poll", "2.0.0")]
    assert len(site.built) == 3


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("there", [[], ["METADATA"], ["METADATA", "RECORD"]], ids=["nothing", "headers", "record"])
def test_what_an_installer_is_half_way_through_is_noticed_when_it_is_done(
    site: Site, tmp_path: Path, there: list[str], strict: bool
) -> None:
    unpack(plugin_source("poll", "2.0.0"), tmp_path / "wheel")
    info = tmp_path / "wheel" / "chat_poll-2.0.0.dist-info"
    shutil.copytree(tmp_path / "wheel" / "chat_poll", site.folder / "chat_poll")
    begun = site.folder / info.name
    begun.mkdir()
    for name in there:
        shutil.copy(info / name, begun)
    assert site.names(strict=strict) == [("weather", "1.0.0")]
    shutil.copytree(info, begun, dirs_exist_ok=True)
    assert sorted(site.names(strict=strict)) == [("poll", "2.0.0"), ("weather", "1.0.0")]
    site.names(strict=strict)
    assert len(site.built) == 2


@pytest.mark.parametrize("file", ["chat_weather-1.0.0.dist-info/entry_points.txt", "chat_weather/plugin.toml"])
def test_an_edit_in_place_is_noticed_by_the_strict_check_alone(site: Site, file: str) -> None:
    site.names()
    path = site.folder / file
    path.write_text(path.read_text().replace("weather", "climate"))
    site.names(strict=False)
    assert len(site.built) == 1
    site.names(strict=True)
    assert len(site.built) == 2


def test_a_copy_with_the_same_times_is_another_folder(site: Site, tmp_path: Path) -> None:
    site.names()
    kept = tmp_path / "kept"
    shutil.move(site.folder, kept)
    subprocess.run(["cp", "-a", str(kept), str(site.folder)], check=True)
    site.names()
    assert len(site.built) == 2


def test_the_manifest_of_an_editable_install_is_noticed_by_both_checks(site: Site, tmp_path: Path) -> None:
    project = tmp_path / "project"
    unpack(plugin_source("poll", "1.0.0"), project)
    shutil.move(project / "chat_poll-1.0.0.dist-info", site.folder)
    (site.folder / "chat_poll-1.0.0.dist-info/RECORD").write_text("")
    (site.folder / "poll.pth").write_text(f"{project}\n")
    sys.path.append(str(project))
    try:
        site.names()
        site.names()
        assert len(site.built) == 1
        manifest = project / "chat_poll/plugin.toml"
        manifest.write_text(manifest.read_text() + "\n# edited\n")
        site.names()
        assert len(site.built) == 2
    finally:
        sys.path.remove(str(project))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("METADATA", b"Name: chat_poll\nVersion: 2.0.0\nAuthor: J\xfcrgen\n\n"),
        ("METADATA", b"Name: " + b"long-" * 20 + b"\nVersion: 2.0.0\n\n"),
        ("METADATA", b"Name: no name\x00\nVersion: 2.0.0\n\n"),
        ("entry_points.txt", b"[chat.plugins]\npoll\n"),
        ("entry_points.txt", b"[chat.plugins]\npoll = chat_poll # \xff\n"),
        ("RECORD", b"\xff,,\n"),
    ],
    ids=["author", "long name", "no name", "no value", "bytes", "record"],
)
def test_a_distribution_that_is_damaged_takes_no_other_along(site: Site, file: str, content: bytes) -> None:
    site.put(plugin_source("poll", "2.0.0"))
    (site.folder / "chat_poll-2.0.0.dist-info" / file).write_bytes(content)
    assert ("weather", "1.0.0") in site.names()
    assert "weather" in [one.id for one in discover([GROUP], path=[site.folder])]


def test_of_two_folders_with_one_distribution_the_first_counts(site: Site, tmp_path: Path) -> None:
    other = tmp_path / "other"
    unpack(plugin_source("weather", "9.0.0"), other)
    unpack(plugin_source("poll", "1.0.0"), other)
    for _ in range(2):
        assert site.names(other) == [("weather", "1.0.0"), ("poll", "1.0.0")]


def test_other_groups_cost_no_second_look(site: Site) -> None:
    assert site.names(group="other.plugins") == []
    assert site.names() == [("weather", "1.0.0")]
    assert len(site.built) == 1


def test_one_plugin_is_found_by_its_name_and_its_manifest_only_where_it_is_asked_for(site: Site) -> None:
    site.put(plugin_source("poll", "2.0.0"))
    for _ in range(2):
        rows = read_index(
            GROUP, [str(site.folder)], str(site.cache), build_segment, strict=False, keep=write_private, manifests=True
        )
        (found,) = rows.named("poll")
        assert (found.distribution, found.version, found.value) == ("chat-poll", "2.0.0", "chat_poll:Main")
        assert (found.folder, found.place) == (
            str(site.folder / "chat_poll"),
            str(site.folder / "chat_poll-2.0.0.dist-info"),
        )
        assert found.manifest is not None
        assert found.manifest["id"] == "poll"
        assert [*rows.named("absent")] == []
        bare = read_index(GROUP, [str(site.folder)], str(site.cache), build_segment, strict=False)
        assert [row.manifest for row in bare] == [None, None]


def test_every_plugin_of_a_name_is_found_whatever_its_letters_and_neighbours(site: Site) -> None:
    names = ("weather", "weathers", "weath", "er", "w", "größe", "大小")
    for place, name in enumerate(("weather", *names)):
        entries = {GROUP: {name: f"chat_{place}:Main"}}
        site.put(WheelSource(f"chat-other-{place}", f"1.{place}.0", entry_points=entries))
    for _ in range(2):
        rows = read_index(GROUP, [str(site.folder)], str(site.cache), build_segment, strict=False, keep=write_private)
        listed = {(row.name, row.version, row.value) for row in rows}
        assert len(rows) == len(listed) == 9
        for name in (*names, "eather", ""):
            found = [(row.name, row.version, row.value) for row in rows.named(name)]
            assert sorted(found) == sorted(each for each in listed if each[0] == name)
    assert len([*rows.named("weather")]) == 3


@pytest.mark.parametrize("mark", ["\0", "\1", "\2"])
def test_a_value_that_holds_what_stands_between_values_is_kept_whole(site: Site, mark: str) -> None:
    site.put(plugin_source("poll", "2.0.0"))
    metadata = site.folder / "chat_poll-2.0.0.dist-info/METADATA"
    metadata.write_text(metadata.read_text().replace("2.0.0", f"2.0{mark}.0"))
    for _ in range(2):
        assert sorted(site.names()) == [("poll", f"2.0{mark}.0"), ("weather", "1.0.0")]
    assert len(site.built) == 1
    rows = read_index(GROUP, [str(site.folder)], str(site.cache), build_segment, strict=False)
    assert [row.version for row in rows.named("poll")] == [f"2.0{mark}.0"]


def segment(site: Site) -> Path:
    (file,) = site.cache.iterdir()
    return file


def write_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def write_zeros(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:24] + bytes(file.stat().st_size - 24))


def write_nonsense(file: Path) -> None:
    file.write_bytes(b"something else")


def write_a_hole(file: Path) -> None:
    """What lies in the sections is unpacked later than the head."""
    content = file.read_bytes()
    place = content.index(b"chat_weather:Main")
    file.write_bytes(content[:place] + bytes(12) + content[place + 12 :])


@pytest.mark.parametrize("spoil", [write_short, write_zeros, write_a_hole, write_nonsense, Path.unlink])
def test_a_damaged_segment_is_made_anew(site: Site, spoil: Callable[[Path], object]) -> None:
    site.names()
    spoil(segment(site))
    assert site.names() == [("weather", "1.0.0")]
    assert site.names() == [("weather", "1.0.0")]
    assert len(site.built) == 2


def test_a_segment_that_others_may_write_is_not_read(site: Site) -> None:
    site.names()
    segment(site).chmod(0o666)
    site.names()
    assert len(site.built) == 2
    assert segment(site).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_may_write_is_neither_read_nor_written(site: Site) -> None:
    site.names()
    site.cache.chmod(0o777)
    site.names()
    site.names()
    assert len(site.built) == 3
    assert not is_private(str(site.cache))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_segment_of_another_user_is_not_read(site: Site) -> None:
    site.names()
    os.chown(segment(site), 12345, 12345)
    site.names()
    assert len(site.built) == 2


def test_a_link_in_its_place_is_not_followed(site: Site, tmp_path: Path) -> None:
    site.names()
    moved = segment(site).rename(tmp_path / "elsewhere")
    (site.cache / moved.name).symlink_to(moved)
    link = site.cache / segment(site).name
    link.unlink()
    link.symlink_to(moved)
    site.names()
    assert len(site.built) == 2


def test_its_folders_are_made_for_their_user_alone(site: Site) -> None:
    site.names()
    assert site.cache.stat().st_mode & 0o777 == 0o700
    assert site.cache.parent.stat().st_mode & 0o777 == 0o700


def test_a_place_that_cannot_be_written_remembers_nothing(site: Site) -> None:
    site.cache.parent.mkdir()
    site.cache.write_text("a file where the folder would be")
    assert site.names() == site.names() == [("weather", "1.0.0")]
    assert len(site.built) == 2


@pytest.mark.parametrize("moved", ["", "~/somewhere", "relative"])
def test_it_lies_where_all_data_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, moved: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JACKFIELD_HOME", raising=False)
    if moved:
        monkeypatch.setenv("JACKFIELD_HOME", moved)
    assert index_folder(os.environ) == str(home(os.environ) / INDEX)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert index_folder(os.environ) == str(home(os.environ) / INDEX)


@pytest.mark.parametrize("changing", [False, True], ids=["as it was", "the script's own folder changes"])
def test_to_ask_it_loads_nothing_that_the_interpreter_has_not(tmp_path: Path, changing: bool) -> None:
    """What is loaded for it decides what it costs: not even `typing` is."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    code = (
        "import sys; before = set(sys.modules)\n"
        "from jackfield.discovery import installed_entry_points\n"
        "rows = installed_entry_points('jackfield.hosts', strict=True)\n"
        "print(sorted(row.name for row in rows), sorted(set(sys.modules) - before))"
    )
    environment = {**os.environ, "JACKFIELD_HOME": str(tmp_path)}
    for turn in range(2):
        if changing:
            (scripts / f"{turn}.txt").touch()
        command = [sys.executable, "-c", code]
        said = subprocess.run(command, env=environment, cwd=scripts, capture_output=True, text=True, check=True).stdout
    own = ["jackfield", "jackfield.discovery", "jackfield.discovery.index", "jackfield.places"]
    own += ["jackfield.discovery.keeping"] * changing
    assert said.startswith("['chat']")
    loaded = set(ast.literal_eval(said.partition("] ")[2]))
    assert {name for name in loaded if not name.startswith("importlib") and name not in own} <= {"warnings"}


def test_many_entry_points_of_one_package_are_one_look_for_it(tmp_path: Path) -> None:
    """A library with a hundred of them (`pygments.lexers`) costs no more than one with a few."""
    opened: list[str] = []
    listening = True

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if listening and event == "open":
            opened.append(str(arguments[0]))

    source = plugin_source("weather", "1.0.0")
    source.entry_points["console_scripts"] = {f"tool-{place}": f"chat_weather:main{place}" for place in range(100)}
    source.entry_points[HOSTS] = {"weather": "chat_weather"}
    unpack(source, tmp_path)
    sys.addaudithook(note)  # none can be taken away again
    try:
        segment = build_segment(str(tmp_path))
    finally:
        listening = False
    assert len([path for path in opened if path.endswith("RECORD")]) < 10
    folders = {group: {row[PACKAGE] for row in rows} for group, rows in segment["groups"].items()}
    # There is no host.toml in it, and nothing else here says where a package lies that only a path would find.
    assert folders == {GROUP: {"chat_weather"}, "console_scripts": {"chat_weather"}, HOSTS: {""}}
    assert len(segment["groups"]["console_scripts"]) == 100
