"""What a confined process may ask of the kernel: lists, and conditions on arguments. Everything else is refused.

A call that is new to a kernel, or that somebody forgot here, is refused: that is why it is a list of what is allowed. A
condition sees numbers, never what a pointer leads to; where the danger lies behind a pointer the whole call is refused.
So is `sendmsg`: what it may carry besides are descriptors, and those on their way are neither counted nor seen. And
`capget`: it tells of whatever process its pointer names.
"""

import errno
from types import MappingProxyType
from typing import Final

from jackfield.sandbox.bpf import AnyBit, Condition, NoBit, Null, OneOf

_READING_WRITING_WAITING: Final = """
    read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range dup dup2 dup3
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2
    pipe pipe2 recvfrom recvmsg recvmmsg getsockname getpeername shutdown sendfile copy_file_range
"""

_FILES: Final = """
    access faccessat faccessat2 stat lstat fstat newfstatat statx statfs fstatfs readlink
    readlinkat getcwd chdir fchdir getdents getdents64 mkdir mkdirat rmdir unlink unlinkat rename renameat
    truncate ftruncate fsync fdatasync sync_file_range fadvise64 readahead umask flock
"""

_MEMORY_THREADS_OWN_SIGNALS: Final = """
    munmap mprotect mremap madvise msync brk membarrier rseq set_robust_list set_tid_address
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack pause
    restart_syscall signalfd signalfd4 futex_waitv futex_wait futex_wake sched_yield
    sched_get_priority_max sched_get_priority_min getcpu arch_prctl exit exit_group
    wait4 waitid
"""

_TIME_AND_ITSELF: Final = """
    nanosleep gettimeofday time times alarm getitimer setitimer
    timerfd_create timerfd_settime timerfd_gettime getpid getppid gettid getuid geteuid getgid getegid getresuid
    getresgid getgroups getpgrp uname sysinfo getrusage getrandom getrlimit
"""

ALLOWED: Final = frozenset(
    name
    for names in (_READING_WRITING_WAITING, _FILES, _MEMORY_THREADS_OWN_SIGNALS, _TIME_AND_ITSELF)
    for name in names.split()
)
"""Allowed with any arguments. Which files the calls of files reach, Landlock and the private root decide."""

_PERMITTED: Final = errno.EPERM
_CLONE_THREAD: Final = 0x0001_0000
# VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID, DETACHED: what glibc and musl ask for.
_THREAD_FLAGS: Final = 0x007D_0F00
# What runs a program as its owner or group, whoever starts it: a trap that would outlive the sandbox.
_SETUID_SETGID: Final = 0o6000
_RENAME_WHITEOUT: Final = 4
_MSG_FASTOPEN: Final = 0x2000_0000
_UNIX: Final = 1
_STREAM: Final = tuple(1 | extra for extra in (0, 0o2000000, 0o4000, 0o2004000))  # with CLOEXEC, NONBLOCK

# DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK, SETLK, SETLKW, OFD_GETLK, OFD_SETLK, OFD_SETLKW, DUPFD_CLOEXEC, GETPIPE_SZ.
# Not SETOWN, SETOWN_EX, SETSIG (signals to processes outside), SETLEASE (stops them opening), NOTIFY, SETPIPE_SZ.
_FCNTL: Final = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
_IOCTL: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIO(N)CLEX
_PRCTL: Final = (15, 16, 3, 39, 0x53564D41)  # SET_NAME, GET_NAME, GET_DUMPABLE, GET_NO_NEW_PRIVS, SET_VMA
_LEVELS: Final = (1, 6)  # SOL_SOCKET, IPPROTO_TCP
# Of the one REUSEADDR, KEEPALIVE, RCVTIMEO, SNDTIMEO; of the other NODELAY, KEEPIDLE, KEEPINTVL, KEEPCNT, QUICKACK,
# USER_TIMEOUT. Never ATTACH_FILTER: a way into the kernel's BPF. Nor LINGER: whoever closes such a connection last
# waits until the other side has taken everything. Nor SNDBUF and RCVBUF: a socket holds megabytes then where the system
# allows it, and no measure of a process' memory tells of them.
_OPTIONS: Final = (1, 2, 4, 5, 6, 9, 12, 18, 20, 21)
# Those, and what a socket says of itself: TYPE, ERROR, SNDBUF, RCVBUF, ACCEPTCONN, PROTOCOL, DOMAIN; TCP_INFO. Not who
# is at its other end, PEERCRED and PEERPIDFD: that is the host.
_TOLD_OPTIONS: Final = (*_OPTIONS, 3, 7, 8, 11, 13, 30, 38, 39)
# WAIT_BITSET, WAKE, WAIT, WAKE_BITSET, REQUEUE, CMP_REQUEUE, WAKE_OP, each also PRIVATE and by CLOCK_REALTIME. None
# that lends priority (LOCK_PI and its like): they name another thread, whosesoever it is, and tell whether it is there.
_FUTEX: Final = tuple(what | how for how in (128, 128 | 256, 0, 256) for what in (9, 1, 0, 10, 3, 4, 5))
_CLOCK_OF_A_PROCESS: Final = 0x8000_0000
_MAP_HUGETLB: Final = 0x4_0000


