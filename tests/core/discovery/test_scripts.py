"""Scripts are found and read from their text; not a line of their code runs."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from jackfield.discovery import discover_scripts, stamp_of_folders
from jackfield.errors import DiscoveryError, ManifestError
from jackfield.manifest import Candidate, Version

EXPLODING = "\nraise RuntimeError('script code ran')\n"

METADATA = """PLUGIN_METADATA = {
    'id': 'my_plugin_id',
    'version': '1.14.1-beta.4+build.54',
    'name': 'My Plugin',
    'description': {'zh_cn': 'zh', 'en_us': 'does something cool'},
    'author': ['myself', 'another'],
    'link': 'https://example.org/plugin',
    'dependencies': {'mcdreforged': '>=1.0.0 <3.0', 'an_important_api': '==1.2.3', 'loose': '2.7.x'},
}
"""


def read(folder: Path, name: str, text: str) -> Candidate:
    (folder / name).write_text(text, encoding="utf-8")
    (one,) = [each for each in discover_scripts([folder]) if each.file == folder / name]
    return one


def warnings(candidate: Candidate) -> tuple[str, ...]:
    assert candidate.manifest is not None
    return candidate.manifest.warnings


@pytest.mark.feature("M5", "M10", "M11", "M12", "M13", "M14", "M15", "U2")
def test_metadata_is_read_and_the_script_is_not_run(tmp_path):
    candidate = read(tmp_path, "my.py", METADATA + EXPLODING)
    manifest = candidate.manifest
    assert manifest is not None
    assert (candidate.id, candidate.version, candidate.origin) == ("my_plugin_id", "1.14.1-beta.4+build.54", "script")
    assert (manifest.name, manifest.description, manifest.isolation) == ("My Plugin", "does something cool", "inline")
    assert manifest.authors == ("myself", "another")
    assert manifest.link == "https://example.org/plugin"
    assert manifest.host["mcdreforged"].accepts(Version.parse("2.15.0"))
    exact, loose = manifest.requires
    assert (exact.id, exact.requirement.accepts(Version.parse("1.2.3"))) == ("an_important_api", True)
    assert not exact.requirement.accepts(Version.parse("1.2.4"))
    assert loose.requirement.accepts(Version.parse("2.7.9"))
    assert (manifest.warnings, candidate.problem) == ((), None)


@pytest.mark.feature("M6", "M9", "M10")
def test_a_script_without_metadata_falls_back_with_a_warning(tmp_path):
    candidate = read(tmp_path, "Join MOTD.py", "def on_load(server, old):\n    pass\n")
    assert (candidate.id, candidate.name, candidate.version) == ("join_motd", "join_motd", "0.0.0")
    assert warnings(candidate) == ("Join MOTD.py has no PLUGIN_METADATA: it is called join_motd 0.0.0",)


@pytest.mark.feature("M6")
def test_what_metadata_leaves_out_falls_back(tmp_path):
    candidate = read(tmp_path, "partly.py", "PLUGIN_METADATA = {'author': 'me', 'name': RText('x'), 'version': 'new'}")
    assert (candidate.id, candidate.name, candidate.version) == ("partly", "partly", "0.0.0")
    told = warnings(candidate)
    assert any("names no id" in one for one in told)
    assert any("'new' is no version" in one for one in told)


@pytest.mark.feature("M6")
def test_metadata_that_only_running_it_would_tell_falls_back_with_a_warning(tmp_path):
    candidate = read(tmp_path, "made.py", "PLUGIN_METADATA = {'id': NAME + 'y', 'version': made()}")
    assert (candidate.id, candidate.version) == ("made", "0.0.0")
    assert warnings(candidate) == (
        "made.py names no id: it is called made",
        "made.py names no version: 0.0.0 is used",
    )


def test_a_file_that_is_still_empty_is_no_script_yet(tmp_path):
    for text in ("", "\n \n"):
        assert str(read(tmp_path, "new.py", text).problem) == "new.py is empty"


def test_a_constant_above_the_metadata_is_read(tmp_path):
    candidate = read(
        tmp_path, "c.py", "VERSION: str = '3.1'\nID = 'named'\nPLUGIN_METADATA = {'id': ID, 'version': VERSION}"
    )
    assert (candidate.id, candidate.version) == ("named", "3.1")


@pytest.mark.feature("M7")
@pytest.mark.parametrize("given", ["MyPlugin", "a cool plugin", "x" * 65])
def test_an_id_outside_the_grammar_is_a_problem_that_names_the_nearest(tmp_path, given):
    candidate = read(tmp_path, "named.py", f"PLUGIN_METADATA = {{'id': {given!r}}}")
    assert isinstance(candidate.problem, ManifestError)
    assert "the nearest id is" in str(candidate.problem)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def broken(:\n", "broken.py is no Python, line 1"),
        ("PLUGIN_METADATA = {'id': 'a', 'dependencies': {'b': '>>1'}}", "its dependency b"),
        ("PLUGIN_METADATA = {'id': 'a', 'dependencies': ['b']}", "no mapping of id and requirement"),
        ("PLUGIN_METADATA = {'id': 5}", "its id is no text: 5"),
    ],
)
def test_what_cannot_be_read_is_a_problem_of_its_script_alone(tmp_path, text, told):
    read(tmp_path, "well.py", "PLUGIN_METADATA = {'id': 'well'}")
    candidate = read(tmp_path, "broken.py", text)
    assert candidate.problem is not None
    assert told in str(candidate.problem)
    assert [one.problem is None for one in discover_scripts([tmp_path])] == [False, True]


@pytest.mark.feature("S2", "M1")
def test_every_file_that_ends_in_py_is_a_script_folder_by_folder_and_by_name(tmp_path):
    for folder, names in (("one", ("b.py", "a.py", "_hidden.py", ".dot.py", "notes.txt")), ("two", ("c.py",))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text("", encoding="utf-8")
    found = discover_scripts([tmp_path / "one", tmp_path / "missing", tmp_path / "two"])
    assert [one.id for one in found] == ["a", "b", "c"]


@pytest.mark.feature("S11")
def test_a_script_is_utf8_unless_it_declares_another_encoding(tmp_path):
    (tmp_path / "declared.py").write_bytes("# coding: latin-1\nPLUGIN_METADATA = {'name': 'Größe'}".encode("latin-1"))
    (tmp_path / "utf.py").write_text("PLUGIN_METADATA = {'name': '你好'}", encoding="utf-8")
    (tmp_path / "wrong.py").write_bytes("PLUGIN_METADATA = {'name': 'Größe'}".encode("latin-1"))
    declared, utf, wrong = discover_scripts([tmp_path])
    assert (declared.name, utf.name) == ("Größe", "你好")
    assert isinstance(wrong.problem, DiscoveryError)
    assert "wrong.py cannot be read as text" in str(wrong.problem)


def packed(path: Path, metadata: object, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mcdreforged.plugin.json", json.dumps(metadata))
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.mark.feature("U1", "U2")
def test_packed_unpacked_and_linked_plugins_are_found(tmp_path):
    folder, elsewhere = tmp_path / "plugins", tmp_path / "elsewhere"
    for place in (folder / "unpacked", folder / "linked", elsewhere):
        place.mkdir(parents=True)
    packed(folder / "one.mcdr", {"id": "one", "version": "2.0", "entrypoint": "one.entry"}, {"one/__init__.py": ""})
    packed(folder / "two.pyz", {"id": "two"}, {"two/__init__.py": ""})
    (folder / "unpacked" / "mcdreforged.plugin.json").write_text('{"id": "three"}', encoding="utf-8")
    (elsewhere / "mcdreforged.plugin.json").write_text('{"id": "four", "version": "4"}', encoding="utf-8")
    link = {"target": "../../elsewhere"}
    (folder / "linked" / "mcdreforged.linked_directory_plugin.json").write_text(json.dumps(link), encoding="utf-8")
    found = {one.id: one for one in discover_scripts([folder])}
    assert {one.id: one.problem for one in found.values()} == dict.fromkeys(("one", "two", "three", "four"))
    assert (found["one"].entry_point, found["two"].entry_point) == ("one.entry", "two")
    assert found["four"].file == elsewhere


def test_a_packed_plugin_that_is_broken_says_what_is_wrong(tmp_path):
    (tmp_path / "a.mcdr").write_text("no zip", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "b.mcdr", "w") as archive:
        archive.writestr("readme.txt", "")
    with zipfile.ZipFile(tmp_path / "c.mcdr", "w") as archive:
        archive.writestr("mcdreforged.plugin.json", "[")
    told = [str(one.problem) for one in discover_scripts([tmp_path])]
    assert "a.mcdr is no zip" in told[0]
    assert "b.mcdr holds no mcdreforged.plugin.json" in told[1]
    assert "is no JSON" in told[2]


@pytest.mark.feature("M3")
def damaged_zip(*, compression: int = 0, flags: int = 0) -> bytes:
    """A packed plugin whose metadata is packed in another way, or kept with a password, by what its headers say."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mcdreforged.plugin.json", "{}")
    changed = bytearray(content.getvalue())
    entry = changed.find(b"PK\x01\x02")
    changed[6] |= flags
    changed[entry + 8] |= flags
    changed[8] = changed[entry + 10] = compression
    return bytes(changed)


