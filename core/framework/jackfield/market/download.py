"""Wheels, fetched piece by piece; what came before an interruption need not come again.

A piece kept on disk is believed no more than the network is: the hash of the whole decides, and where it is wrong
all of it is thrown away.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from jackfield.errors import MarketError, MarketUnreachable, StoreError
from jackfield.locks import Lock
from jackfield.manifest import File
from jackfield.market.failures import TAMPERED, Busy, TooSlow, not_kept, refuse_failure, shown
from jackfield.market.pace import Pace
from jackfield.market.transport import PATIENCE_SECONDS, SHORTEST_WAIT_SECONDS, Transport

DOWNLOAD_SECONDS = 600.0
"""For a whole wheel, however often it is interrupted."""

WHEEL_BYTES = 128 * 1024 * 1024
"""The largest wheel, whatever size the index tells: as much as the inspection takes (`WheelLimits.archive_bytes`)."""

INTERRUPTIONS = 3
"""How often a download that got further goes on by itself."""

KEPT_SECONDS = 7 * 24 * 3600
"""How long a piece waits on disk for the rest."""

Progress = Callable[[str, int, int | None], None]
"""Told of a download: file name, bytes so far, bytes in all where known."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


@dataclass(slots=True)
class _Piece:
    """What is here of a file, and the ETag under which it came."""

    path: Path
    etag_path: Path

    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def etag(self) -> str | None:
        try:
            text = self.etag_path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        # Only a strong one says that the bytes are the same (RFC 9110, 13.1.5).
        return text if text.startswith('"') and text.isprintable() else None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.etag_path.unlink(missing_ok=True)


class Download:
    """Fetches one wheel.

    Args:
        transport: the way to its server.
        file: what the index promised.
        progress: told as bytes come.
    """

    def __init__(self, transport: Transport, file: File, progress: Progress | None) -> None:
        self._transport = transport
        self._file = file
        self._progress = progress
        self._largest = WHEEL_BYTES if file.size is None else min(file.size, WHEEL_BYTES)

    async def to(self, target: Path, partials: Path | None) -> None:
        """Write the wheel whole, or leave nothing at `target`.

        Args:
            target: the file to write.
            partials: the folder in which an interrupted download waits for the next; None to keep nothing.

        Raises:
            MarketUnreachable: nobody answered, or it stopped within.
            MarketError: the answer is an error, larger or smaller than promised, or its hash is another; or the disk
                does not take the file.
        """
        if self._file.size is not None and self._file.size > WHEEL_BYTES:
            raise MarketError(f"{shown(self._file.url)} is larger than the {WHEEL_BYTES // 1024**2} MiB that are taken")
        with _piece(self._file.sha256, target, partials) as piece:
            try:
                await self._whole(piece)
                shutil.move(piece.path, target)  # the two may lie on different file systems
                piece.remove()
            except ConnectionError:
                raise  # nobody reads what `progress` writes: no matter of the disk
            except OSError as error:
                with suppress(OSError):
                    piece.remove()  # a full disk had better have the room back
                raise not_kept(self._file.filename, error) from error

    async def _whole(self, piece: _Piece) -> None:
        resumed = piece.size() > 0
        try:
            await self._complete(piece)
        except MarketError as error:
            if isinstance(error, MarketUnreachable):
                raise
            piece.remove()
            if not resumed:
                raise
            await self._complete(piece)  # what was kept may have been the fault

    async def _complete(self, piece: _Piece) -> None:
        interruptions, patience, until = 0, PATIENCE_SECONDS, time.monotonic() + DOWNLOAD_SECONDS
        while True:
            before = piece.size()
            try:
                await self._continue(piece, max(until - time.monotonic(), SHORTEST_WAIT_SECONDS))
                break
            except TooSlow:
                raise
            except Busy as error:
                wait_seconds = max(error.seconds, SHORTEST_WAIT_SECONDS)
                patience -= wait_seconds
                if patience < 0:
                    raise
                await asyncio.sleep(wait_seconds)
            except MarketUnreachable:
                interruptions += 1
                if interruptions > INTERRUPTIONS or piece.size() <= before or time.monotonic() > until:
                    raise
        received, digest = piece.size(), hashlib.sha256()
        with piece.path.open("rb") as file:
            while block := file.read(1024 * 1024):
                digest.update(block)
        where = shown(self._file.url)
        if self._file.size is not None and received != self._file.size:
            raise MarketError(f"{where} ended after {received} of {self._file.size} bytes", hint=TAMPERED)
        if digest.hexdigest() != self._file.sha256:
            raise MarketError(
                f"{where} has the hash {digest.hexdigest()}, the index promised {self._file.sha256}", hint=TAMPERED
            )

    async def _continue(self, piece: _Piece, seconds: float) -> None:
        have = piece.size()
        if have == self._file.size:
            return
        headers = {"accept-encoding": "identity"}  # a range of compressed bytes is of no use
        if have:
            headers["range"] = f"bytes={have}-"
            if etag := piece.etag():
                headers["if-range"] = etag
        url = self._file.url
        async with self._transport.stream(url, headers, seconds=seconds) as (answer, pace):
            start = self._start(answer, have)
            etag = answer.headers.get("etag", "")
            piece.etag_path.write_text(etag if etag.isascii() else "", "ascii")
            with piece.path.open("r+b" if start else "wb") as file:
                file.seek(start)
                file.truncate()
                await self._receive(answer, pace, file.write, start)

    def _start(self, answer: httpx.Response, have: int) -> int:
        """Where the answer begins within the file."""
        if answer.status_code == httpx.codes.PARTIAL_CONTENT and have:
            match = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
            if match is None or int(match[1]) != have:
                raise MarketError(f"{shown(self._file.url)} answers another part than it was asked for")
            return have
        if answer.status_code != httpx.codes.OK:
            refuse_failure(answer, self._file.url, b"")
            raise MarketError(f"{shown(self._file.url)} answers {answer.status_code} instead of a file")
        return 0

    async def _receive(
        self, answer: httpx.Response, pace: Pace, write: Callable[[bytes], object], received: int
    ) -> None:
        async for block in answer.aiter_raw():
            received += len(block)
            pace.came(len(block))
            if received > self._largest:
                where = shown(self._file.url)
                raise MarketError(
                    f"{where} sends more than the {self._largest} bytes that were promised", hint=TAMPERED
                )
            write(block)
            if self._progress is not None:
                self._progress(self._file.filename, received, self._file.size)


@contextmanager
def _piece(sha256: str, target: Path, partials: Path | None) -> Iterator[_Piece]:
    """A place for a piece: one that is kept, or where that is taken one that is gone at the end."""
    lock = _kept(sha256, partials) if partials is not None else None
    if partials is not None and lock is not None:
        try:
            yield _Piece(partials / f"{sha256}.part", partials / f"{sha256}.etag")
        finally:
            lock.release()
        return
    piece = _Piece(target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.etag"))
    try:
        yield piece
    finally:
        piece.remove()


def _kept(sha256: str, partials: Path) -> Lock | None:
    """The held lock of a piece, None where another process fetches the same file or nothing can be kept."""
    lock = Lock(partials / f"{sha256}.lock")
    try:
        partials.mkdir(mode=0o700, parents=True, exist_ok=True)
        oldest = time.time() - KEPT_SECONDS
        for path in partials.iterdir():
            if path.suffix in (".part", ".etag", ".lock") and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
        lock.take(0)
    except (StoreError, OSError):
        return None
    return lock
