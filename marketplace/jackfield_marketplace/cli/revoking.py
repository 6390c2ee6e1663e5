"""`jackfield-marketplace revoke`, `unrevoke`, `revocations`, `appeal`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from jackfield.manifest import SEVERITIES, Revocation, Severity

from jackfield_marketplace.app import open_database
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import (
    Codes,
    Contents,
    Copies,
    CopiesFound,
    Told,
    appeal_address,
    read_ahead,
    revocations,
    revoke,
    set_appeal,
    unrevoke,
)
from jackfield_marketplace.cli.operating import data_option, without_traceback, writing
from jackfield_marketplace.db import Database, Direct
from jackfield_marketplace.settings import Settings

WHAT_FOLLOWS = {
    "critical": "installers refuse it, running ones stop it at once, and its files are served to nobody",
    "high": "installers refuse it, and running ones stop it",
    "low": "installers refuse it, and what is installed runs on",
}
"""Severity -> what comes of it, as the operator is told."""


@contextmanager
def _codes(data: Path) -> Iterator[tuple[Database, Codes]]:
    """The database, and what tells of the code of what is published."""
    settings = Settings(data)
    database = open_database(settings)
    try:
        yield database, Codes(Contents(database, DiskBlobs(settings.blobs)))
    finally:
        database.close()


@click.command("revoke")
@click.argument("name", required=False)
@click.argument("versions", required=False, default="*")
@data_option
@click.option("--file", "files", multiple=True, metavar="SHA256", help="A file by its hash; may be given again.")
@click.option("--reason", required=True, help="Why, in one sentence that everybody reads.")
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    required=True,
    help="critical: it does harm. high: it endangers whoever runs it. low: it should be left.",
)
@click.option("--advice", default="", help="What whoever has it should do, in one sentence.")
@click.option("--also-copies", "copies", flag_value="revoked", help="Revoke other plugins with the same code, too.")
@click.option("--only-this", "copies", flag_value="left", help="Leave them: go by names and hashes, not by the code.")
@click.option("--json", "as_json", is_flag=True, help="For a program: what was revoked, or the copies.")
@without_traceback
def revoke_command(
    name: str | None,
    versions: str,
    data: Path,
    files: tuple[str, ...],
    reason: str,
    severity: Severity,
    advice: str,
    copies: Copies | None,
    as_json: bool,
) -> None:
    """Revoke VERSIONS of NAME (a plugin or a library, here or not), all of them by default, or files by their hash.

    VERSIONS is a range, as in plugin.toml: '<1.4.2', '[1.0, 1.4)', '==1.0.0'.

    What is critical or high is known again by its code, whatever it is called. Where other published plugins hold the
    same code they are named and nothing is revoked, until --also-copies or --only-this says what becomes of them.
    """
    try:
        with _codes(data) as (database, codes):
            with database.read() as session:
                read_ahead(session, codes, name, versions, files, severity=severity, copies=copies)
            with writing(data) as session:  # from here on every other writer waits
                told = revoke(
                    session,
                    codes,
                    name,
                    versions,
                    files,
                    reason=reason,
                    severity=severity,
                    advice=advice,
                    copies=copies,
                )
                appeal = appeal_address(Direct.beside(session))
    except CopiesFound as exc:
        if as_json:
            click.echo(json.dumps({"error": str(exc), "copies": [asdict(one) for one in exc.copies]}))
        raise
    if as_json:
        said = {"revocation": told.revocation.to_mapping(), "filenames": told.filenames}
        click.echo(json.dumps({**said, "left": [asdict(one) for one in told.left]}))
        return
    click.echo(f"revoked as number {told.revocation.number}: {_meant(told.revocation)}")
    for filename in told.filenames:
        click.echo(f"    {filename}")
    click.echo(f"{severity}: {WHAT_FOLLOWS[severity]}")
    for one in told.left:
        click.echo(f"left as it is, with the same code: {one.name} ({one.filename})")
    if not appeal:
        click.echo(f"nobody is told where to disagree: jackfield-marketplace appeal ADDRESS --data {data}")


@click.command("unrevoke")
@click.argument("number", type=int)
@data_option
@without_traceback
def unrevoke_command(number: int, data: Path) -> None:
    """Take the revocation of this NUMBER back, as `revocations` shows it."""
    with writing(data) as session:
        told = unrevoke(session, number)
    click.echo(f"number {number} is revoked no more: {_meant(told.revocation)}")


@click.command("revocations")
@data_option
@click.option("--all", "lifted", is_flag=True, help="Those that were taken back, too.")
@without_traceback
def revocations_command(data: Path, lifted: bool) -> None:
    """List what is revoked, the oldest first."""
    with writing(data) as session:
        found = revocations(session, lifted=lifted)
        appeal = appeal_address(Direct.beside(session))
    for told in found:
        for line in _lines(told):
            click.echo(line)
    click.echo(f"appeals go to {appeal}" if appeal else "appeals go nowhere: jackfield-marketplace appeal ADDRESS")


@click.command("appeal")
@click.argument("address")
@data_option
@without_traceback
def appeal_command(address: str, data: Path) -> None:
    """Say at which ADDRESS (mail, web) whoever disagrees with a revocation is heard; '' for none."""
    with writing(data) as session:
        kept = set_appeal(session, address)
    click.echo(f"appeals go to {kept}" if kept else "appeals go nowhere")


def _lines(told: Told) -> Iterator[str]:
    one = told.revocation
    lifted = f", taken back {told.lifted_at:%Y-%m-%d}" if told.lifted_at else ""
    yield f"{one.number}  {one.revoked[:10]}  {one.severity}  {_meant(one)}: {one.reason}{lifted}"
    if one.advice:
        yield f"    advice: {one.advice}"
    for filename in told.filenames:
        yield f"    {filename}"


def _meant(one: Revocation) -> str:
    name = one.plugin or one.distribution
    if not name:
        return ", ".join(f"file {sha256[:16]}…" for sha256 in sorted(one.files))
    return f"{name}, every version" if one.versions == "*" else f"{name} {one.versions}"
