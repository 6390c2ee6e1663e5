"""The peers' own virtual environment: made when it is first needed, from `peers.txt`, and kept in `.cache`.

They are only measured, never used, and some of them ask for versions that ours rule out (ADR 11). Renewed by hand:
`python -m tests.benchmarks.peers.environment`.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.demo.wheels import ROOT
from tests.support.processes import script

FOLDER = ROOT / ".cache" / "bench-peers"
WANTED = Path(__file__).parent.parent / "peers.in"
LOCKED = Path(__file__).parent.parent / "peers.txt"
INSTALL_SECONDS = 300


class PeersMissing(Exception):
    """The peers cannot be installed here; the message says why, in one line."""


@cache
def peer_script(name: str) -> str:
    """The path of a program of the peers' environment, which is made where it is missing or outdated.

    Raises:
        PeersMissing: they cannot be installed, for want of a network for instance.
    """
    venv = FOLDER / "venv"
    stamp = venv / "made-from"
    if not stamp.is_file() or stamp.read_text() != versions():
        print("installing the peers, once …", file=sys.stderr, flush=True)
        _uv("venv", "--clear", "--python", sys.executable, str(venv))
        _uv("pip", "sync", "--require-hashes", "--python", str(venv / "bin/python"), str(LOCKED))
        stamp.write_text(versions())
    return str(venv / "bin" / name)


def versions() -> str:
    """A word that changes with the peers' versions and with Python's."""
    return hashlib.sha256(LOCKED.read_bytes() + sys.version.encode()).hexdigest()[:16]


def _uv(*words: str) -> None:
    command = [script("uv"), "--quiet", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise PeersMissing(f"the peers were not installed within {INSTALL_SECONDS} s") from error
    if done.returncode:
        said = next((line.strip() for line in done.stderr.splitlines() if line.strip()), "no reason given")
        raise PeersMissing(f"not installed: {said[:120]}")


if __name__ == "__main__":
    _uv(
        *("pip", "compile", "--universal", "--generate-hashes", "--no-annotate", "--python-version", "3.11"),
        *("--custom-compile-command", "python -m tests.benchmarks.peers.environment", "--upgrade"),
        *(str(WANTED), "--output-file", str(LOCKED)),
    )
