"""The reference pages and the published JSON schema say what the models say."""

import json
from pathlib import Path
from typing import Any

import pytest
from jackfield.manifest import LIMITS, Action, HostEvent, HostFile, Manifest, SettingContribution, manifest_schema
from jackfield.manifest.contributions import (
    CommandContribution,
    ComponentContribution,
    Contributions,
    MenuContribution,
)
from jackfield.manifest.fields import file_fields, model_schema, required_keys
from jackfield.permissions import Permission

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


NAMES = {"integer": "whole number", "object": "table", "string": "text", "number": "number"}


def form(schema: dict[str, Any]) -> str:
    """Name a kind of value for a table."""
    if "enum" in schema:
        return " \\| ".join(f"`{one}`" for one in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(form(one) for one in schema["anyOf"])
    if schema["type"] == "array":
        return f"list of {form(schema['items'])}s"
    return NAMES.get(schema["type"], "value") if isinstance(schema["type"], str) else "value"


def rows(model: type[Any]) -> list[str]:
    schema = model_schema(model)
    required = required_keys(model)
    return [
        f"| `{key}` | {form(schema['properties'][key])}{', required' if key in required else ''} "
        f"| {described.description} |"
        for key, described in file_fields(model).items()
    ]


def permission_rows() -> list[str]:
    item = manifest_schema()["properties"]["permissions"]["items"]
    return [
        f"| `{key}` | {form(one)}{', required' if key in item['required'] else ''} | {one['description']} |"
        for key, one in item["properties"].items()
    ]


@pytest.mark.parametrize(
    "model",
    [
        Manifest,
        Contributions,
        CommandContribution,
        ComponentContribution,
        MenuContribution,
        SettingContribution,
        HostFile,
        Action,
        HostEvent,
    ],
)
def test_every_key_of_a_manifest_is_on_its_page(model: type[Any]) -> None:
    page = (REFERENCE / "manifest.md").read_text(encoding="utf-8")
    missing = [row for row in rows(model) if row not in page.splitlines()]
    assert not missing, "\n".join(rows(model))


def test_every_key_of_a_permission_is_on_its_page() -> None:
    page = (REFERENCE / "permissions.md").read_text(encoding="utf-8")
    missing = [row for row in permission_rows() if row not in page.splitlines()]
    assert not missing, "\n".join(permission_rows())
    assert {one.split("`")[1] for one in permission_rows()} == set(Permission.__slots__)


@pytest.mark.feature("C26", "C27")
def test_every_limit_is_on_the_page_of_manifests() -> None:
    page = (REFERENCE / "manifest.md").read_text(encoding="utf-8").splitlines()
    rows = [f"| `{one.name}` | {one.shown(one.default)} | {one.description} |" for one in LIMITS]
    assert not [row for row in rows if row not in page], "\n".join(rows)


@pytest.mark.feature("K3", "K4")
def test_the_json_schema_for_editors_is_fresh() -> None:
    fresh = json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n"
    assert (REFERENCE / "plugin-schema.json").read_text(encoding="utf-8") == fresh
