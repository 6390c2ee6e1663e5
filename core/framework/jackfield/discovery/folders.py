"""Where the folder of a distribution's top-level package lies, without running a line of it."""

import importlib.machinery
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from importlib_metadata import Distribution

from jackfield.discovery.distributions import text_of


def package_folder(distribution: Distribution, package: str, file: str, path: Sequence[str] | None) -> Path | None:
    """Return the folder of a top-level package that holds, or could hold, `file`; None for a single module.

    RECORD is asked first: what a wheel installed is certain. An editable install records no such file; then the import
    system says where the package is. Only the first segment is asked for: a dotted `find_spec` runs the parent's code.

    Args:
        distribution: whose entry point names the package.
        package: one segment.
        file: `plugin.toml` or `host.toml`.
        path: the folders to look into; None: where this process imports from.
    """
    recorded = _recorded(distribution, f"{package}/{file}")
    if recorded is not None:
        return recorded.parent
    try:
        if path is None:
            spec = importlib.util.find_spec(package)
        else:
            spec = importlib.machinery.PathFinder.find_spec(package, list(path))
    except (ImportError, ValueError):  # ValueError: a loaded module without a spec
        return None
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec is not None else []
    holding = [place for place in places if (place / file).is_file()]
    return next(iter([*holding, *places]), None)


def _recorded(distribution: Distribution, name: str) -> Path | None:
    """Return the file if the distribution's RECORD lists it and it is there."""
    record = text_of(distribution, "RECORD") or ""
    # Searched as text: `Distribution.files` parses every row, which a large library makes thousands of.
    if not any(record.startswith(mark) or f"\n{mark}" in record for mark in (f"{name},", f'"{name}",')):
        return None
    place = Path(str(distribution.locate_file(name)))
    return place if place.is_file() else None
