"""Which wheels are for another machine, and what that machine is called."""

from __future__ import annotations

import pytest
from jackfield.errors import UsageError
from jackfield.resolution import Target
from packaging.utils import parse_wheel_filename

NAMES = [
    "linux-x86_64-cp313",
    "linux-aarch64-cp312",
    "musllinux-x86_64-cp313",
    "musllinux-aarch64-cp311",
    "macos-arm64-cp312",
    "macos-x86_64-cp311",
    "windows-amd64-cp313",
]


@pytest.mark.feature("U8")
@pytest.mark.parametrize("name", NAMES)
def test_a_target_is_called_as_it_was_asked_for(name):
    assert Target.current().named(name).name == name
    assert Target.current().named(NAMES[0]).named(name).name == name


def takes(name: str, tag: str) -> bool:
    *_, tags = parse_wheel_filename(f"lib-1.0-{tag}.whl")
    return not tags.isdisjoint(Target.current().named(name).tags)


@pytest.mark.parametrize(
    "system",
    [
        "manylinux_2_28_x86_64",
        "manylinux_2_24_x86_64",
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "manylinux_2_12_x86_64.manylinux2010_x86_64",
        "manylinux2010_x86_64",
        "manylinux1_x86_64",
        "linux_x86_64",
    ],
)
def test_what_was_built_for_an_older_glibc_runs_with_a_newer_one(system):
    assert takes("linux-x86_64-cp313", f"cp313-cp313-{system}")
    assert takes("linux-x86_64-cp313", f"cp39-abi3-{system}")
    assert not takes("linux-aarch64-cp313", f"cp313-cp313-{system}")


def test_one_c_library_is_not_the_other():
    assert not takes("musllinux-x86_64-cp313", "cp313-cp313-manylinux_2_17_x86_64")
    assert takes("musllinux-x86_64-cp313", "cp313-cp313-musllinux_1_0_x86_64")
    assert not takes("linux-x86_64-cp313", "cp313-cp313-musllinux_1_1_x86_64")
    assert not takes("linux-x86_64-cp313", "cp313-cp313-manylinux_2_39_x86_64")  # too new
    assert takes("musllinux-x86_64-cp313", "py3-none-any")


@pytest.mark.parametrize("name", ["vms-vax-cp312", "linux-x86_64", "linux-x86_64-pp310", "musllinux-arm64-cp312", ""])
def test_what_is_no_target(name):
    with pytest.raises(UsageError, match="is no target"):
        Target.current().named(name)
