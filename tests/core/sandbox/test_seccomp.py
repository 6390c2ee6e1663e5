"""The filter on system calls, run by an interpreter: what is not in the list is refused, on both architectures."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.sandbox.allowed import ALLOWED, ANSWERED, conditional
from jackfield.sandbox.calls import AARCH64, X86_64, Architecture
from jackfield.sandbox.seccomp import program

from tests.core.sandbox.interpreter import ALLOW, KILL, refused, run

PID = 4242
WORD = st.integers(0, 2**64 - 1)
ARGUMENTS = st.tuples(WORD, WORD, WORD, WORD, WORD, WORD)
CODE = {one.name: b"".join(line.packed() for line in program(one, PID)) for one in (X86_64, AARCH64)}
both = pytest.mark.parametrize("machine", [X86_64, AARCH64], ids=lambda one: one.name)


def verdict(machine: Architecture, name: str, *arguments: int) -> int:
    return run(CODE[machine.name], machine.audit, machine.calls[name], arguments)


@both
def test_the_program_is_one_that_the_kernel_takes(machine):
    lines = program(machine, PID)
    assert len(lines) < 4096, "BPF_MAXINSNS: the kernel takes no longer program"
    for place, line in enumerate(lines):
        assert max(line.if_true, line.if_false) < 256
        assert place + 1 + max(line.if_true, line.if_false) < len(lines) or line.code == 0x06


@both
@given(number=st.integers(0, 2**32 - 1), arguments=ARGUMENTS)
def test_whatever_is_not_in_the_list_is_refused(machine, number, arguments):
    names = {number: name for name, number in machine.calls.items()}
    permitted = ALLOWED | set(conditional(PID))
    outcome = run(CODE[machine.name], machine.audit, number, arguments)
    if names.get(number) not in permitted:
        assert outcome == KILL or refused(outcome)


@both
def test_every_known_call_is_answered_by_its_list(machine):
    for name, number in machine.calls.items():
        outcome = run(CODE[machine.name], machine.audit, number)
        if name in ALLOWED:
            assert outcome == ALLOW, name
        elif name in ANSWERED:
            assert refused(outcome) == ANSWERED[name], name
        elif name not in conditional(PID):
            assert refused(outcome) == errno.EPERM, name


@both
@given(audit=st.integers(0, 2**32 - 1), number=st.integers(0, 600), arguments=ARGUMENTS)
def test_a_foreign_architecture_kills(machine, audit, number, arguments):
    if audit != machine.audit:
        assert run(CODE[machine.name], audit, number, arguments) == KILL


@pytest.mark.parametrize("audit", [0x4000_0003, 0x4000_0028, AARCH64.audit], ids=["i386", "arm", "aarch64"])
def test_calls_by_int80_and_of_other_processors_kill(audit):
    assert run(CODE["x86_64"], audit, X86_64.calls["getpid"]) == KILL


def test_x32_kills():
    for number in (0x4000_0000, 0x4000_0000 | X86_64.calls["read"], 0x4000_0000 | 520, 0xFFFF_FFFF):
        assert run(CODE["x86_64"], X86_64.audit, number) == KILL


@both
def test_a_call_newer_than_the_table_does_not_exist(machine):
    for number in (machine.unknown_from, machine.unknown_from + 100, 0x3FFF_FFFF):
        assert refused(run(CODE[machine.name], machine.audit, number)) == errno.ENOSYS


@both
def test_a_thread_is_started_and_nothing_else(machine):
    glibc, musl = 0x003D_0F00, 0x007D_0F00
    assert verdict(machine, "clone", glibc) == ALLOW
    assert verdict(machine, "clone", musl) == ALLOW
    fork = 0x0120_0011
    for flags in (
        fork,
        17,
        0,
        glibc & ~0x10000,
        *(glibc | space for space in (0x20000, 1 << 28, 1 << 30, 0x80, 0x2000)),
    ):
        assert refused(verdict(machine, "clone", flags)) == errno.EPERM, hex(flags)
    assert refused(verdict(machine, "clone3", 0x1234, 88)) == errno.ENOSYS


@both
@pytest.mark.parametrize("name", ["kill", "tgkill"])
@given(pid=WORD)
def test_only_itself_is_signalled(machine, name, pid):
    allowed = verdict(machine, name, pid, 9) == ALLOW
    assert allowed == (pid & 0xFFFF_FFFF == PID)


@both
@pytest.mark.parametrize(
    "name", ["getpgid", "getsid", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "get_robust_list"]
)
@given(pid=WORD)
def test_of_itself_alone_it_learns_how_it_runs(machine, name, pid):
    allowed = verdict(machine, name, pid, 8, 0x5000) == ALLOW
    assert allowed == (pid & 0xFFFF_FFFF in {0, PID})


@both
@pytest.mark.parametrize(
    "name",
    [
        *("sched_setaffinity", "sched_setparam", "sched_setscheduler", "sched_setattr", "sched_getattr", "setpriority"),
        *("ioprio_get", "ioprio_set", "kcmp", "process_vm_readv", "process_vm_writev", "process_madvise"),
        *("rt_sigqueueinfo", "rt_tgsigqueueinfo", "tkill", "pidfd_open", "pidfd_getfd", "pidfd_send_signal"),
        *("migrate_pages", "move_pages", "ptrace", "perf_event_open"),
    ],
)
@given(arguments=ARGUMENTS)
def test_nothing_is_asked_of_another_process(machine, name, arguments):
    assert refused(verdict(machine, name, *arguments))


@both
@pytest.mark.parametrize("name", ["sync", "syncfs", "quotactl", "swapon", "fallocate"])
@given(arguments=ARGUMENTS)
def test_the_disks_of_all_are_not_its_to_write_back(machine, name, arguments):
    """One `sync` waits for whatever anybody has written, and lets everybody wait; its own files it may have safe."""
    assert refused(verdict(machine, name, *arguments))
    for own in ("fsync", "fdatasync", "sync_file_range", "msync"):
        assert verdict(machine, own, 3) == ALLOW


@both
def test_nobody_is_signalled_by_a_descriptor(machine):
    setown, setsig, setown_ex, setlease, notify, pipe_size = 8, 10, 15, 1024, 1026, 1031
    for command in (setown, setsig, setown_ex, setlease, notify, pipe_size):
        assert refused(verdict(machine, "fcntl", 5, command, 1)) == errno.EPERM
    for command in (1, 2, 3, 4, 6, 1030):
        assert verdict(machine, "fcntl", 5, command, 1) == ALLOW


@both
@given(address=WORD, flags=WORD)
def test_nothing_is_sent_to_an_address(machine, address, flags):
    outcome = verdict(machine, "sendto", 3, 0x5000, 10, flags, address)
    assert (outcome == ALLOW) == (address == 0 and not flags & 0x2000_0000)


@both
def test_an_address_in_the_upper_half_is_seen(machine):
    assert refused(verdict(machine, "sendto", 3, 0x5000, 10, 0, 1 << 32)) == errno.EPERM
    assert refused(verdict(machine, "prlimit64", 0, 7, 1 << 40)) == errno.EPERM


@both
@pytest.mark.parametrize("name", ["sendmsg", "sendmmsg"])
@given(arguments=ARGUMENTS)
def test_nothing_is_sent_that_may_carry_descriptors_or_an_address(machine, name, arguments):
    assert refused(verdict(machine, name, *arguments)) == errno.EPERM


@both
@given(domain=st.integers(0, 50), kind=WORD)
def test_socket_pairs_are_unix_streams(machine, domain, kind):
    outcome = verdict(machine, "socketpair", domain, kind, 0)
    assert (outcome == ALLOW) == (domain == 1 and kind & 0xFFFF_FFFF in {1, 0x801, 0x80001, 0x80801})


@both
def test_own_limits_are_read_and_not_set(machine):
    assert verdict(machine, "prlimit64", 0, 7, 0, 0x5000) == ALLOW
    assert verdict(machine, "prlimit64", PID, 7, 0, 0x5000) == ALLOW
    assert refused(verdict(machine, "prlimit64", 0, 7, 0x5000, 0)) == errno.EPERM
    assert refused(verdict(machine, "prlimit64", 1, 7, 0, 0x5000)) == errno.EPERM
    assert refused(verdict(machine, "setpriority", 0, 0, 5)) == errno.EPERM


@both
@given(command=WORD)
def test_devices_are_commanded_by_a_short_list(machine, command):
    known = {0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451}
    outcome = verdict(machine, "ioctl", 0, command)
    assert outcome == ALLOW if command & 0xFFFF_FFFF in known else refused(outcome) == errno.ENOTTY


@both
def test_only_harmless_options_of_a_process_are_set(machine):
    set_name, set_pdeathsig, set_dumpable, set_seccomp, set_mm = 15, 1, 4, 22, 35
    assert verdict(machine, "prctl", set_name, 0x5000) == ALLOW
    for option in (set_pdeathsig, set_dumpable, set_seccomp, set_mm):
        assert refused(verdict(machine, "prctl", option, 0)) == errno.EPERM


@both
def test_a_socket_takes_no_program(machine):
    sol_socket, attach_filter, attach_bpf, keepalive = 1, 26, 50, 9
    assert verdict(machine, "setsockopt", 3, sol_socket, keepalive) == ALLOW
    for option in (attach_filter, attach_bpf):
        assert refused(verdict(machine, "setsockopt", 3, sol_socket, option)) == errno.EPERM
    assert refused(verdict(machine, "setsockopt", 3, 0, keepalive)) == errno.EPERM


@both
def test_a_socket_keeps_the_buffers_that_it_has(machine):
    sol_socket = 1
    for sndbuf, rcvbuf in ((7, 8), (32, 33)):  # and those beyond the system's limit
        assert refused(verdict(machine, "setsockopt", 3, sol_socket, sndbuf)) == errno.EPERM
        assert refused(verdict(machine, "setsockopt", 3, sol_socket, rcvbuf)) == errno.EPERM


@both
def test_a_socket_tells_of_itself_and_not_of_who_is_at_its_other_end(machine):
    sol_socket, tcp, ip = 1, 6, 0
    for option in (3, 4, 38, 39):  # SO_TYPE, SO_ERROR, SO_PROTOCOL, SO_DOMAIN: what Python asks of a descriptor
        assert verdict(machine, "getsockopt", 3, sol_socket, option) == ALLOW
    for option in (17, 31, 59, 77, 26, 57):  # SO_PEERCRED, SO_PEERSEC, SO_PEERGROUPS, SO_PEERPIDFD …
        assert refused(verdict(machine, "getsockopt", 3, sol_socket, option)) == errno.ENOPROTOOPT
    zerocopy_receive = 35
    assert refused(verdict(machine, "getsockopt", 3, tcp, zerocopy_receive)) == errno.ENOPROTOOPT
    assert refused(verdict(machine, "getsockopt", 3, ip, 1)) == errno.ENOPROTOOPT


@both
def test_nobody_waits_for_who_reads_slowly_when_a_connection_is_closed(machine):
    sol_socket, tcp, linger, congestion = 1, 6, 13, 13
    assert refused(verdict(machine, "setsockopt", 3, sol_socket, linger)) == errno.EPERM
    assert refused(verdict(machine, "setsockopt", 3, tcp, congestion)) == errno.EPERM


@both
@given(operation=WORD)
def test_a_futex_names_no_thread(machine, operation):
    known = {what | how for what in (0, 1, 3, 4, 5, 9, 10) for how in (0, 128, 256, 384)}
    outcome = verdict(machine, "futex", 0x5000, operation)
    assert outcome == ALLOW if operation & 0xFFFF_FFFF in known else refused(outcome) == errno.ENOSYS


@both
@given(operation=st.sampled_from([6, 7, 8, 11, 12, 13]), how=st.sampled_from([0, 128, 256, 384]))
def test_no_priority_is_lent(machine, operation, how):
    """FUTEX_LOCK_PI, UNLOCK_PI, TRYLOCK_PI, WAIT_REQUEUE_PI, CMP_REQUEUE_PI, LOCK_PI2."""
    assert refused(verdict(machine, "futex", 0x5000, operation | how)) == errno.ENOSYS


@both
@pytest.mark.parametrize("name", ["clock_gettime", "clock_getres", "clock_nanosleep"])
@given(pid=st.integers(0, 1 << 22), kind=st.integers(0, 7))
def test_only_clocks_of_nobody_are_read(machine, name, pid, kind):
    """A clock of a process or of its descriptor is a number below zero (`clock_getcpuclockid`, `FD_TO_CLOCKID`)."""
    assert refused(verdict(machine, name, (~pid << 3 | kind) & 0xFFFF_FFFF, 0x5000)) == errno.EINVAL
    for clock in range(12):
        assert verdict(machine, name, clock, 0x5000) == ALLOW


@both
def test_pages_of_the_machines_reserve_are_not_mapped(machine):
    private, anonymous, huge = 2, 0x20, 0x4_0000
    assert verdict(machine, "mmap", 0, 1 << 21, 3, private | anonymous) == ALLOW
    for size in (0, 21 << 26, 30 << 26):
        flags = private | anonymous | huge | size
        assert refused(verdict(machine, "mmap", 0, 1 << 21, 3, flags)) == errno.ENOMEM


@both
def test_neither_modes_nor_times_change_however_they_are_asked_for(machine):
    for name in ("fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat", "utimensat"):
        assert refused(verdict(machine, name, 3, 0)) == errno.EPERM


@both
def test_no_file_gets_a_setuid_bit(machine):
    places = {"openat": 3} | ({"open": 2, "creat": 1} if machine is X86_64 else {})
    for name, place in places.items():
        for mode, allowed in ((0, True), (0o777, True), (0o1777, True), (0o4755, False), (0o2755, False)):
            arguments = [3] * place + [mode]
            assert (verdict(machine, name, *arguments) == ALLOW) is allowed, (name, oct(mode))
    assert refused(verdict(machine, "openat2", 3, 0x5000, 0x6000, 24)) == errno.ENOSYS


@both
def test_copystat_is_told_that_there_are_no_attributes(machine):
    for name in ("setxattr", "listxattr", "fgetxattr", "lremovexattr"):
        assert refused(verdict(machine, name, 0x5000, 0x6000)) == errno.ENOTSUP
