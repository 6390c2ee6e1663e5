"""`context.files`: what was granted and nothing else; each way out is a test of its name."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from jackfield.api import FileEntry
from jackfield.errors import PermissionDenied, PluginError, UsageError
from jackfield.host.facets import beneath as beneath_module
from jackfield.host.facets.beneath import Beneath
from jackfield.host.facets.files import PluginFiles
from jackfield.host.facets.own_threads import MOST_THREADS, OwnThreads
from jackfield.host.facets.permits import Permits
from jackfield.permissions import Grant, Permission
from jackfield.runtime import Scope
from jackfield.runtime import files as files_module


class Room:
    """A home folder with a granted part, and the facet of a plugin that was granted it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.notes = home / "notes"
        (self.notes / "deep").mkdir(parents=True)
        (self.notes / "a.txt").write_text("a")
        (home / "secret.txt").write_text("secret")
        self.profile = home / "profile"
        (self.profile / "state").mkdir(parents=True)
        (self.profile / "state" / "log").write_text("grants")
        self.scope = Scope("weather")
        self.scope.open()
        self.refused: list[str] = []
        self.permissions: tuple[Permission, ...] = ()
        self.grant(str(self.notes))
        self.permits = Permits("weather", self._grant, lambda _, what: self.refused.append(what))
        self.threads = OwnThreads("weather")
        self.files = PluginFiles("weather", self.scope, self.permits, Beneath(str(self.profile)), self.threads)

    def grant(self, *paths: str, actions: tuple[str, ...] = ("read", "write")) -> None:
        self.permissions = (Permission("files", actions, paths=paths),)

    def _grant(self) -> Grant:
        return Grant("weather", "file", None, self.permissions)


