"""The self-test that `doctor --sandbox` runs: real attacks, and what it says where there is no sandbox."""

import os
import threading

import pytest
from jackfield.errors import SandboxError
from jackfield.sandbox import Grade, grade_of, probe, self_test, selftest

pytestmark = pytest.mark.slow


confining = pytest.mark.skipif(grade_of(probe()) is Grade.PROCESS, reason="nothing is confined on this machine")


@confining
def test_every_attack_is_held():
    assert [one.attack for one in self_test() if not one.held] == []


@confining
def test_the_attacks_are_ones_that_succeed():
    """A machine may refuse one or two by itself, as where namespaces are switched off."""
    tried = self_test()
    assert len(tried) > 10
    assert sum(one.unconfined for one in tried) >= len(tried) - 2


@confining
def test_a_host_with_threads_is_left_as_it_is():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert self_test()
    finally:
        stop.set()
        thread.join()
    threading.Thread(target=stop.wait).start()  # nothing was confined here


@confining
def test_an_attack_that_is_broken_counts_for_nothing(tmp_path, monkeypatch):
    """Only what the kernel refuses is held: what fails for another reason would be told as held."""

    def broken(_: object) -> None:
        raise ValueError

    monkeypatch.setattr(selftest, "_ATTACKS", {"break": broken})
    monkeypatch.setattr("sys.argv", ["", "", str(tmp_path), "1", "1"])
    pid = os.fork()
    if pid == 0:
        try:
            selftest.main()
        except SystemExit as end:
            os._exit(7 if end.code == "could not try to break" else 1)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


@confining
def test_a_test_that_cannot_be_run_is_an_error_and_no_success(monkeypatch):
    monkeypatch.setattr("sys.executable", "/nothing/here")
    with pytest.raises(SandboxError, match="could not be tested"):
        selftest.self_test()
