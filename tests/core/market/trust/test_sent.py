"""The upstream that a marketplace named first stays the first, whoever meets it at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from jackfield.locks import Lock
from jackfield.market.trust import keep_upstream
from jackfield.market.trust.lock import Alone
from jackfield.market.trust.sent import UPSTREAM

ONE, OTHER = "https://one.example/simple", "https://other.example/simple"
MEETS = """
import asyncio, sys
from pathlib import Path
from jackfield.market.trust import keep_upstream
print("ready", flush=True)
sys.stdin.readline()
print(asyncio.run(keep_upstream(Path(sys.argv[1]), sys.argv[2])), flush=True)
"""


@pytest.mark.feature("K39")
async def test_the_first_upstream_stays(tmp_path):
    assert await keep_upstream(tmp_path, ONE) == ONE
    assert await keep_upstream(tmp_path, OTHER) == ONE


@pytest.mark.feature("K39")
async def test_who_was_told_of_another_upstream_while_the_first_is_kept_learns_of_the_first(tmp_path):
    async with Alone(tmp_path):
        late = asyncio.create_task(keep_upstream(tmp_path, OTHER))
        await asyncio.sleep(0)  # it has looked, and found none
        (tmp_path / UPSTREAM).write_text(ONE)
    assert await late == ONE
    assert (tmp_path / UPSTREAM).read_text() == ONE


async def test_who_gives_up_waiting_for_another_reader_ends_at_once_and_keeps_nobody_out(tmp_path):
    """As by Ctrl+C, or where an application stops: a thread that went on waiting would hold what nobody lets go of."""
    async with Alone(tmp_path):
        late = asyncio.create_task(keep_upstream(tmp_path, OTHER))
        await asyncio.sleep(0.2)
        late.cancel()
        assert await asyncio.wait([late], timeout=10) == ({late}, set())
    await asyncio.sleep(0.3)
    lock = Lock(tmp_path / "lock")
    lock.take(0)
    lock.release()


async def test_a_damaged_note_of_the_upstream_is_no_upstream_that_is_named(tmp_path):
    (tmp_path / UPSTREAM).write_bytes(b"\xff\xfe")
    assert await keep_upstream(tmp_path, ONE) != ONE


@pytest.mark.slow
@pytest.mark.feature("K39")
def test_of_programs_that_are_told_of_different_upstreams_at_once_all_believe_in_one(tmp_path):
    told = [f"https://n{number}.example/simple" for number in range(4)]
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", MEETS, str(tmp_path), url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for url in told
    ]
    try:
        for program in programs:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("go\n")
            program.stdin.flush()
        believed = {program.communicate(timeout=60)[0].strip() for program in programs}
    finally:
        for program in programs:
            program.kill()
            program.wait()
    assert len(believed) == 1
    assert believed <= set(told)