@pytest.fixture(params=["descriptors", "paths"])
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Room:
    """Both ways to hold a folder; the second is that of Windows."""
    if request.param == "paths":
        monkeypatch.setattr(beneath_module, "_HAS_AT", False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return Room(tmp_path)


@pytest.mark.feature("C5", "C11")
@pytest.mark.parametrize("left", [(), ("~/notes/deep",)], ids=["none", "another"])
async def test_what_waits_for_its_turn_is_not_done_after_the_permission_was_taken_back(room, left):
    released = threading.Event()
    busy = [asyncio.create_task(room.threads.run(released.wait)) for _ in range(MOST_THREADS)]
    await asyncio.sleep(0)
    written = asyncio.create_task(room.files.write_text("~/notes/a.txt", "late"))
    read = asyncio.create_task(room.files.read_text("~/notes/a.txt"))
    allowed = asyncio.create_task(room.files.write_text("~/notes/deep/b.txt", "in time"))
    await asyncio.sleep(0)
    room.permissions = (Permission("files", ("read", "write"), paths=left),) if left else ()
    released.set()
    await asyncio.gather(*busy)
    with pytest.raises(PermissionDenied, match=r"weather: files:write was taken back for ~/notes/a\.txt before"):
        await written
    with pytest.raises(PermissionDenied, match=r"weather: files:read was taken back for ~/notes/a\.txt before"):
        await read
    await asyncio.gather(allowed, return_exceptions=True)
    assert (room.notes / "a.txt").read_text() == "a"
    assert (room.notes / "deep" / "b.txt").exists() == bool(left)
    assert room.refused[:2] == ["files:write", "files:read"]


class TestUse:
    async def test_files_are_written_read_listed_moved_and_deleted(self, room):
        await room.files.write_text("~/notes/deep/b.txt", "grüße")
        assert await room.files.read_text(room.notes / "deep" / "b.txt") == "grüße"
        await room.files.write_bytes("~/notes/deep/b.txt", b"new")
        await room.files.make_folder("~/notes/new")
        await room.files.make_folder("~/notes/new")
        await room.files.move("~/notes/deep/b.txt", "~/notes/new/c.txt")
        assert await room.files.read_bytes("~/notes/new/c.txt") == b"new"
        listed = await room.files.list("~/notes")
        assert [(one.name, one.kind, one.size) for one in listed] == [
            ("a.txt", "file", 1), ("deep", "folder", 0), ("new", "folder", 0),
        ]  # fmt: skip
        assert await room.files.list("~/notes/deep") == []
        assert (await room.files.stat("~/notes/new")).kind == "folder"
        await room.files.delete("~/notes/new/c.txt")
        await room.files.delete("~/notes/new")
        assert await room.files.stat("~/notes/new") is None
        assert await room.files.stat("~/notes/new/c.txt") is None
        with pytest.raises(FileNotFoundError):
            await room.files.read_bytes("~/notes/new/c.txt")
        assert room.refused == []

    async def test_a_file_is_written_whole_or_not_at_all(self, room, monkeypatch):
        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            await room.files.write_text("~/notes/a.txt", "half")
        assert (room.notes / "a.txt").read_text() == "a"
        assert sorted(path.name for path in room.notes.iterdir()) == ["a.txt", "deep"]

    async def test_an_open_file_is_read_in_parts_and_closed_with_the_plugin(self, room):
        async with await room.files.open("~/notes/big", "wb") as file:
            await file.write(b"0123456789")
        file = await room.files.open("~/notes/big")
        assert (await file.read(4), await file.read()) == (b"0123", b"456789")
        await file.seek(8)
        assert await file.read(1) == b"8"
        async with await room.files.open("~/notes/big", "ab") as more:
            await more.write(b"!")
        assert room.scope.begun == (f"file {'~/notes/big'}",)
        room.scope.close()
        with pytest.raises(PluginError, match="~/notes/big is closed"):
            await file.read()
        with pytest.raises(PluginError, match="weather is not enabled"):
            await room.files.open("~/notes/big")

    async def test_a_granted_file_is_that_file_alone(self, room):
        room.grant(str(room.notes / "a.txt"))
        await room.files.write_text(room.notes / "a.txt", "changed")
        assert await room.files.read_text(room.notes / "a.txt") == "changed"
        with pytest.raises(PermissionDenied):
            await room.files.list(room.notes)

    async def test_the_users_own_link_to_a_granted_folder_is_followed(self, room):
        (room.home / "link").symlink_to(room.notes)
        room.grant("~/link")
        assert await room.files.read_text("~/link/a.txt") == "a"

    async def test_without_limits_every_path_is_reached(self, room):
        room.grant()
        (room.home / "link").symlink_to(room.home / "secret.txt")
        assert await room.files.read_text("~/link") == "secret"
        assert (await room.files.stat("~/link")).kind == "link"
        await room.files.delete("~/link")
        assert (room.home / "secret.txt").exists()
        assert "tmp" in {one.name for one in await room.files.list("/")} or os.sep == "\\"

    async def test_what_is_too_large_is_refused(self, room, monkeypatch):
        monkeypatch.setattr(files_module, "MOST_READ_BYTES", 10)
        monkeypatch.setattr(beneath_module, "MOST_ENTRIES", 3)
        (room.notes / "big").write_bytes(b"0" * 11)
        (room.notes / "fits").write_bytes(b"0" * 10)
        assert len(await room.files.read_bytes("~/notes/fits")) == 10
        with pytest.raises(UsageError, match="~/notes/big is larger than 10 bytes"):
            await room.files.read_bytes("~/notes/big")
        with pytest.raises(UsageError, match="~/notes holds more than 3 entries"):
            await room.files.list("~/notes")

    @pytest.mark.parametrize("path", ["", "notes/a.txt", "~/notes/../secret.txt", "/a\x00b", "~nobody-here/x", b"/a"])
    async def test_what_is_no_path_is_refused(self, room, path):
        with pytest.raises(UsageError):
            await room.files.read_bytes(path)


class TestGrants:
    @pytest.mark.feature("C4", "C13")
    async def test_each_action_needs_its_own(self, room):
        room.grant(str(room.notes), actions=("read",))
        assert await room.files.read_text("~/notes/a.txt") == "a"
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda: room.files.write_text("~/notes/a.txt", "x"),
            lambda: room.files.open("~/notes/a.txt", "r+b"),
            lambda: room.files.make_folder("~/notes/x"),
            lambda: room.files.delete("~/notes/a.txt"),
            lambda: room.files.move("~/notes/a.txt", "~/notes/b.txt"),
        ]
        for attempt in attempts:
            with pytest.raises(PermissionDenied, match="weather may not files:write ~/notes/"):
                await attempt()
        room.grant(str(room.notes), actions=("write",))
        with pytest.raises(PermissionDenied, match="weather may not files:read ~/notes"):
            await room.files.list("~/notes")
        assert room.refused == ["files:write"] * 5 + ["files:read"]
        assert (room.notes / "a.txt").read_text() == "a"

    async def test_a_path_outside_is_refused_with_the_way_to_it(self, room):
        with pytest.raises(PermissionDenied) as caught:
            await room.files.read_text("~/secret.txt")
        assert str(caught.value) == (
            "weather may not files:read ~/secret.txt "
            "(asked in plugin.toml? granted? see: jackfield permissions weather)"
        )
        with pytest.raises(PermissionDenied):
            await room.files.read_text(str(room.notes) + "-of-others/a.txt")


