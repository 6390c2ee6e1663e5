"""The manifest model: what plugin.toml says, back and forth, and its JSON schema."""

import json
import marshal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import ManifestError, SchemaTooNew
from jackfield.manifest import Dependency, Manifest, Requirement, Version
from jackfield.manifest.fields import file_fields
from jackfield.permissions import Permission

from tests.core.manifest.weather import parsed


def problems(mapping: object, *, strict: bool = True) -> list[str]:
    try:
        Manifest.from_mapping(mapping, source="plugin.toml", strict=strict)
    except ManifestError as error:
        return [line.removeprefix("plugin.toml: ") for line in error.message.splitlines()]
    return []


@pytest.mark.feature("C1", "C4", "K6", "K13", "M5", "M8", "M10", "M11", "M12", "M13", "M14", "M15")
def test_every_field_is_read() -> None:
    manifest = Manifest.from_mapping(parsed(), source="plugin.toml", strict=True)
    assert (manifest.schema, manifest.id, manifest.canonical_id, manifest.name) == (1, "weather", "weather", "Weather")
    assert manifest.version == Version.parse("1.4.0-rc.1")
    assert manifest.description == "Forecasts in the room"
    assert manifest.authors == ("A. Author", "B. Author")
    assert manifest.link == "https://example.org/weather"
    assert (manifest.isolation, manifest.activation, manifest.reload, manifest.data_version) == (
        "any",
        "demand",
        "restart",
        2,
    )
    assert manifest.host == {"chat": Requirement.parse(">=1.0 <2.0")}
    assert manifest.requires == (Dependency.parse("geocoder:^1.2"), Dependency.parse("chat-command:[1.0, 2.0)?"))
    assert manifest.permissions == (
        Permission("messages", ("read", "send"), "answers !weather"),
        Permission("network", ("connect",), "fetches forecasts", hosts=("api.example.org:443",)),
    )
    contributes = manifest.contributes
    assert [(one.name, one.usage, one.help) for one in contributes.commands] == [
        ("weather", "weather <place>", "Forecast for a place")
    ]
    assert [(one.name, one.position, one.title) for one in contributes.components] == [("map", "sidebar", "Map")]
    assert [(one.id, one.label, one.position) for one in contributes.menu] == [("refresh", "Fetch again", "main")]
    assert [(one.key, one.type, one.default, one.minimum) for one in contributes.settings] == [
        ("unit", "choice", "celsius", None),
        ("days", "integer", 3, 1),
    ]
    assert (contributes.services, contributes.events, contributes.hooks) == (
        ("forecast",),
        ("storm",),
        ("message_received",),
    )
    assert manifest.extra == {"x-build": {"date": "2026-01-02"}}
    assert manifest.warnings == ()


@pytest.mark.feature("M11", "K6")
def test_what_is_missing_falls_back() -> None:
    manifest = Manifest.from_mapping({"schema": 1, "id": "dice"}, source="plugin.toml", strict=True)
    assert manifest.name == "dice"
    assert manifest.version is None
    assert (manifest.isolation, manifest.activation, manifest.reload, manifest.data_version) == (
        "worker",
        "startup",
        "live",
        1,
    )
    assert (manifest.authors, manifest.requires, manifest.permissions, dict(manifest.host)) == ((), (), (), {})


@pytest.mark.feature("K14")
def test_a_manifest_can_be_made_in_code() -> None:
    made = Manifest.from_mapping({"schema": 1, "id": "dice", "requires": ["geo?"]}, source="dice.py")
    assert made == Manifest(schema=1, id="dice", name="dice", requires=(Dependency.parse("geo?"),))


@pytest.mark.feature("M13")
def test_one_author_needs_no_list() -> None:
    assert Manifest.from_mapping(parsed(authors="Alice"), source="plugin.toml").authors == ("Alice",)


@pytest.mark.feature("C1", "C12", "K8", "K9", "K10", "K11", "K12")
def test_requires_is_also_a_list_of_dependencies() -> None:
    manifest = Manifest.from_mapping(parsed(requires=["geocoder", "a.b?", "c:[1.0, 2.0)?"]), source="plugin.toml")
    assert [str(one) for one in manifest.requires] == ["geocoder", "a.b?", "c:[1.0, 2.0)?"]


