"""The file that a process which nothing confines is started with: `python -I -S …/jackfield/worker/plain_start.py`.

It reads from its stdin, which its host holds open as long as it lives, where the named packages are and what it is to
be; lets this process import nothing else, and goes on in `jackfield.worker.plain`.
"""

import json
import os
import sys

_MOST_BYTES = 8 << 20


def main() -> None:
    """Be the worker; returns when the host is gone."""
    told = json.loads(sys.stdin.buffer.readline(_MOST_BYTES))
    above = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120  # as in `start`
    library = list(sys.path)
    sys.path.insert(0, above)
    from jackfield.worker.published import import_only, standard_library

    sys.path[:] = library
    sys.path_importer_cache.pop(above, None)
    import_only((), told["named"], told["metadata"], standard_library())
    from jackfield.worker.plain import serve

    serve(told)


if __name__ == "__main__":
    main()
