"""The tables of system calls: what everyone knows, what this machine says, and nothing missing from the lists."""

import ctypes
import os
import platform
import re
import sys
from pathlib import Path

import pytest
from jackfield.sandbox.allowed import ALLOWED, ANSWERED, conditional
from jackfield.sandbox.calls import AARCH64, ARCHITECTURES, X86_64

# asm-generic has no call that takes a path without a folder, and none that a flag of a newer one replaces.
X86_64_ONLY = {
    "access", "alarm", "arch_prctl", "creat", "dup2", "epoll_create", "epoll_wait", "eventfd", "getdents", "getpgrp",
    "lstat", "mkdir", "open", "pause", "pipe", "poll", "readlink", "rename", "rmdir", "select", "signalfd", "stat",
    "time", "unlink",
}  # fmt: skip


def test_numbers_that_everyone_knows():
    known = {"read": 0, "getpid": 39, "clone": 56, "execve": 59, "openat": 257, "seccomp": 317, "futex_waitv": 449}
    assert {name: X86_64.calls[name] for name in known} == known
    known = {"read": 63, "getpid": 172, "clone": 220, "execve": 221, "openat": 56, "seccomp": 277, "futex_waitv": 449}
    assert {name: AARCH64.calls[name] for name in known} == known


@pytest.mark.parametrize("machine", [X86_64, AARCH64], ids=lambda one: one.name)
def test_no_number_is_given_twice(machine):
    numbers = list(machine.calls.values())
    assert len(set(numbers)) == len(numbers)
    assert machine.unknown_from == max(numbers) + 1 < 0x4000_0000


def test_both_share_the_numbers_from_the_common_range_on():
    from_here = 424
    ours = {name: number for name, number in X86_64.calls.items() if number >= from_here and name != "memfd_secret"}
    assert ours.items() <= AARCH64.calls.items()


def test_every_name_in_the_lists_is_a_call():
    named = ALLOWED | set(ANSWERED) | set(conditional(1))
    assert named - set(X86_64.calls) == set()
    assert named - set(AARCH64.calls) == X86_64_ONLY


def test_no_call_is_in_two_lists():
    lists = [ALLOWED, set(ANSWERED), set(conditional(1))]
    assert sum(map(len, lists)) == len(set().union(*lists))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="numbers of Linux")
def test_this_machine_answers_to_its_numbers():
    numbers = ARCHITECTURES[platform.machine()].calls
    libc = ctypes.CDLL(None)
    for name, said in (
        ("getpid", os.getpid()), ("getppid", os.getppid()), ("getuid", os.getuid()), ("getegid", os.getegid()),
        ("getpgid", os.getpgid(0)), ("getsid", os.getsid(0)),
    ):  # fmt: skip
        assert libc.syscall(numbers[name], 0) == said


def test_the_table_agrees_with_the_headers_of_this_machine():
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.exists():
        pytest.skip("the kernel's headers are not installed")
    theirs = {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", header.read_text())}
    assert {name: X86_64.calls.get(name) for name in theirs} == theirs
