"""Plays the whole story on free ports, one line a step: `python -m tests.demo`.

Everything is real: the console scripts as child processes, wheels, twine, a WebSocket. It ends by itself, with status 1
if any step was not as told; what the commands and servers printed then follows.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.demo.telling import Failed, Telling
from tests.demo.trouble import Trouble


def main() -> int:
    """Tell the story; 0 if every step was as told."""
    with tempfile.TemporaryDirectory(prefix="jackfield-demo-") as folder:
        telling = Telling()
        story = Trouble(Path(folder), telling)
        try:
            story.tell()
        except Failed:
            print(story.records(), file=sys.stderr)
        finally:
            story.end()
        print(telling.summary(), flush=True)
        return 0 if telling.failed is None else 1


if __name__ == "__main__":
    sys.exit(main())
