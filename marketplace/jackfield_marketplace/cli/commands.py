"""Every command of the operator. They work on the data folder itself, beside a running server or without one."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import click

from jackfield_marketplace import __version__, review
from jackfield_marketplace.accounts import find_user
from jackfield_marketplace.app import open_database
from jackfield_marketplace.catalog import STATUSES, Status, add_hostfile, feature, reserve, set_status, yank
from jackfield_marketplace.cli.accounts import token_group, user_group
from jackfield_marketplace.cli.keys import keys_group
from jackfield_marketplace.cli.operating import data_option, without_traceback, writing
from jackfield_marketplace.cli.revoking import appeal_command, revocations_command, revoke_command, unrevoke_command
from jackfield_marketplace.cli.stages import rollout_command, security_group
from jackfield_marketplace.settings import Rate, Settings

_UPLOADS_AT_ONCE = 1000  # a first release of everything that someone has


def _simple_api(context: click.Context, parameter: click.Parameter, url: str | None) -> str | None:
    """The address of an index's simple API, with one slash at the end."""
    if url is None:
        return None
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname or address.query or address.fragment:
        raise click.BadParameter(f"{url} is no address of an index")
    if address.username is not None or address.password is not None:
        raise click.BadParameter("credentials would be told to every client")
    return url.rstrip("/") + "/"


