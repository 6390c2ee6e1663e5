"""A file system, network and IPC of its own: user namespace, detached mounts, `pivot_root` (user_namespaces(7)).

What was not named does not exist in there, so there is nothing to stat, to list or to connect to. It needs no right
that an ordinary user has not, but some systems switch it off, or leave the namespace without power (AppArmor on Ubuntu
24.04): only trying tells.

Each worker does this right after it was forked. Whatever it touches is a page of memory of its own: so here and around
it paths are texts, and pathlib stays where it was.
"""

import functools
import os
import stat
import struct
from collections.abc import Iterable, Sequence
from typing import Final

from jackfield.sandbox.kernel import PR_SET_DUMPABLE, call, control, mount

_NEW_MOUNTS: Final = 0x0002_0000
_NEW_HOST_NAME: Final = 0x0400_0000
_NEW_IPC: Final = 0x0800_0000
_NEW_USER: Final = 0x1000_0000
_NEW_NETWORK: Final = 0x4000_0000

_MS_RECURSIVE: Final = 0x4000
_MS_PRIVATE: Final = 0x4_0000
_MS_NO_SUID: Final = 2
_MS_NO_DEVICES: Final = 4
_READ_ONLY: Final = 1  # MOUNT_ATTR_*
_NO_SUID: Final = 2
_NO_DEVICES: Final = 4
_CLONE_TREE: Final = 1  # OPEN_TREE_CLONE
_FROM_DESCRIPTOR: Final = 4  # MOVE_MOUNT_F_EMPTY_PATH
_EMPTY_PATH: Final = 0x1000
_RECURSIVE: Final = 0x8000
_HERE: Final = -100  # AT_FDCWD
_DETACH: Final = 2

_PLACE: Final = "/proc"
"""Where the new root is put together: a folder that is always there and that nobody needs once it is covered."""


def enter(read: Sequence[str], write: Sequence[str], hidden: Sequence[str] = ()) -> None:
    """Move the calling process into a root that holds only these, at the paths they have outside.

    There is no `/proc` in there and no `/tmp`; links at the top (`/lib`) are kept. Folders to read are mounted
    read-only, with all that is mounted below them. The working directory becomes `/`.

    Args:
        read: folders and files to see. One that does not exist is left out.
        write: folders and files to write too.
        hidden: real paths below these of folders and files that are covered by empty ones, which cannot be opened. What
            is named to read or to write and lies in one is mounted on its cover.

    Raises:
        OSError: the system gives no such namespaces; the process may be in some of them already and must end.
    """
    _unshare()
    mount(None, "/", None, _MS_RECURSIVE | _MS_PRIVATE)
    # All trees are held before the new root covers anything; afterwards paths mean something else.
    wanted = dict.fromkeys(_spelled(read), True) | dict.fromkeys(_spelled(write), False)
    trees = {path: tree for path, only in wanted.items() if (tree := _detached(path, read_only=only)) is not None}
    hidden = [path for path in _seen(hidden, wanted) if path not in trees]
    links = _links_at_the_top()
    mount("tmpfs", _PLACE, "tmpfs", _MS_NO_SUID | _MS_NO_DEVICES, "size=1m,mode=755")
    covers = []
    for path in sorted((*trees, *hidden)):  # what is above comes first
        if path in trees:
            _attach(trees[path], _PLACE + path)
        elif _cover(_PLACE + path):
            covers.append(os.fsencode(_PLACE + path))
    for cover in covers:  # only now, since what lies in one needed a place there
        _set_attributes(_HERE, cover, 0, _READ_ONLY)
    for name, target in links.items():
        if not os.path.lexists(f"{_PLACE}/{name}"):
            os.symlink(target, f"{_PLACE}/{name}")
    os.chdir(_PLACE)
    call("pivot_root", b".", b".")
    call("umount2", b".", _DETACH)
    os.chdir("/")
    _set_attributes(_HERE, b"/", 0, _READ_ONLY)


