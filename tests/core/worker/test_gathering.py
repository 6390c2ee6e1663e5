"""Code gathered in one part of memory: whoever calls a function sees nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jackfield.worker.gathering import gather_code_run_by


def sums(most: int) -> Iterator[int]:
    kept = 0

    def add(one: int) -> int:
        nonlocal kept
        kept += one
        return kept

    yield from (add(one) for one in range(most))


class Counted:
    def __init__(self, *, start: int = 3) -> None:
        self.count = start

    @property
    def next(self) -> int:
        self.count += 1
        return self.count


def never_run() -> str:
    return "untouched"


def results() -> object:
    return [list(sums(5)), Counted().next, Counted(start=7).next]


def test_functions_that_were_gathered_do_what_they_did():
    before = results()
    kept = [one.__code__ for one in (sums, results, Counted.__init__)]
    gather_code_run_by(results)
    assert all(one.__code__ is not code for one, code in zip((sums, results, Counted.__init__), kept, strict=True))
    assert results() == before


def test_what_was_not_run_stays_where_it_is():
    code = never_run.__code__
    gather_code_run_by(results)
    assert never_run.__code__ is code


def test_functions_that_share_their_code_share_its_copy():
    def made() -> Callable[[], None]:
        def one() -> None:
            """Do nothing."""

        return one

    first, second = made(), made()
    gather_code_run_by(lambda: (first(), second()))
    assert first.__code__ is second.__code__


def test_what_was_gathered_once_is_not_moved_again():
    gather_code_run_by(results)
    code = results.__code__
    gather_code_run_by(results)
    assert results.__code__ is code
