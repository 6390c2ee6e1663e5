"""What is left to a process after `confine`: enough to work, in each grade that this machine gives."""

import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jackfield.errors import SandboxError
from jackfield.sandbox import Grade, Policy, confine, grade_of, install_shims, probe
from jackfield.sandbox.confining import MEBIBYTE
from jackfield.sandbox.kernel import call

from tests.support.confined import NOBODY, Outcome, fork, in_child

pytestmark = pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade")
USERS = [None, NOBODY] if os.geteuid() == 0 else [None]
users = pytest.mark.parametrize("uid", USERS, ids=["self", "user"][: len(USERS)])
GRADES = {
    "base": Policy(grade=Grade.BASE),
    "base-abi-3": Policy(grade=Grade.BASE, landlock_abi_most=3),
    "private-root-alone": Policy(grade=Grade.BASE, landlock_abi_most=0),
    "full": Policy(grade=Grade.FULL),
}
grades = pytest.mark.parametrize("grade", GRADES)


@pytest.fixture
def data():
    """A folder that everybody reaches; pytest's own are root's."""
    with tempfile.TemporaryDirectory(prefix="confined-") as name:
        folder = Path(name, "data")
        folder.mkdir()
        Path(name).chmod(0o755)
        folder.chmod(0o777)
        yield folder


def policy(grade: str, data: Path) -> Policy:
    read = ("/usr", "/lib", "/lib64", "/dev/null", "/dev/urandom")
    space = _mapped_bytes() + 1024 * MEBIBYTE
    return replace(GRADES[grade], read=read, write=(str(data),), address_space_bytes=space)


def _mapped_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def ended_well(outcome: Outcome) -> Any:
    assert outcome.refused is None, outcome
    return outcome.value


@users
@grades
def test_a_plugin_works_with_files_threads_sockets_and_sqlite(grade, uid, data):
    def work() -> list[object]:
        (data / "notes.txt").write_text("kept")
        (data / "notes.txt").rename(data / "renamed.txt")
        (data / "folder").mkdir()
        with sqlite3.connect(data / "store.sqlite") as database:
            database.execute("create table words (word)")
            database.execute("insert into words values ('kept')")
            found = database.execute("select word from words").fetchone()[0]
        heard: list[bytes] = []
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=lambda: heard.append(theirs.recv(10)))
        thread.start()
        ours.sendall(b"hello")
        thread.join()
        Path("/dev/null").read_bytes()
        return [(data / "renamed.txt").read_text(), found, heard[0].decode(), len(os.urandom(4))]

    assert ended_well(in_child(work, policy=policy(grade, data), uid=uid)) == ["kept", "kept", "hello", 4]


@users
@grades
def test_no_capability_is_left(grade, uid, data):
    """Looked at from outside: a confined process cannot ask for anybody's, its own neither."""

    def host() -> dict[str, str]:
        pipe = os.pipe()
        worker = os.fork()
        if worker == 0:
            confine(replace(policy(grade, data), kept_descriptors=(0, 1, 2, pipe[1])), probe())
            os.write(pipe[1], b"x")
            signal.pause()
        os.read(pipe[0], 1)
        told = Path(f"/proc/{worker}/status").read_text()
        os.kill(worker, signal.SIGKILL)
        return dict(re.findall(r"^(Cap(?:Inh|Prm|Eff|Amb)):\s+(\w+)$", told, re.MULTILINE))

    assert ended_well(in_child(host, uid=uid)) == dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapAmb"), "0" * 16)


@users
@grades
def test_the_user_stays_who_they_are(grade, uid, data):
    outcome = in_child(lambda: [os.getuid(), os.geteuid(), os.getgid()], policy=policy(grade, data), uid=uid)
    who = uid or os.getuid()
    assert ended_well(outcome) == [who, who, uid or os.getgid()]


@grades
def test_limits_are_hard(grade, data):
    chosen = replace(policy(grade, data), descriptors=40, file_bytes=4096)
    kinds = (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_AS)
    outcome = in_child(lambda: [list(resource.getrlimit(kind)) for kind in kinds], policy=chosen)
    space = chosen.address_space_bytes
    assert ended_well(outcome) == [[40, 40], [4096, 4096], [1, 1], [space, space]]


@grades
def test_descriptors_that_were_not_kept_are_closed(grade, data):
    with (data / "open.txt").open("w") as file:
        outcome = in_child(lambda: os.write(file.fileno(), b"x"), policy=policy(grade, data))
    assert outcome.refused == "EBADF"


def test_descriptors_that_were_kept_stay_open(data):
    with (data / "open.txt").open("w") as file:
        chosen = replace(policy("full", data), kept_descriptors=(0, 1, 2, file.fileno()))
        assert ended_well(in_child(lambda: os.write(file.fileno(), b"x"), policy=chosen)) == 1


@users
@grades
def test_a_file_is_copied_with_the_shims(grade, uid, data):
    def work() -> list[object]:
        install_shims()
        (data / "one").write_text("text")
        shutil.copy2(data / "one", data / "two")
        shutil.copy(data / "one", data / "three")
        return [(data / "two").read_text(), (data / "three").read_text()]

    assert ended_well(in_child(work, policy=policy(grade, data), uid=uid)) == ["text", "text"]


