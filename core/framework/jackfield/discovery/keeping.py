"""Writing what the index reads: files that only this user may change, whole or not at all, and not too many of them."""

import marshal
import os
from pathlib import Path
from typing import Any

from jackfield.discovery.index import FORMAT, LENGTH, MARK, START, is_private, stamp_of

MOST_FILES = 256


def write_private(cache: str, file: str, values: dict[str, Any]) -> bool:
    """Keep plain values for later, whole or not at all; returns whether the folder could be written.

    Args:
        cache: the folder, made for this user alone where it is missing.
        file: in that folder.
        values: what `marshal` takes. `sections`, where there are any, are bytes by name, each read only if it is asked
            for.
    """
    sections: dict[str, bytes] = values.get("sections", {})
    places = {}
    end = 0
    for name, content in sections.items():
        places[name] = (end, len(content))
        end += len(content)
    head = marshal.dumps({"format": FORMAT, **values, "sections": places})
    lengths = (len(head), START + len(head) + end)
    content = b"".join((MARK, *(one.to_bytes(LENGTH, "big") for one in lengths), head, *sections.values()))
    temporary = Path(f"{file}.{os.getpid()}")
    folder = Path(cache)
    try:
        for one in (folder.parent, folder):
            one.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_private(cache):
            return False
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            temporary.replace(file)
        except OSError:
            temporary.unlink()
            raise
        _thin_out(folder)
    except OSError:
        return False
    return True


def _thin_out(folder: Path) -> None:
    """Forget the oldest half where there are too many: environments come and go."""
    files = [*folder.iterdir()]
    if len(files) > MOST_FILES:
        for file in sorted(files, key=lambda one: (stamp_of(str(one)) or (0,))[0])[: len(files) // 2]:
            file.unlink()
