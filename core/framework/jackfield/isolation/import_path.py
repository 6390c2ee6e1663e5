"""What the host imports from: a worker reads nothing of it, but for what is published (K42).

A program may put into `sys.path` and `sys.modules` what it likes, and change its folders while it runs: what cannot be
looked up is passed over, as an import passes it over.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_STANDARD_LIBRARY: Final = os.path.dirname(os.__file__)  # noqa: PTH120 (texts alone)
_PACKAGES: Final = ("site-packages", "dist-packages")


def import_path() -> tuple[str, ...]:
    """Return all that this process imports from and that is there, as real paths.

    That is the folders and archives of `sys.path`, its virtual environment, and what it has loaded from elsewhere, as
    from the source of an editable install, or as its own program. Folders of `sys.path` that hold more than packages
    may be read by workers as such, so what was loaded of them is told as well.
    """
    given: list[object] = [*sys.path]
    entries = [one or os.curdir for one in given if isinstance(one, str)]  # an import heeds no other ones
    if sys.prefix != sys.base_prefix:
        entries.append(sys.prefix)
    found = _real(entries)
    whole = [one for one in entries if one.endswith(_PACKAGES)]
    known = tuple(f"{one}/" for one in (_STANDARD_LIBRARY, *whole, *_real([_STANDARD_LIBRARY, *whole])))
    loaded = {one for file in _loaded() for one in _held(file, known)}
    return tuple(
        sorted(found | {one for one in loaded if not any(str(above) in loaded for above in Path(one).parents)})
    )


def _real(paths: Iterable[str]) -> set[str]:
    found = set()
    for path in paths:
        with suppress(OSError, ValueError):  # the working directory is gone; or a NUL
            if os.path.exists(real := os.path.realpath(path)):  # noqa: PTH110 (texts alone)
                found.add(real)
    return found


def _loaded() -> Iterator[str]:
    """The folder of each package that is loaded and the file of each module, but of what lies in another package."""
    modules = {name: _said(module) for name, module in list(sys.modules.items())}
    for name, said in modules.items():
        top, dot, _ = name.partition(".")
        if dot and modules.get(top, {}).get("__file__") is not None:
            continue
        file, places = said.get("__file__"), said.get("__path__")
        if isinstance(file, str) and file:
            yield os.path.dirname(file) if places else file  # noqa: PTH120 (texts alone)
        elif places is not None:
            with suppress(Exception):  # that of a namespace is looked up again by whatever finders there are
                yield from (one for one in places if isinstance(one, str))


def _said(module: object) -> Mapping[str, Any]:
    """What a module says of itself; one that is loaded when it is first used is not loaded by that."""
    with suppress(AttributeError):
        said = object.__getattribute__(module, "__dict__")
        return said if isinstance(said, dict) else {}
    return {}


def _held(path: str, known: tuple[str, ...]) -> Iterator[str]:
    """What is to be hidden of a folder or file that was loaded, if it does not lie in what is hidden already."""
    if path.startswith(known):
        return
    with suppress(OSError, ValueError):
        real = os.path.realpath(path)
        if real.startswith(known) or f"{real}/" in known:
            return
        if os.path.exists(real):  # noqa: PTH110 (texts alone)
            yield real
            compiled = f"{os.path.dirname(real)}/__pycache__"  # noqa: PTH120 (texts alone)
            if not os.path.isdir(real) and os.path.isdir(compiled):  # noqa: PTH112 (texts alone)
                yield compiled  # where its code could be read as well
            return
        while not os.path.exists(real):  # noqa: PTH110 (texts alone)
            real = os.path.dirname(real)  # noqa: PTH120 (texts alone)
        if os.path.isfile(real):  # noqa: PTH113 (texts alone)
            yield real  # an archive
