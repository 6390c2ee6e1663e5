"""`/tuf/`: the signed metadata, and every target under the address that a TUF client asks for."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections import OrderedDict

from jackfield.manifest import PAGE, PLUGIN
from starlette.types import Receive, Scope, Send

from jackfield_marketplace.api.answers import Answer, refused_method, text_answer
from jackfield_marketplace.api.files import FilePages
from jackfield_marketplace.api.signed import Signatures
from jackfield_marketplace.api.simple import SimpleIndex
from jackfield_marketplace.db import Database
from jackfield_marketplace.trust import NotSigned, served_list, served_metadata, served_plugin, target_served

_METADATA = re.compile(
    r"/tuf/(?:([1-9][0-9]{0,8})\.)?(root|timestamp|snapshot|targets|revocations|bin-[0-9a-f]{2})\.json"
)
_TARGET = re.compile(r"/tuf/targets/([0-9a-f]{2}/([a-z0-9-]{1,200})/)([0-9a-f]{64})\.([^/]{1,300})")
_LIST = re.compile(r"/tuf/targets/([0-9a-f]{64})\.revocations\.json")
_IMMUTABLE = "public, max-age=31536000, immutable"
_CURRENT = "public, max-age=0, must-revalidate"
_TYPE = "application/json"
_KEPT = 512
_FEWEST_BYTES = 1024  # less is not worth compressing


class MetadataPages:
    """Metadata by role and version, and targets with their hash in their name (consistent snapshots).

    Args:
        database: holds the metadata.
        simple: has the documents of projects.
        files: has the bytes of the other targets.
        signatures: of what was just uploaded are waited for before it is said what is current.
    """

    def __init__(self, database: Database, simple: SimpleIndex, files: FilePages, signatures: Signatures) -> None:
        self._database = database
        self._simple = simple
        self._files = files
        self._signatures = signatures
        self._versioned: OrderedDict[tuple[str, bool], Answer] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request below `/tuf`."""
        refused = refused_method(scope)
        if refused is not None:
            await refused.send_to(scope, send)
            return
        path: str = scope["path"]
        listed = _LIST.fullmatch(path)
        if listed is not None:
            body = served_list(self._database, listed[1])
            answer = _answer(body, _IMMUTABLE, compressed=_takes_gzip(scope)) if body is not None else None
            await (answer or text_answer(404, "this list was replaced")).send_to(scope, send)
            return
        target = _TARGET.fullmatch(path)
        if target is not None:
            await self._target(target, scope, receive, send)
            return
        await self._signatures.tried()
        answer = self._metadata(path, compressed=_takes_gzip(scope))
        await (answer or text_answer(404, "there is no such metadata here")).send_to(scope, send)

    def _metadata(self, path: str, *, compressed: bool) -> Answer | None:
        kept = self._versioned.get((path, compressed))
        if kept is not None:
            return kept
        match = _METADATA.fullmatch(path)
        if match is None:
            return None
        version, role = match.groups()
        body = served_metadata(self._database, role, None if version is None else int(version))
        if body is None:
            return None
        answer = _answer(body, _CURRENT if version is None else _IMMUTABLE, compressed=compressed)
        if version is not None and role != "root":  # which begins again where all its keys are lost
            self._versioned[path, compressed] = answer
            if len(self._versioned) > _KEPT:
                self._versioned.popitem(last=False)
        return answer

    async def _target(self, match: re.Match[str], scope: Scope, receive: Receive, send: Send) -> None:
        folder, project, sha256, name = match.groups()
        if not target_served(self._database, folder + name, sha256):
            await text_answer(404, "there is no such target here").send_to(scope, send)
        elif name in (PAGE, PLUGIN):
            try:
                ours = name == PLUGIN
                document = served_plugin(self._database, project) if ours else await self._simple.document(project)
            except NotSigned:
                document = None
            same = document is not None and hashlib.sha256(document).hexdigest() == sha256
            answer = _answer(document or b"", _IMMUTABLE, compressed=False) if same else None
            await (answer or text_answer(404, "this document was replaced")).send_to(scope, send)
        else:
            await self._files.send_target(name, sha256, scope, receive, send)


def _answer(body: bytes, cache: str, *, compressed: bool) -> Answer:
    etag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"cache-control": cache, "vary": "Accept-Encoding"}
    if compressed and len(body) >= _FEWEST_BYTES:
        packed = gzip.compress(body, 6, mtime=0)
        return Answer(200, packed, _TYPE, headers | {"content-encoding": "gzip"}, etag=f'"{etag}-gzip"')
    return Answer(200, body, _TYPE, headers, etag=f'"{etag}"')


def _takes_gzip(scope: Scope) -> bool:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    offers = [one.strip().lower() for one in accepted.decode("latin-1").split(",")]
    return "gzip" in offers
