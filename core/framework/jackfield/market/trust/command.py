"""`python -m jackfield.market.trust`: the client as a command, for conformance tools and for looking at a repository.

Three steps, as the conformance suite of TUF asks for them: `init` trusts a root, `refresh` brings the metadata up to
date, `download` fetches a target. All but the target goes into `--metadata-dir`.
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


def run(arguments: Sequence[str]) -> int:
    """Do what a command line says; the exit code, 1 with one sentence where something does not hold.

    Args:
        arguments: without the program's name.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.action == "init":
            _init(options.metadata_dir, options.root)
        else:
            asyncio.run(_ask(options))
    except JackfieldError as error:
        sys.stderr.write(f"jackfield.market.trust: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"jackfield.market.trust: {error.filename or 'a file'}: {error.strerror or error}\n")
        return 1
    return 0


def _init(folder: Path, root: Path) -> None:
    data = root.read_bytes()
    (folder / "root_history").mkdir(parents=True, exist_ok=True)
    (folder / "root.json").unlink(missing_ok=True)
    (folder / "root.json").write_bytes(data)


async def _ask(options: argparse.Namespace) -> None:
    transport = Transport(options.metadata_url)
    loop = asyncio.get_running_loop()
    metadata_url = f"{transport.url}/"
    updates = Updates(transport, loop, options.metadata_dir, {}, metadata_url)
    try:
        await asyncio.to_thread(updates.refresh, None)
        if options.action == "download":
            if not (options.target_name and options.target_base_url and options.target_dir):
                raise UsageError("download needs --target-name, --target-base-url and --target-dir")
            options.target_dir.mkdir(parents=True, exist_ok=True)
            arguments = options.target_name, options.target_dir, options.target_base_url
            path = await asyncio.to_thread(updates.download, *arguments)
            if path is None:
                raise UsageError(f"{options.target_name} is no target of {transport.url}")
            sys.stdout.write(f"{path}\n")
    finally:
        await transport.aclose()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jackfield.market.trust", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--metadata-dir", type=Path, required=True, help="where verified metadata is kept")
    parser.add_argument("--metadata-url", default="", help="where the metadata is")
    parser.add_argument("--target-name", help="the path of a target")
    parser.add_argument("--target-base-url", help="what the targets' paths are relative to")
    parser.add_argument("--target-dir", type=Path, help="where the target goes")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("init", help="trust a root").add_argument("root", type=Path, help="the file of a root")
    actions.add_parser("refresh", help="bring the metadata up to date")
    actions.add_parser("download", help="fetch a target")
    return parser
