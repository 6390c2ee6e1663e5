"""The file that a zygote is started with: `python -I -S …/jackfield/worker/start.py DESCRIPTOR`.

It reads from the descriptor where the named packages are, lets this process import nothing else, and goes on in
`jackfield.worker.zygote`. For a moment, to load the finder, the folder that holds jackfield is on `sys.path`.
"""

import json
import os
import socket
import sys


def main() -> None:
    """Be the zygote; returns when the host is gone."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    settings = json.loads(connection.recv(1 << 20))
    above = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
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
