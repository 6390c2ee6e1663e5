"""What trust costs: a marketplace of a hundred thousand files, what publishing one signs, what its clients fetch.

Files are rows of the catalogue without bytes behind them, since nothing here reads the bytes. Beside ours stands
python-tuf alone, with its own transport, on the same metadata.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from jackfield.manifest import page_path
from jackfield.market.transport import Transport
from jackfield.market.trust import Witness
from jackfield_marketplace.app import open_database
from jackfield_marketplace.db import Database, Direct
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.trust import Ceremony, Signing
from sqlalchemy import text

from tests.benchmarks.table import Row
from tests.support.marketplace import SCRIPT
from tests.support.processes import Server, script
from tests.support.tuf_client import PlainTufClient

FILES = 100_000
FILES_A_PROJECT = 10
PUBLICATIONS = 20
LOOKS = 15
SIGNING_MS = 20
FIRST_KIB = 100
NOTHING_NEW_BYTES = 1024
NOTHING_NEW_MS = 15
PROJECT = """
INSERT INTO projects (id, name, display_name, owner_id, serial, skeleton, status, status_reason, created_at)
VALUES (:id, :name, :name, 1, 1, :skeleton, 'active', '', '2026-01-01 00:00:00')
"""
RELEASE = """
INSERT INTO releases (id, project_id, version, created_at, summary, readme, readme_type, requires_python, requires_dist,
    keywords, links, changelog, app)
VALUES (:id, :project, :version, '2026-01-01 00:00:00', '', '', 'text/plain', '', '[]', '[]', '{}', '', '')
"""
FILE = """
INSERT INTO files (release_id, filename, kind, sha256, size, requires_python, metadata_sha256, manifest_sha256,
    uploaded_at, uploader_id, state, findings)