@pytest.mark.feature("S4")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.py", b"x = " + b"-" * 100_000 + b"1\n"),
        ("bad.py", b"x = 1" + b" + 1" * 100_000),
        ("bad.py", b"# coding: undefined\n"),
        ("bad.py", b"PLUGIN_METADATA = {'version': 0x" + b"f" * 5000 + b"}\n"),
        ("bad.mcdr", damaged_zip(compression=99)),
        ("bad.mcdr", damaged_zip(compression=zipfile.ZIP_DEFLATED)),
        ("bad.mcdr", damaged_zip(flags=1)),
        ("bad/mcdreforged.plugin.json", b"[" * 100_000),
        ("bad/mcdreforged.linked_directory_plugin.json", b'{"target": "a\\u0000b"}'),
    ],
    ids=["minus", "sum", "codec", "number", "method", "damaged", "password", "json", "link"],
)
def test_whatever_is_in_one_file_the_others_are_found(tmp_path, name, content):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.py").write_text("PLUGIN_METADATA = {'id': 'good', 'version': '1.0.0'}\n")
    bad, good = discover_scripts([tmp_path])
    assert (bad.id, isinstance(bad.problem, DiscoveryError), good.problem) == ("bad", True, None)
    assert stamp_of_folders([tmp_path])


def test_the_stamp_of_folders_changes_with_every_file_that_comes_changes_or_goes(tmp_path):
    script = tmp_path / "a.py"
    stamps = [stamp_of_folders([tmp_path])]
    for act in (
        lambda: script.write_text("a = 1", encoding="utf-8"),
        lambda: script.write_text("a = 12", encoding="utf-8"),
        script.unlink,
    ):
        act()
        stamps.append(stamp_of_folders([tmp_path]))
    assert len(set(stamps)) == 3
    assert stamps[0] == stamps[-1]
