"""Commands for users and their tokens."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from jackfield_marketplace.accounts import (
    add_user,
    block_user,
    create_token,
    find_user,
    revoke_token,
    set_password,
    tokens_of,
)
from jackfield_marketplace.cli.operating import data_option, without_traceback, writing


@click.group("user")
def user_group() -> None:
    """Users, who publish."""


@user_group.command("add")
@click.argument("name")
@data_option
@click.option("--password", is_flag=True, help="Ask for a password; without one, the user uploads by token alone.")
@without_traceback
def user_add(name: str, data: Path, password: bool) -> None:
    """Add the user NAME."""
    secret = _ask() if password else None
    with writing(data) as session:
        added = add_user(session, name, secret)
    click.echo(f"added {added.name}; next: jackfield-marketplace token create --user {added.name} --data {data}")


@user_group.command("password")
@click.argument("name")
@data_option
@click.option("--remove", is_flag=True, help="Take it away: the user uploads by token alone.")
@without_traceback
def user_password(name: str, data: Path, remove: bool) -> None:
    """Give NAME another password; the old one counts no longer, also for an upload under way. Tokens stay."""
    secret = None if remove else _ask()
    with writing(data) as session:
        user = find_user(session, name)
        set_password(user, secret)
    click.echo(f"{user.name} has {'no password' if remove else 'another password'} now")


@user_group.command("block")
@click.argument("name")
@data_option
@without_traceback
def user_block(name: str, data: Path) -> None:
    """Forget every token and the password of NAME, at once; what was published stays, and stays theirs."""
    with writing(data) as session:
        user = find_user(session, name)
        count = block_user(session, user)
    tokens = f"{count} token{'' if count == 1 else 's'}"
    click.echo(f"{user.name} uploads nothing any more: {tokens} and the password are forgotten")


@click.group("token")
def token_group() -> None:
    """Tokens, with which users upload."""


@token_group.command("create")
@data_option
@click.option("--user", "user_name", required=True, help="Whose uploads it stands for.")
@click.option("--project", metavar="NAME", help="The one distribution that it may upload, registered or not.")
@click.option("--expires", type=click.IntRange(1, 3650), metavar="DAYS", help="After which it no longer counts.")
@without_traceback
def token_create(data: Path, user_name: str, project: str | None, expires: int | None) -> None:
    """Make a token and print it, alone: it is shown this once."""
    with writing(data) as session:
        lifetime = None if expires is None else timedelta(days=expires)
        text = create_token(session, find_user(session, user_name), lifetime=lifetime, project=project)
    click.echo(text)


@token_group.command("list")
@data_option
@click.option("--user", "user_name", required=True, help="Whose.")
@without_traceback
def token_list(data: Path, user_name: str) -> None:
    """List a user's tokens: number, how it begins, for what, last use, end."""
    with writing(data) as session:
        user = find_user(session, user_name)
        for one in tokens_of(session, user):
            used = f"used {one.last_used_at:%Y-%m-%d}" if one.last_used_at else "never used"
            ends = f"until {one.expires_at:%Y-%m-%d}" if one.expires_at else "no end"
            click.echo(f"{one.id}  {one.hint}…  {one.project or 'every project'}  {used}  {ends}")


@token_group.command("revoke")
@click.argument("number", type=int)
@data_option
@without_traceback
def token_revoke(number: int, data: Path) -> None:
    """Forget the token of this NUMBER, as `token list` shows it."""
    with writing(data) as session:
        revoke_token(session, number)
    click.echo(f"token {number} no longer counts")


def _ask() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
