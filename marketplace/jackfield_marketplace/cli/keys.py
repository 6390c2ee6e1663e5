"""`jackfield-marketplace keys`: the ceremony, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from jackfield.errors import UsageError

from jackfield_marketplace.app import open_database
from jackfield_marketplace.cli.operating import data_option, without_traceback
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.trust import OFFLINE, ONLINE, Signing, fingerprint, keys_beside

if TYPE_CHECKING:  # only a ceremony needs python-tuf
    from jackfield_marketplace.trust import Ceremony, Draft

_keys = click.option(
    "--keys",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the offline keys; DATA-offline-keys beside the data folder if missing.",
)
_draft = click.option(
    "--draft",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what has to be signed to this file, for another machine, and publish nothing.",
)


@click.group("keys")
def keys_group() -> None:
    """The keys by which clients know this marketplace."""


@keys_group.command("init")
@data_option
@_keys
@click.option("--root-keys", type=click.IntRange(1, 16), default=1, show_default=True, help="How many keys root has.")
@click.option("--threshold", type=click.IntRange(1, 16), default=1, show_default=True, help="How many have to sign.")
@click.option("--encrypt", is_flag=True, help="Ask for a passphrase for the offline keys.")
@without_traceback
def keys_init(data: Path, keys: Path | None, root_keys: int, threshold: int, *, encrypt: bool) -> None:
    """Make every key and sign what is published; `serve` does so by itself, with one root key."""
    secret = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True).encode() if encrypt else None
    folder = keys or keys_beside(data)
    with _ceremony(data) as ceremony:
        digest = ceremony.begin(folder, root_keys=root_keys, threshold=threshold, passphrase=secret)
    click.echo(f"root 1 is {fingerprint(digest)}")
    click.echo(f"move {folder} to a place offline: who has it can speak for this marketplace")


@keys_group.command("start-over")
@data_option
@_keys
@click.option("--root-keys", type=click.IntRange(1, 16), default=1, show_default=True, help="How many keys root has.")
@click.option("--threshold", type=click.IntRange(1, 16), default=1, show_default=True, help="How many have to sign.")
@click.option("--encrypt", is_flag=True, help="Ask for a passphrase for the offline keys.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@without_traceback
def keys_start_over(data: Path, keys: Path | None, root_keys: int, threshold: int, *, encrypt: bool, yes: bool) -> None:
    """Make every key anew where too many root keys are lost or stolen; every client has to be told of the new root."""
    if not yes:
        click.confirm("No client will believe this marketplace until it knows the new root. Start over?", abort=True)
    secret = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True).encode() if encrypt else None
    folder = keys or keys_beside(data)
    with _ceremony(data) as ceremony:
        digest = ceremony.start_over(folder, root_keys=root_keys, threshold=threshold, passphrase=secret)
    click.echo(f"root 1 is {fingerprint(digest)}")
    click.echo(f"tell everybody who installs from here: jackfield trust pin ADDRESS#root={digest[:32]}")
    click.echo(f"move {folder} to a place offline: who has it can speak for this marketplace")


@keys_group.command("show")
@data_option
@without_traceback
def keys_show(data: Path) -> None:
    """Show the root that clients compare, each role, the keys that sign it, and when its signature ends."""
    with _ceremony(data) as ceremony:
        reports, first = ceremony.report(), ceremony.first_root()
    if first is not None:
        click.echo(f"clients know this marketplace by the root {fingerprint(first)}")
    for one in reports:
        named = ", ".join(fingerprint(keyid) for keyid in one.keyids)
        version = f"version {one.version}, until {one.expires_at:%Y-%m-%d %H:%M} UTC" if one.expires_at else "256 bins"
        needed = f"  {one.threshold} of {len(one.keyids)} sign" if len(one.keyids) > 1 else ""
        click.echo(f"{one.role:<10}{named}  {version}{needed}")
    if not reports:
        click.echo("nothing is signed here yet; next: jackfield-marketplace keys init, or serve")


@keys_group.command("rotate")
@click.argument("role", type=click.Choice([*OFFLINE, *ONLINE]))
@data_option
@_keys
@_draft
@click.option(
    "--lost", default="", metavar="KEY", help="How the key begins that no longer counts, if root has several."
)
@without_traceback
def keys_rotate(role: str, data: Path, keys: Path | None, draft: Path | None, lost: str) -> None:
    """Give ROLE a new key; the old one counts for nothing from then on, and online keys' files are deleted."""
    folder = keys or keys_beside(data)
    with _ceremony(data) as ceremony:
        known = {report.role: report for report in ceremony.report()}
        if role not in known:
            raise UsageError("this marketplace has no keys yet", hint="jackfield-marketplace keys init")
        new = ceremony.new_key(role, folder)
        made = ceremony.rotation(role, new.description, lost=lost.replace(" ", ""))
        _finish(ceremony, made, folder, draft, f"{role} has the key {fingerprint(new.keyid)}")


