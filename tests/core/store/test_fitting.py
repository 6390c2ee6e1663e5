"""What was installed for another Python is told by name, and never what fits: the exact rules are packaging's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.manifest import File, Pin
from jackfield.store import Generation, misfits, unfit
from packaging.specifiers import SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

pytestmark = [
    pytest.mark.feature("C45", "K36"),
    pytest.mark.skipif(sys.implementation.name != "cpython", reason="the tags are those of CPython"),
]

PLATFORMS = ["manylinux_2_17_x86_64", "linux_x86_64"]
VERSIONS = [(3, 11, 7), (3, 12, 0), (3, 13, 1)]
TAGS = st.sampled_from(
    [
        "py3-none-any",
        "py2.py3-none-any",
        "py312-none-any",
        "cp311-cp311-linux_x86_64",
        "cp313-cp313-manylinux_2_17_x86_64",
        "cp38-abi3-manylinux_2_17_x86_64",
        "cp312-abi3-linux_x86_64",
        "cp312-none-any",
        "py3-none-manylinux_2_17_x86_64",
        "cp313-cp313-win_amd64",
        "cp312-cp312-macosx_11_0_arm64",
        "cp312.cp313-none-linux_x86_64",
        "pp310-pypy310_pp73-linux_x86_64",
    ]
)
NUMBERS = st.sampled_from(["3", "3.11", "3.12", "3.13", "3.11.7", "3.12.*", "3.13.*", "4"])
SPECIFIERS = st.lists(
    st.tuples(st.sampled_from([">=", "<=", "<", ">", "==", "!=", "~="]), NUMBERS).map("".join).filter(
        lambda one: not (one.endswith("*") and one[:2] not in ("==", "!=")) and not (one[:2] == "~=" and "." not in one)
    ),
    max_size=3,
).map(",".join)  # fmt: skip


def fits(tag: str, requires_python: str, version: tuple[int, int, int]) -> bool:
    """As the resolver has it."""
    _name, _version, _build, tags = parse_wheel_filename(f"lib-1.0-{tag}.whl")
    known = {*cpython_tags(version[:2], platforms=PLATFORMS)}
    known |= {*compatible_tags(version[:2], interpreter=f"cp{version[0]}{version[1]}", platforms=PLATFORMS)}
    return bool(tags & known) and SpecifierSet(requires_python).contains(".".join(map(str, version)))


@given(TAGS, SPECIFIERS, st.sampled_from(VERSIONS))
def test_nothing_that_fits_is_ever_told(tag, requires_python, version):
    if fits(tag, requires_python, version):
        assert unfit(f"lib-1.0-{tag}.whl", requires_python, version, "linux") is None


@pytest.mark.parametrize(
    ("tag", "requires_python", "sentence"),
    [
        ("cp311-cp311-linux_x86_64", "", "is built for cp311, not for Python 3.13"),
        ("cp311-cp311-manylinux_2_17_x86_64", ">=3.11", "is built for cp311, not for Python 3.13"),
        ("cp314-abi3-linux_x86_64", "", "is built for cp314, not for Python 3.13"),
        ("cp313-cp313-win_amd64", "", "is built for win_amd64, not for this system"),
        ("py3-none-any", ">=3.8,<3.13", "needs Python >=3.8,<3.13, this is 3.13.1"),
        ("py3-none-any", "==3.12.*", "needs Python ==3.12.*, this is 3.13.1"),
        ("py3-none-any", ">=3.14", "needs Python >=3.14, this is 3.13.1"),
    ],
)
def test_what_was_made_for_another_python_is_told(tag, requires_python, sentence):
    assert not fits(tag, requires_python, (3, 13, 1))
    assert unfit(f"lib-1.0-{tag}.whl", requires_python, (3, 13, 1), "linux") == sentence


def pin(name: str, tag: str = "py3-none-any", plugin: str | None = None, requires: tuple[str, ...] = ()) -> Pin:
    return Pin(name, "1.0", File(f"{name}-1.0-{tag}.whl", "", name), plugin, "file", requires)


def test_a_library_counts_for_the_plugins_that_reach_it_and_for_no_other():
    bad = "cp39-cp39-linux_x86_64"
    inline = (
        pin("chat-a", plugin="a", requires=("middle",)),
        pin("chat-b", plugin="b", requires=("fine",)),
        pin("chat-c", plugin="c", requires=("chat-a",)),
        pin("fine"),
        pin("middle", requires=("deep", "middle")),
        pin("deep", bad),
    )
    workers = {"w": (pin("chat-w", plugin="w"), pin("deep", bad)), "x": (pin("chat-x", plugin="x"), pin("fine"))}
    generation = Generation(1, inline=inline, workers=workers, folder=Path())
    assert sorted(misfits(generation)) == ["a", "w"]
    assert misfits(generation)["a"].startswith(f"deep-1.0-{bad}.whl is built for cp39, not for Python 3.")
