"""One attack, tried once for each user and each way to be confined; and what must come of it."""

from __future__ import annotations

import errno
import functools
import os
import resource
from pathlib import Path

from jackfield.sandbox import Policy, probe

from tests.scenarios.attacks import files, host, kernel, network, processes, resources  # noqa: F401 (enter the catalogue)
from tests.scenarios.attacks.catalogue import ATTACKS, COLUMNS, Attack
from tests.scenarios.attacks.scene import Scene, staged
from tests.support.confined import NOBODY, TIMED_OUT, Outcome, in_child

MEBIBYTE = 1024 * 1024
USERS: dict[str, int | None] = {"root": None, "user": NOBODY} if os.geteuid() == 0 else {"user": None}
UNCONFINED = "unconfined"

NOT_THERE = {
    "ENOSYS", "EAFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "ENOPROTOOPT", "EOPNOTSUPP", "ENODEV", "ENOENT",
    "EACCES", "EPERM", "SIGSEGV",
}  # fmt: skip
"""How a kernel says that it was built or set without something; EPERM and EACCES are settings of the machine
(io_uring_disabled, perf_event_paranoid), SIGSEGV a kernel without 32-bit programs."""

SECCOMPS_OWN = {"EPERM", "ENOSYS", "SIGSYS"}

HELD = {*errno.errorcode.values(), "SIGSYS", "MemoryError", "RuntimeError", "PermissionError"}
"""How a sandbox says no: by an errno, by the death of who asked, or by memory and threads that are not given. One that
waits for nobody, dies of something else, or ends before it has told anything, was not held: it shows nothing."""


@functools.cache
def tried(name: str, column: str, user: str) -> Outcome:
    """Stage the scene, do the attack in a child process, and return what came of it."""
    uid = USERS[user]
    with staged(uid) as scene:
        policy = None if column == UNCONFINED else _policy(scene, column)
        return in_child(lambda: ATTACKS[name].function(scene), policy=policy, machine=probe(), uid=uid)


def _policy(scene: Scene, column: str) -> Policy:
    grade, abi = COLUMNS[column]
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return Policy(
        read=("/usr", "/lib", "/lib64", "/dev/urandom", str(scene.code), str(scene.packaged.parents[1])),
        write=(str(scene.data), "/dev/null"),
        hidden=(str(scene.packaged.parent),),
        kept_descriptors=(0, 1, 2, scene.brokered, scene.granted),
        address_space_bytes=mapped + 1024 * MEBIBYTE,
        file_bytes=16 * MEBIBYTE,
        grade=grade,
        landlock_abi_most=abi,
    )


def wrong_unconfined(attack: Attack, user: str, outcome: Outcome) -> str | None:
    """Say what is wrong with an outcome without a sandbox; None if nothing is."""
    succeeded = outcome.refused is None
    if outcome.unexpected or outcome.refused == TIMED_OUT:
        return f"the attack is broken: {outcome}"
    if attack.unconfined == "harmless" and outcome.refused == "ENOSYS":
        return None
    if attack.unconfined == "if there":
        return None if succeeded or outcome.refused in NOT_THERE else f"neither there nor missing: {outcome}"
    expected = attack.unconfined == "everybody" or user == "root"
    if succeeded is expected:
        return None
    return f"it should {'succeed' if expected else 'fail'}, or it shows nothing: {outcome}"


def wrong_confined(attack: Attack, column: str, user: str, outcome: Outcome) -> str | None:
    """Say what is wrong with an outcome in a sandbox; None if nothing is."""
    succeeded = outcome.refused is None
    if outcome.unexpected:
        return f"the attack is broken: {outcome}"
    if attack.passes_in(column, user):
        return None if succeeded else f"listed as let through, and held: {outcome}"
    if succeeded:
        return f"let through: {outcome}"
    if outcome.refused not in HELD:
        return f"nobody said no: {outcome}"
    if attack.group == "kernel" and outcome.refused not in SECCOMPS_OWN:
        return f"the call reached the kernel: {outcome}"
    return None
