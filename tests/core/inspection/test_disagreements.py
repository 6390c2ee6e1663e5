"""What a wheel says of itself in several places, said differently: each is refused, and named."""

from pathlib import Path

import pytest
from jackfield.errors import WheelError
from jackfield.inspection import inspect_wheel

from tests.core.inspection.refusals import codes, refused
from tests.support import hostile_wheels as hostile
from tests.support.wheels import manifest_text, plugin_source


def with_metadata_version(folder: Path, version: str, more: str = "") -> Path:
    source = plugin_source("poll")
    text = source.metadata().replace("Metadata-Version: 2.1\n", f"Metadata-Version: {version}\n{more}")
    return hostile.with_changed(folder, f"{source.stem}.dist-info/METADATA", text.encode())


@pytest.mark.parametrize(
    ("version", "more"), [("2.1", "License-File: LICENSE\n"), ("2.0", "Provides-Extra: fast\n"), ("1.1", "")]
)
def test_fields_that_are_newer_than_the_version_that_a_builder_wrote_are_read(tmp_path, version, more):
    report = inspect_wheel(with_metadata_version(tmp_path, version, more))
    assert [finding for finding in report.findings if finding.severity == "refuse"] == []


@pytest.mark.parametrize("version", ["2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.10", "2.9999"])
def test_metadata_of_a_known_or_a_later_minor_version(tmp_path, version):
    report = inspect_wheel(with_metadata_version(tmp_path, version, "A-Field-To-Come: x\n"))
    assert (report.refusals, report.name) == ((), "chat-poll")


@pytest.mark.parametrize("version", ["3.0", "0.9", "2", "2.x", "2.07", "2.-1", "2.1.1", "", "latest", "2.\u0661"])
def test_metadata_of_a_version_that_nobody_can_read(tmp_path, version):
    refused(with_metadata_version(tmp_path, version), "metadata-invalid", "METADATA")


def test_file_name_that_disagrees_with_the_folder_inside(tmp_path):
    path = plugin_source("poll").build(tmp_path)
    other = path.with_name("chat_dice-1.0.0-py3-none-any.whl")
    path.rename(other)
    refused(other, "name-mismatch", "chat_poll-1.0.0.dist-info")


@pytest.mark.parametrize(
    ("line", "code"), [("Name: chat-dice", "name-mismatch"), ("Version: 2.0.0", "version-mismatch")]
)
def test_metadata_that_disagrees_with_the_file_name(tmp_path, line, code):
    source = plugin_source("poll")
    key = line.partition(":")[0]
    text = "\n".join(line if old.startswith(f"{key}:") else old for old in source.metadata().split("\n"))
    path = hostile.with_changed(tmp_path, f"{source.stem}.dist-info/METADATA", text.encode())
    refused(path, code, line.partition(": ")[2])


def test_metadata_that_an_editor_has_marked(tmp_path):
    """A byte-order mark is a part of the first header's name for every reader: none finds a version then."""
    source = plugin_source("poll")
    text = f"\ufeff{source.metadata()}"
    path = hostile.with_changed(tmp_path, f"{source.stem}.dist-info/METADATA", text.encode())
    refused(path, "metadata-invalid", "begins with a byte-order mark: save it as UTF-8 without one")


def test_metadata_with_two_names(tmp_path):
    source = plugin_source("poll")
    text = source.metadata().replace("Name: chat-poll\n", "Name: chat-poll\nName: chat-dice\n")
    path = hostile.with_changed(tmp_path, f"{source.stem}.dist-info/METADATA", text.encode())
    assert "metadata-invalid" in codes(inspect_wheel(path))


def test_requirement_that_points_past_the_index(tmp_path):
    source = plugin_source("poll", requires=["evil @ https://example.org/evil.whl"])
    refused(source.build(tmp_path), "direct-reference", "evil")


def test_tags_that_disagree_with_the_file_name(tmp_path):
    source = plugin_source("poll")
    wheel = b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: cp311-cp311-win_amd64\n"
    refused(hostile.with_changed(tmp_path, f"{source.stem}.dist-info/WHEEL", wheel), "tag-mismatch", "win_amd64")


def test_manifest_of_another_version(tmp_path):
    path = plugin_source("poll", "1.0.0", manifest=manifest_text("poll", "2.0.0")).build(tmp_path)
    refused(path, "version-mismatch", "2.0.0")


