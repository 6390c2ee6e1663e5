"""Which limits are in force: the user's word, else the lower one of manifest and default."""

from dataclasses import asdict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.isolation.limits import ADDRESS_SPACE_ABOVE_BYTES, WorkerLimits, limits_in_force
from jackfield.manifest import LIMIT, LIMITS

MEBIBYTE = 1 << 20
WISHES = st.dictionaries(st.sampled_from(list(LIMIT)), st.integers(1, 10_000))


@pytest.mark.feature("C26", "C27")
def test_without_a_wish_the_defaults_of_the_issue_hold() -> None:
    limits = limits_in_force({}, {})
    assert (limits.call_seconds, limits.memory_bytes, limits.data_bytes) == (5.0, 50 * MEBIBYTE, 100 * MEBIBYTE)
    assert limits.address_space_bytes == limits.memory_bytes + ADDRESS_SPACE_ABOVE_BYTES
    assert limits == WorkerLimits()


def test_a_manifest_lowers_and_its_user_does_both() -> None:
    manifest = {"memory": 20 * MEBIBYTE, "call": 2.0}
    assert limits_in_force(manifest, {}).memory_bytes == 20 * MEBIBYTE
    assert limits_in_force(manifest, {"memory": 80 * MEBIBYTE}).memory_bytes == 80 * MEBIBYTE
    assert limits_in_force(manifest, {"call": 0.5}).call_seconds == 0.5
    assert limits_in_force({"memory": 800 * MEBIBYTE}, {}).memory_bytes == 50 * MEBIBYTE


@given(WISHES, WISHES)
def test_a_manifest_never_raises_and_a_user_always_wins(manifest: dict[str, int], user: dict[str, int]) -> None:
    values = asdict(limits_in_force(manifest, user))
    for limit in LIMITS:
        value = values[limit.field]
        assert type(value) is type(limit.default)
        assert value == user.get(limit.name, min(limit.default, manifest.get(limit.name, limit.default)))


def test_limits_cross_to_another_process() -> None:
    limits = limits_in_force({"call": 2.0}, {"threads": 3})
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(limits), type=WorkerLimits) == limits
