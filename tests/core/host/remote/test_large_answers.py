"""Files of the largest size, read by a plugin in another process at once: what its host has in memory of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from jackfield.host.remote.facets import holding
from jackfield.isolation import Line
from jackfield.runtime import MOST_READ_BYTES

from tests.scenarios.attacks.hostile_host import begin_peak_anew, peak_bytes, resident_bytes
from tests.support.refusals import refused

pytestmark = pytest.mark.slow

AT_ONCE = 6
MOST_GROWN_BYTES = 224 << 20
"""One that is read (64 MiB) and packed (64 MiB), with the frames of one that is fetched; four took 450 before."""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    file = tmp_path / "large"
    with file.open("wb") as opened:
        opened.truncate(MOST_READ_BYTES)
    return file


async def fetched(line: Line, answer: dict[str, Any]) -> int:
    """Fetch an answer as a plugin does, and let go of it; return its size."""
    size = 0
    while size < answer["size"]:
        size += len(await line.call("parcel.fetch", {"parcel": answer["parcel"], "offset": size}))
    await line.call("parcel.drop", {"parcel": answer["parcel"]})
    return size


async def test_whoever_reads_many_at_once_has_all_and_its_host_few_of_them_in_memory(hostile, large):
    _, line = hostile

    async def read() -> int:
        answer = await line.call("files.read_bytes", {"path": str(large)}, timeout_seconds=60)
        return await fetched(line, answer)

    async def read_opened() -> int:
        opening = await line.call("files.open", {"path": str(large)})
        answer = await line.call("file.read", {"file": opening["file"]}, timeout_seconds=60)
        return await fetched(line, answer)

    before = resident_bytes()
    begin_peak_anew()
    sizes = await asyncio.gather(*(read() for _ in range(AT_ONCE)), read_opened(), read_opened())
    assert all(size > MOST_READ_BYTES for size in sizes)
    assert peak_bytes() - before < MOST_GROWN_BYTES


async def test_whoever_fetches_nothing_is_told_so(hostile, large, monkeypatch):
    _, line = hostile
    monkeypatch.setattr(holding, "FETCH_SECONDS", 0.2)
    kept = await line.call("files.read_bytes", {"path": str(large)})
    before = resident_bytes()
    begin_peak_anew()
    told = "probe lets more than 80 MiB wait between it and its host"
    await asyncio.gather(
        *(refused(line, "files.read_bytes", {"path": str(large)}, told) for _ in range(AT_ONCE)),
    )
    assert peak_bytes() - before < MOST_GROWN_BYTES
    assert await fetched(line, kept) > MOST_READ_BYTES
    answer = await line.call("files.read_bytes", {"path": str(large)})
    assert await fetched(line, answer) > MOST_READ_BYTES


async def test_a_file_that_is_too_large_is_refused_before_it_is_read(hostile, large):
    _, line = hostile
    with large.open("ab") as file:
        file.truncate(1 << 36)
    before = resident_bytes()
    begin_peak_anew()
    for _ in range(4):
        await refused(line, "files.read_bytes", {"path": str(large)}, "is larger than 67108864 bytes")
    assert peak_bytes() - before < 8 << 20