VALUES (:release, :filename, 'wheel', :sha256, 20000, '', :beside, :beside, '2026-01-01 00:00:00', 1, 'published', '[]')
"""


def measure() -> Iterable[Row]:
    """Fill a marketplace, publish in it, and look at it as a client."""
    with tempfile.TemporaryDirectory(prefix="jackfield-trust-") as name:
        folder = Path(name)
        settings = Settings(folder / "data")
        database = open_database(settings)
        fill(database)
        signing = Signing(database, settings.keys, settings.blobs)
        begun = time.perf_counter()
        Ceremony(database, settings.keys, signing).begin(folder / "offline")
        yield Row(f"trust, signing {FILES} files for the first time", time.perf_counter() - begun, "s")
        cost = median(published(database, signing, number) for number in range(PUBLICATIONS))
        yield Row.at_most(f"trust, signing one file of {FILES}", cost, SIGNING_MS, "ms")
        database.close()
        with Server([script(SCRIPT), "serve", "--data", str(settings.data), "--port", "0"]) as server:
            yield from looked_at(server.address, folder)


def looked_at(address: str, folder: Path) -> Iterator[Row]:
    """What a client fetches and how long it takes, beside python-tuf alone."""
    path = page_path("project-00007")
    with counted(address) as (url, fetched):
        asyncio.run(look(url, folder / "first", path, standing=True))
        yield Row.at_most(f"trust, first look at {FILES} files, fetched", fetched() / 1024, FIRST_KIB, "KiB")
        asyncio.run(look(url, folder / "first", path))
        yield Row.at_most("trust, and what is signed of one project, fetched", fetched() / 1024, FIRST_KIB, "KiB")
        asyncio.run(look(url, folder / "first", path))
        yield Row.at_most("trust, nothing new, fetched", fetched(), NOTHING_NEW_BYTES, "B")
    ours, with_a_bin = asyncio.run(looks(address, folder / "second", path))
    yield Row.at_most("trust, nothing new", ours, NOTHING_NEW_MS, "ms")
    yield Row("trust, nothing new, and what is signed of one project", with_a_bin, "ms")
    plain = PlainTufClient(address, folder / "plain")
    plain.is_target(path)
    theirs = []
    for _ in range(LOOKS):
        begun = time.perf_counter()
        plain.is_target(path)
        theirs.append((time.perf_counter() - begun) * 1e3)
    yield Row("trust, nothing new, python-tuf alone", median(theirs), "ms")
    yield Row("trust, loading python-tuf, which nothing new does without", loading("tuf.ngclient"), "ms")


async def look(url: str, folder: Path, path: str, *, standing: bool = False) -> None:
    """Look once at a marketplace, and at what it signs of a path unless only its standing is asked for."""
    transport = Transport(url)
    witness = Witness(transport, folder)
    try:
        await witness.standing()
        if not standing and not await witness.targets([path]):
            raise RuntimeError(f"{path} is not signed")
    finally:
        await transport.aclose()


async def looks(url: str, folder: Path, path: str) -> tuple[float, float]:
    """Milliseconds of a look with nothing new, over a connection that is open, as an application has it.

    Returns:
        until it is known that nothing is new, and until it is known what is signed of a path.
    """
    transport = Transport(url)
    try:
        await Witness(transport, folder).targets([path])
        known, signed = [], []
        for _ in range(LOOKS):
            witness = Witness(transport, folder)
            begun = time.perf_counter()
            await witness.standing()
            known.append((time.perf_counter() - begun) * 1e3)
            await witness.targets([path])
            signed.append((time.perf_counter() - begun) * 1e3)
    finally:
        await transport.aclose()
    return median(known), median(signed)


@contextmanager
def counted(address: str) -> Iterator[tuple[str, Callable[[], int]]]:
    """A way to the marketplace that counts what comes back, heads of answers included, since it was last asked."""
    port = int(address.rpartition(":")[2])
    received = 0

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            nonlocal received
            with socket.create_connection(("127.0.0.1", port)) as behind:
                pump = threading.Thread(target=self.ask, args=(behind,))
                pump.start()
                while data := behind.recv(65536):
                    received += len(data)
                    self.request.sendall(data)

        def ask(self, behind: socket.socket) -> None:
            with suppress(OSError):
                while data := self.request.recv(65536):
                    behind.sendall(data)
                behind.shutdown(socket.SHUT_WR)

    def fetched() -> int:
        nonlocal received
        count, received = received, 0
        return count

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", fetched
        finally:
            server.shutdown()
            thread.join()


def loading(module: str) -> float:
    """Milliseconds that a fresh interpreter takes for an import, without its own start."""
    program = f"import time; t = time.perf_counter(); import {module}; print((time.perf_counter() - t) * 1e3)"
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in range(5)
    ]
    return median(float(run.stdout) for run in runs)


def fill(database: Database) -> None:
    """Projects with a wheel for each version, as rows; the texts beside wheels are there: their length is signed."""
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO users (id, name, created_at) VALUES (1, 'bench', '2026-01-01 00:00:00')"))
        sha256 = hashlib.sha256(b"a text").hexdigest()
        connection.execute(text("INSERT INTO contents VALUES (:sha256, :data)"), {"sha256": sha256, "data": b"a text"})
        projects = range(1, FILES // FILES_A_PROJECT + 1)
        connection.execute(text(PROJECT), [project_row(number) for number in projects])
        releases: list[dict[str, Any]] = [
            {"id": number * 100 + version, "project": number, "version": f"1.{version}"}
            for number in projects
            for version in range(FILES_A_PROJECT)
        ]
        connection.execute(text(RELEASE), releases)
        connection.execute(text(FILE), [file_row(one["id"], one["project"], one["version"]) for one in releases])


def project_row(number: int) -> dict[str, object]:
    """The values of one project."""
    name = f"project-{number:05}"
    return {"id": number, "name": name, "skeleton": name}


def file_row(release: int, project: int, version: str) -> dict[str, object]:
    """The values of one wheel."""
    filename = f"project_{project:05}-{version}-py3-none-any.whl"
    digest = hashlib.sha256(filename.encode()).hexdigest()
    return {"release": release, "filename": filename, "sha256": digest, "beside": hashlib.sha256(b"a text").hexdigest()}


def published(database: Database, signing: Signing, number: int) -> float:
    """Milliseconds of signing for one more file in a project, within the transaction that adds it."""
    project, version = number + 1, f"2.{number}"
    with database.write() as session:
        release: dict[str, Any] = {"id": 10_000_000 + number, "project": project, "version": version}
        session.execute(text(RELEASE), release)
        session.execute(text(FILE), file_row(release["id"], project, version))
        session.execute(text("UPDATE projects SET serial = serial + 1 WHERE id = :id"), {"id": project})
        direct = Direct.beside(session)
        begun = time.perf_counter()
        if signing.sign_changes(direct) != 1:
            raise RuntimeError("one project was to be signed")
        return (time.perf_counter() - begun) * 1e3
