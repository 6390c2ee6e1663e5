"""Where everything of one application's profile lies on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jackfield.places import home_folder, profile_folder


@dataclass(frozen=True)
class Layout:
    """The folders and files of one profile; naming them makes nothing.

    Args:
        root: the profile's folder, `<data folder>/<app>/<profile>` where `locate` chose it.
        program: what its user types before a command's name, for advice in files that they read.
    """

    root: Path
    program: str = field(default="jackfield", compare=False)

    @classmethod
    def locate(
        cls,
        app: str,
        *,
        profile: str | None = None,
        environ: Mapping[str, str] | None = None,
        program: str = "jackfield",
    ) -> Layout:
        """The layout of `app` for a named profile, else for the Python environment that runs now.

        Args:
            app: the application's name, as in its host.toml.
            profile: a name to share between environments; without it one is derived from `sys.prefix`.
            environ: the environment variables; `JACKFIELD_HOME` moves all data to the folder it names.
            program: what the user types before a command's name.

        Raises:
            UsageError: the app or the profile is not a plain name (a path could lead out of the data folder).
        """
        return cls(Path(profile_folder(app, profile, os.environ if environ is None else environ)), program)

    def make_root(self) -> None:
        """Make the profile's folder, for its user alone (mode 0700), with those above it that are missing.

        Raises:
            OSError: it cannot be made.
        """
        if self.root.is_dir():
            return
        missing = [folder for folder in (self.root, *self.root.parents) if not folder.is_dir()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)

    @cached_property
    def store(self) -> Path:
        """Unpacked wheels by the sha256 of the wheel."""
        return self.root / "store"

    @cached_property
    def generations(self) -> Path:
        """One folder for each complete installed set, named by its number."""
        return self.root / "generations"

    @cached_property
    def current(self) -> Path:
        """The pointer: a file that holds the number of the active generation."""
        return self.root / "current"

    @cached_property
    def journal(self) -> Path:
        """The activation history."""
        return self.root / "journal"

    @cached_property
    def unfinished(self) -> Path:
        """Wheels on their way in or out; anything here without a living installer is left over."""
        return self.root / "unfinished"

    def draft(self, number: int | str) -> Path:
        """Where a generation is made: beside those that are done, so that its name is all that it still needs.

        Args:
            number: the generation's; empty for how all such names begin.
        """
        return self.generations / f"new-{number}"

    @cached_property
    def fetched(self) -> Path:
        """Wheels on their way into the store; anything here without a living installer is left over."""
        return self.root / "fetched"

    @cached_property
    def downloads(self) -> Path:
        """Pieces of wheels whose download was interrupted, for the next try; an installer at work alone writes them."""
        return self.root / "downloads"

    @cached_property
    def state(self) -> Path:
        """The folder of the log of keyed changes."""
        return self.root / "state"

    @cached_property
    def snapshots(self) -> Path:
        """Copies of plugin data, taken before its shape changes."""
        return self.root / "snapshots"

    @cached_property
    def trust(self) -> Path:
        """What is known of each marketplace: its keys, and what it has revoked."""
        return self.root / "trust"

    @cached_property
    def run(self) -> Path:
        """Locks and sockets of running processes."""
        return self.root / "run"

    @cached_property
    def install_lock(self) -> Path:
        """The lock that one installer at a time holds."""
        return self.run / "install.lock"

    @cached_property
    def host_lock(self) -> Path:
        """The lock that a running host holds."""
        return self.run / "host.lock"

    @cached_property
    def installation(self) -> Path:
        """The number by which rollouts reach this installation or not; it never leaves the machine."""
        return self.root / "installation"

    @cached_property
    def starts(self) -> Path:
        """The record of how the last starts of the host went."""
        return self.run / "starts.json"

    @cached_property
    def roots(self) -> Path:
        """Which plugin had each root of commands when the host last ran."""
        return self.run / "roots.json"

    @cached_property
    def control(self) -> Path:
        """The socket at which a running host takes orders."""
        return self.run / "control.sock"

    @cached_property
    def plugin_socket(self) -> Path:
        """The socket at which external plugins connect."""
        return self.run / "plugins.sock"

    @cached_property
    def exchange(self) -> Path:
        """The folder of the files that tell external plugins and the host of each other (J3, J4)."""
        return self.root / "storage"

    @cached_property
    def requested_plugin_port(self) -> Path:
        """Where a user writes the TCP port at which external plugins shall connect (J3)."""
        return self.exchange / "requested-plugin-port"

    @cached_property
    def plugin_port(self) -> Path:
        """Where a running host writes the TCP port at which they do (J4)."""
        return self.exchange / "plugin-port"

    @cached_property
    def key_uses(self) -> Path:
        """When each key of an external plugin was last used."""
        return self.exchange / "key-uses.json"

    @cached_property
    def usage(self) -> Path:
        """What was counted of plugins in earlier runs."""
        return self.root / "usage.json"

    @cached_property
    def logs(self) -> Path:
        """The folder of each plugin's last log lines."""
        return self.root / "logs"

    @cached_property
    def configuration(self) -> Path:
        """The folder that holds a folder of files for each plugin, which the user may edit."""
        return self.root / "config"

    def config(self, cid: str) -> Path:
        """The folder of the files that the user may edit for one plugin.

        Args:
            cid: the plugin's canonical id.
        """
        return self.configuration / cid

    def data(self, cid: str) -> Path:
        """The folder of a plugin's own data; it stays when the plugin is removed.

        Args:
            cid: the plugin's canonical id.
        """
        return self.root / "data" / cid


def home(environ: Mapping[str, str]) -> Path:
    """The folder above all applications: `JACKFIELD_HOME`, else the user's data folder as platformdirs says.

    Raises:
        UsageError: `JACKFIELD_HOME` begins with the name of a user whom this system does not know.
    """
    return Path(home_folder(environ))


def is_read_only(folder: Path) -> bool:
    """Whether a folder, itself there or not yet, lies on a file system that is mounted for reading alone.

    Args:
        folder: absolute.
    """
    if not hasattr(os, "statvfs"):
        return False
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def hindrance(folder: Path) -> str | None:
    """Say why nothing can be written below a folder, itself there or not yet: "… is no folder"; None where it can.

    A disk that is full, or that fails, shows only when something is written.

    Args:
        folder: absolute.
    """
    # What `os` asks, and not pathlib: a name that is too long for any file system is not there, and no error.
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    if os.path.isdir(folder):  # noqa: PTH112 (see above)
        return None if os.access(folder, os.W_OK | os.X_OK) else f"{folder} is a folder where this user cannot write"
    return f"{folder} is {'a link that leads to no folder' if os.path.islink(folder) else 'no folder'}"  # noqa: PTH114 (see above)
