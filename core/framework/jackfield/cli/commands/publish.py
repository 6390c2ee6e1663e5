"""`jackfield publish`."""

import asyncio
import os
from pathlib import Path

import click

from jackfield.cli.marketplaces import VARIABLE, checked_url, marketplace_urls
from jackfield.cli.options import command
from jackfield.cli.session import Session
from jackfield.cli.words import plain
from jackfield.errors import UsageError
from jackfield.permissions import key_in_words

TOKEN, KEY = "JACKFIELD_TOKEN", "JACKFIELD_PUBLISHER_KEY"

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@command(
    "publish",
    told="Sign wheels with your key, and send them to a marketplace.\n\n"
    "Each is looked at first as the marketplace will. The key is yours alone, the marketplace never sees it: who "
    "installed your plugin is asked before a version comes that another key, or none, has signed. Keep it, and keep it "
    f"secret. The upload token is read from {TOKEN}, a file, or netrc.",
    examples=[
        ("dist/chat_poll-1.0.0-py3-none-any.whl --key alice.pem --make-key", "the first time"),
        ("dist/*.whl --key alice.pem", "from then on"),
        ("dist/*.whl --to https://plugins.example.org --token-file token", "elsewhere, without a signature"),
    ],
)
@click.argument("wheels", nargs=-1, required=True, type=_FILE)
@click.option("--to", "url", metavar="URL", help="The marketplace; else the first one that is configured.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=KEY,
    show_envvar=True,
    help="The file of your key.",
)
@click.option("--make-key", is_flag=True, help="Make the key first; its file must not be there yet.")
@click.option("--token-file", type=_FILE, help="A file that holds the upload token.")
def publish(
    session: Session,
    wheels: tuple[Path, ...],
    url: str | None,
    key: Path | None,
    make_key: bool,
    token_file: Path | None,
) -> None:
    """Sign and send one after another; the first that is refused ends it."""
    from jackfield.sdk import publish as sent

    address, token = _marketplace(session, url), _token(token_file)
    made = _made(key) if make_key else None
    if made is not None:
        session.output.line(f"Made the key {key_in_words(made)} in {plain(str(key))}: keep it, and keep it secret.")
    done = []
    for wheel in wheels:
        published = asyncio.run(sent(wheel, address, key=key, token=token))
        done.append(published.to_mapping())
        signed = f"signed with the key {key_in_words(published.key)}" if published.key else "not signed by you"
        session.output.line(f"{plain(published.file)}, {signed}: {plain(published.answer)}")
    session.output.data({"made_key": made, "published": done})


def _marketplace(session: Session, url: str | None) -> str:
    named = (url,) if url is not None else session.marketplaces
    asked = tuple(checked_url(one, "--to") for one in named) or marketplace_urls(session.environ, session.app or "")
    asked = asked or session.fallback_marketplaces
    if not asked:
        raise UsageError("no marketplace is configured", hint=f"--to URL, or {VARIABLE}")
    return asked[0]


def _token(file: Path | None) -> str:
    if file is None:
        return os.environ.get(TOKEN, "")
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read as a token") from error


def _made(key: Path | None) -> str:
    from jackfield.inspection import make_publisher_key

    if key is None:
        raise UsageError("--make-key makes the key that --key names", hint="--key alice.pem --make-key")
    try:
        return make_publisher_key(key)
    except FileExistsError as error:
        raise UsageError(f"{key} is there already", hint="leave out --make-key to sign with it") from error
    except OSError as error:
        raise UsageError(f"{key} cannot be written: {error.strerror}") from error