def test_plain_values_make_an_equal_manifest() -> None:
    manifest = Manifest.from_mapping(parsed(), source="plugin.toml")
    plain = manifest.to_mapping()
    assert Manifest.from_mapping(plain, source="cache") == manifest
    assert Manifest.from_mapping(json.loads(json.dumps(plain)), source="cache") == manifest
    assert Manifest.from_mapping(marshal.loads(marshal.dumps(plain)), source="cache") == manifest
    assert hash(Manifest.from_mapping(plain, source="cache")) == hash(manifest)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": "My Plugin"}, "id: the plugin id 'My Plugin' has 'M' at column 1"),
        ({"id": 3}, "id: expected text, found the whole number 3"),
        ({"name": ["Weather"]}, "name: expected text, found a list ['Weather']"),
        ({"name": "x" * 201}, "name: 201 characters, at most 200 are allowed"),
        ({"version": 1.4}, "version: expected text, found the number 1.4"),
        ({"version": "1..4"}, "version: '1..4' is no version: a number is missing at column 3"),
        ({"description": True}, "description: expected text, found the boolean True"),
        ({"authors": [1]}, "authors[0]: expected text, found the whole number 1"),
        ({"authors": {"a": 1}}, "authors: expected a list, found a table {'a': 1}"),
        ({"link": "javascript:alert(1)"}, "link: 'javascript:alert(1)' is no web address"),
        (
            {"isolation": "wroker"},
            (
                "isolation: expected one of 'worker', 'inline', 'any', 'external', found text 'wroker', "
                "did you mean 'worker'?"
            ),
        ),
        ({"data_version": True}, "data_version: expected a whole number, found the boolean True"),
        ({"data_version": -1}, "data_version: the whole number -1 is below 0"),
        ({"schema": 10**6}, "schema: the whole number 1000000 is above 1"),
        ({"data_version": 2**60}, "data_version: the whole number 1152921504606846976 is above"),
        ({"schema": "1"}, "schema: expected a whole number, found text '1'"),
        ({"schema": 0}, "schema: the whole number 0 is below 1"),
        ({"host": "chat"}, "host: expected a table, found text 'chat'"),
        ({"host": {"chat": ">= 1"}}, "host.chat: no version follows '>=' at column 1"),
        ({"host": {"No Chat": "1"}}, "host.No Chat: the key does not fit"),
        (
            {"requires": "geocoder"},
            "requires: expected a table of id and requirement, or a list, found text 'geocoder'",
        ),
        ({"requires": {"geocoder": 1}}, "requires.geocoder: expected a requirement as text, found the whole number 1"),
        ({"requires": [1]}, "requires[0]: expected a dependency as text, found the whole number 1"),
        ({"requires": {"Geo": "1"}}, "requires.Geo: the plugin id 'Geo' has 'G' at column 1"),
        ({"requires": {"geo": "[2.0,1.0)"}}, "requires.geo: '[2.0,1.0)' has its bounds swapped"),
        ({"requires": ["a-b", "a_b"]}, "requires[1]: 'a_b' and 'a-b' are one plugin, required twice"),
        ({"requires": ["__weather"]}, "requires: weather requires itself"),
        ({"permissions": {}}, "permissions: expected a list of tables, found a table {}"),
        ({"permissions": [1]}, "permissions[0]: expected a table"),
        ({"permissions": [{"actions": ["a"]}]}, "permissions[0].resource: missing"),
        ({"permissions": [{"resource": "a", "actions": []}]}, "permissions[0].actions: expected at least one action"),
        (
            {"permissions": [{"resource": "a", "actions": ["b"], "host": []}]},
            "permissions[0].host: unknown key, did you mean 'hosts'?",
        ),
        ({"contributes": {"command": []}}, "contributes.command: unknown key, did you mean 'commands'?"),
        ({"contributes": []}, "contributes: expected a table, found a list []"),
        ({"contributes": {"commands": ["weather"]}}, "contributes.commands[0]: expected a table, found text 'weather'"),
        ({"contributes": {"commands": [{"help": "x"}]}}, "contributes.commands[0].name: missing"),
        ({"contributes": {"commands": [{"name": "a"}, {"name": "a"}]}}, "contributes.commands: 'a' stands there twice"),
        ({"contributes": {"commands": [{"name": "a  b"}]}}, "contributes.commands[0].name: text 'a  b' does not fit"),
        ({"contributes": {"settings": [{"key": "a", "type": "choice"}]}}, "contributes.settings[0].choices: missing"),
        (
            {"contributes": {"settings": [{"key": "a", "default": 1}]}},
            "contributes.settings[0].default: expected text, found 1",
        ),
        (
            {"contributes": {"settings": [{"key": "a", "default": {}}]}},
            "contributes.settings[0].default: expected text, a number",
        ),
        (
            {"contributes": {"settings": [{"key": "a", "minimum": "1"}]}},
            "contributes.settings[0].minimum: expected a number, found text '1'",
        ),
        (
            {"contributes": {"settings": [{"key": "a", "minimum": float("nan")}]}},
            "contributes.settings[0].minimum: expected a number",
        ),
        ({"autors": ["A"]}, "autors: unknown key, did you mean 'authors'?"),
        ({"frobnicate": 1}, "frobnicate: unknown key"),
        ({"\x1b[2Jname": 1}, r"'\x1b[2Jname': unknown key"),
        ({"host": {"\x1b": "*"}}, r"host.'\x1b': the key does not fit"),
        (
            {"permissions": [{"resource": "files", "actions": ["read"], "paths": ["/tmp/\x1b[1A"]}]},
            "permissions[0].paths[0]: the hidden character U+001B",
        ),
        (
            {
                "permissions": [
                    {"resource": "a", "actions": ["b"]},
                    {"resource": "network", "actions": ["connect", "listen"], "hosts": ["a.org:443"] * 250},
                ]
            },
            "permissions: 501 actions on hosts, paths or names are asked, at most 500 are allowed",
        ),
        ({"name": "Weather\x1b[1A"}, "name: the hidden character U+001B in text"),
        ({"name": "two\nlines"}, "name: the hidden character U+000A"),
        ({"description": "over\u202eturned"}, "description: the hidden character U+202E"),
        (
            {"permissions": [{"resource": "a", "actions": ["b"], "reason": "\r"}]},
            "permissions[0].reason: the hidden character U+000D",
        ),
        (
            {"contributes": {"settings": [{"key": "a", "type": "integer", "minimum": 3, "maximum": 2}]}},
            "contributes.settings[0].minimum: 3 is above the maximum, 2",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_names_the_key_what_was_expected_and_what_was_found(changes: dict[str, Any], sentence: str) -> None:
    (found,) = problems(parsed(**changes))
    assert found.startswith(sentence)


def test_no_key_of_a_table_reaches_the_terminal_as_it_is() -> None:
    assert [found for found in problems(parsed(host={"\x1b[2J": 5})) if "\x1b" in found] == []


def test_a_description_may_have_lines_and_every_script_is_welcome() -> None:
    description = "Erste Zeile\n\tzweite 👩\u200d👩\u200d👧 עברית"
    manifest = Manifest.from_mapping(
        parsed(description=description, name="天气 👩\u200d🚀"), source="plugin.toml", strict=True
    )
    assert (manifest.description, manifest.name) == (description, "天气 👩\u200d🚀")


def test_all_mistakes_are_told_together_each_with_the_file() -> None:
    with pytest.raises(ManifestError) as caught:
        Manifest.from_mapping({"id": "X", "name": 1, "autors": []}, source="chat_x/plugin.toml", strict=True)
    lines = caught.value.message.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("chat_x/plugin.toml: ") for line in lines)
    assert [line.split(": ")[1] for line in lines] == ["autors", "schema", "id", "name"]