def conditional(pid: int) -> MappingProxyType[str, tuple[tuple[Condition, ...], int]]:
    """Return the calls that are allowed under conditions: all of them hold, else the errno.

    None of them changes a mode or a time, of whatever file. That is asked by a descriptor and needs no right to write,
    and neither Landlock nor a read-only mount sees it where the descriptor came from the host: a file that the user
    granted to be read, the null device that is its stdin.

    Args:
        pid: the process that is confined, the only one that it may signal.
    """
    itself = (OneOf(0, (0, pid)),)
    table: dict[str, tuple[tuple[Condition, ...], int]] = {
        # The hot ones first: the kernel remembers plain answers, but asks the program each time for these.
        "sendto": ((Null(4), NoBit(3, _MSG_FASTOPEN)), _PERMITTED),
        "futex": ((OneOf(1, _FUTEX),), errno.ENOSYS),  # libc has no priority to lend then
        # Below zero a clock is a process' own: the processor time of whomever its number names.
        **dict.fromkeys(
            ("clock_gettime", "clock_nanosleep", "clock_getres"), ((NoBit(0, _CLOCK_OF_A_PROCESS),), errno.EINVAL)
        ),
        # Pages of the machine's reserve, which no measure of a process' memory counts.
        "mmap": ((NoBit(3, _MAP_HUGETLB),), errno.ENOMEM),
        "fcntl": ((OneOf(1, _FCNTL),), _PERMITTED),
        "ioctl": ((OneOf(1, _IOCTL),), errno.ENOTTY),
        # The mode of a file that is made; libc passes 0 where none is.
        "openat": ((NoBit(3, _SETUID_SETGID),), _PERMITTED),
        "open": ((NoBit(2, _SETUID_SETGID),), _PERMITTED),
        "creat": ((NoBit(1, _SETUID_SETGID),), _PERMITTED),
        # A rename that leaves a device in the old place, which is none that anybody asked for: mknod by another name.
        "renameat2": ((NoBit(4, _RENAME_WHITEOUT),), _PERMITTED),
        "clone": ((AnyBit(0, _CLONE_THREAD), NoBit(0, ~_THREAD_FLAGS & 0xFFFF_FFFF)), _PERMITTED),
        # A datagram socket reaches any other by path through sendmsg(msg_name), which lies behind a pointer.
        "socketpair": ((OneOf(0, (_UNIX,)), OneOf(1, _STREAM)), _PERMITTED),
        "setsockopt": ((OneOf(1, _LEVELS), OneOf(2, _OPTIONS)), _PERMITTED),
        "getsockopt": ((OneOf(1, _LEVELS), OneOf(2, _TOLD_OPTIONS)), errno.ENOPROTOOPT),
        "kill": ((OneOf(0, (pid,)),), _PERMITTED),
        "tgkill": ((OneOf(0, (pid,)),), _PERMITTED),
        "prlimit64": ((*itself, Null(2)), _PERMITTED),
        "prctl": ((OneOf(0, _PRCTL),), _PERMITTED),
        "getpriority": ((OneOf(0, (0,)), OneOf(1, (0, pid))), _PERMITTED),
    }
    # Of others they tell that a process is there. What libc asks of another thread of its own is refused with them, as
    # nobody knows those numbers beforehand; pthread_getattr_np, which many need, goes on after ENOSYS.
    for name in ("getpgid", "getsid", "sched_getparam", "sched_getscheduler"):
        table[name] = (itself, _PERMITTED)
    table["sched_getaffinity"] = (itself, errno.ENOSYS)
    table["get_robust_list"] = (itself, _PERMITTED)
    return MappingProxyType(table)


ANSWERED: Final = MappingProxyType(
    {
        # Flags behind a pointer: libc falls back to clone and openat, whose flags can be seen.
        "clone3": errno.ENOSYS,
        "openat2": errno.ENOSYS,
        # Probed by libraries, which then do without.
        **dict.fromkeys(
            (
                "io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_create", "memfd_secret", "userfaultfd",
                "pidfd_open", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp",
                "statmount", "listmount",
            ),
            errno.ENOSYS,
        ),
        # They take the disk without writing: all of it in an instant, or what no count of written bytes holds. Without
        # the first, posix_fallocate of glibc writes.
        "fallocate": errno.EOPNOTSUPP,
        **dict.fromkeys(("splice", "tee"), errno.ENOSYS),
        # shutil.copystat goes on after ENOTSUP, not after EPERM.
        **dict.fromkeys(
            (
                "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "getxattr", "lgetxattr", "fgetxattr", "getxattrat",
                "listxattr", "llistxattr", "flistxattr", "listxattrat", "removexattr", "lremovexattr", "fremovexattr",
                "removexattrat",
            ),
            errno.ENOTSUP,
        ),
    }
)  # fmt: skip
"""Calls that are refused with another errno than EPERM, so that libc and libraries take their other way."""
