"""What failed in an adopted application, kept for the command line; loaded where something fails, or had failed.

The application holds no lock, and several of its processes may start at once, each of which knows only the plugins
that it tried: what is kept of the others stays as it is.
"""

import importlib
import traceback
from collections.abc import Collection, Iterable
from pathlib import Path

from jackfield.adopted.adoption import comparable, logger
from jackfield.adopted.outcomes import LoadFailure
from jackfield.errors import JackfieldError, in_short, kind_and_text
from jackfield.storage import Starts
from jackfield.store import Layout

_NO_PLUGINS = (str(Path(__file__).parent), str(importlib.__file__), "<frozen ")
"""Where the frames lie that every import has."""


def keep_failures(layout: Layout, failures: Iterable[LoadFailure], tried: Collection[str]) -> None:
    """Keep what failed for every later look, and forget what does not fail any more; written only where that differs.

    Args:
        layout: the profile.
        failures: of the plugins that failed in this process.
        tried: the names of all that this process loaded or left out.
    """
    starts = Starts(layout.starts)
    known = {comparable(name) for name in tried}
    fresh = {cid: told(one.error) for one in failures if (cid := comparable(one.name)) is not None}
    kept = {cid: why for cid, why in starts.failures().items() if cid not in known}
    try:
        layout.make_root()
        layout.run.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        logger().debug("what failed is not kept: %s", error)
        return
    starts.note_failures(fresh | kept)


def told(error: BaseException) -> str:
    """Return one line: `ZeroDivisionError: division by zero (…/atlas_rivers/__init__.py, line 1)`."""
    if isinstance(error, JackfieldError):
        return in_short(str(error))
    kind, text = kind_and_text(error)
    said = in_short(" ".join(f"{kind}: {text}".split()) if text else kind)
    frames = traceback.extract_tb(error.__traceback__)
    place = next((one for one in reversed(frames) if not one.filename.startswith(_NO_PLUGINS)), None)
    return f"{said} ({place.filename}, line {place.lineno})" if place is not None else said
