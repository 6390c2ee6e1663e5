"""Changelogs, host files, look-alikes, categories, blobs: what the catalogue decides without a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import ManifestError
from jackfield.manifest import read_manifest
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import ChangelogEntry, Hosts, categories_of, changes_since, parse_changelog
from jackfield_marketplace.catalog.lookalikes import skeleton

from tests.support.wheels import manifest_text

HOST = """
schema = 1
app = "chat"
name = "Chat"
api_version = "1.0.0"
groups = ["chat.plugins", "talk"]
[resources.messages.actions.read]
sentence = "read messages"
risk = "medium"
"""


@pytest.mark.parametrize(
    ("heading", "version", "day"),
    [
        ("## 1.2.0", "1.2.0", ""),
        ("## v1.2.0", "1.2.0", ""),
        ("## [1.2.0] - 2026-11-03", "1.2.0", "2026-11-03"),
        ("## 1.2.0 (2026-11-03)", "1.2.0", "2026-11-03"),
        ("##   1.2.0rc1 – 2026-11-03", "1.2.0rc1", "2026-11-03"),
    ],
)
def test_changelog_headings(heading, version, day):
    assert parse_changelog(f"# Changes\n\n{heading}\n\n- new\n") == (ChangelogEntry(version, "- new", day),)


def test_changelog_headings_without_a_version_begin_no_entry():
    text = "intro\n## Unreleased\n- soon\n## 1.1.0\n- b\n### Fixed\n- c\n## Thanks\nall\n## 1.0.0\n- a\n"
    assert [(one.version, one.text) for one in parse_changelog(text)] == [
        ("1.1.0", "- b\n### Fixed\n- c"),
        ("1.0.0", "- a"),
    ]


@given(st.text())
def test_any_text_is_a_changelog(text):
    parse_changelog(text)
    parse_changelog(f"## {text}")


def test_a_heading_of_more_digits_than_python_reads_begins_no_entry():
    assert [one.version for one in parse_changelog(f"## {'9' * 5000}\n- b\n## 1.0\n- a\n")] == ["1.0"]


def test_changes_between_two_versions():
    entries = tuple(ChangelogEntry(version, "") for version in ("1.0", "1.10", "1.9", "2.0rc1", "2.0"))
    assert [one.version for one in changes_since(entries, "1.9", "2.0rc1")] == ["2.0rc1", "1.10"]
    assert len(changes_since(entries, None, "2.0")) == 5


def test_hosts_speak_their_words_and_the_frameworks(tmp_path):
    (tmp_path / "chat.toml").write_text(HOST)
    hosts = Hosts(tmp_path)
    permissions = """
[[permissions]]
resource = "messages"
actions = ["read", "burn"]
[[permissions]]
resource = "storage"
actions = ["write"]
"""
    manifest = read_manifest(manifest_text("poll", permissions=permissions), source="plugin.toml")
    assert [(one.sentence, one.risk) for one in hosts.permissions(manifest, "chat")] == [
        ("messages: burn", "high"),
        ("read messages", "medium"),
        ("store data of its own on this computer", "low"),
    ]
    assert hosts.groups == ("chat.plugins", "talk")
    assert (hosts.app_of("talk"), hosts.app_of("other.plugins")) == ("chat", "other")
    assert (hosts.name_of("chat"), hosts.name_of("other")) == ("Chat", "other")


def test_without_host_files_every_plugin_group_counts(tmp_path):
    assert Hosts(tmp_path).groups is None


def test_a_broken_host_file_in_the_folder_does_not_stop_the_index(tmp_path):
    (tmp_path / "broken.toml").write_text("schema = [")
    hosts = Hosts(tmp_path)
    assert len(hosts.problems) == 1
    with pytest.raises(ManifestError):
        Hosts(tmp_path / "none", (tmp_path / "broken.toml",))


@pytest.mark.parametrize(
    ("one", "other"), [("poll", "p0ll"), ("poll", "po11"), ("chat-poll", "chatpoll"), ("modern", "modem")]
)
def test_names_that_look_alike(one, other):
    assert skeleton(one) == skeleton(other)


def test_names_that_do_not():
    assert skeleton("poll") != skeleton("pool")


def test_categories_are_named_in_keywords():
    assert categories_of(["Votes", "FUN", "commands"]) == ("commands", "fun")


def test_blobs_are_found_by_their_hash_alone(tmp_path):
    blobs = DiskBlobs(tmp_path / "blobs")
    sha256 = blobs.add_bytes(b"data")
    path = blobs.path(sha256)
    assert path is not None
    assert path.read_bytes() == b"data"
    inode = path.stat().st_ino
    assert blobs.add_bytes(b"data") == sha256
    assert path.stat().st_ino == inode
    assert path.stat().st_mode & 0o777 == 0o644
    for wrong in ("", "../secret", "0" * 64, sha256.upper(), sha256 + "0"):
        assert blobs.path(wrong) is None
    assert [left for left in (tmp_path / "blobs").iterdir() if not left.is_dir()] == []
