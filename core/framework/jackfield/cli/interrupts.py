"""Ctrl-C while modules load: it waits until they are there, and is told then like any other.

This is the first that a command loads, and loads nothing else: what is not there yet cannot hold Ctrl-C back.
"""

# `signal` makes enumerations of it, which takes long enough for Ctrl-C to come in between.
import _signal  # type: ignore[import-not-found]  # mypy knows only that one


class HeldBack:
    """Lets Ctrl-C wait for the end of a `with` block, which is to do nothing but load: a tenth of a second.

    What is loaded by half ends in a traceback, or in another error: Python before 3.12 says that a field of a dataclass
    could not be named. An application that embeds the commands and has Ctrl-C do something else keeps that.

    Raises:
        KeyboardInterrupt: at the end of the block, where it was pressed within.
    """

    def __init__(self) -> None:
        self._pressed = self._holds = False

    def __enter__(self) -> None:
        if _signal.getsignal(_signal.SIGINT) is not _signal.default_int_handler:
            return
        try:
            _signal.signal(_signal.SIGINT, self._press)
        except ValueError:
            return  # another thread than the main one: nothing interrupts that
        self._holds = True

    def __exit__(self, *error: object) -> None:
        if self._holds:
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)
        if self._pressed:
            raise KeyboardInterrupt

    def _press(self, *_: object) -> None:
        self._pressed = True
