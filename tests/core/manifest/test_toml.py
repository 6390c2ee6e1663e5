"""TOML from strangers: every bound is an error, and soon."""

import time

import pytest
from jackfield.errors import ManifestError
from jackfield.manifest import read_manifest
from jackfield.manifest.toml import DEEPEST_TABLE, LARGEST_FILE, parse_toml

FILL = LARGEST_FILE // 2 - 200


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x-a" + ".a" * FILL + " = 1", "a key of more than 32 parts in line 1"),
        ("[x-a" + ". a" * (FILL // 2) + "]", "a key of more than 32 parts in line 1"),
        ("\n[[x-a" + ".'a'" * 33 + "]]", "a key of more than 32 parts in line 2"),
        ("x-a = {" + r'"\"".' * 33 + "a = 1}", "a key of more than 32 parts in line 1"),
        ("x-a = [1,\n{" + "a." * 33 + "a = 1}]", "a key of more than 32 parts in line 2"),
        ("x-a = {b = 1, " + "a." * 33 + "a = 1}", "a key of more than 32 parts in line 1"),
        ("x-a = " + "[" * 40 + "]" * 40, "tables or lists more than 32 deep"),
        ("x-a = " + "{b=" * 40 + "1" + "}" * 40, "tables or lists more than 32 deep"),
        ("x-a = " + "[" * 20_000, "not TOML"),
        ("schema = 0x" + "f" * 20_000, "a whole number of more than 64 bits"),
        ("x-a = [{b = 0o" + "7" * 40 + "}]", "a whole number of more than 64 bits"),
        ("schema = " + "9" * 20_000, "not TOML"),
        ("a" * (LARGEST_FILE - 1), "not TOML"),
        ('"' * (LARGEST_FILE - 1), "not TOML"),
        ("{," * (FILL - 1), "not TOML"),
    ],
    ids=[
        "key",
        "header",
        "array",
        "escaped",
        "line",
        "inline",
        "lists",
        "tables",
        "open",
        "hex",
        "octal",
        "decimal",
        "word",
        "quotes",
        "braces",
    ],
)
def test_a_file_beyond_a_bound_is_refused_soon(text: str, sentence: str) -> None:
    started = time.monotonic()
    with pytest.raises(ManifestError, match=sentence):
        parse_toml(text, "plugin.toml")
    assert time.monotonic() - started < 5  # seconds; unbounded, the first would take minutes


def test_bounds_are_far_from_what_people_write() -> None:
    deep = "x-a = " + "[" * (DEEPEST_TABLE - 2) + "]" * (DEEPEST_TABLE - 2)
    text = f"""
    schema = 1
    id = "dice"
    description = "{"one. two. " * 50}"
    authors = ["{".".join("abcdefghijklmnopqrstuvwxyz")}.{".".join("abcdefghijklmnopqrstuvwxyz")}"]
    {deep}
    [[permissions]]
    resource = "network"
    actions = ["connect"]
    hosts = [{", ".join(f'"h{index}.example.org:443"' for index in range(60))}]
    """
    assert len(read_manifest(text, source="plugin.toml", strict=True).permissions[0].hosts) == 60
