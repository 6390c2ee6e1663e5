"""An application that runs in a test, and its user at a command line."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from jackfield.application import Application

from tests.core.cli.conftest import Ran
from tests.support.processes import clean_environment, script


class Running:
    """An application that runs here, and a user in another terminal.

    Args:
        application: it.
        home: of all data.
    """

    def __init__(self, application: Application, home: Path) -> None:
        self.application = application
        self.environment = clean_environment(JACKFIELD_HOME=str(home))

    def _run(self, *words: str) -> Ran:
        done = subprocess.run(
            [script("jackfield"), "--app", "chat", *words],
            env=self.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    async def run(self, *words: str) -> Ran:
        return await asyncio.to_thread(self._run, *words)
