"""Reading plugin.toml from text and disk: every failure is one clear error."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import ManifestError
from jackfield.manifest import read_manifest, read_manifest_file
from jackfield.manifest.toml import LARGEST_FILE

DICE = 'schema = 1\nid = "dice"\n'


@pytest.mark.feature("K13", "M5")
def test_a_file_is_read_and_named_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "plugin.toml"
    path.write_text(DICE + 'name = "Würfel"\n', encoding="utf-8")
    assert read_manifest_file(path).name == "Würfel"
    path.write_text('schema = 1\nid = "Dice"\n', encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        read_manifest_file(path)
    assert caught.value.message.startswith(f"{path}: id: ")
    with pytest.raises(ManifestError, match=r"plugin\.toml of dice 1\.0: id: "):
        read_manifest_file(path, source="plugin.toml of dice 1.0")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "plugin.toml"
    path.write_bytes(b"\xef\xbb\xbf" + DICE.encode())
    assert read_manifest_file(path).id == "dice"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"id = \n", "not TOML: .*line 1, column 6"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b"#" * (LARGEST_FILE + 1), "larger than 64 KiB"),
        (b"a = " + b"[" * 5000, "not TOML"),
        (b"schema = " + b"9" * 5000, "not TOML"),
        (b"", "schema: missing"),
    ],
    ids=["syntax", "encoding", "size", "depth", "number", "empty"],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "plugin.toml"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=sentence):
        read_manifest_file(path)


def test_a_missing_file_or_a_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read: No such file"):
        read_manifest_file(tmp_path / "plugin.toml")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest_file(tmp_path)


def test_a_text_larger_than_the_bound_is_refused_unread() -> None:
    with pytest.raises(ManifestError, match="larger than 64 KiB"):
        read_manifest("#" * (LARGEST_FILE + 1), source="plugin.toml")


@given(st.one_of(st.text(max_size=200), st.text('schemaid="1]\n[.{}= x-', max_size=80).map(DICE.__add__)))
def test_no_text_crashes_the_reader(text: str) -> None:
    try:
        read_manifest(text, source="plugin.toml", strict=True)
    except ManifestError as error:
        caught = error.message
    else:
        caught = "plugin.toml: none"
    assert all(line.startswith("plugin.toml: ") for line in caught.splitlines()[:1])


def test_reading_manifests_loads_nothing_heavy() -> None:
    code = (
        "import sys; import jackfield.manifest as m; "
        "m.read_manifest('schema=1\\nid=\"a\"\\nversion=\"1.0\"', source='x'); m.Version.from_pep440('1.0rc1'); "
        "heavy = {'httpx', 'tuf', 'click', 'msgspec', 'packaging', 'semantic_version', 'importlib.metadata', 'rich'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