def test_unknown_keys_are_warnings_once_installed() -> None:
    manifest = Manifest.from_mapping(
        parsed(autors=1, permissions=[{"resource": "a", "actions": ["b"], "color": "red"}]), source="plugin.toml"
    )
    assert manifest.warnings == (
        "autors: unknown key, did you mean 'authors'?",
        "permissions[0].color: unknown key",
    )


@pytest.mark.parametrize("mapping", [None, [], "schema = 1", 3])
def test_a_file_that_is_no_table_is_refused(mapping: object) -> None:
    assert len(problems(mapping)) == 1


def test_a_newer_schema_says_which_jackfield_it_needs_before_anything_else() -> None:
    with pytest.raises(SchemaTooNew, match=r"plugin\.toml: needs jackfield ≥ 2\.0") as caught:
        Manifest.from_mapping({"schema": 2, "id": "weather", "name": {"new": "form"}}, source="plugin.toml")
    assert caught.value.plugin == "weather"


plain_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*file_fields(Manifest), "x-a", "other"]), plain_values))
def test_no_plain_value_crashes_the_reader(changes: dict[str, Any]) -> None:
    mapping = {"schema": 1, "id": "weather", **changes}
    if not problems(mapping, strict=False):
        manifest = Manifest.from_mapping(mapping, source="plugin.toml")
        assert Manifest.from_mapping(manifest.to_mapping(), source="cache") == manifest
