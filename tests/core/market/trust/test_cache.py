"""Whatever lies in the place of kept metadata: nobody waits for it, and what can be fetched again is."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jackfield.errors import TrustError
from jackfield.manifest import page_path, role_of
from jackfield.market import Marketplace, carried, folder_of, forget, remembered, remembered_word
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # its documented place
from tuf.api.metadata import Metadata, Root  # type: ignore[attr-defined]  # its documented place

from tests.support.mirror import Answer, Mirror, mirror_of

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33")]

BIN = f"{role_of(page_path('chat-cached'))}.json"
FILES = ["timestamp.json", "snapshot.json", "targets.json", BIN, "root_history/2.root.json"]


@pytest.fixture(scope="module", autouse=True)
def published(market) -> None:
    market.publish("cached")


@pytest.fixture
def mirror(market) -> Iterator[Mirror]:
    with mirror_of(market.url) as running:
        yield running


@pytest.fixture
async def metadata(mirror, tmp_path) -> Path:
    """The folder of a marketplace that was met."""
    await look(mirror, tmp_path)
    return folder_of(tmp_path, mirror.url) / "metadata"


async def look(mirror: Mirror, trust: Path) -> None:
    async with Marketplace(mirror.url, trust=trust) as client:
        assert len(await client.project("chat-cached")) == 1


def pipe(path: Path) -> None:
    os.mkfifo(path)


def full_folder(path: Path) -> None:
    path.mkdir()
    (path / "something").write_text("else")


def endless(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: no room on the disk, and more than any memory


def lost(path: Path) -> None:
    path.symlink_to(path.name)


STRANGE = [
    pytest.param(pipe, marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")),
    full_folder,
    endless,
    lost,
]


def put(metadata: Path, name: str, strange: Callable[[Path], None]) -> None:
    (metadata / name).unlink(missing_ok=True)
    strange(metadata / name)


@pytest.mark.parametrize("strange", STRANGE)
async def test_it_is_taken_away_and_fetched_again(mirror, metadata, tmp_path, strange):
    for name in FILES:
        put(metadata, name, strange)
    await look(mirror, tmp_path)
    asked = len(mirror.asked)
    await look(mirror, tmp_path)
    assert not [path for path in mirror.asked[asked:] if path.endswith(("snapshot.json", BIN))]  # it was kept


@pytest.mark.parametrize("strange", STRANGE)
async def test_whoever_only_looks_waits_for_nothing_either(mirror, metadata, tmp_path, strange):
    for name in (*FILES, "root.json"):
        put(metadata, name, strange)
    assert [(one.url, one.root_version, one.signed_until) for one in remembered(tmp_path)] == [(mirror.url, 0, None)]
    assert carried(tmp_path, mirror.url, [page_path("chat-cached")]) is None
    assert remembered_word(tmp_path, mirror.url, "chat-cached") is None


@pytest.mark.parametrize("strange", STRANGE)
async def test_the_link_to_the_newest_root_is_made_again(mirror, metadata, tmp_path, strange):
    put(metadata, "root.json", strange)
    (metadata / "timestamp.json").unlink()
    await look(mirror, tmp_path)
    assert (metadata / "root.json").read_bytes() == mirror.honest("/tuf/1.root.json").body


async def test_a_process_that_ended_while_the_link_was_exchanged_is_no_trouble(mirror, metadata, tmp_path):
    (metadata / "root.json").unlink()
    await look(mirror, tmp_path)
    assert (metadata / "root.json").is_symlink()


@pytest.mark.parametrize("strange", STRANGE)
async def test_a_root_that_is_lost_is_never_fetched_in_silence(mirror, metadata, tmp_path, strange):
    put(metadata, "root.json", strange)
    put(metadata, "root_history/1.root.json", strange)
    asked = len(mirror.asked)
    with pytest.raises(TrustError) as caught:
        await look(mirror, tmp_path)
    assert caught.value.message.startswith(f"the root by which {mirror.url} is known is damaged: {metadata}")
    assert f"jackfield trust forget {mirror.url}" in str(caught.value)
    assert not [path for path in mirror.asked[asked:] if path.endswith("root.json")]


@pytest.mark.parametrize("news", [True, False], ids=["something new", "nothing new"])
async def test_a_root_that_is_not_the_pinned_one_is_told_with_the_way_out(mirror, metadata, tmp_path, news):
    """Signed well by its own keys: a disk that lost half of a first contact may leave a stranger's."""
    stranger = root_of(CryptoSigner.generate_ed25519(), 1)
    (metadata / "root_history" / "1.root.json").write_bytes(stranger)
    if news:
        (metadata / "timestamp.json").unlink()
    with pytest.raises(TrustError) as caught:
        await look(mirror, tmp_path)
    assert "is damaged" in caught.value.message
    assert "it is not the one that was pinned" in caught.value.message
    assert f"jackfield trust forget {mirror.url}" in str(caught.value)
    assert forget(tmp_path, mirror.url)
    await look(mirror, tmp_path)


async def test_a_damaged_root_before_the_newest_is_no_trouble(mirror, metadata, tmp_path):
    (metadata / "root_history" / "0.root.json").write_text("damaged")
    (metadata / "timestamp.json").unlink()
    await look(mirror, tmp_path)


