"""Models described in their annotations: reading, schema and errors come from one place."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import ManifestError
from jackfield.manifest.fields import (
    Anything,
    Described,
    ListOf,
    MapOf,
    Number,
    Table,
    Text,
    Whole,
    file_fields,
    model_schema,
    read_model,
    required_keys,
)
from jackfield.manifest.reading import Reading


@dataclass(frozen=True)
class Wheel:
    inches: Annotated[int, Described("across", Whole(lowest=1, highest=99))]


@dataclass(frozen=True)
class Bicycle:
    name: Annotated[str, Described("what it is called", Text(longest=10))]
    colour: Annotated[str, Described("of the frame", Text(choices=("red", "blue")))] = "red"
    wheels: Annotated[tuple[Wheel, ...], Described("round", ListOf(Table(Wheel), most=2))] = ()
    owners: Annotated[tuple[str, ...], Described("one or more", ListOf(Text(), single=True))] = ()
    weights: Annotated[dict[str, float], Described("kilograms", MapOf(Number(), key_pattern="[a-z]+"))] = field(
        default_factory=dict
    )
    note: Annotated[Any, Described("anything plain", Anything())] = None
    seen: int = 0


def read(value: object, *, strict: bool = True, free: tuple[str, ...] = ()) -> Bicycle:
    reading = Reading("shed.toml", strict=strict)
    bicycle = read_model(Bicycle, value, "", reading, free=free)
    reading.finish()
    return bicycle


def test_a_table_becomes_a_model() -> None:
    assert read(
        {
            "name": "Rosi",
            "colour": "blue",
            "wheels": [{"inches": 28}, {"inches": 26}],
            "owners": "Ada",
            "weights": {"frame": 9.5},
            "note": [1, ["a"]],
        }
    ) == Bicycle("Rosi", "blue", (Wheel(28), Wheel(26)), ("Ada",), {"frame": 9.5}, (1, ("a",)))


def test_only_described_fields_stand_in_the_file() -> None:
    assert list(file_fields(Bicycle)) == ["name", "colour", "wheels", "owners", "weights", "note"]
    assert required_keys(Bicycle) == ["name"]
    with pytest.raises(ManifestError, match="seen: unknown key"):
        read({"name": "Rosi", "seen": 3})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": None}, "name: expected text, found nothing: None"),
        ({"name": "x" * 11}, "name: 11 characters, at most 10 are allowed"),
        ({"colour": "rad"}, "colour: expected one of 'red', 'blue', found text 'rad', did you mean 'red'?"),
        ({"wheels": [{"inches": 28}] * 3}, "wheels: 3 entries, at most 2 are allowed"),
        ({"wheels": [{"inches": 100}]}, "wheels[0].inches: the whole number 100 is above 99"),
        ({"wheels": [{"inch": 1}]}, "wheels[0].inch: unknown key, did you mean 'inches'?"),
        ({"owners": 3}, "owners: expected a list, found the whole number 3"),
        ({"weights": {"Frame": 1}}, "weights.Frame: the key does not fit [a-z]+"),
        ({"weights": {"frame": float("inf")}}, "weights.frame: expected a number, found the number inf"),
        ({"note": {}}, "note: expected text, a number, true, false or a list of these, found a table {}"),
        (
            {"note": [float("nan")]},
            "note[0]: expected text, a number, true, false or a list of these, found the number nan",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_told_with_file_and_key(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read({"name": "Rosi", **changes})
    assert caught.value.message.splitlines()[0] == f"shed.toml: {sentence}"


def test_keys_may_be_set_free() -> None:
    assert read({"name": "Rosi", "x-mine": {"a": 1}}, free=("x-",)) == Bicycle("Rosi")


def test_a_lenient_reading_keeps_unknown_keys_as_warnings() -> None:
    reading = Reading("shed.toml", strict=False)
    read_model(Bicycle, {"name": "Rosi", "color": "red"}, "", reading)
    reading.finish()
    assert reading.warnings == ["color: unknown key, did you mean 'colour'?"]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.one_of(st.text("ab", max_size=12), st.integers()),
            "colour": st.sampled_from(["red", "green"]),
            "wheels": st.lists(st.fixed_dictionaries({"inches": st.integers(-5, 120)}), max_size=3),
            "owners": st.one_of(st.just("Ada"), st.lists(st.one_of(st.just("Ada"), st.booleans()), max_size=2)),
            "weights": st.dictionaries(
                st.sampled_from(["frame", "Frame"]), st.one_of(st.integers(), st.none()), max_size=2
            ),
            "other": st.just(1),
        },
    )
)
def test_the_schema_and_the_reader_agree(table: dict[str, Any]) -> None:
    try:
        read(table)
    except ManifestError:
        taken = False
    else:
        taken = True
    assert jsonschema.Draft202012Validator(model_schema(Bicycle)).is_valid(table) is taken
