"""Another machine, as far as plugins are concerned: a virtual environment and data of its own, and no network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

from tests.demo.telling import expect
from tests.support.processes import Server, clean_environment


class Elsewhere:
    """A chat in a virtual environment of its own.

    Args:
        folder: where all of it lies.

    Attributes:
        marketplace: the address of the one that its user configured; nobody needs to listen there.
    """

    def __init__(self, folder: Path) -> None:
        self.prefix = folder / "environment"
        self.data = folder / "chat"
        self.chat: Server | None = None
        self.marketplace = ""

    def make_environment(self) -> None:
        """Make the virtual environment, with the application in it."""
        self.data.mkdir(parents=True, exist_ok=True)
        venv.create(self.prefix, with_pip=False, symlinks=True)
        (folder,) = self.prefix.glob("lib/python*/site-packages")
        here = sysconfig.get_path("purelib")
        (folder / "application.pth").write_text(f"import site; site.addsitedir({here!r})\n")

    def delete_environment(self) -> None:
        """Delete it with everything in it; the application must not run."""
        shutil.rmtree(self.prefix)

    def jackfield(self, *words: str, status: int = 0) -> str:
        """Run the `jackfield` command in it, and return what it printed."""
        done = subprocess.run(
            self._command("jackfield.cli", *words),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        both = done.stdout + done.stderr
        expect(done.returncode == status, f"jackfield {words[0]} ended with {done.returncode}: {both.strip()[-300:]}")
        return both

    def installed(self) -> dict[str, tuple[str, str]]:
        """Id -> version and state."""
        rows = json.loads(self.jackfield("list", "--json"))["plugins"]
        return {row["id"]: (row["version"], row["state"]) for row in rows}

    def open_the_chat(self) -> str:
        """Start the chat in it; returns its address."""
        command = self._command("jackfield_chat.cli", "serve", "--data", str(self.data), "--port", "0")
        self.chat = Server(command, environment=self._environment())
        return self.chat.start().address

    def close_the_chat(self) -> None:
        """End it; again is harmless."""
        if self.chat is not None:
            self.chat.stop()

    def _command(self, package: str, *words: str) -> list[str]:
        return [str(self.prefix / "bin" / "python"), "-c", f"from {package} import main; main()", *words]

    def _environment(self) -> dict[str, str]:
        plugins = str(self.data / "plugins")
        return clean_environment(JACKFIELD_HOME=plugins, JACKFIELD_MARKETPLACE=self.marketplace, COLUMNS="200")
