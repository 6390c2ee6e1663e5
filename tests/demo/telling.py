"""One line a step: what was to happen, whether it did, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Failed(Exception):
    """A step was not as told; it has been printed."""


class Step:
    """One step while it runs; `detail` may be set to what is worth reading."""

    def __init__(self) -> None:
        self.detail = ""


class Telling:
    """Prints the steps as they happen.

    Attributes:
        failed: what the failed step was to be, or None.
    """

    def __init__(self) -> None:
        self.failed: str | None = None
        self.steps = 0
        self._began = time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[Step]:
        """Print one line when the block ends: `ok` or `FAILED` with the reason.

        Raises:
            Failed: the block raised.
        """
        began, step = time.monotonic(), Step()
        self.steps += 1
        try:
            yield step
        except Exception as error:
            self.failed = what
            reason = str(error).splitlines() or [type(error).__name__]
            print(f"FAILED {time.monotonic() - began:5.1f} s  {what}: {reason[0]}", flush=True)
            raise Failed(what) from error
        detail = f": {step.detail}" if step.detail else ""
        print(f"ok     {time.monotonic() - began:5.1f} s  {what}{detail}", flush=True)

    def summary(self) -> str:
        """Return the last line."""
        took = f"{time.monotonic() - self._began:.0f} s"
        if self.failed is None:
            return f"{self.steps} steps, each as told, in {took}"
        return f"step {self.steps} was not as told ({self.failed}), after {took}"


def expect(condition: object, sentence: str) -> None:
    """Fail the step with `sentence` unless the condition holds.

    Raises:
        AssertionError: it does not.
    """
    if not condition:
        raise AssertionError(sentence)
