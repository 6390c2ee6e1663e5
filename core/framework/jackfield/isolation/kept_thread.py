"""Starting a process from a thread that lives as long as it: the kernel ties its end to the thread that forked it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_T = TypeVar("_T")


def kept_thread(start: Callable[[], _T], *, name: str) -> tuple[_T, Callable[[], None]]:
    """Call `start` in a new thread; return what it returned, and what lets the thread end.

    A parent-death signal (`PR_SET_PDEATHSIG`) tells of the end of the thread that forked, and not of its process's.
    This one ends when it is let go, or with this process, which does not wait for it.

    Args:
        start: starts the process.
        name: the thread's.

    Raises:
        Exception: whatever `start` raises; then there is no thread.
    """
    started: Future[_T] = Future()
    let_go = threading.Event()

    def run() -> None:
        try:
            started.set_result(start())
        except BaseException as error:  # noqa: BLE001 (it is raised where it was asked for)
            started.set_exception(error)
        else:
            let_go.wait()

    threading.Thread(target=run, name=name, daemon=True).start()
    return started.result(), let_go.set