def test_entry_point_named_otherwise_than_the_plugin(tmp_path):
    path = plugin_source("poll", manifest=manifest_text("dice")).build(tmp_path)
    refused(path, "id-mismatch", "dice")


@pytest.mark.feature("C25")
def test_plugin_without_manifest_names_the_setting_to_mend(tmp_path):
    source = plugin_source("poll")
    del source.files["chat_poll/plugin.toml"]
    path = source.build(tmp_path)
    refused(path, "missing-manifest", "Invalid package: missing plugin.toml")
    refused(path, "missing-manifest", "package-data")


def test_manifest_with_a_wrong_type(tmp_path):
    path = plugin_source("poll", manifest='schema = 1\nid = "poll"\nname = 5\n').build(tmp_path)
    refused(path, "manifest-invalid", "name")


def test_manifest_that_is_not_text(tmp_path):
    source = plugin_source("poll")
    source.files["chat_poll/plugin.toml"] = b"\xff\xfe\x00"
    refused(source.build(tmp_path), "manifest-invalid", "UTF-8")


def test_manifest_of_a_later_schema(tmp_path):
    path = plugin_source("poll", manifest='schema = 99\nid = "poll"\n').build(tmp_path)
    refused(path, "manifest-too-new", "jackfield")


def test_unknown_key_is_refused_at_upload_and_tolerated_when_installed(tmp_path):
    path = plugin_source("poll", manifest=manifest_text("poll").replace("[host]", "isolatoin = 1\n[host]")).build(
        tmp_path
    )
    assert not inspect_wheel(path).refusals
    refused(path, "manifest-invalid", "isolatoin", strict=True)


def test_two_plugins_in_one_wheel(tmp_path):
    source = plugin_source("poll")
    source.entry_points["chat.plugins"]["dice"] = "chat_poll:Dice"
    refused(source.build(tmp_path), "several-plugins", "dice")


def test_version_that_plugins_cannot_have(tmp_path):
    path = plugin_source("poll", "1.0.0.post1", manifest=manifest_text("poll", "1.0.0")).build(tmp_path)
    refused(path, "version-unpublishable", "1.0.0.post1")


def test_top_level_name_in_look_alike_letters(tmp_path):
    refused(hostile.with_member(tmp_path, "chat_рoll/__init__.py"), "confusable-name", "ASCII")  # noqa: RUF001 (a look-alike on purpose)


def test_plugin_id_in_look_alike_letters(tmp_path):
    source = plugin_source("poll")
    source.entry_points["chat.plugins"] = {"рoll": "chat_poll:Main"}  # noqa: RUF001 (a look-alike on purpose)
    refused(source.build(tmp_path), "confusable-name", "ASCII")


def test_file_name_in_look_alike_letters(tmp_path):
    path = plugin_source("poll").build(tmp_path)
    other = path.rename(path.with_name("chat_рoll-1.0.0-py3-none-any.whl"))  # noqa: RUF001 (a look-alike on purpose)
    with pytest.raises(WheelError, match="ASCII"):
        inspect_wheel(other)


@pytest.mark.parametrize("name", ["Pоll", "Poll\u202e", "P\u200boll"], ids=["cyrillic", "direction", "zero-width"])  # noqa: RUF001 (a look-alike on purpose)
def test_display_name_that_deceives_does_not_pass_unseen(tmp_path, name):
    manifest = manifest_text("poll").replace('name = "Poll"', f'name = "{name}"')
    report = inspect_wheel(plugin_source("poll", manifest=manifest).build(tmp_path))
    # Held for a person, or refused where the manifest's own grammar forbids the character.
    assert {finding.code for finding in report.findings} & {"confusable-name", "manifest-invalid"}


def test_bytecode_that_hides_another_program_waits_for_a_person(tmp_path):
    report = inspect_wheel(hostile.with_member(tmp_path, "chat_poll/__pycache__/a.cpython-311.pyc"))
    assert [finding.code for finding in report.quarantines] == ["bytecode"]


@pytest.mark.parametrize(
    "text", ["[chat.plugins]\npoll\n", "poll = x\n", "[chat.plugins]\npoll = os;evil\n", "[a]\nx=a:b\nx=c:d\n"]
)
def test_entry_points_that_make_no_sense(tmp_path, text):
    source = plugin_source("poll")
    path = hostile.with_changed(tmp_path, f"{source.stem}.dist-info/entry_points.txt", text.encode())
    assert "entry-points" in codes(inspect_wheel(path))
