"""`python -m jackfield.market.trust`: the client as a command, for conformance tools and for looking at a repository.

Three steps, as the conformance suite of TUF asks for them (its CLIENT-CLI.md): `init` trusts a root, `refresh` brings
the metadata up to date, `download` fetches targets. All but the targets goes into `--metadata-dir`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from jackfield.errors import JackfieldError, UsageError
from jackfield.market.transport import Transport
from jackfield.market.trust.updates import Updates

FAILED = 1
"""The suite asks for this one code, whatever it was that failed."""


def run(arguments: Sequence[str]) -> int:
    """Do what a command line says; the exit code, 1 with one sentence where something fails or does not hold.

    Args:
        arguments: without the program's name.

    Raises:
        SystemExit: the command line cannot be read; its code is 2.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.action == "init":
            _init(options.metadata_dir, options.root)
        else:
            asyncio.run(_ask(options))
    except JackfieldError as error:
        sys.stderr.write(f"jackfield.market.trust: {error}\n")
        return FAILED
    except OSError as error:
        sys.stderr.write(f"jackfield.market.trust: {error.filename or 'a file'}: {error.strerror or error}\n")
        return FAILED
    return 0


def _init(folder: Path, root: Path) -> None:
    data = root.read_bytes()
    (folder / "root_history").mkdir(parents=True, exist_ok=True)
    (folder / "root.json").unlink(missing_ok=True)
    (folder / "root.json").write_bytes(data)


async def _ask(options: argparse.Namespace) -> None:
    names: Sequence[str] = options.target_name or ()
    if options.action == "download" and not (names and options.target_base_url and options.target_dir):
        raise UsageError("download needs --target-name, --target-base-url and --target-dir")
    transport = Transport(options.metadata_url)
    try:
        if options.action == "refresh":
            await _refreshed(transport, options.metadata_dir)
            return
        options.target_dir.mkdir(parents=True, exist_ok=True)
        for name in names:
            # Each begins anew: python-tuf remembers a role by its name, whoever had delegated to it then.
            updates = await _refreshed(transport, options.metadata_dir)
            path = await asyncio.to_thread(updates.download, name, options.target_dir, options.target_base_url)
            if path is None:
                raise UsageError(f"{name} is no target of {transport.url}")
            sys.stdout.write(f"{path}\n")
    finally:
        await transport.aclose()


async def _refreshed(transport: Transport, folder: Path) -> Updates:
    updates = Updates(transport, asyncio.get_running_loop(), folder, f"{transport.url}/")
    await asyncio.to_thread(updates.refresh, None)
    return updates


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jackfield.market.trust", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--metadata-dir", type=Path, required=True, help="where verified metadata is kept")
    parser.add_argument("--metadata-url", default="", help="where the metadata is")
    parser.add_argument("--target-name", action="append", help="the path of a target; may be given again")
    parser.add_argument("--target-base-url", help="what the paths of targets are relative to")
    parser.add_argument("--target-dir", type=Path, help="where targets go")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("init", help="trust a root").add_argument("root", type=Path, help="the file of a root")
    actions.add_parser("refresh", help="bring the metadata up to date")
    actions.add_parser("download", help="fetch targets")
    return parser
