"""The file that a zygote is started with: `python -I -S …/jackfield/worker/start.py SOCKET FILE`, by their descriptors.

It reads in the file where the named packages are, lets this process import nothing else, and goes on in
`jackfield.worker.zygote` with the socket. For a moment, to load the finder, the folder that holds jackfield is on
`sys.path`.

Before all that it may start once more, to lie elsewhere in memory than its host. Both run the same code. Where it lies
at addresses whose last 24 bits are the same in both, processors take the jumps of the one for those of the other, and
every call from one to the other costs half as much again: so it came out in one start of eight.
"""

import json
import os
import socket
import sys

_LEAST_BIT, _PLACES = 21, 7  # large libraries lie at multiples of 2 MiB: of 24 bits, three tell them apart
_MOST_STARTS = 8


def main() -> None:
    """Be the zygote; returns when the host is gone."""
    told = int(sys.argv[2])
    settings = json.loads(os.pread(told, os.fstat(told).st_size, 0))
    starts = len(sys.argv) - 2
    if settings.pop("apart_from") == id(None) >> _LEAST_BIT & _PLACES and starts < _MOST_STARTS:
        os.execve(sys.executable, [*sys.orig_argv, "again"], {})  # noqa: S606 (the same program, as bare as it began)
    os.close(told)
    connection = socket.socket(fileno=int(sys.argv[1]))
    above = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120  # pathlib is slow to load
    library = list(sys.path)
    sys.path.insert(0, above)
    from jackfield.worker.published import import_only, standard_library

    sys.path[:] = library
    sys.path_importer_cache.pop(above, None)
    import_only((), settings["named"], settings["metadata"], standard_library())
    from jackfield.worker.zygote import serve

    serve(connection, settings)


if __name__ == "__main__":
    main()
