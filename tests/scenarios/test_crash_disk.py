"""A disk that is full, a file that may not grow, a folder that is read-only: told in a sentence, and nothing is half.

As root the disk is a real one of memory that is filled at each step; everywhere, each call that decides is refused.
Run it with `-s` to see the tables; they are kept as properties of the test report too.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jackfield.errors import StoreError
from jackfield.management import Environment, Management
from jackfield.store import Disk, Layout, Store

from tests.support.installers import Installers
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

DISK_BYTES = 4 * 1024 * 1024


def manage(root: Path) -> Management:
    return Management("chat", Layout(root), [], environment=Environment(("chat.plugins",), path=[]))


async def install(management: Management, wheel: Path, progress: Callable[..., None] | None = None) -> None:
    plan = await management.plan_install([str(wheel)])
    await management.apply(plan, accept_permissions=True, by="tester", progress=progress)


def versions(root: Path) -> dict[str, str]:
    """What is installed, after a look that all of it is whole."""
    store = Store(Layout(root))
    assert store.verify() == {}
    assert store.active().missing() == ()
    return {pin.distribution: pin.version for pin in store.active().pins}


def tell(record: Callable[[str, object], None], title: str, head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    lines = [head, tuple("---" for _ in head), *rows]
    text = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
    record(title, text)
    print(f"\n{title}\n\n{text}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},nr_inodes=2000", "tmpfs", str(folder)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("no file system can be mounted here; the other tests of this file refuse the calls instead")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Write until nothing more fits, to the last byte."""
    with (folder / "ballast").open("ab", buffering=0) as ballast:
        for size in (65536, 4096, 1):
            try:
                while ballast.write(b"x" * size) == size:
                    pass
            except OSError:
                continue  # full for pieces of this size


def occupy_every_name(folder: Path) -> None:
    """Make files until the file system has none left."""
    with contextlib.suppress(OSError):
        for number in range(10**6):
            (folder / f"empty-{number}").touch()
    with pytest.raises(OSError, match="No space left"):
        (folder / "one-more").mkdir()


