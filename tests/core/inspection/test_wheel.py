"""What a report says of wheels that are what they say."""

import pytest
from jackfield.errors import WheelError
from jackfield.inspection import inspect_wheel, is_deceptive, is_plugin_group

from tests.support import hostile_wheels as hostile
from tests.support.wheels import WheelSource, manifest_text, plugin_source

PERMISSION = '[[permissions]]\nresource = "messages"\nactions = ["read"]\n'


@pytest.mark.feature("C24", "C25")
def test_report_of_a_plugin(tmp_path):
    source = plugin_source("poll", "1.2.0", changelog="## 1.2.0\n\nfaster\n", requires=["httpx>=0.27"])
    source.requires_python = ">=3.11"
    source.readme = "# Poll"
    source.metadata_lines = [
        "Summary: Ask the room",
        "Keywords: fun,votes",
        "Project-URL: Source, https://example.org/s",
    ]
    path = source.build(tmp_path)
    report = inspect_wheel(path)
    assert (report.name, report.version, report.plugin_id, report.package) == (
        "chat-poll",
        "1.2.0",
        "poll",
        "chat_poll",
    )
    assert report.manifest is not None
    assert report.manifest.id == "poll"
    assert report.manifest_bytes == str(source.files["chat_poll/plugin.toml"]).encode()
    assert report.requires_dist == ("httpx>=0.27",)
    assert report.requires_python == ">=3.11"
    assert (report.summary, report.readme, report.readme_type) == ("Ask the room", "# Poll", "text/markdown")
    assert report.keywords == ("fun", "votes")
    assert report.links == {"Source": "https://example.org/s"}
    assert report.changelog == "## 1.2.0\n\nfaster\n"
    assert report.tags == ("py3-none-any",)
    assert report.size == path.stat().st_size
    assert {file.path: file.size for file in report.files}["chat_poll/__init__.py"] == len(
        source.files["chat_poll/__init__.py"]
    )
    assert [(each.group, each.module, each.attribute) for each in report.entry_points] == [
        ("chat.plugins", "chat_poll", "Main")
    ]


def test_report_of_a_library(tmp_path):
    report = inspect_wheel(WheelSource("plain-lib", files={"plain_lib/__init__.py": ""}).build(tmp_path))
    assert (report.plugin_id, report.manifest, report.findings) == (None, None, ())


def test_scripts_and_data_of_a_library_are_notes(tmp_path):
    files = {
        "plain_lib/__init__.py": "",
        "plain_lib-1.0.0.data/scripts/run": "#!python\n",
        "plain_lib-1.0.0.data/data/x": "",
    }
    report = inspect_wheel(WheelSource("plain-lib", files=dict(files)).build(tmp_path))
    assert [(each.code, each.severity) for each in report.findings] == [("data-files", "note"), ("data-files", "note")]
    assert {each.path for each in report.findings} == {"plain_lib-1.0.0.data/scripts", "plain_lib-1.0.0.data/data"}


def test_native_code_is_a_note(tmp_path):
    report = inspect_wheel(hostile.with_member(tmp_path, "chat_poll/_fast.cpython-311-x86_64-linux-gnu.so"))
    assert [(each.code, each.severity) for each in report.findings] == [("native-code", "note")]


def test_permission_without_a_reason_is_a_note(tmp_path):
    report = inspect_wheel(plugin_source("poll", permissions=PERMISSION).build(tmp_path))
    assert [each.code for each in report.findings] == ["permission-reason"]
    report.require_acceptable()


def test_groups_choose_what_is_a_plugin(tmp_path):
    path = plugin_source("poll", group="datasette").build(tmp_path)
    assert inspect_wheel(path).plugin_id is None
    assert inspect_wheel(path, groups=["datasette"]).plugin_id == "poll"


def test_plugin_group_of_another_host_makes_a_library(tmp_path):
    path = plugin_source("poll", group="other.plugins").build(tmp_path)
    assert inspect_wheel(path).plugin_id == "poll"
    assert inspect_wheel(path, groups=["chat.plugins"]).plugin_id is None


@pytest.mark.parametrize(
    ("group", "groups", "expected"),
    [
        ("chat.plugins", None, True),
        ("console_scripts", None, False),
        ("plugins", None, False),
        ("datasette", {"datasette"}, True),
    ],
)
def test_is_plugin_group(group, groups, expected):
    assert is_plugin_group(group, groups) is expected


def test_prerelease_spellings_of_manifest_and_wheel_agree(tmp_path):
    path = plugin_source("poll", "1.2.0rc1", manifest=manifest_text("poll", "1.2.0-pre1")).build(tmp_path)
    assert not inspect_wheel(path).refusals


def test_platform_wheel_with_compressed_tags(tmp_path):
    source = plugin_source("poll", tag="py2.py3-none-any")
    assert not inspect_wheel(source.build(tmp_path)).refusals


@pytest.mark.parametrize("name", ["poll.whl", "poll-1.0.zip", "poll-x-py3-none-any.whl", "a b-1.0-py3-none-any.whl"])
def test_name_that_is_not_a_wheels(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"")
    with pytest.raises(WheelError, match="not the name of a wheel"):
        inspect_wheel(path)


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(WheelError, match="cannot be read"):
        inspect_wheel(tmp_path / "chat_poll-1.0.0-py3-none-any.whl")


def test_refusal_counts_the_others(tmp_path):
    path = hostile.with_record(tmp_path, lambda lines: lines[2:])
    with pytest.raises(WheelError, match="and 1 more"):
        inspect_wheel(path).require_acceptable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Poll", False), ("Опрос", False), ("Umfrage für alle", False), ("Ροll", True), ("a\u202eb", True)],  # noqa: RUF001 (a look-alike on purpose)
)
def test_deceptive_names(text, expected):
    assert is_deceptive(text) is expected
