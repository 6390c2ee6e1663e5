"""One hook called many times at once: implementation by implementation, other processes with one message each."""

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import pluggy

from jackfield.hooks.calls import compile_mapping
from jackfield.hooks.chains import Chain, passed_by_name
from jackfield.hooks.leaving import note_awaited
from jackfield.hooks.limits import skipped
from jackfield.hooks.outside import Outside, SomeFailed, outside_of

#: Calls one implementation for each of many calls; None stands for no answer, and for a failure that is skipped. The
#: number says how many arguments each call has, where all have the same.
Step = Callable[[Sequence[Mapping[str, Any]], int | None], Coroutine[Any, Any, list[Any]]]


class Batches:
    """Calls a chain without wrappers many times at once.

    Args:
        chain: what to call, once.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._steps: list[tuple[Step, bool]] = []
        for place, each in enumerate(chain.implementations):
            outside = outside_of(each.function)
            step = _inside(chain, place) if outside is None else _unless_gone(each, _outside(chain, place, outside))
            self._steps.append((step, outside is not None))

    async def call(self, many: Sequence[Mapping[str, Any]], *, names: int | None = None) -> list[Any]:
        """Return what each of the calls would have returned alone.

        Args:
            many: the arguments of each, by name, complete.
            names: how many arguments the hook has, where each call has these and no others.
        """
        if self._chain.pipeline is not None:
            return await self._handed(many, self._chain.pipeline, names)
        if self._chain.firstresult:
            return await self._first(many, names)
        if len(self._steps) == 1:
            step, _ = self._steps[0]
            return [[] if each is None else [each] for each in await step(many, names)]
        answers = await self._collected(many, names)
        return [[each for each in one if each is not None] for one in zip(*answers, strict=True)] or [[] for _ in many]

    async def _handed(self, many: Sequence[Mapping[str, Any]], argument: str, names: int | None) -> list[Any]:
        given = [dict(one) for one in many]
        for step, _ in self._steps:
            for one, answer in zip(given, await step(given, names), strict=True):
                if answer is not None:
                    one[argument] = answer
        return [one[argument] for one in given]

    async def _first(self, many: Sequence[Mapping[str, Any]], names: int | None) -> list[Any]:
        found: list[Any] = [None] * len(many)
        waiting = list(range(len(many)))
        for step, _ in self._steps:
            if not waiting:
                break
            for place, answer in zip(waiting, await step([many[place] for place in waiting], names), strict=True):
                found[place] = answer
            waiting = [place for place in waiting if found[place] is None]
        return found

    async def _collected(self, many: Sequence[Mapping[str, Any]], names: int | None) -> list[list[Any]]:
        """The answers of each implementation, the other processes at work while those of this one run."""
        import asyncio  # only a program that awaits pays for it

        sent = {
            place: asyncio.ensure_future(step(many, names)) for place, (step, away) in enumerate(self._steps) if away
        }
        try:
            if sent:
                await asyncio.sleep(0)  # each of them sends, and waits
            here = {place: await step(many, names) for place, (step, away) in enumerate(self._steps) if not away}
            return [here[place] if place in here else await sent[place] for place in range(len(self._steps))]
        finally:
            for task in sent.values():
                task.cancel()  # of those that nobody waits for any more, because one has failed


def _inside(chain: Chain, place: int) -> Step:
    """One implementation of this process, called as a chain of its own: guarded, counted and timed like any call."""
    counts = (chain.counts[place],) if chain.counts is not None else None
    alone = chain._replace(
        implementations=(chain.implementations[place],), counts=counts, firstresult=chain.pipeline is None
    )
    run = compile_mapping(alone)

    async def step(many: Sequence[Mapping[str, Any]], _: int | None) -> list[Any]:
        return [await run(given) for given in many]

    return step


def _outside(chain: Chain, place: int, outside: Outside) -> Step:
    """One implementation of another process."""
    each = chain.implementations[place]
    names = (*each.argnames, *passed_by_name(each))
    count = chain.counts[place] if chain.counts is not None else None
    caught = skipped(awaits=True) if chain.skip else Exception

    def failed(error: BaseException) -> None:
        if chain.blame is not None:
            chain.blame(each, error)
        if not chain.skip:
            raise error

    async def step(many: Sequence[Mapping[str, Any]], given: int | None) -> list[Any]:
        if count is not None:
            count.calls += len(many)
        for _ in many if chain.used is not None else ():
            chain.used(each)  # type: ignore[misc]  # looked at in the line above
        began = time.perf_counter_ns()
        try:
            answers = await outside.send_batch(many if given == len(names) else _taken(many, names))
        except caught as error:
            failed(error)
            return [None] * len(many)
        ended = time.perf_counter_ns()
        if count is not None and many:
            count.took_many(ended - began, len(many), ended)
        if type(answers) is SomeFailed:
            for number, answer in enumerate(answers):
                if isinstance(answer, Exception):
                    failed(answer)
                    answers[number] = None
        return answers

    return step


def _unless_gone(each: pluggy.HookImpl, step: Step) -> Step:
    """The same, until its plugin is disabled: a call may have begun before, and come to it afterwards."""
    names: dict[str, Any] = {"_jf_call0": step}
    note_awaited((each,), names)

    async def nothing(many: Sequence[Mapping[str, Any]]) -> list[Any]:
        return [None] * len(many)

    def called(many: Sequence[Mapping[str, Any]], given: int | None) -> Coroutine[Any, Any, list[Any]]:
        return step(many, given) if names["_jf_call0"] is step else nothing(many)

    return called


def _taken(many: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """Return of each call's arguments those that an implementation takes.

    Whoever calls has seen to it that nothing is missing, so that where there are as many they are the same.
    """
    if set(map(len, many)) == {len(names)}:
        return many
    return [{name: given[name] for name in names if name in given} for given in many]
