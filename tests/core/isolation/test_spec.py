"""What a worker is started with: bounds, and the way to the zygote as data."""

from dataclasses import FrozenInstanceError
from typing import Any

import msgspec
import pytest
from jackfield.errors import SandboxError
from jackfield.isolation import WorkerLimits, WorkerSpec
from jackfield.isolation.spec import MOST_MANIFEST_BYTES, MOST_PATHS
from jackfield.sandbox import Grade


def spec(**changes: Any) -> WorkerSpec:
    fields: dict[str, Any] = {
        "plugin": "weather",
        "project": "chat",
        "entry_point": "chat_weather:Weather",
        "paths": ("/store/weather",),
        "manifest": 'id = "weather"',
        "data_dir": "/data/weather",
        "config_dir": "/config/weather",
        "temporary": "/tmp/weather",
    }
    return WorkerSpec(**fields | changes)


def test_a_spec_crosses_as_msgpack_and_comes_back_equal():
    limits = WorkerLimits(memory_bytes=1 << 20)
    one = spec(named={"pluggy": "/site/pluggy"}, grade=Grade.BASE, limits=limits, read=("/a",))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=WorkerSpec) == one


def test_a_spec_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        spec().plugin = "other"  # type: ignore[misc]  # that is what is refused


@pytest.mark.parametrize("field", ["paths", "metadata", "read", "write"])
def test_a_relative_path_is_refused_by_name(field):
    with pytest.raises(SandboxError, match="the path 'data', which is not absolute") as raised:
        spec(**{field: ("data",)})
    assert raised.value.plugin == "weather"


@pytest.mark.parametrize("field", ["data_dir", "config_dir", "temporary"])
def test_its_own_folders_are_absolute_too(field):
    with pytest.raises(SandboxError, match="not absolute"):
        spec(**{field: "data"})


def test_a_named_place_is_absolute():
    with pytest.raises(SandboxError, match="not absolute"):
        spec(named={"pluggy": "pluggy"})


def test_paths_without_end_and_a_manifest_without_end_are_refused():
    with pytest.raises(SandboxError, match=f"at most {MOST_PATHS}"):
        spec(paths=("/a",) * (MOST_PATHS + 1))
    with pytest.raises(SandboxError, match=f"more than {MOST_MANIFEST_BYTES} bytes"):
        spec(manifest="#" * (MOST_MANIFEST_BYTES + 1))
