"""Questions that are asked in the same moment go to the marketplace in one request, where it can answer so.

A resolution asks for dozens of small texts at a time. Each request of its own costs client and server about a
millisecond; a page and a manifest weigh a kilobyte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from jackfield.errors import MarketError, MarketUnreachable
from jackfield.market.failures import Busy, NotServed, too_large
from jackfield.market.transport import Transport

FEWEST = 2
MOST = 256  # the server's bound
QUIET_TURNS = 3
"""Turns of the loop without another question, after which those that came are sent: who asks may be some calls deep."""

FOUND, ABSENT = 200, 404


_Question = tuple[str, str, int | None]
"""Path, content type, and the largest answer in bytes."""


class _Answer(msgspec.Struct, frozen=True):
    status: int
    body: str = ""


class _Answers(msgspec.Struct, frozen=True):
    answers: list[_Answer]


class Batcher:
    """Gets texts below one marketplace's address, many at a time.

    A server that does not know how, or puts it off, is asked one by one from then on.

    Args:
        transport: the way to the marketplace.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._waiting: dict[_Question, asyncio.Future[bytes | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._known = True
        self._on_way = asyncio.Event()

    async def get(self, path: str, *, accept: str, most_bytes: int | None = None) -> bytes | None:
        """The body for a path, None where there is none.

        Args:
            path: below the marketplace's address.
            accept: the content type wanted, where it is asked for alone.
            most_bytes: the largest answer that is taken; `TEXT_BYTES` if None.

        Raises:
            MarketError: as for `Transport.get`.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._wait, 0, QUIET_TURNS)
        waiting = self._waiting.setdefault((path, accept, most_bytes), loop.create_future())
        return await asyncio.shield(waiting)

    async def sent(self) -> None:
        """Wait until the first questions are on their way: as long as it takes to connect."""
        await self._on_way.wait()

    async def aclose(self) -> None:
        """Give up what is still asked for, also what was not sent yet."""
        unsent, self._waiting = self._waiting, {}
        for future in unsent.values():
            future.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _wait(self, seen: int, turns: int) -> None:
        """Send what is asked once nobody has asked anything more for some turns of the loop."""
        asked = len(self._waiting)
        if not asked:  # it was given up meanwhile: closed connections are not opened again
            return
        left = turns - 1 if asked == seen else QUIET_TURNS
        if left and asked < MOST:
            asyncio.get_running_loop().call_soon(self._wait, asked, left)
        else:
            self._flush()

    def _flush(self) -> None:
        asked, self._waiting = list(self._waiting.items()), {}
        chunks = [asked[start : start + MOST] for start in range(0, len(asked), MOST)]
        for chunk in chunks:
            task = asyncio.get_running_loop().create_task(self._answer(chunk))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, asked: Sequence[tuple[_Question, asyncio.Future[bytes | None]]]) -> None:
        try:
            answers = await self._together([question[0] for question, _ in asked])
        except asyncio.CancelledError:
            for _, future in asked:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001  # whatever it was: nobody may wait for ever
            for _, future in asked:
                _settle(future, error)
            return
        finally:
            self._on_way.set()
        alone = []
        for place, (question, future) in enumerate(asked):
            answer = answers[place] if answers is not None else None
            path, _, most_bytes = question
            if answer is not None and answer.status == FOUND:
                body = answer.body.encode()
                held = most_bytes is None or len(body) <= most_bytes
                _settle(future, body if held else too_large(self._transport.url + path, most_bytes or 0))
            elif answer is not None and answer.status == ABSENT and not path.startswith("/files/"):
                _settle(future, None)
            else:  # also a file's text, whose name may be spelt in another way than the server compares
                alone.append(self._alone(question, future))
        await asyncio.gather(*alone)

    async def _together(self, paths: Sequence[str]) -> Sequence[_Answer] | None:
        """The answers in order, None where each has to be asked for alone."""
        if not self._known or len(paths) < FEWEST:
            return None
        try:
            asked = msgspec.json.encode({"get": paths})
            body = await self._transport.post("/batch", asked, sent=self._on_way.set)
        except (Busy, NotServed):  # too much at once, perhaps: it was waited for, and is not to be waited for each time
            body = None
        except MarketUnreachable:
            raise
        except MarketError:
            return None  # no word on the next time
        if body is None:
            self._known = False
            return None
        try:
            answers = msgspec.json.decode(body, type=_Answers).answers
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return answers if len(answers) == len(paths) else None

    async def _alone(self, question: _Question, future: asyncio.Future[bytes | None]) -> None:
        path, accept, most_bytes = question
        try:
            _settle(future, await self._transport.get(path, accept=accept, most_bytes=most_bytes))
        except asyncio.CancelledError:
            future.cancel()
            raise
        except Exception as error:  # noqa: BLE001  # as above
            _settle(future, error)


def _settle(future: asyncio.Future[bytes | None], outcome: bytes | Exception | None) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
        future.exception()  # whoever asked may have gone meanwhile
    else:
        future.set_result(outcome)