@keys_group.command("sign")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path), required=False)
@data_option
@_keys
@_draft
@without_traceback
def keys_sign(file: Path | None, data: Path, keys: Path | None, draft: Path | None) -> None:
    """Sign root and targets for another year; or FILE, a draft from another machine, in place."""
    from jackfield_marketplace.trust import draft_in_words, offline_keys, read_draft, sign_draft

    folder = keys or keys_beside(data)
    if file is not None:
        made = read_draft(file.read_text("utf-8"))
        here = offline_keys(folder, _ask)
        for line in draft_in_words(made, here):
            click.echo(line)
        click.echo("take it back to the server only if these are the keys that you mean")
        added = sign_draft(made, here)
        file.write_text(json.dumps(made, indent=1), "utf-8")
        click.echo(
            f"{added} signatures added to {file}; next, at the server: jackfield-marketplace keys publish {file}"
        )
        return
    with _ceremony(data) as ceremony:
        _finish(ceremony, ceremony.renewal(), folder, draft, "root and targets hold for another year")


@keys_group.command("publish")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@data_option
@without_traceback
def keys_publish(file: Path, data: Path) -> None:
    """Take over FILE, a draft that was signed elsewhere."""
    from jackfield_marketplace.trust import read_draft

    with _ceremony(data) as ceremony:
        ceremony.publish(read_draft(file.read_text("utf-8")))
    click.echo("published; clients follow at their next look")


@keys_group.command("refresh")
@data_option
@without_traceback
def keys_refresh(data: Path) -> None:
    """Sign what is about to expire, as a running server does by itself; for a line of cron where none runs."""
    settings = Settings(data)
    database = open_database(settings)
    try:
        signing = Signing(database, settings.keys, settings.blobs)
        signed = signing.keep_fresh()
        expiring = signing.expiring_offline()
    finally:
        database.close()
    click.echo(f"signed {len(signed)} roles" if signed else "nothing has to be signed")
    for role, expires_at in expiring.items():
        click.echo(f"{role} expires on {expires_at:%Y-%m-%d}: jackfield-marketplace keys sign --keys DIR", err=True)


@contextmanager
def _ceremony(data: Path) -> Iterator[Ceremony]:
    from jackfield_marketplace.trust import Ceremony

    settings = Settings(data)
    database = open_database(settings)
    try:
        yield Ceremony(database, settings.keys, Signing(database, settings.keys, settings.blobs))
    finally:
        database.close()


def _finish(ceremony: Ceremony, made: Draft, folder: Path, draft: Path | None, done: str) -> None:
    from jackfield_marketplace.trust import offline_keys, sign_draft

    if draft is not None:
        draft.write_text(json.dumps(made, indent=1), "utf-8")
        click.echo(f"once it is published: {done}")
        click.echo(f"wrote {draft}; next, where the keys are: jackfield-marketplace keys sign {draft} --keys DIR")
        return
    here = offline_keys(folder, _ask)
    ceremony.require_genuine(here)
    sign_draft(made, here)
    ceremony.publish(made)
    click.echo(f"{done}; clients follow at their next look")


def _ask(name: str) -> bytes:
    secret: str = click.prompt(f"Passphrase of {name}", hide_input=True)
    return secret.encode()