def _proxies(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """Addresses or networks, between commas: whoever else could say of a client what it likes."""
    for one in [] if text is None else text.split(","):
        try:
            ip_network(one.strip())
        except ValueError as exc:
            raise click.BadParameter(f"{one.strip()} is no address: {exc}") from exc
    return text


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jackfield-marketplace")
def main() -> None:
    """Run a marketplace: a Python package index that knows plugins."""


main.add_command(user_group)
main.add_command(token_group)
main.add_command(keys_group)
for _command in (revoke_command, unrevoke_command, revocations_command, appeal_command):
    main.add_command(_command)
main.add_command(rollout_command)
main.add_command(security_group)


@main.command()
@data_option
@without_traceback
def init(data: Path) -> None:
    """Make the data folder and its database; `serve` does so by itself."""
    open_database(Settings(data)).close()
    click.echo(f"{data} is ready; next: jackfield-marketplace user add NAME --data {data}")


@main.command()
@data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0 picks a free one.")
@click.option("--title", default="Jackfield plugins", show_default=True, help="What the pages call it.")
@click.option(
    "--seed",
    type=click.Path(file_okay=False, path_type=Path),
    help="Publish the wheels in this folder, through the upload API, before the ready line.",
)
@click.option(
    "--host-file",
    "host_files",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="A host.toml whose words the pages speak; may be given again.",
)
@click.option(
    "--upstream",
    metavar="URL",
    callback=_simple_api,
    help="The simple API of another index, to which clients are sent for names that nobody registered here.",
)
@click.option(
    "--keys",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the offline keys are made if there are none yet; DATA-offline-keys beside the data folder if missing.",
)
@click.option("--proxy", metavar="ADDRESS", callback=_proxies, help="Yours: its word for an address is taken.")
@click.option(
    "--uploads-per-minute",
    type=click.IntRange(0),
    default=600,
    show_default=True,
    help="For each user, in the long run; 0 for as many as there are.",
)
@without_traceback
def serve(
    data: Path,
    host: str,
    port: int,
    title: str,
    seed: Path | None,
    host_files: tuple[Path, ...],
    upstream: str | None,
    keys: Path | None,
    proxy: str | None,
    uploads_per_minute: int,
) -> None:
    """Serve the index, the plugin API and the pages."""
    from jackfield_marketplace.app import serve as run

    run(
        Settings(data, title=title, upstream=upstream, uploads=Rate(_UPLOADS_AT_ONCE, uploads_per_minute)),
        host=host,
        port=port,
        say=click.echo,
        warn=lambda line: click.echo(f"jackfield-marketplace: {line}", err=True),
        seed_folder=seed,
        hostfiles=host_files,
        offline_keys=keys,
        proxy=proxy,
    )


@main.group("host")
def host_group() -> None:
    """Host files, whose words the pages speak."""


@host_group.command("add")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
@without_traceback
def host_add(file: Path, data: Path) -> None:
    """Keep FILE, a host.toml; a running server reads it at its next start."""
    settings = Settings(data)
    settings.make_folders()
    hostfile = add_hostfile(file, settings.hosts)
    click.echo(f"kept {hostfile.app} ({hostfile.name}, API {hostfile.api_version})")


@main.command("yank")
@click.argument("name")
@click.argument("version")
@data_option
@click.option("--reason", default="", help="Shown to those who have it pinned.")
@click.option("--undo", is_flag=True, help="Take an earlier yank back.")
@without_traceback
def yank_command(name: str, version: str, data: Path, reason: str, undo: bool) -> None:
    """Yank VERSION of NAME: who pins it still gets it, nobody else does (PEP 592)."""
    with writing(data) as session:
        count = yank(session, name, version, reason, undo=undo)
    click.echo(f"{'restored' if undo else 'yanked'} {name} {version}, {count} file{'' if count == 1 else 's'}")


@main.command("status")
@click.argument("name")
@click.argument("status", type=click.Choice(STATUSES))
@data_option
@click.option("--reason", default="", help="Shown to installers.")
@without_traceback
def status_command(name: str, status: Status, data: Path, reason: str) -> None:
    """Say how NAME stands (PEP 792): archived takes no uploads, quarantined shows no files either."""
    with writing(data) as session:
        shown = set_status(session, name, status, reason)
    click.echo(f"{shown} is {status}")


@main.command("reserve")
@click.argument("name")
@data_option
@click.option("--user", "user_name", required=True, help="Who may upload to it.")
@without_traceback
def reserve_command(name: str, data: Path, user_name: str) -> None:
    """Give NAME to a user before anything is uploaded; beside an upstream a library needs that."""
    with writing(data) as session:
        reserved = reserve(session, name, find_user(session, user_name))
    click.echo(f"{reserved} belongs to {user_name}")


@main.command("feature")
@click.argument("name")
@data_option
@click.option("--remove", is_flag=True, help="Take it away again.")
@without_traceback
def feature_command(name: str, data: Path, remove: bool) -> None:
    """Put the plugin NAME on the front page."""
    with writing(data) as session:
        plugin_id = feature(session, name, remove=remove)
    click.echo(f"{plugin_id} is {'no longer ' if remove else ''}featured")


@main.group("review")
def review_group() -> None:
    """Uploads that a rule holds back."""


@review_group.command("list")
@data_option
@without_traceback
def review_list(data: Path) -> None:
    """List them, with the reason."""
    with writing(data) as session:
        held = review.quarantined(session)
    for file in held:
        click.echo(f"{file.filename}  {'; '.join(file.reasons)}")
    if not held:
        click.echo("nothing is held back")


@review_group.command("release")
@click.argument("filename")
@data_option
@without_traceback
def review_release(filename: str, data: Path) -> None:
    """Publish FILENAME."""
    with writing(data) as session:
        review.release(session, filename)
    click.echo(f"published {filename}")


@main.group("reports")
def reports_group() -> None:
    """What people report of plugins."""


@reports_group.command("list")
@data_option
@click.option("--all", "closed", is_flag=True, help="Closed ones too.")
@without_traceback
def reports_list(data: Path, closed: bool) -> None:
    """List them, the oldest first."""
    with writing(data) as session:
        found = review.reports(session, closed=closed)
    for one in found:
        state = f"  closed {one.closed_at:%Y-%m-%d} {one.note}".rstrip() if one.closed_at else ""
        click.echo(f"{one.number}  {one.created_at:%Y-%m-%d}  {one.plugin_id} {one.version}  {one.reason}{state}")
        for line in (*one.details.splitlines(), *((f"contact: {one.contact}",) if one.contact else ())):
            click.echo(f"    {line}")
    if not found:
        click.echo("nothing is reported")


@reports_group.command("close")
@click.argument("number", type=int)
@data_option
@click.option("--note", default="", help="What was done, for whoever reads it later.")
@without_traceback
def reports_close(number: int, data: Path, note: str) -> None:
    """Note that the report of this NUMBER was dealt with."""
    with writing(data) as session:
        review.close_report(session, number, note)
    click.echo(f"report {number} is closed")
