"""Python's garbage collector, held back while much is loaded at once.

Nearly all that an import makes stays, and the collector looks through it again and again to find that out: 5 % of the
start of an application that loads one plugin, and a third of that again for each hundred plugins more.
"""

import gc

ENOUGH = 50_000
"""So many more objects than were freed are made before the collector looks, instead of some hundred. It is held back
and not off: a module that makes much garbage while it is imported costs no more memory than that."""


class HeldBack:
    """Holds the collector back in a `with` block; loaded before anything else is, so it needs no `contextlib`.

    An application or plugin that sets the collector itself meanwhile, or has switched it off, is left to it. Of two
    threads that load at once the first one's end may end it for both.
    """

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        """Hold it back."""
        self._before = gc.get_threshold()
        if 0 < self._before[0] < ENOUGH:
            gc.set_threshold(ENOUGH, *self._before[1:])

    def __exit__(self, *_: object) -> None:
        """Let it go on as before."""
        if self._before[0] != ENOUGH and gc.get_threshold()[0] == ENOUGH:
            if not gc.get_freeze_count():
                gc.freeze()  # what is young is put among the old ...
                gc.unfreeze()  # ... as if it had been looked through, and is free to go when all is
            gc.set_threshold(*self._before)
