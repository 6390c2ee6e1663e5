"""One start of the server, as the command line asked for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jackfield import External


@dataclass(frozen=True, slots=True)
class Settings:
    """What `jackfield-chat serve` was told.

    Args:
        data: the folder that holds everything the chat keeps; made when it is missing.
        host: the address to listen on.
        port: the port of the page; 0 lets the system choose.
        marketplaces: addresses of marketplaces, asked in order.
        with_marketplace: whether a marketplace of its own is started beside the chat.
        market_port: the port of that marketplace; 0 lets the system choose.
        seed: a folder of wheels that it publishes at its start.
        home: where the plugins' framework keeps its data; None: below `data`, so that one folder holds all.
        updates_every_seconds: how often the marketplaces are asked for newer versions; None: never.
        allowed_hosts: names by which it may be called, apart from `host` and those of the loopback.
        scripts: folders of script plugins, which run in full trust.
        safe: start without plugins.
        external: where external plugins may connect; None: nowhere.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8000
    marketplaces: tuple[str, ...] = ()
    with_marketplace: bool = False
    market_port: int = 8001
    seed: Path | None = None
    home: Path | None = None
    updates_every_seconds: float | None = 86400.0
    allowed_hosts: tuple[str, ...] = ()
    scripts: tuple[Path, ...] = ()
    safe: bool = False
    external: "External | None" = None

    @property
    def database(self) -> Path:
        """The file with accounts, rooms and messages."""
        return self.data / "chat.sqlite"

    @property
    def plugin_home(self) -> Path:
        """What JACKFIELD_HOME is for the plugins of this chat."""
        return self.home or self.data / "plugins"

    @property
    def marketplace_data(self) -> Path:
        """The data folder of the marketplace that is started beside the chat."""
        return self.data / "marketplace"