class TestAttacks:
    """Each shows first that the way is open to ordinary code."""

    @pytest.mark.parametrize("action", ["read", "write", "open", "list", "stat", "delete", "make", "move"])
    async def test_symlink_to_a_folder_outside(self, room, action):
        outside = room.home / "outside"
        outside.mkdir()
        (outside / "a").write_text("outside")
        (room.notes / "out").symlink_to(outside)
        assert (room.notes / "out" / "a").read_text() == "outside"
        attempts: dict[str, Callable[[], Awaitable[object]]] = {
            "read": lambda: room.files.read_text("~/notes/out/a"),
            "write": lambda: room.files.write_text("~/notes/out/a", "x"),
            "open": lambda: room.files.open("~/notes/out/a", "wb"),
            "list": lambda: room.files.list("~/notes/out"),
            "stat": lambda: room.files.stat("~/notes/out/a"),
            "delete": lambda: room.files.delete("~/notes/out/a"),
            "make": lambda: room.files.make_folder("~/notes/out/b"),
            "move": lambda: room.files.move("~/notes/out/a", "~/notes/b"),
        }
        with pytest.raises(PermissionDenied, match="leads through the symbolic link out, which is not followed"):
            await attempts[action]()
        assert [path.name for path in outside.iterdir()] == ["a"]
        assert (outside / "a").read_text() == "outside"
        assert len(room.refused) == 1

    @pytest.mark.parametrize("mode", ["rb", "wb", "ab", "r+b"])
    async def test_symlink_to_a_file_outside(self, room, mode):
        (room.notes / "out").symlink_to(room.home / "secret.txt")
        assert (room.notes / "out").read_text() == "secret"
        with pytest.raises(PermissionDenied, match="leads through the symbolic link out"):
            await room.files.open("~/notes/out", mode)
        with pytest.raises(PermissionDenied):
            await room.files.write_text("~/notes/out", "x")
        assert (room.home / "secret.txt").read_text() == "secret"

    @pytest.mark.feature("C13")
    @pytest.mark.parametrize("granted", ["everything", "above", "inside"])
    async def test_the_hosts_own_state(self, room, granted):
        room.grant(*{"everything": [], "above": [str(room.home)], "inside": [str(room.profile / "state")]}[granted])
        with pytest.raises(PermissionDenied, match="lies where the host keeps plugins and grants"):
            await room.files.write_text(room.profile / "state" / "log", "all granted")
        with pytest.raises(PermissionDenied, match="lies where the host keeps plugins and grants"):
            await room.files.list(room.profile / "state")
        if granted != "inside":
            with pytest.raises(PermissionDenied, match="lies where the host keeps plugins and grants"):
                await room.files.move(room.profile, room.home / "elsewhere")
        assert (room.profile / "state" / "log").read_text() == "grants"

    @pytest.mark.skipif(not os.path.ismount("/proc"), reason="processes are no files here")
    @pytest.mark.parametrize("granted", [(), ("/proc/self",), ("/",)], ids=["everything", "it", "above"])
    async def test_the_hosts_memory_and_environment(self, room, granted):
        room.grant(*granted)
        for path in ("/proc/self/environ", f"/proc/{os.getpid()}/mem", "/proc/self/task"):
            if granted == ("/proc/self",) and not path.startswith("/proc/self"):
                continue
            with pytest.raises(PermissionDenied, match="what processes hold, the host's own too"):
                await room.files.open(path, "r+b")
            with pytest.raises(PermissionDenied, match="what processes hold"):
                await room.files.list(path)

    async def test_the_hosts_own_state_moved_along_with_a_folder_above_it(self, room):
        share = room.home / "share"
        share.mkdir()
        room.profile.rename(share / "profile")
        files = PluginFiles("weather", room.scope, room.permits, Beneath(str(share / "profile")), OwnThreads("weather"))
        room.grant("~")
        with pytest.raises(PermissionDenied, match="~/share holds what the host keeps of plugins and grants"):
            await files.move("~/share", "~/elsewhere")
        assert (share / "profile" / "state" / "log").read_text() == "grants"
        await files.move("~/notes", "~/share/notes")
        assert (share / "notes" / "a.txt").read_text() == "a"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
    async def test_a_pipe_that_never_answers(self, room):
        os.mkfifo(room.notes / "pipe")
        async with asyncio.timeout(5):
            with pytest.raises(UsageError, match="~/notes/pipe is no regular file"):
                await room.files.read_bytes("~/notes/pipe")
            with pytest.raises(UsageError, match="~/notes/pipe is no regular file"):
                await room.files.open("~/notes/pipe", "wb")

    @pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets with names here")
    async def test_a_socket(self, room, monkeypatch):
        monkeypatch.chdir(room.notes)  # a socket's path is short
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
            with pytest.raises(UsageError, match="~/notes/socket is no regular file"):
                await room.files.read_bytes("~/notes/socket")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
    @pytest.mark.parametrize("mode", ["rb", "wb", "ab", "r+b"])
    async def test_what_is_no_file_is_not_even_opened(self, room, monkeypatch, mode):
        """That would let go of who waits at a pipe's other end, rewind a tape, start a watchdog."""
        os.mkfifo(room.notes / "pipe")
        opened: list[str] = []
        really = os.open

        def noted(path: Any, *arguments: Any, **named: Any) -> int:
            opened.append(Path(path).name)
            return really(path, *arguments, **named)

        monkeypatch.setattr(os, "open", noted)
        with pytest.raises(UsageError, match="~/notes/pipe is no regular file"):
            await room.files.open("~/notes/pipe", mode)
        assert "pipe" not in opened


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="no descriptors of folders here")
async def test_a_folder_swapped_for_a_link_while_it_is_walked(tmp_path, monkeypatch):
    room = Room(tmp_path)
    (room.notes / "deep" / "a.txt").write_text("inside")
    outside = room.home / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("outside")
    opened = os.open

    def swap(path: object, flags: int, *arguments: object, **named: object) -> int:
        if path == "a.txt":  # after the folder was checked and opened, before the file is
            (room.notes / "deep").rename(room.notes / "gone")
            (room.notes / "deep").symlink_to(outside)
        return opened(path, flags, *arguments, **named)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(os, "open", swap)
    monkeypatch.setattr(beneath_module, "_HAS_AT", True)
    assert await room.files.read_text(room.notes / "deep" / "a.txt") == "inside"
    assert (room.notes / "deep" / "a.txt").read_text() == "outside"


def test_an_entry_is_a_value():
    assert FileEntry("a", "file", 1, 0.0) == FileEntry("a", "file", 1, 0.0)
