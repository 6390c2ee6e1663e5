"""Files under addresses that never change: the bytes behind one are those of its hash."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from jackfield_marketplace.api.answers import Answer, holds, refused_method, text_answer
from jackfield_marketplace.catalog import Contents, file_served, file_sha256
from jackfield_marketplace.db import Database
from jackfield_marketplace.stats import DownloadCounter

_CACHE = "public, max-age=31536000, immutable"
_ADDRESS = re.compile(r"/files/([0-9a-f]{64})/([^/]{1,300})")
# One range; where several are asked for the whole is sent, as a server may.
_RANGE = re.compile(rb"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")
_TYPES = {
    ".metadata": "text/plain; charset=utf-8",
    ".plugin.toml": "application/toml",
    ".attestation": "application/json",
}
_KEPT_FILES = 8192
_KEPT_BYTES = 64 * 1024  # a text that is larger is read each time
_KEPT_IN_ALL_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class _Served:
    """What an address leads to: an answer that is ready, or the hash of what a download sends.

    `stamp` is the catalogue's serial at which it held, `size` that of the text that is kept, in bytes.
    """

    stamp: int
    answer: Answer | None
    sha256: str
    media_type: str
    counted: tuple[int, str] | None
    size: int = 0


class FilePages:
    """`/files/<sha256>/<filename>`, with `.metadata` (PEP 658), `.plugin.toml`, `.attestation` beside each; for ASGI.

    Args:
        database: knows which files are published.
        contents: holds their bytes.
        downloads: counts those of wheels.
    """

    def __init__(self, database: Database, contents: Contents, downloads: DownloadCounter) -> None:
        self._database = database
        self._contents = contents
        self._downloads = downloads
        self._served: OrderedDict[str, _Served] = OrderedDict()
        self._bytes = 0
        self._checked = (-1, -1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request below `/files`."""
        refused = refused_method(scope)
        if refused is not None:
            await refused.send_to(scope, send)
            return
        served = self._find(scope["path"])
        if served is None:
            await text_answer(404, "there is no such file here").send_to(scope, send)
        elif served.answer is not None:
            await served.answer.send_to(scope, send)
        else:
            await self._send_file(served, scope, receive, send)

    async def send_target(self, name: str, sha256: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file, or a text beside one, by its own hash, as it is named among the targets.

        Args:
            name: the file's, with the ending of a text beside it where that is meant.
            sha256: of what is sent.
            scope: the request, of any address.
            receive: as for any application.
            send: as for any application.
        """
        suffix = next((one for one in _TYPES if name.endswith(one)), "")
        of = sha256
        if suffix:
            with self._database.read() as session:
                of = file_sha256(session, name.removesuffix(suffix)) or sha256
        await self({**scope, "path": f"/files/{of}/{name}"}, receive, send)

    def ready(self, target: bytes) -> Answer | None:
        """The answer to a GET if it lies ready: a text beside a file that was asked for before."""
        served = self._served.get(target.decode("latin-1"))
        return served.answer if served is not None and served.stamp == self._serial() else None

    async def _send_file(self, served: _Served, scope: Scope, receive: Receive, send: Send) -> None:
        headers, etag = {"cache-control": _CACHE}, f'"{served.sha256}"'
        names = {name for name, _ in scope["headers"]}
        held = [value for name, value in scope["headers"] if name == b"if-none-match"]
        if any(holds(value, etag.encode()) for value in held):
            await Answer(304, b"", served.media_type, headers, etag=etag).send_to(scope, send)
            return
        content = self._contents.find(served.sha256)
        if content is None:
            await text_answer(404, "there is no such file here").send_to(scope, send)
            return
        if served.counted is not None and scope["method"] == "GET" and b"range" not in names:
            self._downloads.add(*served.counted)
        if isinstance(content, bytes):
            await _in_memory(content, served.media_type, headers, etag, scope).send_to(scope, send)
        else:
            headers |= {"x-content-type-options": "nosniff", "etag": etag}
            await FileResponse(content, media_type=served.media_type, headers=headers)(_readable(scope), receive, send)

    def _find(self, address: str) -> _Served | None:
        serial = self._serial()
        served = self._served.get(address)
        if served is not None and served.stamp == serial:
            return served
        served = self._look_up(address, serial)
        gone = self._served.pop(address, None)
        if gone is not None:
            self._bytes -= gone.size
        if served is None:
            return None
        self._served[address] = served
        self._bytes += served.size
        while len(self._served) > _KEPT_FILES or self._bytes > _KEPT_IN_ALL_BYTES:
            self._bytes -= self._served.popitem(last=False)[1].size
        return served

    def _serial(self) -> int:
        """The catalogue's, asked for again only after a commit."""
        stamp = self._database.change_stamp()
        if stamp != self._checked[0]:
            self._checked = (stamp, self._database.catalogue_serial())
        return self._checked[1]

    def _look_up(self, address: str, serial: int) -> _Served | None:
        match = _ADDRESS.fullmatch(address)
        if match is None:
            return None
        sha256, filename = match.groups()
        part = next((suffix for suffix in _TYPES if filename.endswith(suffix)), "")
        with self._database.read() as session:
            served = file_served(session, filename.removesuffix(part), sha256)
        if served is None:
            return None
        blob = {
            "": served.sha256,
            ".metadata": served.metadata_sha256,
            ".plugin.toml": served.manifest_sha256,
            ".attestation": served.attestation_sha256,
        }[part]
        content = self._contents.find(blob) if blob is not None else None
        if blob is None or content is None:
            return None
        media_type = _TYPES.get(part, "application/octet-stream")
        answer, size = None, 0
        if part and (isinstance(content, bytes) or content.stat().st_size <= _KEPT_BYTES):
            text = content if isinstance(content, bytes) else content.read_bytes()
            answer, size = Answer(200, text, media_type, {"cache-control": _CACHE}, etag=f'"{blob}"'), len(text)
        counted = (served.project_id, served.version) if served.kind == "wheel" and not part else None
        return _Served(serial, answer, blob, media_type, counted, size)


def _readable(scope: Scope) -> Scope:
    """The request without a range that is none, or several: who is not understood gets the whole (RFC 9110, 14.2)."""
    asked = dict(scope["headers"]).get(b"range")
    if asked is None:
        return scope
    match = _RANGE.fullmatch(asked)
    if match is not None and not (match[1] and match[2] and int(match[1]) > int(match[2])):
        return scope
    return {**scope, "headers": [each for each in scope["headers"] if each[0] != b"range"]}


def _in_memory(content: bytes, media_type: str, headers: dict[str, str], etag: str, scope: Scope) -> Answer:
    """The answer with a small file, or the part of it that is asked for (RFC 9110, 14.2 and 13.1.5)."""
    asked = dict(scope["headers"])
    headers = headers | {"accept-ranges": "bytes"}
    match = _RANGE.fullmatch(asked.get(b"range", b""))
    if match is None or scope["method"] != "GET" or asked.get(b"if-range", etag.encode()) != etag.encode():
        return Answer(200, content, media_type, headers, etag=etag)
    first, last, at_the_end = match.groups()
    if first and last and int(first) > int(last):
        return Answer(200, content, media_type, headers, etag=etag)  # it means nothing
    size = len(content)
    start = int(first) if first else max(0, size - int(at_the_end))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        # It says nothing of the file: a cache that kept it, as it may the file, would answer everybody with it.
        return Answer(416, b"", media_type, {"cache-control": "no-store", "content-range": f"bytes */{size}"})
    headers["content-range"] = f"bytes {start}-{end}/{size}"
    return Answer(206, content[start : end + 1], media_type, headers, etag=etag)
