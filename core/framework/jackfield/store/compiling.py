"""The child of `bytecode`: reads two paths a line, answers with bytecode or nothing, within bounds that it sets itself.

It is run by its path and imports next to nothing, no `contextlib` either: a change waits for it. Paths come in
hexadecimal, for they may hold anything; before all answers come the bytes of `READY`, and an answer is its length in
eight bytes, and as many bytes.
"""

import marshal
import sys
from _frozen_importlib_external import MAGIC_NUMBER  # as importlib.util has it, which takes longer to load than that

MEMORY_BYTES = 512 * 1024 * 1024
"""Of all mappings together: a source of a megabyte takes 100 MiB at times, and 700 MiB where somebody means it to."""

SECONDS_A_FILE = 5
"""Of the processor; the largest sources that people write take less than one."""

MOST_TIMES = 8
"""Bytecode is about as large as its source; beyond this, and a little, it is left out, for the disk's sake."""

LITTLE_BYTES = 64 * 1024

READY = b"jackfield" + MAGIC_NUMBER
"""What it says first: whoever started another program learns of it, or another Python, whose code is not theirs."""

_LENGTH_BYTES = 8


def main() -> None:
    """Answer until nobody asks any more."""
    bound_memory()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    for line in sys.stdin.buffer:
        source, shown = map(bytes.fromhex, line.decode().split())
        bound_time()
        made = compiled(source, shown.decode("utf-8", "surrogateescape"))
        sys.stdout.buffer.write(len(made).to_bytes(_LENGTH_BYTES, "big") + made)
        sys.stdout.buffer.flush()


def compiled(source: bytes, shown: str) -> bytes:
    """The code of a file as it lies in `__pycache__` behind its head, empty where there can be none.

    Args:
        source: its path.
        shown: the path that tracebacks show.
    """
    try:
        with open(source, "rb") as file:  # noqa: PTH123 (pathlib takes longer to load than most files to compile)
            text = file.read()
        code = marshal.dumps(compile(text, shown, "exec", dont_inherit=True))
    except Exception:  # noqa: BLE001 (a mistake of its author, or more than there is memory for: all the same here)
        return b""
    if len(code) > MOST_TIMES * len(text) + LITTLE_BYTES:
        return b""
    return code


def bound_memory() -> None:
    """Let the kernel refuse more, and keep no core file of what fails."""
    if sys.platform == "win32":
        return
    import resource

    try:  # noqa: SIM105 (contextlib takes longer to load than most files to compile)
        lower(resource.RLIMIT_AS, MEMORY_BYTES)
    except (OSError, ValueError):
        pass  # macOS may refuse: it maps more at the start of a process
    lower(resource.RLIMIT_CORE, 1)  # at 0 a program for cores would be run, where the system has one (core(5))


def bound_time() -> None:
    """Give the next file its seconds; who takes longer is killed."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + SECONDS_A_FILE)


def lower(kind: int, most: int) -> None:
    """Set a limit that is not above one that holds already."""
    import resource

    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
