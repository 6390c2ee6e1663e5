"""How well this machine confines a process, remembered: to try it starts one, which takes longer than a whole list.

What is remembered holds for one start of the system, one user and the switches that the sandbox hangs on. It is for
showing: a host tries again before it confines anything, and a worker that cannot be confined does not start.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from jackfield.discovery import write_private
from jackfield.places import index_folder, is_private, place_in, read_private

_NAME = "sandbox"
_TOLD_BY = (
    "/proc/sys/kernel/random/boot_id",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/user/max_user_namespaces",
    "/proc/self/attr/current",
)
"""Files that say which system this is, and what is switched off in it."""


def remembered_grade(environ: Mapping[str, str]) -> str:
    """Return `full`, `base` or `process`, tried only where nothing that holds is remembered."""
    return _known_grade(environ) or fresh_grade(environ)


def is_remembered(environ: Mapping[str, str]) -> bool:
    """Say whether something is remembered that holds; else to tell the grade takes as long as starting a process."""
    return _known_grade(environ) is not None


def _known_grade(environ: Mapping[str, str]) -> str | None:
    cache = index_folder(environ)
    known = read_private(place_in(cache, _NAME)) if is_private(cache) else None
    if known is not None and known.get("told") == _told() and isinstance(known.get("grade"), str):
        return str(known["grade"])
    return None


def fresh_grade(environ: Mapping[str, str]) -> str:
    """Try it now, and remember the answer."""
    from jackfield.sandbox import grade_of, probe  # what a list does not need to load

    grade, cache = grade_of(probe()).value, index_folder(environ)
    write_private(cache, place_in(cache, _NAME), {"told": _told(), "grade": grade})
    return grade


def telling(environ: Mapping[str, str]) -> list[str]:
    """Return the file that holds what is remembered, for who remembers more than that."""
    return [place_in(index_folder(environ), _NAME)]


def _told() -> list[str]:
    """What the answer hangs on, in this process."""
    told = [str(os.geteuid()) if hasattr(os, "geteuid") else ""]
    for path in _TOLD_BY:
        text = ""
        with suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib is not needed
            text = file.read(512)
        told.append(text)
    with suppress(OSError, AttributeError):
        told.append(os.readlink("/proc/self/ns/user"))  # noqa: PTH115 - a container is another system
    return told
