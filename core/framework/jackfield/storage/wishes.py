"""In which order the user enabled plugins: who has been enabled longest keeps what two of them want."""

from __future__ import annotations

from collections.abc import Container, Mapping

from jackfield.storage.state import State

BISECT_KEY = "bisect"
"""Under this key the state keeps the wishes as they were, for as long as a search for who is to blame changes them."""

_WISH = "wish/"


def longest_enabled(state: State) -> tuple[str, ...]:
    """Return the canonical ids of the plugins that the user enabled, first the one that has been so longest.

    Of several that were enabled together the first is the one whose name is. What a search for who is to blame disables
    in turn counts as enabled all along: no plugin takes over what is theirs by that.

    Args:
        state: where wishes are kept.

    Raises:
        StoreError: the log is damaged.
    """
    enabled: dict[str, None] = {}  # a set whose order counts
    suspects: Container[str] = ()
    for entry in state.history():
        after = {change.key: change.after for change in entry.changes}
        if BISECT_KEY in after:
            before = after[BISECT_KEY]
            suspects = before if isinstance(before, Mapping) else ()
        for key, wish in after.items():
            if not key.startswith(_WISH):
                continue
            cid = key.removeprefix(_WISH)
            if wish:
                enabled.setdefault(cid)
            elif cid not in suspects:
                enabled.pop(cid, None)
    return tuple(enabled)
