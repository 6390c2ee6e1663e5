"""One upload by a process of its own, as a second server on the same data folder would take it.

    python -m tests.support.two_uploads DATA TOKEN WHEEL

It says that it is ready, waits for a line, and prints what became of the upload as JSON: the outcome, or the status of
the refusal.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from jackfield_marketplace.accounts import Credentials, authenticate
from jackfield_marketplace.app import open_database
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import Contents, Hosts, Refusal
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.trust import Signing, Waiting
from jackfield_marketplace.uploads import Uploads


def main(data: Path, token: str, wheel: Path) -> None:
    """Take the wheel in once a line comes."""
    settings = Settings(data)
    database = open_database(settings)
    waiting = Waiting(database, Signing(database, settings.keys, settings.blobs))
    contents = Contents(database, DiskBlobs(settings.blobs))
    uploads = Uploads(settings, database, contents, Hosts(settings.hosts, ()), waiting)
    uploader = authenticate(database, Credentials("__token__", token))
    assert uploader is not None
    print("ready", flush=True)
    sys.stdin.readline()
    with wheel.open("rb") as file:
        try:
            told: str | int = uploads.accept(file, wheel.name, {}, uploader).outcome
        except Refusal as refusal:
            told = refusal.status
    waiting.sign()
    database.close()
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
