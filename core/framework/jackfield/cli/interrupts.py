"""Ctrl-C while modules load: it waits until they are there, and is told then like any other."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_back() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block, which is to do nothing but load: a tenth of a second.

    What is loaded by half ends in a traceback, or in another error: Python before 3.12 says that a field of a dataclass
    could not be named.

    Raises:
        KeyboardInterrupt: it was pressed meanwhile.
    """
    pressed = False

    def press(*_: object) -> None:
        nonlocal pressed
        pressed = True

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # an application that embeds the commands, or a shell that had them start in the background, knows better
        return
    try:
        signal.signal(signal.SIGINT, press)
    except ValueError:  # another thread than the main one: nothing interrupts that
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if pressed:
        raise KeyboardInterrupt
