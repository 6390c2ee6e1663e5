"""Power cuts while a plugin's data is copied, brought back or set aside: it is there whole, in its place or in a copy.

Each step is taken by a process that is killed after it; then the power goes. Only root can mount; elsewhere it is
skipped by name. Run it with `-s` to see the table.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from jackfield.storage import Snapshots, State

from tests.scenarios.test_crash import tell
from tests.support.power import missing, supplied

pytestmark = [pytest.mark.slow, pytest.mark.feature("C14", "C45")]

OLD = {"storage.sqlite3": "old rows" * 3000, "files/a.txt": "old file"}
NEW = {"storage.sqlite3": "new rows" * 5000, "files/b.txt": "new file"}


@pytest.fixture(scope="module", autouse=True)
def machine(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where this cannot be done, and say what is missing."""
    reason = missing(tmp_path_factory.mktemp("trial"))
    if reason:
        pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Desk:
    """A profile with a plugin that keeps something."""

    root: Path

    @property
    def copies(self) -> Snapshots:
        return Snapshots(self.root, self.state)

    @property
    def state(self) -> State:
        return State(self.root / "state")

    def put(self, files: dict[str, str]) -> None:
        folder = self.root / "data" / "poll"
        for path in sorted(folder.rglob("*"), reverse=True) if folder.is_dir() else ():
            path.rmdir() if path.is_dir() else path.unlink()
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def kept(self) -> dict[str, str]:
        return _read(self.root / "data" / "poll")

    def held_in(self, number: int) -> dict[str, str]:
        return _read(self.root / "snapshots" / "poll" / str(number) / "data")


def _read(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def with_old_data(root: Path) -> Desk:
    desk = Desk(root)
    desk.put(OLD)
    desk.state.change({"data_version/poll": 1}, by="test")
    return desk


def with_new_data(root: Path) -> Desk:
    """Of shape 2, with a copy of shape 1."""
    desk = with_old_data(root)
    list(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
    desk.put(NEW)
    desk.copies.keep("poll", 2, by="test", why="migrated")
    return desk


def going_back(root: Path) -> Desk:
    desk = with_new_data(root)
    desk.copies.go_back("poll", 1, why="poll 1.0.0 came back", by="test")
    return desk


def beginning_anew(root: Path) -> Desk:
    """No copy of shape 1 is left."""
    desk = with_new_data(root)
    desk.copies.discard("poll", 1)
    desk.copies.begin_anew("poll", 1, why="poll 1.0.0 came back", by="test")
    return desk


def take(root: Path) -> Generator[str]:
    return Desk(root).copies.take("poll", 1, why="before poll 2.0.0", by="test")


def complete(root: Path) -> Generator[str]:
    return Desk(root).copies.complete("poll", by="test")


STORIES: dict[str, tuple[Callable[[Path], Desk], Callable[[Path], Generator[str]], int]] = {
    "copy": (with_old_data, take, 3),
    "bring back": (going_back, complete, 6),
    "begin anew": (beginning_anew, complete, 5),
}


def kill_after(count: int, steps: Callable[[], Generator[str]]) -> None:
    """Take so many steps in a process of their own, and kill it."""
    pid = os.fork()
    if pid == 0:
        try:
            for number, _step in enumerate(steps(), 1):
                if number == count:
                    os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("story", STORIES)
def test_a_power_cut_after_any_step_loses_nothing_that_a_plugin_kept(
    story: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    prepare, begin, fewest = STORIES[story]
    rehearsed = prepare(tmp_path / "whole")
    steps = list(begin(rehearsed.root))
    assert len(steps) == fewest
    rows = []
    for number, step in enumerate(steps, 1):
        with supplied(tmp_path, f"disk-{number}") as supply:
            desk = prepare(supply.mount / "profile")
            os.sync()
            kill_after(number, lambda root=desk.root: begin(root))  # type: ignore[misc]  # a default binds it
            supply.cut()
            supply.turn_on()
            before = desk.kept()
            list(desk.copies.complete("poll", by="test"))  # what every start does
            asides = [one for one in desk.copies.of("poll") if one.kind == "aside"]
            if story == "copy":
                assert desk.kept() == OLD, step
                assert all(desk.held_in(one.number) == OLD for one in desk.copies.of("poll")), step
            else:
                assert desk.kept() == (OLD if story == "bring back" else {}), step
                assert [desk.held_in(one.number) for one in asides] == [NEW], step
                assert desk.state.get("data_version/poll") == 1
            assert not desk.copies.pending("poll")
            there = {str(OLD): "old", str(NEW): "new", str({}): "nothing"}[str(before)]
            rows.append((story, step, there, "old" if desk.kept() == OLD else "nothing", len(asides)))
    columns = ("story", "cut after", "in its place then", "after the next start", "set aside")
    tell(record_property, f"power cuts, data: {story}", columns, rows)


def test_what_a_migration_wrote_is_on_disk_before_its_copy_is_given_up(tmp_path: Path) -> None:
    """A plugin that writes files does not flush them; its word that it has migrated must not outlive what it wrote."""
    with supplied(tmp_path, "disk") as supply:
        desk = with_old_data(supply.mount / "profile")
        list(desk.copies.take("poll", 1, why="before poll 2.0.0", by="test"))
        os.sync()
        desk.put(NEW)
        desk.copies.keep("poll", 2, by="test", why="migrated")
        supply.cut()
        supply.turn_on()
        list(desk.copies.complete("poll", by="test"))
        assert desk.state.get("data_version/poll") == 2
        assert desk.kept() == NEW
