"""Uploads that are killed before one call after another that touches the disk; a program of its own, which forks.

    python -m tests.support.killed_uploads EMPTY_DATA WHEEL FOLDER

For each step it copies the data folder, takes the wheel in within a child that is killed before that step, and looks
in a second child at what a server that starts afterwards would find. One line of JSON tells of each.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jackfield.manifest import page_path
from jackfield_marketplace.accounts import Credentials, Identity, add_user, authenticate, create_token, find_user
from jackfield_marketplace.app import create_app, open_database
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import Contents, Hosts, project_document, project_page
from jackfield_marketplace.db import Content, Database, File, Project, SignedTarget, UnsignedProject
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.trust import Signing, Waiting
from jackfield_marketplace.uploads import Uploads
from sqlalchemy import func, select

STEPS = frozenset(
    {"execute", "executemany", "commit", "open", "write", "fsync", "fdatasync", "replace", "unlink", "mkdir"}
)
"""Functions of C that change what is on the disk, or are about to."""
MOST_STEPS = 400


def main(empty: Path, wheel: Path, folder: Path) -> None:
    """Kill one upload before each of its steps in turn, until one gets through."""
    open_database(Settings(empty)).close()  # what that loads, no child has to load again
    for step in range(MOST_STEPS):
        data = folder / f"step{step}"
        shutil.copytree(empty, data)
        status = in_child(lambda data=data, step=step: take(data, wheel, kill_before=step))  # type: ignore[misc]  # bound
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert killed or status == 0, f"step {step}: {status}"
        left, right = os.pipe()
        looked = in_child(lambda data=data, right=right: look(data, wheel, right))  # type: ignore[misc]  # bound
        os.close(right)
        with os.fdopen(left) as told:
            found = told.read()
        assert looked == 0, f"step {step}: {looked}"
        print(json.dumps({"step": step, "killed": killed, **json.loads(found)}), flush=True)
        shutil.rmtree(data)
        if not killed:
            return


def in_child(work: Callable[[], None]) -> int:
    """Do something in a child, which has no threads of others; returns how it ended."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # a child must never go on as the parent
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def take(data: Path, wheel: Path, kill_before: int) -> None:
    """Take the wheel in and sign it, as the server does; killed before one of the steps."""
    settings = Settings(data)
    database = open_database(settings)
    uploads, waiting = parts(settings, database)
    with database.write() as session:
        add_user(session, "alice")
    uploader, left = identity(database), kill_before

    def count(frame: Any, event: str, function: Any) -> None:
        nonlocal left
        if event == "c_call" and function.__name__ in STEPS:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    with wheel.open("rb") as file:
        sys.setprofile(count)
        uploads.accept(file, wheel.name, {}, uploader)
        waiting.sign()
        sys.setprofile(None)


def parts(settings: Settings, database: Database) -> tuple[Uploads, Waiting]:
    """What takes uploads in, over a data folder."""
    waiting = Waiting(database, Signing(database, settings.keys, settings.blobs))
    contents = Contents(database, DiskBlobs(settings.blobs))
    return Uploads(settings, database, contents, Hosts(settings.hosts, ()), waiting), waiting


def identity(database: Database) -> Identity:
    """Alice, by a token of hers."""
    with database.write() as session:
        token = create_token(session, find_user(session, "alice"))
    found = authenticate(database, Credentials("__token__", token))
    assert found is not None
    return found


def look(data: Path, wheel: Path, answer: int) -> None:
    """What there is after the next start, and after the same upload once more."""
    settings = Settings(data)
    database = open_database(settings)
    Signing(database, settings.keys, settings.blobs).keep_fresh()  # as `serve` does before it answers anybody
    create_app(settings, database)  # takes away what was left over
    before = state(settings, database)
    uploads, waiting = parts(settings, database)
    uploader = identity(database)
    with wheel.open("rb") as file:
        outcome = uploads.accept(file, wheel.name, {}, uploader).outcome
    waiting.sign()
    after = state(settings, database)
    os.write(answer, json.dumps({"before": before, "again": outcome, "after": after}).encode())
    os.close(answer)


def state(settings: Settings, database: Database) -> dict[str, Any]:
    """Whether anything is listed, whether all of that is whole and signed, and what lies on the disk besides."""
    contents = Contents(database, DiskBlobs(settings.blobs))
    with database.read() as session:
        files = list(session.scalars(select(File)))
        pointed = {sha for one in files for sha in (one.sha256, one.metadata_sha256, one.manifest_sha256) if sha}
        whole = all(hashlib.sha256(contents.read(sha) or b"").hexdigest() == sha for sha in pointed)
        kept = set(session.scalars(select(Content.sha256)))
        projects = dict(session.execute(select(Project.name, Project.id)).tuples().all())
        unsigned = session.scalar(select(func.count()).select_from(UnsignedProject))
        targets = dict(session.execute(select(SignedTarget.path, SignedTarget.sha256)).tuples().all())
    signed = unsigned == 0
    with database.write_directly() as direct:
        for name, number in projects.items():
            page = project_page(direct, number)
            assert page is not None
            signed &= targets.get(page_path(name)) == hashlib.sha256(project_document(page)).hexdigest()
            signed &= {one.sha256 for one in page.files} <= set(targets.values())
    lying = {path.name for path in settings.blobs.rglob("*") if path.is_file()}
    return {
        "listed": [one.filename for one in files],
        "projects": list(projects),
        "whole": whole,
        "signed": signed,
        "astray": sorted((lying | kept) - pointed),
    }


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