async def test_a_disk_that_is_full_after_each_step(
    small_disk: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    wheels = tmp_path / "w"
    poll, new = build_plugin(wheels, "poll"), build_plugin(wheels, "poll", "2.0.0")
    steps: list[str] = []
    await install(manage(small_disk / "first"), poll)
    await install(manage(small_disk / "first"), new, lambda step, *_: steps.append(step))
    shutil.rmtree(small_disk / "first")
    rows = []
    for number, victim in enumerate(steps):
        root = small_disk / f"profile-{number}"
        await install(manage(root), poll)
        state = manage(root).state.items()
        told = ""
        seen: list[str] = []

        def progress(step: str, *_: object, seen: list[str] = seen, number: int = number) -> None:
            seen.append(step)
            if len(seen) == number + 1:
                fill(small_disk)

        try:
            await install(manage(root), new, progress)
        except StoreError as error:
            told = str(error)
            assert "No space left on device" in told
        found = versions(root)["chat-poll"]
        assert found == ("1.0.0" if told and "is done but" not in told else "2.0.0"), victim
        (small_disk / "ballast").unlink()
        management = manage(root)
        management.settle()
        assert management.store.settled()
        if found == "1.0.0":
            assert management.state.items() == state
        else:
            assert management.state.get("grants/poll")["version"] == "2.0.0"
        await install(management, new if found == "1.0.0" else poll)
        assert not management.layout.unfinished.exists()
        assert versions(root)["chat-poll"] != found
        rows.append((victim, told.split(" (")[0].replace(str(root), "PROFILE") or "done", found, "succeeds"))
        shutil.rmtree(root)
    assert len(rows) >= 9
    tell(record_property, "disk-full table", ("full after", "told", "active", "with room again"), rows)


async def test_room_is_made_on_a_disk_that_takes_not_even_an_empty_folder(small_disk: Path, tmp_path: Path) -> None:
    """`store gc` is the way out of a full disk: it must not need what is not there."""
    wheels, root = tmp_path / "w", small_disk / "profile"
    for number in range(1, 4):
        await install(manage(root), build_plugin(wheels, "poll", f"{number}.0.0"))
    fill(small_disk)
    occupy_every_name(small_disk)
    with pytest.raises(StoreError, match=r"No space left on device \(make room; jackfield store gc removes"):
        await manage(root).rollback(by="tester")
    gone = manage(root).collect(keep=0, by="tester")
    assert gone.generations == (1, 2)
    assert len(gone.wheels or {}) == 2
    assert {path.name for path in (root / "generations").iterdir()} == {"3"}
    assert len(list((root / "store").iterdir())) == 1
    assert versions(root) == {"chat-poll": "3.0.0"}
    manage(root).disable("poll", by="tester")


class Refusing(Disk):
    """A disk that refuses one call, and all that write after it until it is freed."""

    def __init__(self, victim: int) -> None:
        self.victim, self.calls, self.refused = victim, 0, ""

    def _count(self, what: str) -> None:
        self.calls += 1
        if self.calls >= self.victim:
            self.refused = self.refused or what
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(self, path: Path, data: bytes, *, wait: bool = True) -> None:
        self._count("write the pointer")
        super().write(path, data, wait=wait)

    def append(self, path: Path, data: bytes, *, offset: int, wait: bool = True) -> None:
        self._count("append to the journal")
        super().append(path, data, offset=offset, wait=wait)

    def sync_filesystem(self, path: Path, *, above_all: Iterable[Path] = ()) -> None:
        self._count(f"syncfs {path.name.rstrip('0123456789-')}")
        super().sync_filesystem(path, above_all=above_all)

    def rename(self, source: Path, target: Path) -> None:
        self._count(f"rename into {target.parent.name}")
        super().rename(source, target)

    def replace(self, source: Path, target: Path) -> None:
        self._count(f"replace {target.name}")
        super().replace(source, target)

    def sync_folder(self, folder: Path) -> None:
        self._count(f"fsync {folder.name}")
        super().sync_folder(folder)


async def test_each_call_that_decides_is_refused(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    wheels = tmp_path / "w"
    poll, new = build_plugin(wheels, "poll"), build_plugin(wheels, "poll", "2.0.0")
    base = tmp_path / "base" / "profile"
    await install(manage(base), poll)
    rows = []
    for victim in range(1, 40):
        root = tmp_path / str(victim) / "profile"
        shutil.copytree(base, root)
        management = manage(root)
        plan = await management.plan_install([str(new)])
        disk = Refusing(victim)
        management.store = Store(management.layout, disk=disk)
        told = ""
        try:
            await management.apply(plan, accept_permissions=True, by="tester")
        except StoreError as error:
            told = error.message
        if not disk.refused:
            assert not told
            break
        found = versions(root)["chat-poll"]
        assert found == ("2.0.0" if "is done but" in told else "1.0.0"), disk.refused
        again = manage(root)
        again.settle()
        await install(again, new if found == "1.0.0" else poll)
        assert not again.layout.unfinished.exists()
        assert again.store.unnamed(set(again.store.numbers())) == ()
        rows.append((disk.refused, told.replace(str(root), "PROFILE"), found, "succeeds"))
    assert len(rows) >= 9
    tell(record_property, "refused-call table", ("refused", "told", "active", "next install"), rows)


def test_a_file_that_may_not_grow_is_a_sentence(installers: Installers, tmp_path: Path) -> None:
    """`RLIMIT_FSIZE`, as quotas and containers set it: a real refusal within a write, without being root."""
    root, wheels = tmp_path / "profile", tmp_path / "w"
    assert not installers.run_one(root, "install", str(build_plugin(wheels, "poll"))).error
    big = build_plugin(wheels, "big", code=f"DATA = {os.urandom(300_000).hex()!r}\n")
    ended = installers.run_one(root, "install", str(big), file_bytes=200_000)
    assert "File too large" in ended.error or "cannot be written" in ended.error
    assert "Traceback" not in ended.error
    assert versions(root) == {"chat-poll": "1.0.0"}
    ended = installers.run_one(root, "install", str(build_plugin(wheels, "dice")))
    assert not ended.error
    assert not (root / "unfinished").exists()


async def test_a_read_only_profile_can_be_read_and_says_why_it_cannot_be_changed(
    small_disk: Path, tmp_path: Path
) -> None:
    root = small_disk / "profile"
    await install(manage(root), build_plugin(tmp_path / "w", "poll"))
    remount(small_disk, "ro")
    try:
        assert [row.id for row in manage(root).list()] == ["poll"]
        for change in (
            lambda: install(manage(root), build_plugin(tmp_path / "w", "dice")),
            lambda: manage(root).rollback(by="tester"),
        ):
            with pytest.raises(StoreError, match=r"cannot be written: Read-only file system"):
                await change()
        with pytest.raises(StoreError, match=r"cannot be written: Read-only file system"):
            manage(root).disable("poll", by="tester")
    finally:
        remount(small_disk, "rw")
    assert versions(root) == {"chat-poll": "1.0.0"}
