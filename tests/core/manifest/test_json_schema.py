"""The JSON schema of plugin.toml takes and refuses what the reader does."""

import json
from typing import Any

import jsonschema
import pytest
from jackfield.errors import ManifestError
from jackfield.manifest import Manifest, manifest_schema

from tests.core.manifest.weather import parsed


@pytest.mark.feature("K3", "K4")
def test_the_json_schema_takes_what_the_reader_takes() -> None:
    schema = manifest_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    plain = json.loads(json.dumps(Manifest.from_mapping(parsed(), source="plugin.toml").to_mapping()))
    jsonschema.validate(plain, schema)
    jsonschema.validate({"schema": 1, "id": "dice", "requires": {"geo": "^1?"}, "authors": "Alice"}, schema)
    jsonschema.validate({"schema": 1, "id": "dice", "requires": ["geo", "b:[1.0, 2.0)?"], "x-a": 1}, schema)


@pytest.mark.feature("K3", "K4")
@pytest.mark.parametrize(
    "changes",
    [
        {"id": "My Plugin"}, {"name": 3}, {"version": "1..2"}, {"isolation": "wroker"}, {"autors": []}, {"schema": 2},
        {"data_version": -1},
        {"limits": {"memory": 1 << 40}}, {"limits": {"memroy": "1MiB"}}, {"limits": {"call": "soon"}},
        {"permissions": [{"resource": "a"}]}, {"contributes": {"commands": [{"name": "a  b"}]}},
        {"permissions": [{"resource": "network", "actions": ["connect"], "hosts": ["https://example.org"]}]},
    ],
    ids=str,
)  # fmt: skip
def test_the_json_schema_refuses_what_the_reader_refuses(changes: dict[str, Any]) -> None:
    mapping = {"schema": 1, "id": "dice", **changes}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(mapping, manifest_schema())
    with pytest.raises(ManifestError):
        Manifest.from_mapping(mapping, source="plugin.toml", strict=True)


def test_the_json_schema_describes_every_key() -> None:
    for key, one in manifest_schema()["properties"].items():
        assert one["description"], key
