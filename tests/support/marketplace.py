"""A real marketplace: `jackfield-marketplace serve` in a child process, with users, tokens and uploads."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from jackfield.inspection import attest

from tests.support.processes import Server, clean_environment, script
from tests.support.wheels import build_plugin, plugin_source

SCRIPT = "jackfield-marketplace"
COMMAND_SECONDS = 30


class RunningMarketplace:
    """A marketplace that answers on the loopback.

    Args:
        server: the child process.
        data: its data folder.
        wheels: where `publish` builds.
    """

    def __init__(self, server: Server, data: Path, wheels: Path) -> None:
        self.server = server
        self.data = data
        self.wheels = wheels
        self._tokens: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Its address."""
        return self.server.address

    def token(self, user: str = "alice") -> str:
        """The upload token of a user, who is added when first named."""
        if user not in self._tokens:
            self.run("user", "add", user)
            self._tokens[user] = self.run("token", "create", "--user", user).strip()
        return self._tokens[user]

    def run(self, *arguments: str) -> str:
        """Run a command of the operator on its data folder; returns what it printed."""
        done = subprocess.run(
            [script(SCRIPT), *arguments, "--data", str(self.data)],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def upload(self, wheel: Path, user: str = "alice", key: Path | None = None) -> httpx.Response:
        """Send a wheel as twine does; with a key, signed by its publisher."""
        source = wheel.name.split("-")
        with wheel.open("rb") as content:
            return httpx.post(
                f"{self.url}/legacy/",
                auth=("__token__", self.token(user)),
                data={
                    ":action": "file_upload",
                    "protocol_version": "1",
                    "name": source[0],
                    "version": source[1],
                    "filetype": "bdist_wheel",
                    "pyversion": "py3",
                    "metadata_version": "2.1",
                }
                | ({} if key is None else {"attestations": attested(wheel, key)}),
                files={"content": (wheel.name, content, "application/octet-stream")},
                timeout=COMMAND_SECONDS,
            )

    def publish(
        self, plugin_id: str, version: str = "1.0.0", *, user: str = "alice", key: Path | None = None, **options: object
    ) -> Path:
        """Build a plugin (`support.wheels.plugin_source`'s options) and upload it, signed where a key is given."""
        wheel = build_plugin(self.wheels, plugin_id, version, **options)
        self.accept(wheel, user, key)
        return wheel

    def publish_library(self, name: str, version: str = "1.0.0", *, user: str = "alice", **options: object) -> Path:
        """Build a library with one module and upload it."""
        package = name.replace("-", "_")
        source = plugin_source("unused", version)
        source.name, source.entry_points = name, {}
        source.files = {f"{package}/__init__.py": f'VERSION = "{version}"\n'}
        for key, value in options.items():
            setattr(source, key, value)
        wheel = source.build(self.wheels)
        self.accept(wheel, user)
        return wheel

    def accept(self, wheel: Path, user: str = "alice", key: Path | None = None) -> None:
        """Upload a wheel that must be accepted."""
        answer = self.upload(wheel, user, key)
        assert answer.is_success, f"{wheel.name}: {answer.status_code} {answer.text}"


def attested(wheel: Path, key: Path) -> str:
    """The form's field with the publisher's signature on a wheel."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"[{attest(wheel.name, digest, key).decode()}]"


@contextmanager
def running_marketplace(folder: Path) -> Iterator[RunningMarketplace]:
    """Run a marketplace below `folder` for as long as the block lasts."""
    data = folder / "marketplace"
    with Server([script(SCRIPT), "serve", "--data", str(data), "--port", "0"]) as server:
        yield RunningMarketplace(server, data, folder / "wheels")
