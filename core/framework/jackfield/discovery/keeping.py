"""Writing what the index reads: files that only this user may change, whole or not at all, and not too many of them."""

import marshal
import os
import time

from jackfield.places import FORMAT, LENGTH, MARK, START, is_private, stamp_of

TYPE_CHECKING = False  # see jackfield.places
if TYPE_CHECKING:
    from typing import Any

MOST_FILES = 256
LEFT_SECONDS = 60.0
"""After which a file that is not whole was left by a process that was killed; one is written in a few milliseconds."""


def write_private(cache: str, file: str, values: "dict[str, Any]") -> bool:
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
    # Not by the process's number: what one that was killed left behind would be in the way of all that share it, and in
    # a container there is only the first.
    temporary = f"{file}.{os.urandom(8).hex()}"
    try:
        for folder in (os.path.dirname(cache), cache):  # noqa: PTH120 (pathlib takes longer to load than all this)
            os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 (likewise)
        if not is_private(cache):
            return False
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            os.replace(temporary, file)  # noqa: PTH105 (likewise)
        except OSError:
            os.unlink(temporary)  # noqa: PTH108 (likewise)
            raise
        _thin_out(cache)
    except OSError:
        return False
    return True


def _thin_out(cache: str) -> None:
    """Forget the oldest half where there are too many, as environments come and go, and what never became whole."""
    names = os.listdir(cache)  # noqa: PTH208 (likewise)
    files = [f"{cache}{os.sep}{name}" for name in names if "." not in name]
    for name in names:
        left = stamp_of(f"{cache}{os.sep}{name}") if "." in name else None  # that of `place_in` has none
        if left is not None and abs(time.time() - left[0] / 1e9) > LEFT_SECONDS:
            os.unlink(f"{cache}{os.sep}{name}")  # noqa: PTH108 (likewise)
    if len(files) > MOST_FILES:
        for file in sorted(files, key=lambda one: (stamp_of(one) or (0,))[0])[: len(files) // 2]:
            os.unlink(file)  # noqa: PTH108 (likewise)
