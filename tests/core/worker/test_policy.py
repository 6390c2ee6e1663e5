"""Which policy follows from a spec, on machines that are better and worse than the one at hand."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import jackfield
import pytest
from jackfield.errors import SandboxError
from jackfield.isolation import WorkerLimits
from jackfield.sandbox import Grade, Machine
from jackfield.worker.policy import MARGIN, Interpreter, mapped_bytes, policy_of

from tests.support.workers import spec_in

BEST = Machine("linux", "x86_64", known=True, seccomp=True, landlock_abi=7, private_root=True)
WITHOUT_ROOT = replace(BEST, private_root=False)
OLD_LANDLOCK = replace(WITHOUT_ROOT, landlock_abi=2)
MACHINES = {
    "best": BEST,
    "no private root": WITHOUT_ROOT,
    "private root alone": replace(BEST, landlock_abi=0),
    "old Landlock": OLD_LANDLOCK,
    "no seccomp": replace(BEST, seccomp=False),
    "macOS": Machine("darwin", "arm64", known=False, seccomp=False, landlock_abi=0, private_root=False),
}
BELOW = ("old Landlock", "no seccomp", "macOS")
HERE = Interpreter((str(Path(os.__file__).parent),), {"jackfield": str(Path(jackfield.__file__).parent)})


@pytest.mark.parametrize(
    ("machine", "grade"),
    [("best", Grade.FULL), ("no private root", Grade.BASE), ("private root alone", Grade.BASE)],
)
def test_the_best_grade_is_taken_where_the_machine_confines(machine, grade, tmp_path):
    assert policy_of(spec_in(tmp_path), MACHINES[machine], HERE).grade is grade


@pytest.mark.parametrize("machine", BELOW)
def test_below_the_least_a_worker_is_refused_by_name(machine, tmp_path):
    with pytest.raises(SandboxError, match="weather cannot be confined on this machine") as raised:
        policy_of(spec_in(tmp_path), MACHINES[machine], HERE)
    assert raised.value.plugin == "weather"
    assert "isolation = process" in str(raised.value.hint)


@pytest.mark.parametrize("machine", MACHINES)
def test_who_chose_a_process_of_its_own_is_given_one_everywhere(machine, tmp_path):
    assert policy_of(spec_in(tmp_path, grade=Grade.PROCESS), MACHINES[machine], HERE).grade is Grade.PROCESS


@pytest.mark.parametrize("abi", [0, 2])
def test_a_capped_landlock_counts_as_the_one_that_is_there(abi, tmp_path):
    with pytest.raises(SandboxError, match="cannot be confined"):
        policy_of(spec_in(tmp_path, landlock_abi_most=abi), WITHOUT_ROOT, HERE)


def test_it_reads_what_was_named_and_writes_its_own_folders(tmp_path):
    spec = spec_in(
        tmp_path, named={"geocoder": "/site/geocoder"}, metadata=("/site/geocoder-1.dist-info",),
        read=("/granted/to/read",), write=("/granted/to/write",),
    )  # fmt: skip
    policy = policy_of(spec, BEST, HERE)
    named = {"/site/geocoder", "/site/geocoder-1.dist-info", "/granted/to/read", *spec.paths}
    always = {*HERE.named.values(), "/dev/urandom", "/usr/lib", f"{sys.base_prefix}/lib"}
    assert named | always <= set(policy.read)
    assert set(policy.write) == {
        "/dev/null", "/granted/to/write", spec.data_dir, spec.config_dir, spec.temporary,
    }  # fmt: skip
    for forbidden in ("/", "/etc", "/home", "/proc", "/tmp", "/usr", "/site", str(Path.home())):
        assert forbidden not in {*policy.read, *policy.write}


def test_what_lies_in_a_named_folder_is_not_named_again(tmp_path):
    for name in ("lib/python/dynload", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lib" / "link").symlink_to(tmp_path / "elsewhere")
    paths = [str(tmp_path / name) for name in ("lib/python/dynload", "lib", "lib/python", "lib/link", "missing")]
    read = Interpreter(tuple(paths), {}).read
    assert [path for path in read if path.startswith(str(tmp_path))] == [paths[1], paths[3]]


def test_its_limits_are_the_kernels_and_what_is_mapped_already_does_not_count(tmp_path):
    limits = WorkerLimits(memory_bytes=1 << 20, descriptors=33, threads=7, data_bytes=1 << 21)
    policy = policy_of(spec_in(tmp_path, limits=limits), BEST, HERE)
    assert (policy.descriptors, policy.threads) == (33 + MARGIN, 7 + MARGIN)
    assert policy.file_bytes == 1 << 21
    assert policy.address_space_bytes >= (1 << 30) + (1 << 20)
    assert abs(policy.address_space_bytes - mapped_bytes() - limits.address_space_bytes) < 1 << 28
