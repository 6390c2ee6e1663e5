"""The sandbox's policy for a worker: what its spec names, and what the interpreter itself needs."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from jackfield.errors import SandboxError
from jackfield.isolation import WorkerSpec
from jackfield.sandbox import Grade, Machine, Policy, grade_of
from jackfield.worker.hidden import hidden_below

SYSTEM: Final = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo",
    "/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/zero", "/nix/store", "/gnu/store",
    "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted",
    "/usr/share/ca-certificates",
)  # fmt: skip
"""What native code and the standard library look for on the system, as far as it is there: shared libraries, the times
of zones, and the certificates that everybody trusts, for a connection that the host made may speak TLS."""

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

WRITABLE: Final = ("/dev/null",)

MARGIN: Final = 4
"""Descriptors and threads above the limit that the kernel lets be, so that who looks from outside sees a breach."""


@dataclass(frozen=True)
class Interpreter:
    """What every worker of one interpreter needs.

    Args:
        library: folders of the standard library, as `standard_library` says.
        named: top-level names that every worker is given: jackfield and what it cannot do without.
        metadata: their `.dist-info` folders.
        hosts: real paths of the folders and files from which the host imports, as `jackfield.isolation.import_path`
            says; what lies below a folder that is read is hidden.
    """

    library: tuple[str, ...]
    named: dict[str, str]
    metadata: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    @cached_property
    def read(self) -> tuple[str, ...]:
        """All that is read for it, without what lies in what is named as well: each path is a mount in each worker."""
        found = _found((*self._shared, *self.named.values(), *self.metadata))
        return tuple(path for path in found if not any(self._covered(path, other, found) for other in found))

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """What of other packages lies below what is read, as `hidden_below` says which (K42)."""
        published = [str(one) for one in _found((*self.named.values(), *self.metadata)).values()]
        return hidden_below([str(one) for one in _found(self._shared).values()], self.hosts, published)

    @property
    def _shared(self) -> tuple[str, ...]:
        """Folders with more in them than is named one by one."""
        return (*SYSTEM, *self.library, f"{sys.base_prefix}/lib")

    def _covered(self, path: str, other: str, real: Mapping[str, Path]) -> bool:
        """Whether a path is found through another one.

        It lies below, or below a link at the top, which is kept inside; and nothing between them is hidden.
        """
        below, above = real[path], real[other]
        if path == other or not below.is_relative_to(above):
            return False
        if any(
            below.is_relative_to(one) and Path(one) != above and Path(one).is_relative_to(above) for one in self.hidden
        ):
            return False
        return path.startswith(f"{other}/") or Path("/", *Path(path).parts[1:2]).is_symlink()


def policy_of(
    spec: WorkerSpec,
    machine: Machine,
    interpreter: Interpreter,
    *,
    descriptors: Sequence[int] = (0, 1, 2),
    parent: int | None = None,
) -> Policy:
    """Return what a worker keeps when it is confined.

    Args:
        spec: of the worker.
        machine: what the system offers.
        interpreter: what all workers read.
        descriptors: that stay open.
        parent: the process with which it ends.

    Raises:
        SandboxError: the machine confines nothing, and the spec does not say that it need not; or it asks for a grade
            that the machine does not give.
    """
    most = spec.landlock_abi_most
    offered = machine if most is None else replace(machine, landlock_abi=min(machine.landlock_abi, most))
    grade = spec.grade or grade_of(offered)
    if grade is Grade.PROCESS and spec.grade is None:
        raise SandboxError(
            f"{spec.plugin} cannot be confined on this machine",
            plugin=spec.plugin,
            hint="jackfield doctor --sandbox tells what is missing; isolation = process runs it unconfined",
        )
    own = (spec.data_dir, spec.config_dir, spec.temporary)
    named = (*spec.named.values(), *spec.metadata)
    granted = (*named, *spec.paths, *spec.read, *spec.write, *own)
    return Policy(
        read=tuple(dict.fromkeys((*interpreter.read, *named, *spec.paths, *spec.read))),
        write=tuple(dict.fromkeys((*WRITABLE, *own, *spec.write))),
        hidden=tuple(one for one in interpreter.hidden if not any(_within(one, path) for path in granted)),
        kept_descriptors=tuple(descriptors),
        address_space_bytes=mapped_bytes() + spec.limits.address_space_bytes,
        file_bytes=spec.limits.data_bytes,
        descriptors=spec.limits.descriptors + MARGIN,
        threads=spec.limits.threads + MARGIN,
        grade=grade,
        landlock_abi_most=spec.landlock_abi_most,
        parent=parent,
    )


def _found(paths: Iterable[str]) -> dict[str, Path]:
    """Those that exist and that can be reached, each with the real path."""
    real = {path: Path(path).resolve() for path in paths}
    return {path: one for path, one in real.items() if os.path.exists(one)}  # noqa: PTH110 (raises where it is closed)


def _within(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}/")


def mapped_bytes() -> int:
    """Return how much this process has mapped already, which its own limit does not count."""
    try:
        sizes = os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return 0
    try:
        pages = os.read(sizes, 100).split()[0]
    finally:
        os.close(sizes)
    return int(pages) * _PAGE_BYTES