@users
@grades
def test_bytes_are_sent_by_sendmsg_and_nothing_else(grade, uid, data):
    """Asyncio of Python 3.12 and newer sends by it what did not leave at once."""

    def work() -> list[object]:
        install_shims()
        ours, theirs = socket.socketpair()
        sent = ours.sendmsg([b"one", memoryview(b" two"), bytearray()])
        told: list[object] = [sent, theirs.recv(100).decode()]
        ours.setblocking(False)
        sent = ours.sendmsg([bytes(100_000)] * 100)
        told.append(0 < sent < 10_000_000)
        for send in (lambda: socket.send_fds(ours, [b"x"], [0]), lambda: ours.sendmsg([b"x"], [], 0, "/elsewhere")):
            with pytest.raises(PermissionError):
                send()
        with pytest.raises(PermissionError):
            call("sendmsg", ours.fileno(), bytes(56), 0)
        return told

    assert ended_well(in_child(work, policy=policy(grade, data), uid=uid)) == [7, "one two", True]


@users
@grades
@pytest.mark.parametrize("change", [lambda file: os.fchmod(file, 0o666), os.utime], ids=["mode", "times"])
def test_a_file_that_was_handed_over_to_be_read_keeps_its_mode_and_times(grade, uid, change, data):
    diary = data.parent / "diary"
    diary.write_text("text")
    if uid is not None:
        os.chown(diary, uid, uid)
    with diary.open("rb") as file:
        chosen = replace(policy(grade, data), kept_descriptors=(0, 1, 2, file.fileno()))
        assert in_child(lambda: change(file.fileno()), policy=chosen, uid=uid).refused == "EPERM"


@users
@grades
def test_a_host_measures_the_memory_of_its_worker(grade, uid, data):
    """A process that changed user or namespace is not dumpable, and then only root could read its memory's figures."""

    def host() -> bool:
        pipe = os.pipe()
        worker = os.fork()
        if worker == 0:
            os.setpgid(0, os.getppid())
            confine(replace(policy(grade, data), kept_descriptors=(0, 1, 2, pipe[1])), probe())
            os.write(pipe[1], b"x")
            signal.pause()
        os.read(pipe[0], 1)
        measured = "Pss:" in Path(f"/proc/{worker}/smaps_rollup").read_text()
        os.kill(worker, signal.SIGKILL)
        return measured

    assert ended_well(in_child(host, uid=uid)) is True


@users
@grades
def test_a_process_ends_with_its_parent(grade, uid, data):
    reading, writing = os.pipe()

    def host() -> None:
        worker = os.fork()
        if worker == 0:
            confine(replace(policy(grade, data), kept_descriptors=(0, 1, 2, writing)), probe())
            os.write(writing, b"x")
            while True:
                time.sleep(60)
        os.read(reading, 1)
        os._exit(0)

    parent = fork()
    if parent == 0:
        os.setsid()
        host()
    os.waitpid(parent, 0)
    os.close(writing)
    assert os.read(reading, 1) == b""  # the worker's end was the last one: it is gone
    os.close(reading)


def test_a_process_with_threads_is_not_confined(data):
    def work() -> str:
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        try:
            confine(policy("full", data), probe())
        except SandboxError as exc:
            (data.parent / "data" / "not-confined").write_text("")
            return str(exc)
        finally:
            stop.set()
        return "confined"

    told = ended_well(in_child(work))
    assert "2 threads" in str(told)


@pytest.mark.parametrize("abi", [0, 2])
def test_below_the_least_nothing_is_done_and_it_is_said(abi):
    weak = replace(probe(), landlock_abi=abi, private_root=False)

    def work() -> list[object]:
        told = []
        for wanted in (Grade.BASE, Grade.FULL):
            try:
                confine(Policy(grade=wanted), weak)
            except SandboxError as exc:
                told.append(str(exc))
        best = confine(Policy(), weak)
        return [told, best, Path("/etc/passwd").exists()]

    told, best, free = ended_well(in_child(work))
    assert [("grade process" in text, "doctor" in text) for text in told] == [(True, True)] * 2
    assert (best, free) == ("process", True)


def test_the_best_grade_is_taken_if_none_is_named(data):
    chosen = replace(policy("full", data), grade=None)
    assert ended_well(in_child(lambda: Path("/proc").exists(), policy=chosen)) is False


@users
def test_a_layer_that_is_refused_is_named(uid):
    """A machine that had user namespaces when it was asked, and gives none now: their number is a setting."""

    def work() -> str:
        who = os.geteuid()
        call("unshare", 0x1000_0000)
        Path("/proc/self/uid_map").write_bytes(b"0 %d 1" % who)
        Path("/proc/sys/user/max_user_namespaces").write_bytes(b"0")
        try:
            confine(Policy(grade=Grade.FULL, read=("/usr",), kept_descriptors=tuple(range(64))), probe())
        except SandboxError as exc:
            return str(exc)
        return "confined"

    told = str(ended_well(in_child(work, uid=uid)))
    assert "layer private root was refused" in told
    assert "unshare" in told


def test_a_process_whose_parent_died_before_ends_at_once(data):
    """Told the parent's number, `confine` sees that it is not that process' child any more."""
    chosen = replace(policy("full", data), parent=1 if os.getppid() != 1 else 2)
    outcome = in_child(lambda: "ran on", policy=chosen)
    assert outcome == Outcome(refused="exit 1", unexpected=True)
