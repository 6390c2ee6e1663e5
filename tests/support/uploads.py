"""Uploads by hand: requests that no tool would send, and what must be true after a refusal."""

import base64
import http.client
from collections.abc import Iterable, Mapping
from typing import Any


def raw_post(
    market: Any, headers: Mapping[str, str], pieces: Iterable[bytes] = (), *, path: str = "/legacy/"
) -> tuple[int, str, str]:
    """Send a request by hand; returns status, reason and body."""
    connection = http.client.HTTPConnection("127.0.0.1", int(market.url.rpartition(":")[2]), timeout=20)
    try:
        connection.putrequest("POST", path)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        for piece in pieces:
            connection.send(piece)
        answer = connection.getresponse()
        return answer.status, answer.reason, answer.read().decode()
    finally:
        connection.close()


def basic(user: str, secret: str) -> dict[str, str]:
    """The header of Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def nothing_is_listed(market: Any) -> None:
    """No page names a project or a plugin, no blob is kept, and nothing else has appeared in the data folder."""
    json = {"Accept": "application/vnd.pypi.simple.v1+json"}
    assert market.client.get("/simple/", headers=json).json()["projects"] == []
    assert market.client.get("/plugins/search").json()["total"] == 0
    data = market.settings.data
    files = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith("marketplace.sqlite3")} == set()
    assert {path.name for path in data.parent.iterdir()} <= {"data", "wheels"}
