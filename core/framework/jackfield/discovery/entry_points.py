"""The entry points of this process's path: through the index, which is made where it is missing.

Like the index itself, it loads nothing that the interpreter has not.
"""

import os
import sys

from jackfield.discovery.index import Rows, index_folder, read_index

TYPE_CHECKING = False  # see jackfield.discovery.index
if TYPE_CHECKING:
    from jackfield.discovery.index import Segment

#: Of what an installer leaves in a folder; an archive has it inside.
METADATA_SUFFIXES = (".dist-info", ".egg-info", ".egg")


def installed_entry_points(group: str, *, strict: bool, keep: bool = True, manifests: bool = False) -> Rows:
    """Return the entry points of a group, of all that this process can import, without importing any of it.

    Args:
        group: which.
        strict: whether a file that was edited in place is noticed, at the price of a `stat` for each; what pip, uv and
            other installers do is noticed in either case.
        keep: whether what was found may be written down for the next time.
        manifests: whether the rows carry their plugins' manifests.
    """
    cache = index_folder(os.environ)
    return read_index(group, sys.path, cache, _built, strict=strict, keep=_kept if keep else None, manifests=manifests)


def _built(folder: str) -> "Segment | None":
    try:
        if not any(name.endswith(METADATA_SUFFIXES) for name in os.listdir(folder)):  # noqa: PTH208 (names alone)
            return None  # the folder of a script, say: it changes often, and nothing was ever installed there
    except OSError:
        pass  # an archive
    from jackfield.discovery.indexing import build_segment  # what it imports takes longer than all the rest

    return build_segment(folder)


def _kept(cache: str, file: str, segment: "Segment") -> None:
    from jackfield.discovery.keeping import write_private  # likewise

    write_private(cache, file, segment)
