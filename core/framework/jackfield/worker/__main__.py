"""`python -m jackfield.worker connect`: run a plugin in this process, connected to a host by its key."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import stat
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from jackfield.errors import JackfieldError, UsageError
from jackfield.rpc import HELLO_BYTES
from jackfield.worker.connecting import HostAddress, connect, is_short
from jackfield.worker.small_files import small_text

_log = logging.getLogger("jackfield.worker")


def main(argv: list[str] | None = None) -> int:
    """Parse the arguments and serve; return the exit code.

    Args:
        argv: the words after the program's name; None: those of the process.
    """
    given = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _stop)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        address = HostAddress(
            host=given.host,
            port=given.port,
            port_file=given.port_file,
            unix_socket=given.socket,
            tls=given.tls or given.authority is not None,
            authority=given.authority,
        )
        manifest = _text(given.manifest, "a manifest that is told") if given.manifest is not None else None
        connect(
            given.plugin,
            key=_key(given.key_file),
            address=address,
            manifest=manifest,
            data=given.data,
            again=not given.once,
        )
    except (JackfieldError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code if isinstance(error, JackfieldError) else 1
    except _Terminated:
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


class _Terminated(KeyboardInterrupt):
    """The program shall end. `SystemExit` in its place would be the plugin's, whose code is at work, and be caught."""


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jackfield.worker", description="Being a plugin in a process of its own."
    )
    commands = parser.add_subparsers(required=True)
    told = "Run a plugin in this process, connected to a host by its key."
    one = commands.add_parser("connect", help=told, description=told)
    one.add_argument("plugin", metavar="MODULE[:OBJECT]", help="what is the plugin: chat_weather:Weather")
    one.add_argument(
        "--key-file", type=Path, metavar="FILE", help="the file with the key; without it, JACKFIELD_KEY holds it"
    )
    one.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="the host's machine (127.0.0.1)")
    one.add_argument("--port", type=int, help="its TCP port")
    one.add_argument(
        "--port-file", type=Path, metavar="FILE", help="or the file that it writes its port into, storage/plugin-port"
    )
    one.add_argument("--socket", type=Path, metavar="FILE", help="or its unix socket, run/plugins.sock")
    one.add_argument("--tls", action="store_true", help="speak TLS, with the authorities that the system trusts")
    one.add_argument("--authority", type=Path, metavar="FILE", help="speak TLS, with the certificates in this file")
    one.add_argument("--manifest", type=Path, metavar="FILE", help="the plugin.toml to tell the host")
    one.add_argument("--data", type=Path, metavar="FOLDER", help="where the plugin's own files lie (<id>-data)")
    one.add_argument("--once", action="store_true", help="end when the connection does, instead of connecting again")
    return parser


def _key(file: Path | None) -> str:
    """The key, from a file or the environment: arguments are seen by everybody on the machine.

    Raises:
        UsageError: there is none.
    """
    if file is not None:
        key = _text(file, "a file with a key").strip()
        if not is_short(key):
            raise UsageError(f"{file} holds no key", hint="make one: jackfield keys new")
        mode = file.stat().st_mode
        if os.name == "posix" and mode & 0o077 and stat.S_ISREG(mode):
            _log.warning("others on this machine may read the key: chmod 600 %s", file)
        return key
    key = os.environ.pop("JACKFIELD_KEY", "")  # what the plugin starts must not inherit it
    if not key:
        raise UsageError("there is no key", hint="--key-file FILE, or JACKFIELD_KEY in the environment")
    if not is_short(key):
        raise UsageError("JACKFIELD_KEY holds no key", hint="make one: jackfield keys new")
    return key


def _text(file: Path, what: str) -> str:
    try:
        return small_text(file, what, HELLO_BYTES)  # which is what a host reads of both
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
