"""Landlock alone, to know where it ends: what the other layers are there for, and why ABI 3 is the least."""

import os
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jackfield.sandbox import Policy, capabilities, confine, landlock, probe
from jackfield.sandbox.landlock import LEAST_ABI

from tests.support.confined import NOBODY, Outcome, in_child

pytestmark = pytest.mark.skipif(landlock.abi() < LEAST_ABI, reason="Landlock is missing or old on this machine")
USERS = [None, NOBODY] if os.geteuid() == 0 else [None]
users = pytest.mark.parametrize("uid", USERS, ids=["self", "user"][: len(USERS)])


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="landlock-") as name:
        top = Path(name)
        for part in ("code", "data", "outside"):
            (top / part).mkdir()
            (top / part / "file.txt").write_text("text")
            (top / part).chmod(0o777)
            (top / part / "file.txt").chmod(0o666)
        top.chmod(0o755)
        yield top


def held(folder: Path, work: Callable[[], Any], *, abi: int, uid: int | None = None) -> Outcome:
    def begin() -> Any:
        capabilities.drop()
        landlock.restrict((str(folder / "code"), "/usr"), (str(folder / "data"),), abi)
        return work()

    return in_child(begin, uid=uid)


@users
@pytest.mark.parametrize("abi", range(1, landlock.abi() + 1))
def test_every_version_holds_reading_and_writing(abi, uid, folder):
    def work() -> list[str]:
        (folder / "data" / "new.txt").write_text("x")
        told = [(folder / "code" / "file.txt").read_text()]
        for attempt in (
            (folder / "outside" / "file.txt").read_text,
            lambda: (folder / "outside" / "new.txt").write_text("x"),
            lambda: (folder / "code" / "file.txt").write_text("x"),
            lambda: list((folder / "outside").iterdir()),
        ):
            try:
                attempt()
            except PermissionError:
                told.append("held")
        return told

    assert held(folder, work, abi=abi, uid=uid) == Outcome(["text", "held", "held", "held", "held"])


@users
def test_before_abi_3_a_file_that_may_only_be_read_can_be_emptied(uid, folder):
    def work() -> Any:
        os.truncate(folder / "code" / "file.txt", 0)
        return (folder / "code" / "file.txt").stat().st_size

    assert held(folder, work, abi=LEAST_ABI, uid=uid).refused == "EACCES"
    assert held(folder, work, abi=LEAST_ABI - 1, uid=uid) == Outcome(0)


@users
def test_it_does_not_see_status_modes_and_times(uid, folder):
    (folder / "code" / "own.txt").write_text("may only be read, and is owned")
    if uid is not None:
        os.chown(folder / "code" / "own.txt", uid, uid)

    def work() -> Any:
        seen = (folder / "outside" / "file.txt").stat().st_size
        own = folder / "code" / "own.txt"
        own.chmod(0o600)
        os.utime(own, (1, 1))
        return seen

    assert held(folder, work, abi=landlock.abi(), uid=uid) == Outcome(4)


@users
def test_it_is_no_wall_around_the_network(uid, folder):
    """TCP is held from ABI 4 on; datagrams and sockets by path are not."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as by_path,
    ):
        listening.bind(("127.0.0.1", 0))
        by_path.bind(str(folder / "outside" / "socket"))
        (folder / "outside" / "socket").chmod(0o777)

        def work() -> list[int]:
            sent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", listening.getsockname())
            ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            return [sent, ours.sendmsg([b"xy"], [], 0, str(folder / "outside" / "socket"))]

        assert held(folder, work, abi=landlock.abi(), uid=uid) == Outcome([1, 2])


def test_it_binds_the_thread_that_asked_and_no_other(folder):
    """So `confine` refuses to run beside threads."""

    def work() -> list[str]:
        ready, go = threading.Event(), threading.Event()
        told: list[str] = []

        def beside() -> None:
            ready.set()
            go.wait()
            told.append((folder / "outside" / "file.txt").read_text())

        thread = threading.Thread(target=beside)
        thread.start()
        ready.wait()
        capabilities.drop()
        landlock.restrict((str(folder / "code"),), (), landlock.abi())
        go.set()
        thread.join()
        try:
            (folder / "outside" / "file.txt").read_text()
        except PermissionError:
            told.append("held")
        return told

    assert in_child(work) == Outcome(["text", "held"])


def test_what_does_not_exist_is_left_out(folder):
    def work() -> Any:
        capabilities.drop()
        landlock.restrict((str(folder / "code"), str(folder / "missing")), (), landlock.abi())
        return (folder / "code" / "file.txt").read_text()

    assert in_child(work) == Outcome("text")


def test_a_machine_without_the_call_has_version_0():
    """As after an allow-list that answers ENOSYS: `abi` asks and does not guess."""

    def work() -> Any:
        confine(Policy(read=("/usr",), kept_descriptors=tuple(range(64))), probe())
        return landlock.abi()

    assert in_child(work) == Outcome(0)
