"""Whether the sandbox holds on this machine: a few real attacks, each without it and within it.

They are those that harm nothing where they succeed. What they take is made for the test: a secret, a listener on
loopback, a process that waits. All of the attacks, also on what cannot be asked without harm, are tests of the project.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jackfield.errors import SandboxError
from jackfield.sandbox.confining import Policy, confine
from jackfield.sandbox.grades import Grade, Machine, grade_of, probe
from jackfield.sandbox.kernel import call

SECONDS: Final = 30.0
"""For all attacks together: an answer takes about a tenth of a second."""

_SUCCEEDED: Final = 0
_HELD: Final = 1
_BROKEN: Final = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one attack.

    Args:
        attack: what was tried, in a few words.
        unconfined: whether it succeeded without a sandbox; where not, the machine itself refuses it.
        held: whether it failed within.
    """

    attack: str
    unconfined: bool
    held: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """What the attacks go for: folders below one, the port of a listener, and the process that made them."""

    top: Path
    port: int
    host: int

    @property
    def data(self) -> Path:
        return self.top / "data"


def self_test() -> tuple[Trial, ...]:
    """Try the attacks in the best grade of this machine; none are tried where it confines nothing.

    They are made by a fresh interpreter, for the calling process may have threads. It takes a few hundred milliseconds.

    Raises:
        SandboxError: the sandbox could not be put up, or the test could not be run.
    """
    import subprocess  # slow to import, and a worker never tests itself
    import tempfile

    if grade_of(probe()) is Grade.PROCESS:
        return ()
    code = "import sys; sys.path.insert(0, sys.argv[1]); from jackfield.sandbox import selftest; selftest.main()"
    with tempfile.TemporaryDirectory(prefix="jackfield-") as top, socket.create_server(("127.0.0.1", 0)) as listener:
        for name in ("data", "other"):
            Path(top, name).mkdir()
        Path(top, "other", "secret").write_text("secret", encoding="ascii")
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", code, str(Path(__file__).parents[2]), top,
                 str(listener.getsockname()[1]), str(os.getpid())],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise SandboxError(f"the sandbox could not be tested: {exc}") from exc
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:]
        raise SandboxError(f"the sandbox could not be tested: {''.join(last) or f'exit {done.returncode}'}")
    return tuple(Trial(*row) for row in json.loads(done.stdout))


def main() -> None:
    """Be the fresh interpreter: make each attack twice, in child processes, and print what came of them as JSON."""
    place = _Place(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    machine = probe()
    rows = []
    for told, attack in _ATTACKS.items():
        free, confined = (_outcome(attack, place, machine if within else None) for within in (False, True))
        if _BROKEN in (free, confined):
            raise SystemExit(f"could not try to {told}")
        rows.append((told, free == _SUCCEEDED, confined == _HELD))
    sys.stdout.write(json.dumps(rows))


def _outcome(attack: Callable[[_Place], object], place: _Place, machine: Machine | None) -> int:
    child = os.fork()
    if child == 0:
        _attempt(attack, place, machine)
    _, status = os.waitpid(child, 0)
    return _HELD if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _attempt(attack: Callable[[_Place], object], place: _Place, machine: Machine | None) -> None:
    outcome = _BROKEN
    try:
        if machine is not None:
            confine(Policy(read=("/usr", "/lib", "/lib64"), write=(str(place.data),)), machine)
        outcome = _HELD
        attack(place)
        outcome = _SUCCEEDED
    except SandboxError as exc:
        sys.stderr.write(f"{exc}\n")
    except OSError:
        pass  # refused, which the outcome says already
    except BaseException as exc:  # noqa: BLE001  # no kernel refuses so: the attack is broken, and shows nothing
        outcome = _BROKEN
        sys.stderr.write(f"{type(exc).__name__}: {exc}\n")
    finally:
        sys.stderr.flush()
        os._exit(outcome)


def _read_a_secret(place: _Place) -> object:
    return (place.top / "other" / "secret").read_bytes()


def _read_passwd(_: _Place) -> object:
    return Path("/etc/passwd").read_bytes()


def _write_outside(place: _Place) -> object:
    return (place.top / "other" / "new").write_bytes(b"x")


def _leave_a_link(place: _Place) -> None:
    link = place.data / "link"
    with suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to("/etc/passwd")


def _connect(place: _Place) -> None:
    # By an address: to look a name up loads a codec, which the sandbox does not give to read.
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(("127.0.0.1", place.port))


def _send_a_datagram(place: _Place) -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", place.port))


def _run_a_program(_: _Place) -> object:
    os.execv("/bin/true", ["true"])  # noqa: S606 (no shell is wanted)


def _fork(_: _Place) -> object:
    child = os.fork()
    if child == 0:
        os._exit(0)
    return os.waitpid(child, 0)


def _signal_the_host(place: _Place) -> None:
    os.kill(place.host, 0)


def _read_memory_of_the_host(place: _Place) -> object:
    return os.open(f"/proc/{place.host}/mem", os.O_RDONLY)


def _win_a_namespace(_: _Place) -> object:
    return call("unshare", 0x1000_0000)


def _hold_memory_without_a_limit(_: _Place) -> object:
    return os.memfd_create("selftest")


def _watch_a_folder(place: _Place) -> object:
    return call("inotify_add_watch", call("inotify_init1", 0), os.fsencode(place.top / "other") + b"\0", 0x100)


def _outlive_the_host(_: _Place) -> object:
    return call("prctl", 1, 0, 0, 0, 0)


_ATTACKS: Final[dict[str, Callable[[_Place], object]]] = {
    "read another plugin's data": _read_a_secret,
    "read /etc/passwd": _read_passwd,
    "write outside its data folder": _write_outside,
    "leave a link in its data folder": _leave_a_link,
    "watch a folder outside": _watch_a_folder,
    "connect by TCP": _connect,
    "send by UDP": _send_a_datagram,
    "run a program": _run_a_program,
    "start a process": _fork,
    "signal the host": _signal_the_host,
    "open the host's memory": _read_memory_of_the_host,
    "win rights in a namespace": _win_a_namespace,
    "hold memory that no limit counts": _hold_memory_without_a_limit,
    "outlive the host": _outlive_the_host,
}
