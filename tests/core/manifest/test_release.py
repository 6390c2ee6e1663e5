"""Files and pins survive the way through JSON."""

import json
from typing import Any

import pytest
from jackfield.errors import ManifestError
from jackfield.manifest import File, Pin

WHEEL = File(
    "chat_poll-1.0-py3-none-any.whl",
    "https://example.org/files/ab/chat_poll-1.0-py3-none-any.whl",
    "ab" * 32,
    size=1234,
    requires_python=">=3.11",
    yanked="broken",
    metadata_sha256="cd" * 32,
    manifest_sha256="ef" * 32,
    upload_time="2026-01-02T03:04:05Z",
)
GOOD = Pin("a", "1", WHEEL, None, "file").to_mapping()


@pytest.mark.parametrize("file", [WHEEL, File("a-1.tar.gz", "https://example.org/a", "", yanked=True)])
def test_a_file_survives_json(file: File) -> None:
    assert File.from_mapping(json.loads(json.dumps(file.to_mapping()))) == file


def test_only_wheels_are_used() -> None:
    assert WHEEL.is_wheel
    assert not File("a-1.tar.gz", "https://example.org/a", "").is_wheel


@pytest.mark.parametrize("plugin", ["poll", None])
def test_a_pin_survives_json(plugin: str | None) -> None:
    pin = Pin("chat-poll", "1.0", WHEEL, plugin, "https://example.org", ("jackfield-chat-api",))
    assert Pin.from_mapping(json.loads(json.dumps(pin.to_mapping()))) == pin


def test_unknown_keys_of_a_later_version_are_left_out() -> None:
    assert File.from_mapping({**WHEEL.to_mapping(), "provenance": "x"}) == WHEEL


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"distribution": "a"}, "pin.version: missing"),
        ({"distribution": "a", "version": "1", "source": "file", "file": 3}, "pin.file: found the whole number 3"),
        ({"distribution": "a", "version": "1", "source": "file", "file": {}}, "file.filename: missing"),
        ({**GOOD, "id": 3}, "pin.id: found the whole number 3"),
        ({**GOOD, "requires": "a"}, "pin.requires: expected a list of texts, found text 'a'"),
        ({**GOOD, "file": {**WHEEL.to_mapping(), "size": "1"}}, "file.size: found text '1'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damage_names_the_key(mapping: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ManifestError) as caught:
        Pin.from_mapping(mapping)
    assert caught.value.message == sentence
