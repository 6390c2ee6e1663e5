"""What a worker's process is given before the plugin's first line: an environment and an import path of its own."""

import os
import sys
from collections.abc import Mapping, Sequence

from jackfield.isolation import WorkerSpec
from jackfield.worker.published import import_only


def furnish(spec: WorkerSpec, named: Mapping[str, str], metadata: Sequence[str], library: Sequence[str]) -> None:
    """Give it an environment and an import path of its own.

    Args:
        spec: of the worker.
        named: top-level names that every worker is given.
        metadata: their `.dist-info` folders.
        library: folders of the standard library.
    """
    os.environ["HOME"] = spec.data_dir
    os.environ["TMPDIR"] = spec.temporary
    sys.argv[:] = [spec.plugin]
    import_only(spec.paths, {**spec.named, **named}, (*metadata, *spec.metadata), library)
