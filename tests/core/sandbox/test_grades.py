"""What a machine can give, from data; and what this one says of itself."""

import itertools
import os
import shutil
import subprocess
import sys

import pytest
from jackfield.sandbox import Grade, Machine, grade_of, probe, sentences

LINUX = Machine("linux", "x86_64", known=True, seccomp=True, landlock_abi=7, private_root=True)


def machine(**changes: object) -> Machine:
    values = {name: getattr(LINUX, name) for name in LINUX.__slots__}
    return Machine(**(values | changes))


@pytest.mark.parametrize(
    ("abi", "private_root", "grade"),
    [
        (7, True, Grade.FULL),
        (3, True, Grade.FULL),
        (2, True, Grade.BASE),  # held by the private root
        (0, True, Grade.BASE),
        (7, False, Grade.BASE),
        (3, False, Grade.BASE),
        (2, False, Grade.PROCESS),  # truncate would pass
        (0, False, Grade.PROCESS),
    ],
)
def test_the_grade_follows_from_landlock_and_the_private_root(abi, private_root, grade):
    assert grade_of(machine(landlock_abi=abi, private_root=private_root)) is grade


@pytest.mark.parametrize("lacking", ["seccomp", "known", "proc"])
def test_nothing_is_confined_without_a_filter_of_calls_or_where_nothing_can_be_measured(lacking):
    assert grade_of(machine(**{lacking: False})) is Grade.PROCESS


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_are_told_that_nothing_is_confined(system):
    elsewhere = Machine(system, "arm64", known=False, seccomp=False, landlock_abi=0, private_root=False)
    assert grade_of(elsewhere) is Grade.PROCESS
    first, second = sentences(elsewhere)
    assert "cannot be confined" in first
    assert "isolation = process" in first
    assert system in second


def test_what_is_missing_is_named_with_the_way_to_have_it():
    told = " ".join(sentences(machine(landlock_abi=2, private_root=False)))
    assert "cannot be confined" in told
    assert "ABI 2, 3 is needed" in told
    assert "user namespaces" in told
    assert "lsm=" in " ".join(sentences(machine(landlock_abi=0)))
    assert "riscv64" in " ".join(sentences(machine(known=False, architecture="riscv64")))
    assert "CONFIG_SECCOMP_FILTER" in " ".join(sentences(machine(seccomp=False)))


def test_where_proc_is_not_mounted_that_is_all_that_is_told():
    first, second = sentences(machine(proc=False, private_root=False))
    assert "cannot be confined" in first
    assert second.startswith("/proc is not mounted")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="it takes an administrator to hide it")
def test_a_system_without_proc_is_found_to_confine_nothing():
    """As in some containers: each plugin failed as it was loaded, and was taken out as the culprit."""
    asked = "from jackfield.sandbox import grade_of, probe; print(grade_of(probe()))"
    hidden = 'mount -t tmpfs none /proc || exit 77; exec "$0" -c "$1"'
    command = ["unshare", "--mount", "sh", "-c", hidden, sys.executable, asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 77 or (done.returncode and "unshare" in done.stderr):
        pytest.skip("no file system can be mounted here")
    assert done.stdout == "process\n", done.stderr


def test_a_machine_that_has_everything_is_told_one_sentence():
    assert len(sentences(LINUX)) == 1


def test_more_of_anything_never_gives_less():
    order = list(Grade)
    for abi, seccomp, root in itertools.product(range(8), (False, True), (False, True)):
        here = order.index(grade_of(machine(landlock_abi=abi, seccomp=seccomp, private_root=root)))
        assert order.index(grade_of(machine(landlock_abi=abi + 1, seccomp=seccomp, private_root=root))) <= here
        assert order.index(grade_of(machine(landlock_abi=abi, seccomp=True, private_root=True))) <= here


def test_this_machine_is_asked_once_and_left_as_it_is():
    here = probe()
    assert here is probe()
    assert here.system == sys.platform
    assert grade_of(here) in Grade


def test_every_public_name_is_what_it_says_whatever_was_loaded_before() -> None:
    """They are loaded one by one; and a trial of a private root loads what makes one, and no more."""
    script = (
        "import sys, jackfield.sandbox.private_root\n"
        "light = sorted(name for name in sys.modules if name.startswith('jackfield.sandbox.'))\n"
        "import jackfield.sandbox.confining, jackfield.sandbox as sandbox\n"
        "found = [getattr(sandbox, name) for name in sandbox.__all__]\n"
        "print(light, {type(one).__name__ for one in found} & {'module'}, callable(sandbox.confine))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names = [f"jackfield.sandbox.{name}" for name in ("calls", "kernel", "private_root")]
    assert done.stdout.strip() == f"{names} set() True"
