"""What one call of the command works with: the application, its places on disk, the marketplaces, the voice."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.cli.apps import App, choose_app
from jackfield.cli.marketplaces import VARIABLE, checked_url, configuration_file, marketplace_urls
from jackfield.cli.output import Output
from jackfield.errors import UsageError

if TYPE_CHECKING:
    from jackfield.application import RunningHost
    from jackfield.management import Management
    from jackfield.store import Layout


@dataclass
class Session:
    """The global options, and what follows from them once a command asks for it.

    Args:
        program: the words that are typed before a subcommand to mean the same plugins again: `jackfield`,
            `jackfield --app datasette`, `jackfield-chat plugins`; advice begins with them.
        app: the application asked for; None where there is one only.
        profile: the set of plugins; None for the environment's own.
        marketplaces: the addresses given on the command line, first one first.
        fallback_marketplaces: what the embedding application asks where nothing else names one.
        marketplaces_hint: what to do where no marketplace is known; empty: name one.
        home: the folder that holds all data; None for `JACKFIELD_HOME` or the user's data folder.
        embedded: whether an application has the commands under a name of its own.
    """

    program: str
    app: str | None = None
    profile: str | None = None
    marketplaces: tuple[str, ...] = ()
    fallback_marketplaces: tuple[str, ...] = ()
    marketplaces_hint: str = ""
    home: Path | None = None
    embedded: bool = False
    output: Output = field(default_factory=Output)

    @cached_property
    def environ(self) -> Mapping[str, str]:
        """The environment's variables, with the data folder where the embedding application wants it."""
        return os.environ if self.home is None else {**os.environ, "JACKFIELD_HOME": str(self.home)}

    @cached_property
    def host(self) -> App:
        """The application whose plugins are meant.

        Raises:
            UsageError: there is none, there are several, or none of that name.
        """
        return choose_app(self.app, self.environ, self.profile)

    @cached_property
    def layout(self) -> "Layout":
        """Where the application's plugins and state lie."""
        from jackfield.store import Layout

        return Layout.locate(self.host.name, profile=self.profile, environ=self.environ, program=self.program)

    @cached_property
    def running(self) -> "RunningHost":
        """The application where it runs with these plugins; making it asks nothing."""
        from jackfield.application import RunningHost

        return RunningHost(self.layout)

    @cached_property
    def marketplace_urls(self) -> tuple[str, ...]:
        """The marketplaces to ask, in order; empty where none is configured."""
        given = tuple(checked_url(url, "--marketplace") for url in self.marketplaces)
        return given or marketplace_urls(self.environ, self.host.name) or self.fallback_marketplaces

    def required_marketplaces(self) -> tuple[str, ...]:
        """The marketplaces to ask, at least one.

        Raises:
            UsageError: none is configured.
        """
        if not self.marketplace_urls:
            named = f'--marketplace URL, {VARIABLE}, or marketplaces = ["…"] in {configuration_file(self.environ)}'
            raise UsageError("no marketplace is configured", hint=self.marketplaces_hint or named)
        return self.marketplace_urls

    @cached_property
    def management(self) -> "Management":
        """The story-teller of installs and updates; making it asks no marketplace and imports no plugin."""
        from jackfield.management import Management

        return Management(
            self.host.name, self.layout, self.marketplace_urls, self.host.hostfile, groups=self.host.groups
        )

    @cached_property
    def by(self) -> str:
        """Who changes things, as the history shows it: `alice on the command line`."""
        import getpass

        try:
            return f"{getpass.getuser()} on the command line"
        except (KeyError, OSError):  # a user id without a name, as in containers
            return f"user {os.getuid()} on the command line"
