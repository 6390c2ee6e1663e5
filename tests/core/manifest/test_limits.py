"""`[limits]`: written for people, only ever lower than the default, and what is wrong with a limit."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import GrammarError, ManifestError
from jackfield.manifest import LIMIT, LIMITS, Limit, Manifest, Measure, read_manifest

HEAD = 'schema = 1\nid = "weather"\n[limits]\n'


def read(lines: str, *, strict: bool = True) -> Manifest:
    return read_manifest(HEAD + lines, source="plugin.toml", strict=strict)


@pytest.mark.feature("C26", "C27")
@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("memory", "30MiB", 30 << 20), ("memory", "1.5 MiB", 3 << 19), ("memory", "20MB", 20_000_000),
        ("memory", 2 << 20, 2 << 20), ("memory", "40960 kib", 40 << 20), ("call", "2s", 2.0), ("call", "500ms", 0.5),
        ("call", 2, 2.0), ("call", 0.25, 0.25), ("cpu", "25%", 0.25), ("cpu", 0.125, 0.125), ("threads", 4, 4),
        ("threads", "8", 8), ("data", 0, 0),
    ],
)  # fmt: skip
def test_limits_are_written_for_people(name: str, written: object, value: float) -> None:
    shown = f'"{written}"' if isinstance(written, str) else written
    assert read(f"{name} = {shown}").limits == {name: value}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('memory = "a lot"', "limits.memory: expected a size such as '80MiB', found text 'a lot'"),
        ('memory = "5 s"', "limits.memory: expected a size such as '80MiB', found text '5 s'"),
        ("memory = -1", "limits.memory: expected a size such as '80MiB', found number -1"),
        ("memory = 4096", "limits.memory: 4 KiB is below 1 MiB"),
        ("call = true", "limits.call: expected a time such as '2s' or '500ms', found boolean True"),
        ("call = nan", "limits.call: expected a time"),
        ("call = inf", "limits.call: expected a time"),
        ("threads = 2.5", "limits.threads: expected a whole number, found number 2.5"),
        ("threads = 1", "limits.threads: 1 is below 2"),
        ("memroy = 5", "limits.memroy: unknown key, did you mean 'memory'?"),
        ('memory = "80MiB"', "limits.memory: 80 MiB is more than the 50 MiB that every plugin has"),
        ('call = "1min"', "limits.call: 60 s is more than the 5 s that every plugin has"),
    ],
)
def test_what_is_wrong_with_a_limit_is_told(lines: str, sentence: str) -> None:
    with pytest.raises(ManifestError) as told:
        read(lines)
    assert sentence.split(", found")[0] in str(told.value)


def test_a_manifest_that_raises_a_limit_is_installed_without_it() -> None:
    manifest = read('memory = "80MiB"\ncall = "1s"', strict=False)
    assert manifest.limits == {"call": 1.0}
    assert any("only the user raises a limit" in one for one in manifest.warnings)


def test_a_manifest_with_limits_survives_as_plain_values() -> None:
    manifest = read('memory = "30MiB"\ncpu = "25%"\ncall = "1500ms"')
    assert Manifest.from_mapping(manifest.to_mapping(), source="again", strict=True) == manifest


@given(st.sampled_from(LIMITS), st.data())
def test_what_is_shown_of_a_limit_is_read_as_about_the_same(limit: Limit, data: st.DataObject) -> None:
    whole = limit.measure in {Measure.SIZE, Measure.COUNT}
    numbers: Any = st.integers if whole else st.floats
    value = data.draw(numbers(limit.lowest, limit.highest))
    assert limit.read(value) == pytest.approx(value, abs=1e-6)
    shown = limit.shown(value)
    with contextlib.suppress(GrammarError):  # rounded over a bound
        assert limit.read(shown) == pytest.approx(value, rel=0.01, abs=0.01)


def test_defaults_lie_within_the_bounds() -> None:
    assert list(LIMIT) == [one.name for one in LIMITS]
    for limit in LIMITS:
        assert limit.read(limit.shown(limit.default)) == limit.default
