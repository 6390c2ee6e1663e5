"""A lock file that a stranger wrote: read in a time that grows with it, and refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from jackfield.errors import UsageError
from jackfield.manifest import File, Pin
from jackfield.store import MOST_LOCK_BYTES, MOST_LOCK_PARTS, LockedSet, LockFile, read_lockfile

from tests.support.work import calls_of

pytestmark = pytest.mark.feature("C45", "U8")

HEAD = 'jackfield-lock = 1\napp = "chat"\n'
FILE = File("chat_one-1.0.0-py3-none-any.whl", "https://x.example/one.whl", "0" * 64, size=7)
PIN = Pin("chat-one", "1.0.0", FILE, id="one", source="https://x.example")
LOCK = LockFile("chat", "1.0.0", (LockedSet("linux-x86_64-cp311", (PIN,)),)).text()


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as told:
        read_lockfile(text.encode(), source="some.lock")
    return str(told.value)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "a" + ".a" * 4000 + " = 1\n",
        HEAD + "[a" + ".a" * 4000 + "]\n",
        HEAD + "targets = [{a" + ".a" * 4000 + " = 1}]\n",
    ],
    ids=["key", "header", "inline"],
)
def test_a_key_of_many_parts_costs_nothing(text: str) -> None:
    assert calls_of(lambda: refusal(text)) < 2000
    assert "some.lock is no lock file, or is damaged" in refusal(text)


@pytest.mark.parametrize(
    "write",
    [
        lambda count: HEAD + "[[targets]]\n" * count,
        lambda count: HEAD + "".join(f"[workers.w{number}]\n" for number in range(count)),
        lambda count: HEAD + "".join(f"{'a.' * 30}a{number} = 1\n" for number in range(count)),
        lambda count: HEAD + "targets = [" + "{a.b = 1}," * count + "]\n",
        lambda count: LOCK.replace("[[targets]]", f"x = [{'1,' * count}]\n[[targets]]", 1),
    ],
    ids=["tables", "headers", "keys", "inline", "numbers"],
)
def test_twice_as_long_a_lock_takes_about_twice_as_much(write: Callable[[int], str]) -> None:
    def read(count: int) -> None:
        try:
            read_lockfile(write(count).encode(), source="some.lock")
        except UsageError:
            return

    once, twice = calls_of(lambda: read(2000)), calls_of(lambda: read(4000))
    assert twice < 2.5 * once


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "targets = " + "[" * 20_000,
        HEAD + "targets = " + "[" * 100 + "]" * 100,
        LOCK.replace("jackfield-lock = 1", "jackfield-lock = inf"),
        LOCK.replace("jackfield-lock = 1", "jackfield-lock = nan"),
        LOCK.replace("jackfield-lock = 1", f"jackfield-lock = {'9' * 5000}"),
        LOCK.replace("jackfield-lock = 1", f"jackfield-lock = 0x{'f' * 5000}"),
        LOCK.replace("jackfield-lock = 1", "jackfield-lock = true"),
        LOCK.replace("size = 7", "size = -7"),
        LOCK.replace("size = 7", "size = true"),
        LOCK.replace("size = 7", "size = 0.5"),
        LOCK.replace("size = 7", f"size = 0x{'f' * 40}"),
        LOCK.replace('"https://x.example/one.whl"', "[]"),
        LOCK.replace('"https://x.example/one.whl"', "7"),
        LOCK.replace('version = "1.0.0"', "version = 1.0"),
        LOCK.replace('name = "chat-one"', "name = 1979-05-27"),
        LOCK.replace('id = "one"', "id = [1]"),
        LOCK.replace("requires = []", "requires = [1]"),
    ],
)
def test_what_no_lock_holds_is_refused_in_one_sentence(text: str) -> None:
    assert text != LOCK
    assert refusal(text).startswith("some.lock is no lock file, or is damaged")


def test_a_lock_that_is_too_large_is_not_read() -> None:
    assert "too large" in refusal(LOCK + "#" * MOST_LOCK_BYTES)


@pytest.mark.parametrize("part", ["\n", "#\n", "x = 1\n", "[a.b]\n", "a.a.a=1\n"], ids=repr)
def test_a_lock_of_too_many_parts_is_refused_before_it_is_taken_apart(part: str) -> None:
    """Megabytes of the smallest parts took a quarter of a minute to read."""
    hostile = LOCK + part * MOST_LOCK_PARTS
    assert len(hostile) <= MOST_LOCK_BYTES
    assert calls_of(lambda: refusal(hostile)) < 500
    said = "some.lock has more than 800,000 lines, values and lists, too many for a lock file"
    assert refusal(hostile).startswith(said)


def test_a_list_of_too_many_values_is_refused_as_well() -> None:
    assert "too many for a lock file" in refusal(LOCK + f"x = [{'1,' * MOST_LOCK_PARTS}]\n")


def test_a_lock_of_more_parts_than_anybody_would_read_is_not_written() -> None:
    pins = tuple(replace(PIN, distribution=f"lib-{number}", id=None, requires=("a",) * 900) for number in range(500))
    lock = LockFile("chat", "1.0.0", (LockedSet("linux-x86_64-cp311", pins),))
    with pytest.raises(UsageError, match="has more than the 800,000 parts that are read of one"):
        lock.text()


def test_a_lock_that_nobody_would_read_is_not_written() -> None:
    sets = [LockedSet(f"target-{number}", (PIN,), signatures={"one": "s" * 100_000}) for number in range(100)]
    with pytest.raises(UsageError, match=r"a lock of 100 platforms with 100 files is larger than the 8 MiB"):
        LockFile("chat", "1.0.0", tuple(sets)).text()


def test_what_was_written_is_read() -> None:
    assert read_lockfile(LOCK.encode(), source="some.lock").text() == LOCK
