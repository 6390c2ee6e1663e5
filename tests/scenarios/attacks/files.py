"""Attacks on files: reading what is secret, writing what is not one's own, and going round the walls."""

import ctypes
import errno
import fcntl
import importlib.util
import mmap
import os
import stat
from pathlib import Path

from jackfield.sandbox.kernel import call

from tests.scenarios.attacks.catalogue import EVERYWHERE, WITHOUT_PRIVATE_ROOT, attack
from tests.scenarios.attacks.scene import SECRET, Scene

SEEN = "Landlock does not govern looking: a path's existence and its status can be seen, never its content"
HERE = -100  # AT_FDCWD


def taken(content: bytes) -> None:
    assert content == SECRET


@attack("files")
def read_passwd(scene: Scene) -> None:
    assert Path("/etc/passwd").read_bytes()


@attack("files")
def read_home(scene: Scene) -> None:
    taken((scene.home / "secret.txt").read_bytes())


@attack("files")
def list_home(scene: Scene) -> None:
    assert list(scene.home.iterdir())


@attack("files")
def read_another_plugins_data(scene: Scene) -> None:
    taken((scene.other / "secret.txt").read_bytes())


@attack("files")
def read_another_plugins_data_by_dots(scene: Scene) -> None:
    taken((scene.data / ".." / "other" / "secret.txt").read_bytes())


@attack("files")
def list_packages_of_the_hosts_python(scene: Scene) -> None:
    """An application need not be in a virtual environment: then what it imports lies below its standard library."""
    assert list(scene.packaged.parent.iterdir())


@attack("files")
def import_a_package_of_the_hosts_python(scene: Scene) -> None:
    spec = importlib.util.spec_from_file_location("hosts_tool", scene.packaged)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


@attack("files")
def list_root(scene: Scene) -> None:
    if Path("/proc") not in Path("/").iterdir():
        raise FileNotFoundError(errno.ENOENT, "a root of its own, without /proc")


@attack("files")
def write_tmp(scene: Scene) -> None:
    path = Path(f"/tmp/attack-{os.getpid()}")
    path.write_text("x")
    path.unlink()


@attack("files")
def write_shared_memory(scene: Scene) -> None:
    path = Path(f"/dev/shm/attack-{os.getpid()}")
    path.write_text("x")
    path.unlink()


@attack("files")
def write_outside(scene: Scene) -> None:
    (scene.outside / "new.txt").write_text("x")


@attack("files")
def write_own_code(scene: Scene) -> None:
    (scene.code / "plugin.py").write_text("VERSION = 2\n")


@attack("files")
def read_through_a_symlink(scene: Scene) -> None:
    (scene.data / "link").symlink_to(scene.other / "secret.txt")
    taken((scene.data / "link").read_bytes())


@attack("files")
def leave_a_symlink_for_the_host(scene: Scene) -> None:
    (scene.data / "link").symlink_to("/etc/passwd")


@attack("files")
def hardlink_a_secret_into_own_data(scene: Scene) -> None:
    os.link(scene.other / "secret.txt", scene.data / "secret.txt")
    taken((scene.data / "secret.txt").read_bytes())


@attack("files")
def rename_out(scene: Scene) -> None:
    (scene.data / "mine.txt").write_text("x")
    (scene.data / "mine.txt").rename(scene.outside / "mine.txt")


@attack("files")
def rename_a_secret_in(scene: Scene) -> None:
    (scene.other / "secret.txt").rename(scene.data / "secret.txt")


@attack("files")
def chmod_outside(scene: Scene) -> None:
    (scene.outside / "file.txt").chmod(0o777)


@attack("files")
def chmod_own_code_by_descriptor(scene: Scene) -> None:
    """Reading is enough to have a descriptor; owning the file is enough to make it writable, or a setuid program."""
    descriptor = os.open(scene.code / "plugin.py", os.O_RDONLY)
    os.fchmod(descriptor, 0o4777)


@attack("files")
def chmod_a_file_handed_over(scene: Scene) -> None:
    """It was granted to be read, and lies where the host sees it: below no mount that is read-only."""
    os.fchmod(scene.granted, 0o666)


@attack("files")
def utime_a_file_handed_over(scene: Scene) -> None:
    os.utime(scene.granted, (1, 1))


@attack("files")
def chown_outside(scene: Scene) -> None:
    os.chown(scene.outside / "file.txt", -1, os.getgid())


@attack("files")
def utime_outside(scene: Scene) -> None:
    os.utime(scene.outside / "file.txt", (1, 1))


@attack("files")
def utime_own_code_by_descriptor(scene: Scene) -> None:
    """An older time makes a stale bytecode file count as fresh."""
    os.utime(os.open(scene.code / "plugin.py", os.O_RDONLY), (1, 1))


@attack("files", unconfined="if there")
def setxattr_outside(scene: Scene) -> None:
    os.setxattr(scene.outside / "file.txt", "user.attack", b"x")


@attack("files")
def truncate_outside(scene: Scene) -> None:
    os.truncate(scene.outside / "file.txt", 0)


@attack("files")
def truncate_own_code(scene: Scene) -> None:
    """It may be read, so it can be opened; Landlock sees this from ABI 3 on."""
    os.truncate(scene.code / "plugin.py", 0)


@attack("files")
def unlink_outside(scene: Scene) -> None:
    (scene.outside / "file.txt").unlink()


@attack("files")
def unlink_own_code(scene: Scene) -> None:
    (scene.code / "plugin.py").unlink()


