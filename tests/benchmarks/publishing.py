"""Uploads a second, beside devpi-server: one after another over one connection, small plugins that nobody has seen."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from statistics import median

from tests.benchmarks.index import devpi_command, make_devpi
from tests.benchmarks.peers.contents import build_wheels, project_name
from tests.benchmarks.peers.environment import PeersMissing
from tests.benchmarks.peers.processes import peer_server
from tests.benchmarks.table import Row
from tests.support.marketplace import running_marketplace
from tests.support.processes import free_port

ROUNDS = 7
UPLOADS_A_ROUND = 40
GOAL = 5.0
BOUNDARY = "a-boundary-that-no-wheel-holds"


@dataclass(frozen=True, slots=True)
class Contender:
    """An index that takes uploads.

    Args:
        connection: an open connection to it.
        path: where it takes them.
        user: who uploads.
        secret: the token.
    """

    connection: HTTPConnection
    path: str
    user: str
    secret: str

    def rate(self, wheels: Iterable[Path]) -> float:
        """Uploads a second."""
        credentials = base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }
        forms = [upload_form(wheel) for wheel in wheels]
        begun = time.perf_counter()
        for form in forms:
            self.connection.request("POST", self.path, form, headers)
            answer = self.connection.getresponse()
            said = answer.read()
            assert answer.status == 200, f"{answer.status} {answer.reason} {said[:300]!r}"
        return len(forms) / (time.perf_counter() - begun)


def measure() -> Iterable[Row]:
    """Upload to ours and to devpi in turns."""
    with tempfile.TemporaryDirectory(prefix="jackfield-publishing-") as name, ExitStack() as stack:
        folder = Path(name)
        market = stack.enter_context(running_marketplace(folder))
        port = int(market.url.rpartition(":")[2])
        contenders = {"ours": Contender(_connection(port, stack), "/legacy/", "__token__", market.token())}
        try:
            contenders["devpi-server"] = _devpi(folder, stack)
        except PeersMissing as error:
            yield Row.missing("publishing, devpi-server", str(error))
        wheels = iter(build_wheels(folder / "wheels", ROUNDS * UPLOADS_A_ROUND + UPLOADS_A_ROUND))
        rates: dict[str, list[float]] = {contender: [] for contender in contenders}
        for turn in range(ROUNDS + 1):
            part = list(islice(wheels, UPLOADS_A_ROUND))
            for contender, index in contenders.items():
                rate = index.rate(part)
                if turn:  # the first warms up
                    rates[contender].append(rate)
    yield from _rows(rates)


def _rows(rates: dict[str, list[float]]) -> Iterator[Row]:
    for contender, each in rates.items():
        yield Row(f"publishing, {contender}", median(each), "uploads/s")
    if "devpi-server" in rates:
        ratio = median(one / other for one, other in zip(rates["ours"], rates["devpi-server"], strict=True))
        yield Row.at_least("publishing, ours to devpi-server", ratio, GOAL, "x")


def upload_form(wheel: Path) -> bytes:
    """The body of an upload as twine sends it."""
    content = wheel.read_bytes()
    fields = {
        ":action": "file_upload",
        "protocol_version": "1",
        "name": project_name(wheel),
        "version": wheel.name.split("-")[1],
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "metadata_version": "2.1",
        "sha256_digest": hashlib.sha256(content).hexdigest(),
    }
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{wheel.name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return b"".join([*parts, head.encode(), content, f"\r\n--{BOUNDARY}--\r\n".encode()])


def _devpi(folder: Path, stack: ExitStack) -> Contender:
    """An empty devpi, logged in: checking the password at each upload would be all that is measured."""
    none = folder / "none"
    none.mkdir()
    make_devpi(folder / "devpi", none)
    port = free_port()
    stack.enter_context(peer_server(devpi_command(folder / "devpi", port), port, "/+status"))
    connection = _connection(port, stack)
    login = json.dumps({"user": "root", "password": "bench"})
    connection.request("POST", "/+login", login, {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    return Contender(connection, "/root/bench/", "root", answer["result"]["password"])


def _connection(port: int, stack: ExitStack) -> HTTPConnection:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    stack.callback(connection.close)
    return connection
