"""Uploads the wheels of a folder through the upload API, like anyone would."""

from __future__ import annotations

import base64
import hashlib
import http.client
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from jackfield_marketplace.accounts import UnknownUser, add_user, create_token, delete_token, find_user
from jackfield_marketplace.db import Database

SEED_USER = "operator"
_TIMEOUT_SECONDS = 60
_TOKEN_LIFETIME = timedelta(hours=1)


def seed(database: Database, folder: Path, port: int) -> Iterator[str]:
    """Upload every wheel in `folder` to the server on this port of loopback, as the user `operator`.

    Args:
        database: where the user and a token for this run are made; the token is deleted at the end.
        folder: holds the wheels.
        port: where the server answers.

    Yields:
        one line for each wheel that was not taken; identical ones are passed over in silence.
    """
    if not folder.is_dir():
        yield f"there is no folder {folder} to take wheels from"
        return
    with _token(database) as token:
        for path in sorted(folder.glob("*.whl")):
            try:
                status, reason = _upload(path, token, port)
            except (OSError, http.client.HTTPException) as exc:
                yield f"{path.name} was not taken: {exc}"
                continue
            if status == 409 and "other bytes" in reason:
                yield f"{path.name} was edited without a new version: the one published before stays"
            elif status != 200:
                yield f"{path.name} was not taken: {reason}"
            elif "held for review" in reason:
                yield reason


@contextmanager
def _token(database: Database) -> Iterator[str]:
    with database.write() as session:
        try:
            user = find_user(session, SEED_USER)
        except UnknownUser:
            user = add_user(session, SEED_USER)
        token = create_token(session, user, lifetime=_TOKEN_LIFETIME)
    try:
        yield token
    finally:
        with database.write() as session:
            delete_token(session, token)


def _upload(path: Path, token: str, port: int) -> tuple[int, str]:
    """Send one file; returns the status and the answer's text."""
    content = path.read_bytes()
    boundary = secrets.token_hex(16)
    fields = {
        ":action": "file_upload",
        "protocol_version": "1",
        "sha256_digest": hashlib.sha256(content).hexdigest(),
    }
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{path.name}"\r\n'
    parts += [
        head.encode(),
        b"Content-Type: application/octet-stream\r\n\r\n",
        content,
        f"\r\n--{boundary}--\r\n".encode(),
    ]
    credentials = base64.b64encode(f"__token__:{token}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(
            "POST",
            "/legacy/",
            b"".join(parts),
            {"Authorization": f"Basic {credentials}", "Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        response = connection.getresponse()
        return response.status, response.read(10_000).decode("utf-8", "replace").strip()
    finally:
        connection.close()