@attack("files")
def make_a_folder_outside(scene: Scene) -> None:
    (scene.outside / "folder").mkdir()


@attack("files", unconfined="root")
def mknod(scene: Scene) -> None:
    """A node for the machine's memory device, in the plugin's own folder."""
    os.mknod(scene.data / "zero", 0o600 | stat.S_IFCHR, os.makedev(1, 5))


@attack("files", unconfined="if there")
def leave_a_device_by_a_rename(scene: Scene) -> None:
    """RENAME_WHITEOUT makes a node as overlayfs does, and asks nobody who may make nodes."""
    (scene.data / "one").write_text("x")
    call("renameat2", -100, os.fsencode(scene.data / "one") + b"\0", -100, os.fsencode(scene.data / "two") + b"\0", 4)
    assert stat.S_ISCHR(os.lstat(scene.data / "one").st_mode)


@attack("files")
def make_a_fifo(scene: Scene) -> None:
    os.mkfifo(scene.data / "fifo")


@attack("files")
def leave_a_setuid_program(scene: Scene) -> None:
    """Whoever runs it later, outside, runs it as the plugin's user."""
    descriptor = os.open(scene.data / "program", os.O_WRONLY | os.O_CREAT, 0o4755)
    assert os.fstat(descriptor).st_mode & stat.S_ISUID


@attack("files")
def leave_a_setuid_program_by_chmod(scene: Scene) -> None:
    descriptor = os.open(scene.data / "program", os.O_WRONLY | os.O_CREAT, 0o755)
    os.fchmod(descriptor, 0o4755)


@attack("files", unconfined="root")
def change_a_shared_device(scene: Scene) -> None:
    """What may be written is owned by root: without its mode nobody could use it any more. The mode that it has."""
    descriptor = os.open("/dev/null", os.O_WRONLY)
    os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode))


@attack("files", unconfined="root")
def core_pattern(scene: Scene) -> None:
    """Whoever may open it for writing names a program that the kernel runs as root."""
    os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))


@attack("files", unconfined="root")
def open_by_handle_at(scene: Scene) -> None:
    """A handle is a number: whoever guesses it needs no path (the way out of containers called shocker)."""
    handle = ctypes.create_string_buffer(8 + 128)
    ctypes.cast(handle, ctypes.POINTER(ctypes.c_uint))[0] = 128
    mount = ctypes.create_string_buffer(4)
    folder = os.open(scene.code, os.O_RDONLY)
    call("name_to_handle_at", folder, b"plugin.py\0", handle, mount, 0)
    call("open_by_handle_at", folder, handle, os.O_RDONLY)


@attack("files")
def inotify(scene: Scene) -> None:
    """Watching somebody else's folder: Landlock does not see it."""
    watcher = call("inotify_init1", 0)
    call("inotify_add_watch", watcher, os.fsencode(scene.home) + b"\0", 0x100)


@attack("files", passes=WITHOUT_PRIVATE_ROOT, because=SEEN)
def stat_a_secret(scene: Scene) -> None:
    assert (scene.home / "secret.txt").stat().st_size == len(SECRET)


@attack("files", passes=WITHOUT_PRIVATE_ROOT, because=SEEN)
def change_into_home(scene: Scene) -> None:
    os.chdir(scene.home)


@attack("files", passes=WITHOUT_PRIVATE_ROOT, because=SEEN)
def hold_a_path_without_opening_it(scene: Scene) -> None:
    os.open(scene.home / "secret.txt", os.O_PATH)


@attack("files")
def one_huge_file(scene: Scene) -> None:
    with (scene.data / "huge").open("wb") as file:
        file.truncate(64 * 1024 * 1024)


@attack(
    "files", passes=EVERYWHERE, because="the kernel bounds one file, not their sum: the host counts the data folder"
)
def fill_the_disk_with_many_files(scene: Scene) -> None:
    for number in range(3):
        (scene.data / f"part{number}").write_bytes(bytes(12 * 1024 * 1024))


@attack("files", unconfined="if there")
def take_the_disk_without_writing(scene: Scene) -> None:
    """In an instant, whatever the size: nobody who counts comes in time."""
    opened = os.open(scene.data / "taken", os.O_WRONLY | os.O_CREAT)
    call("fallocate", opened, 0, 0, 8 * 1024 * 1024)


@attack("files")
def fill_a_file_without_writing(scene: Scene) -> None:
    """From a pipe, whose content `tee` doubles: none of it counts as written by the process."""
    reading, writing = os.pipe()
    os.write(writing, bytes(4096))
    doubled, doubling = os.pipe()
    call("tee", reading, doubling, 4096, 0)
    call("splice", doubled, None, os.open(scene.data / "filled", os.O_WRONLY | os.O_CREAT), None, 4096, 0)


@attack("files", passes=EVERYWHERE, because="a lock needs a readable file only; the host takes no lock on plugin code")
def flock_a_readable_file(scene: Scene) -> None:
    fcntl.flock(os.open(scene.code / "plugin.py", os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)


NATIVE = "native code is allowed: the walls are the kernel's, not Python's"


@attack("files", passes=EVERYWHERE, because=NATIVE)
def load_a_library_from_own_data(scene: Scene) -> None:
    assert ctypes.CDLL(str(scene.data / "native.so")).cos is not None


@attack("files", passes=EVERYWHERE, because=NATIVE)
def make_pages_writable_and_executable(scene: Scene) -> None:
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