@pytest.mark.parametrize("name", ["1a.root.json", "0x2.root.json", "\u0661.root.json", f"{'9' * 200}.root.json"])
async def test_a_file_of_another_name_is_no_root(mirror, metadata, tmp_path, name):
    (metadata / "root.json").unlink()  # as a process leaves it that ends while python-tuf exchanges the link
    (metadata / "root_history" / name).write_text("{}")
    await look(mirror, tmp_path)
    assert (metadata / "root.json").read_bytes() == mirror.honest("/tuf/1.root.json").body


async def test_metadata_that_is_nested_deeper_than_can_be_read_is_fetched_again(mirror, metadata, tmp_path):
    deep = "[" * 100_000
    for name in ("timestamp.json", "snapshot.json", "targets.json", BIN):
        (metadata / name).write_text(deep)
    assert remembered_word(tmp_path, mirror.url, "chat-cached") is None
    assert [one.signed_until for one in remembered(tmp_path)] == [None]
    await look(mirror, tmp_path)


async def test_a_root_of_a_contact_that_was_refused_never_comes_back(mirror, tmp_path):
    """Who answered the first time could not go on; its roots lay beside the honest one, with higher numbers."""
    stranger = CryptoSigner.generate_ed25519()

    def lie(path, honest):
        version = path.rpartition("/")[2].removesuffix(".root.json")
        if version == path.rpartition("/")[2]:
            return Answer(404, b"") if path.endswith("/batch") else None
        return Answer(200, root_of(stranger, int(version))) if int(version) <= 3 else Answer(404, b"")

    mirror.lies.append(lie)
    with pytest.raises(TrustError, match="not signed by the keys"):
        await look(mirror, tmp_path)
    mirror.lies.clear()
    await look(mirror, tmp_path)
    metadata = folder_of(tmp_path, mirror.url) / "metadata"
    (metadata / "root.json").unlink()  # as a process leaves it that ends while python-tuf exchanges the link
    await look(mirror, tmp_path)
    assert (metadata / "root.json").read_bytes() == mirror.honest("/tuf/1.root.json").body


async def test_who_is_held_back_at_a_first_contact_replaces_nobody_who_was_met_meanwhile(mirror, tmp_path):
    """Another process meets the marketplace as it is, while this one waits for an answer, which is a stranger's."""
    stranger, asked, met = CryptoSigner.generate_ed25519(), threading.Event(), threading.Event()

    def lie(path, honest):
        if not path.endswith("/1.root.json"):
            return Answer(404, b"") if path.endswith("/batch") and not met.is_set() else None
        if asked.is_set():
            return None
        asked.set()
        met.wait(20)
        return Answer(200, root_of(stranger, 1))

    mirror.lies.append(lie)
    held_back = asyncio.create_task(look(mirror, tmp_path))
    await asyncio.to_thread(asked.wait, 20)
    await look(mirror, tmp_path)
    met.set()
    await held_back
    metadata = folder_of(tmp_path, mirror.url) / "metadata"
    honest = mirror.honest("/tuf/1.root.json").body
    assert (metadata / "root.json").read_bytes() == honest
    assert hashlib.sha256(honest).hexdigest() in (metadata.parent / "anchor.json").read_text()


def root_of(signer, version):
    root = Root(version=version, expires=datetime.now(UTC) + timedelta(days=9), consistent_snapshot=True)
    for role in ("root", "timestamp", "snapshot", "targets"):
        root.add_key(signer.public_key, role)
    signed = Metadata(root)
    signed.sign(signer)
    return signed.to_bytes()


KILLED_WHILE_IT_KEEPS = """
import asyncio, os, signal, sys
from pathlib import Path
from jackfield.market import Marketplace

def end(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

async def look():
    async with Marketplace(sys.argv[1], trust=Path(sys.argv[2])) as client:
        await client.project("chat-cached")

sys.addaudithook(end)
asyncio.run(look())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a signal that nobody can handle")
@pytest.mark.parametrize("name", ["1.root.json", "timestamp.json", "snapshot.json", BIN, "anchor.json"])
async def test_what_a_killed_look_left_half_written_is_gone_after_the_next(mirror, tmp_path, name):
    looking = [sys.executable, "-c", KILLED_WHILE_IT_KEEPS, mirror.url, str(tmp_path), name]
    assert (await asyncio.to_thread(subprocess.run, looking, timeout=120)).returncode == -signal.SIGKILL
    folder = folder_of(tmp_path, mirror.url)
    left = leftovers(folder)
    assert len(left) == 1
    day_before = time.time() - 86_400
    os.utime(left[0], (day_before, day_before))
    await look(mirror, tmp_path)
    assert leftovers(folder) == []


async def test_what_somebody_is_writing_beside_the_metadata_stays(mirror, tmp_path):
    folder = folder_of(tmp_path, mirror.url)
    folder.mkdir()
    (folder / "revoked.json.4711").touch()
    (tmp_path / ".new-marketplace").mkdir()
    await look(mirror, tmp_path)
    assert (folder / "revoked.json.4711").exists()
    assert (tmp_path / ".new-marketplace").exists()


def leftovers(folder: Path) -> list[Path]:
    known = {"lock", "looked", "revoked.json", "revoked.copy.json"}
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".json" and path.name not in known]
