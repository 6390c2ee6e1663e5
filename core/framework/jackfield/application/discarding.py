"""Deletes the data that its user gave up, at a moment when nothing writes it (U40)."""

import logging
from collections.abc import Collection

from jackfield.apart import done_apart
from jackfield.errors import JackfieldError
from jackfield.storage import Belongings, State
from jackfield.store import Layout

_log = logging.getLogger("jackfield.application")


async def discard_marked(layout: Layout, state: State, *, by: str, but: Collection[str] = ()) -> None:
    """Delete what marked plugins keep; what cannot be deleted is logged and tried again the next time.

    Args:
        layout: the profile.
        state: its log, which holds the marks.
        by: who does it, for the log.
        but: canonical ids of plugins that are installed and may run; they wait for the next start.
    """
    marked = [key.removeprefix("delete/") for key in state.items("delete/")]
    for cid in marked:
        if cid not in but:
            try:
                kept = await done_apart(Belongings(layout.root, state).delete, cid, by=by)
            except (JackfieldError, OSError) as error:
                _log.error("%s", error)  # a sentence for the operator
            else:
                _log.info("what %s kept was deleted: %s", cid, ", ".join(kept.words) or "nothing")
