"""The `jackfield` command, and the same commands for an application to embed."""

import sys

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than an answer that is recalled
if TYPE_CHECKING:
    from collections.abc import Sequence

    from jackfield.cli.program import group_for as group_for
    from jackfield.cli.program import in_words_of as in_words_of

_OBJECTS_BETWEEN_LOOKS = 300_000
"""How many are made before Python looks for garbage among them: some thirty megabytes, and three times what the
largest command keeps. One look at those takes as long as an answer of a marketplace."""

__all__ = ["group_for", "in_words_of", "main"]


def main(argv: "Sequence[str] | None" = None) -> None:
    """Run the `jackfield` command and end the process.

    Args:
        argv: the words after the program's name; those of the process where None.

    Raises:
        SystemExit: always, with one of the exit codes in the help.
    """
    from jackfield.cli.recall import recalled

    answer = recalled(sys.argv[1:] if argv is None else argv)
    if answer is not None:
        try:
            sys.stdout.write(answer)
        except OSError:
            pass  # as where it goes into a file on a full disk: the command meets that once more, and tells it
        else:
            sys.exit(0)
    _load_lightly()
    from jackfield.cli.interrupts import HeldBack

    try:
        with HeldBack():
            from jackfield.cli.program import main as run
    except KeyboardInterrupt:
        from jackfield.cli.failures import INTERRUPTED, STOPPED, tell

        tell(STOPPED, argv)
        sys.exit(INTERRUPTED)
    run(argv)


def _load_lightly() -> None:
    """Have a command load less, sooner, and end at once: an installation spends more time so than on all else."""
    import atexit
    import gc

    # Nothing of what is being loaded is garbage, and to look at all of it a few dozen times finds that out.
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)  # and it all ends with the process: to look for garbage first takes a tenth of a second
    # httpx has a command of its own, with all that colours its answers; where that is not to be had it goes without.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # as the import system marks what is not there
    # python-tuf brings urllib3 for who names no way to the network; here it is always given the marketplace's own.
    without = type(sys)("tuf.ngclient.urllib3_fetcher")
    without.__dict__["Urllib3Fetcher"] = type("Urllib3Fetcher", (), {})
    sys.modules.setdefault(without.__name__, without)


def __getattr__(name: str) -> object:
    """Load what an application embeds on first use (PEP 562): it brings the library that parses commands."""
    if name not in ("group_for", "in_words_of"):
        raise AttributeError(f"module 'jackfield.cli' has no attribute {name!r}")
    from jackfield.cli import program

    return getattr(program, name)