def _unshare() -> None:
    """Leave the namespaces of the host; inside, the user keeps their own number."""
    uid, gid = os.geteuid(), os.getegid()
    # A process that changed its uid is not dumpable, and then its own files in /proc belong to root.
    control(PR_SET_DUMPABLE, 1)
    call("unshare", _NEW_USER | _NEW_MOUNTS | _NEW_NETWORK | _NEW_IPC | _NEW_HOST_NAME)
    _say("setgroups", b"deny")
    _say("uid_map", b"%d %d 1" % (uid, uid))
    _say("gid_map", b"%d %d 1" % (gid, gid))


def _say(name: str, content: bytes) -> None:
    descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)


def rehearse(paths: Sequence[str], hidden: Sequence[str]) -> None:
    """Do what can be done of `enter` without changing anything, and look up once where these lead.

    Args:
        paths: absolute, of folders that stay where they are.
        hidden: as in `enter`.
    """
    _seen(hidden, _spelled(paths))
    _links_at_the_top()
    _cover("")


@functools.lru_cache(maxsize=1024)
def _without_links(path: str) -> str:
    return os.path.realpath(path)


def _spelled(paths: Sequence[str]) -> list[str]:
    """Every path as it was given and as it is without links, so that both are found inside."""
    return [spelled for path in paths for spelled in {path: None, _without_links(path): None}]


def _seen(hidden: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """Where hidden paths are found inside: as they are, and below each folder that is spelled through a link."""
    seen = dict.fromkeys(hidden)
    for path in wanted if hidden else ():
        if (real := _without_links(path)) != path:
            seen |= {path + one[len(real) :]: None for one in hidden if one.startswith(f"{real}/")}
    return list(seen)


def _detached(path: str, *, read_only: bool) -> int | None:
    """Return a descriptor of a copy of the mounts at and below a path; None if nothing is there."""
    try:
        tree = call("open_tree", _HERE, os.fsencode(path) + b"\0", _CLONE_TREE | os.O_CLOEXEC | _RECURSIVE)
    except FileNotFoundError:
        return None
    if stat.S_ISCHR(os.fstat(tree).st_mode):
        # Writing to a device changes no file; its mode, which all processes share, must not change.
        attributes = _NO_SUID | _READ_ONLY
    else:
        attributes = _NO_SUID | _NO_DEVICES | (_READ_ONLY if read_only else 0)
    _set_attributes(tree, b"", _EMPTY_PATH | _RECURSIVE, attributes)
    return tree


def _set_attributes(descriptor: int, path: bytes, flags: int, attributes: int) -> None:
    packed = struct.pack("=4Q", attributes, 0, 0, 0)
    call("mount_setattr", descriptor, path + b"\0", flags, packed, len(packed))


def _attach(tree: int, target: str) -> None:
    if stat.S_ISDIR(os.fstat(tree).st_mode):
        os.makedirs(target, exist_ok=True)
    elif not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
    call("move_mount", tree, b"\0", _HERE, os.fsencode(target) + b"\0", _FROM_DESCRIPTOR)
    os.close(tree)


def _cover(target: str) -> bool:
    """Mount something empty over a folder or file; False if nothing is there, as below another cover."""
    if os.path.isdir(target):
        # Whoever knows the name of what lies in it may go there, and nobody can list it.
        mount("tmpfs", target, "tmpfs", _MS_NO_SUID | _MS_NO_DEVICES, "size=1m,mode=111")
    elif os.path.exists(target):
        empty = f"{_PLACE}/.empty"
        os.close(os.open(empty, os.O_CREAT | os.O_WRONLY, 0))
        tree = call("open_tree", _HERE, os.fsencode(empty) + b"\0", _CLONE_TREE | os.O_CLOEXEC)
        _attach(tree, target)
        os.unlink(empty)  # not before: what has no name is mounted nowhere
    else:
        return False
    return True


def _links_at_the_top() -> dict[str, str]:
    """`/lib` and its like: on most systems they are links into `/usr`, and the linker asks for them by name."""
    return {name: os.readlink(f"/{name}") for name in os.listdir("/") if os.path.islink(f"/{name}")}
