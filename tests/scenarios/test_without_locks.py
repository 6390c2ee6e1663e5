"""A file system without locks, as NFS without its lock service: everything that writes is refused, and says what to do.

The kernel refuses flock(2) to the commands here, by a filter on their system calls.
"""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from jackfield.sandbox.seccomp import available

from tests.scenarios.conftest import Answer, Plugins
from tests.support.processes import clean_environment
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not available(), reason="needs filters on system calls")]

REFUSING = """
import ctypes, platform, sys
from jackfield.sandbox import bpf
from jackfield.sandbox.calls import ARCHITECTURES
from jackfield.sandbox.seccomp import install, packed

flock = ARCHITECTURES[platform.machine()].calls["flock"]
refuse = bpf.only(flock, [bpf.answer(bpf.error(int(sys.argv.pop(1))))])
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
install(packed((bpf.load(bpf.NUMBER_AT), *refuse, bpf.answer(bpf.ALLOW))))

from jackfield.cli import main
main()
"""


IGNORED = 0
"""No lock is taken, and whoever asks is told that it holds it: two installers would remove each other's wheels."""


class WithoutLocks(Plugins):
    """The same, with commands to which the kernel refuses locks."""

    def refused(self, number: int, *words: str) -> Answer:
        done = subprocess.run(
            [sys.executable, "-c", REFUSING, str(number), *words],
            env=clean_environment(JACKFIELD_HOME=str(self.home), JACKFIELD_MARKETPLACE=self.market, COLUMNS="200"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        assert "Warning" not in done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)


WRITING = [
    ("disable", "keeper"),
    ("enable", "keeper", "--yes"),
    ("remove", "keeper", "--yes"),
    ("rollback",),
    ("store", "gc"),
    ("pin", "keeper", "^1.0"),
    ("remove", "keeper", "--purge", "--yes"),
]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, IGNORED])
def test_what_writes_is_refused_with_what_to_do(number: int, plugins: Plugins, tmp_path: Path, unchanged: None) -> None:
    here = WithoutLocks(plugins.home, plugins.market)
    wheel = build_plugin(tmp_path / "w", "keeper", "2.0.0")
    for words in (*WRITING, ("install", str(wheel), "--yes", "--accept-permissions")):
        answer = here.refused(number, *words)
        assert answer.status == 1, (words, answer.both)
        assert "has no locks (" in answer.words, (words, answer.both)
        assert "hint: have JACKFIELD_HOME name a folder on a disk of this machine" in answer.words
    found = here.refused(number, "doctor")
    assert found.status == 1
    assert "unwritable: nothing can be changed: the file system of" in found.words
    assert "→ have JACKFIELD_HOME name a folder" in found.words
    assert here.refused(number, "list").status == 0
    assert plugins.run("doctor").status == 0
