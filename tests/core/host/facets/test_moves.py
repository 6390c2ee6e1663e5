"""`context.files.move`: no way to read what was granted to be written only, nor out of what was granted."""

from __future__ import annotations

from pathlib import Path

import pytest
from jackfield.errors import PermissionDenied
from jackfield.permissions import Permission

from tests.core.host.facets.test_files import Room, room

__all__ = ["room"]


@pytest.fixture
def split(room: Room) -> Room:
    """All notes may be written, and of them only those in `public/shared` be read."""
    (room.notes / "public" / "shared").mkdir(parents=True)
    (room.notes / "diary").mkdir()
    (room.notes / "diary" / "today.txt").write_text("private")
    room.permissions = (
        Permission("files", ("write",), paths=("~/notes",)),
        Permission("files", ("read",), paths=("~/notes/public/shared",)),
    )
    return room


async def test_what_may_be_written_only_is_not_moved_to_where_it_can_be_read(split):
    with pytest.raises(PermissionDenied, match=r"weather may not files:read ~/notes/diary/today\.txt"):
        await split.files.move("~/notes/diary/today.txt", "~/notes/public/shared/today.txt")
    assert split.refused == ["files:read"]
    assert await split.files.list("~/notes/public/shared") == []


async def test_nor_with_a_folder_above_that(split):
    (split.notes / "diary" / "shared").mkdir()
    (split.notes / "public" / "shared").rmdir()
    (split.notes / "public").rmdir()
    with pytest.raises(PermissionDenied, match="weather may not files:read ~/notes/diary"):
        await split.files.move("~/notes/diary", "~/notes/public")


async def test_nor_where_that_has_two_names(split):
    (split.home / "other").symlink_to(split.notes)
    split.permissions = (
        Permission("files", ("write",), paths=("~/notes",)),
        Permission("files", ("read",), paths=(str(split.home / "other" / "public"),)),
    )
    with pytest.raises(PermissionDenied, match="may not files:read"):
        await split.files.move("~/notes/diary/today.txt", "~/notes/public/today.txt")


async def test_what_can_be_read_is_moved_and_what_cannot_be_read_before_or_after(split):
    shared = split.notes / "public" / "shared"
    (shared / "a.txt").write_text("a")
    await split.files.move("~/notes/public/shared/a.txt", "~/notes/public/shared/b.txt")
    assert await split.files.read_text("~/notes/public/shared/b.txt") == "a"
    await split.files.move("~/notes/public/shared/b.txt", "~/notes/b.txt")
    await split.files.move("~/notes/diary/today.txt", "~/notes/yesterday.txt")
    assert (split.notes / "yesterday.txt").read_text() == "private"


async def test_a_link_does_not_come_into_the_place_of_a_granted_folder(room: Room, tmp_path: Path):
    """There it would be followed, as one that the user put there."""
    (room.notes / "public").mkdir()
    (room.notes / "out").symlink_to(room.home)
    room.grant("~/notes/public", "~/notes")
    await room.files.move("~/notes/public", "~/notes/before")
    with pytest.raises(
        PermissionDenied, match="~/notes/out leads through the symbolic link out, which is not followed"
    ):
        await room.files.move("~/notes/out", "~/notes/public")
    assert not (room.notes / "public").exists()


@pytest.mark.parametrize("granted", ["~/notes/public/shared", "~/other/public/shared"])
async def test_nor_on_the_way_to_one(room: Room, granted):
    """The folder that comes has the link in it."""
    (room.home / "other").symlink_to(room.notes)
    (room.notes / "trap").mkdir()
    (room.notes / "trap" / "shared").symlink_to(room.home)
    room.grant(granted, "~/notes")
    assert await room.files.stat("~/notes/public") is None
    with pytest.raises(PermissionDenied, match=f"~/notes/public would hold {granted}, which is granted by itself"):
        await room.files.move("~/notes/trap", "~/notes/public")
    assert room.refused == ["files:write"]
    with pytest.raises((PermissionDenied, FileNotFoundError)):
        await room.files.read_text(f"{granted}/secret.txt")


async def test_nor_in_the_place_of_a_link_on_the_way(room: Room):
    """While the link is there, the way leads elsewhere; once it is deleted, it leads through what came."""
    (room.home / "elsewhere" / "shared").mkdir(parents=True)
    (room.notes / "public").symlink_to(room.home / "elsewhere")
    (room.notes / "trap").mkdir()
    (room.notes / "trap" / "shared").symlink_to(room.home)
    room.grant("~/notes/public/shared", "~/notes")
    with pytest.raises(PermissionDenied, match="~/notes/public would hold ~/notes/public/shared"):
        await room.files.move("~/notes/trap", "~/notes/public")


async def test_into_a_granted_folder_and_beside_it_is_moved(room: Room):
    (room.notes / "public").mkdir()
    (room.notes / "new").mkdir()
    room.grant("~/notes/public", "~/notes")
    await room.files.move("~/notes/new", "~/notes/public/new")
    await room.files.move("~/notes/public/new", "~/notes/public2")
    await room.files.move("~/notes/public", "~/notes/before")
    await room.files.move("~/notes/public2", "~/notes/public")
    assert sorted(one.name for one in room.notes.iterdir() if one.is_dir()) == ["before", "deep", "public"]
