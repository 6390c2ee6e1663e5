"""`jackfield-chat serve` and `jackfield-chat plugins …`."""

import logging
import os
import sys
from pathlib import Path
from shlex import quote
from urllib.parse import urlsplit

import click
from jackfield.errors import JackfieldError
from jackfield.permissions import shown_text

from jackfield_chat import __version__
from jackfield_chat.settings import Settings


class _Chat(click.Group):
    """The root: `plugins` is loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "plugins"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "plugins":
            from jackfield_chat.cli.plugins import plugins_group

            return plugins_group()
        return super().get_command(ctx, cmd_name)


class LogLine(logging.Formatter):
    """A line of the log, in which commands of the framework are called as whoever runs this chat types them.

    Args:
        data: the folder that it serves from.
    """

    def __init__(self, data: Path) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._program = f"jackfield-chat plugins --data {quote(str(data))}"

    def format(self, record: logging.LogRecord) -> str:
        """Return it, with what a terminal would obey written out; a line without such a command costs nothing."""
        line = shown_text(super().format(record), lines=True)
        if "jackfield " not in line:
            return line
        from jackfield.cli import in_words_of

        return in_words_of(self._program, line)


def _addresses(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise click.BadParameter(f"{value!r} is no address: write http://… or https://…")
    return tuple(value.rstrip("/") for value in values)


def _names(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not value.strip("[].") or set(value) & set("/@ ?#*"):
            raise click.BadParameter(f"{value!r} is no name: write chat.example.org, without http:// and port")
    return values


@click.group(cls=_Chat, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jackfield-chat")
def root() -> None:
    """A chat with rooms, a web page and plugins."""


@root.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    envvar="JACKFIELD_CHAT_DATA",
    show_envvar=True,
    help="Folder for everything that the chat keeps; made when it is missing.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    callback=_names,
    help="A name by which people call the chat, such as that of a reverse proxy; may be given again.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 takes a free one."
)
@click.option(
    "--marketplace",
    "marketplaces",
    multiple=True,
    metavar="URL",
    envvar="JACKFIELD_MARKETPLACE",
    callback=_addresses,
    help="A marketplace to install from; may be given again.  [env: JACKFIELD_MARKETPLACE]",
)
@click.option("--with-marketplace", is_flag=True, help="Start a marketplace of its own beside the chat.")
@click.option(
    "--market-port",
    type=click.IntRange(0, 65535),
    default=8001,
    show_default=True,
    help="Its port; 0 takes a free one.",
)
@click.option(
    "--seed",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of wheels that it publishes at its start.",
)
@click.option(
    "--check-updates",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    metavar="HOURS",
    help="How often to ask for newer versions of plugins, and tell the owner; 0 for never.",
)
@click.option(
    "--scripts",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    metavar="DIR",
    envvar="JACKFIELD_CHAT_SCRIPTS",
    show_envvar=True,
    help="A folder of plugins that are single files; they run in the chat itself, fully trusted. May be given again.",
)
@click.option(
    "--plugin-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Port at which external plugins connect; else the one in the file requested-plugin-port, or a free one.",
)
@click.option(
    "--plugin-listen",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address at which they do; any but this machine's own needs --plugin-certificate.",
)
@click.option(
    "--plugin-certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Certificate in PEM; with it they speak TLS.",
)
@click.option(
    "--plugin-private-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Its private key, where it is not in the same file.",
)
@click.option("--safe", is_flag=True, help="Start without plugins, to find out or disable which one breaks the chat.")
def serve(
    data: Path,
    host: str,
    allowed_hosts: tuple[str, ...],
    port: int,
    marketplaces: tuple[str, ...],
    with_marketplace: bool,
    market_port: int,
    seed: Path | None,
    check_updates: float,
    scripts: tuple[Path, ...],
    plugin_port: int | None,
    plugin_listen: str,
    plugin_certificate: Path | None,
    plugin_private_key: Path | None,
    safe: bool,
) -> None:
    """Serve the chat until it is interrupted.

    At the first start the owner's password is printed, this once.

    Plugins lie in DATA/plugins unless JACKFIELD_HOME says otherwise. To work on them from the command line, also while
    the chat runs:

    jackfield-chat plugins --data DATA list
    """
    if seed is not None and not with_marketplace:
        raise click.UsageError("--seed needs --with-marketplace: it says what that marketplace publishes")
    from jackfield import External

    from jackfield_chat.app import serve as run

    external = External(plugin_listen, plugin_port, plugin_certificate, plugin_private_key)
    external.tls()  # a file that is no certificate is a mistake of this call, and not of the plugins' start

    handler = logging.StreamHandler()
    handler.setFormatter(LogLine(data))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    home = os.environ.get("JACKFIELD_HOME")
    settings = Settings(
        data,
        host,
        port,
        marketplaces,
        with_marketplace,
        market_port,
        seed,
        Path(home) if home else None,
        check_updates * 3600 or None,
        allowed_hosts,
        scripts,
        safe,
        external,
    )
    run(settings, say=click.echo)


def main() -> None:
    """Run the command; a mistake of the user ends with one sentence, never with a traceback."""
    try:
        root(prog_name="jackfield-chat")
    except JackfieldError as exc:
        said = f"jackfield-chat: {exc.message}{f': {exc.hint}' if exc.hint else ''}"
        click.echo(shown_text(said, lines=True), err=True)
        sys.exit(exc.exit_code)
