"""The one place where an error becomes words and an exit code; nobody's mistake ends in a traceback.

    0  done                              3  refused by a permission or policy, or a yes was not given
    1  failed                            4  nothing to do (only where `--check` asks)
    2  the call itself is wrong          5  no marketplace answered
    130  stopped with Ctrl-C (128 + SIGINT, as shells count)

On stderr: `error: …`, then a line with what to do next where one is known. With `--json` the same also as an object
`{"error": {…}}` on stdout.
"""

import errno
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from jackfield.cli.output import JsonObject, Output
from jackfield.cli.session import Session
from jackfield.cli.typed import as_typed_here
from jackfield.cli.words import plain
from jackfield.errors import ConsentRequired, JackfieldError, UsageError

NOTHING_TO_DO = 4
INTERRUPTED = 130
STOPPED = {"kind": "Stopped", "message": "everything is as it was", "exit_code": INTERRUPTED}
_LONGEST_LINE = 2000


class PlanRefused(ConsentRequired):
    """Nobody said yes to a plan; with `--json` the plan stands beside the error, so that a program can show it.

    Args:
        message: what was not agreed to.
        plan: the plan as data.
        hint: the option that says yes.
    """

    def __init__(self, message: str, plan: JsonObject, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.beside: JsonObject = {"plan": plan}


class FailedInPart(JackfieldError):
    """Something could not be done; what was done or found all the same is shown, with `--json` beside the error.

    Args:
        error: what not, and why; its kind and exit code are told.
        answer: what was done or found, as data.
    """

    def __init__(self, error: JackfieldError, answer: JsonObject) -> None:
        super().__init__(error.message, plugin=error.plugin, hint=error.hint)
        self.exit_code = error.exit_code
        self.kind = type(error).__name__
        self.beside = answer


class Stopped(JackfieldError):
    """Ctrl-C came too late: the change was made already."""

    exit_code = INTERRUPTED


@contextmanager
def reported(arguments: Sequence[str] | None = None) -> Iterator[None]:
    """Run a command's parsing or body; translate what goes wrong.

    Args:
        arguments: the command line, where parsing may fail before `--json` is known.

    Raises:
        click.exceptions.Exit: with the exit code, after the error was told.
    """
    try:
        yield
    except JackfieldError as error:
        beside = error.beside if isinstance(error, PlanRefused | FailedInPart) else {}
        tell(error_mapping(error), arguments, beside)
        raise click.exceptions.Exit(error.exit_code) from error
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        raise click.exceptions.Exit(error.exit_code) from error
    except click.UsageError as error:
        tell(_usage_mapping(error), arguments)
        raise click.exceptions.Exit(error.exit_code) from error
    except (click.Abort, KeyboardInterrupt) as error:
        tell(STOPPED, arguments)
        raise click.exceptions.Exit(INTERRUPTED) from error
    except RuntimeError as error:  # among them is click's `Exit`, of a command in a group, which was told already
        if isinstance(error, click.exceptions.Exit) or not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        tell(STOPPED, arguments)  # pressed while a class was made, which Python before 3.12 says in words of its own
        raise click.exceptions.Exit(INTERRUPTED) from error
    except BrokenPipeError:
        raise  # `jackfield list | head`: click ends quietly
    except OSError as error:
        # A full disk or a folder without permission is nobody's bug; the system's words say which file.
        files = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
        message = f"{files}: {error.strerror}" if files and error.strerror else str(error)
        if isinstance(error, FileExistsError) and isinstance(error.filename, str):
            from jackfield.store import hindrance  # only where something went wrong

            # Of a link that leads nowhere the system says that it exists, which is no reason to anyone.
            message = hindrance(Path(error.filename)) or message
        failed: JsonObject = {"kind": "OSError", "message": message, "exit_code": 1}
        if error.errno == errno.EROFS:
            failed["hint"] = "what is installed runs; to change it, have JACKFIELD_HOME name one that can be written"
        tell(failed, arguments)
        raise click.exceptions.Exit(1) from error


def error_mapping(error: JackfieldError) -> JsonObject:
    """The error as data: kind, message, exit_code and, where known, plugin and hint."""
    kind = "ConsentRequired" if isinstance(error, ConsentRequired) else type(error).__name__
    kind = error.kind if isinstance(error, FailedInPart) else kind
    mapping: JsonObject = {"kind": kind, "message": error.message, "exit_code": error.exit_code}
    if error.plugin is not None:
        mapping["plugin"] = error.plugin
    if error.hint is not None:
        mapping["hint"] = error.hint
    return mapping


def tell(error: JsonObject, arguments: Sequence[str] | None = None, beside: JsonObject | None = None) -> None:
    """Say what went wrong: on stderr for people and, with `--json`, on stdout for programs."""
    context = click.get_current_context(silent=True)
    as_json = wants_json(context, arguments)
    output = Output(as_json=as_json)
    if not error.get("hint") and (place := _place_that_cannot_be_written(context, error["message"])):
        error = {**error, "hint": place}
    if error.get("hint"):
        error = {**error, "hint": as_typed_here(error["hint"])}
    try:
        output.data({"error": error, **(beside or {})})
    except BrokenPipeError:
        raise
    except OSError:
        pass  # it may be what the error is about: a file on a full disk
    label = "stopped" if error["exit_code"] == INTERRUPTED else "error"
    # Whom an error blames may have chosen its words: nobody reads more of a line than this.
    lines = [_short(plain(part)) for part in error["message"].splitlines()] or [""]
    output.note(click.style(f"{label}:", fg="red", bold=True) + f" {lines[0]}")
    for extra in lines[1:]:
        output.note(f"  {extra}")
    if error.get("hint"):
        output.note(click.style("hint:", bold=True) + f" {plain(error['hint'])}")


def wants_json(context: click.Context | None, arguments: Sequence[str] | None) -> bool:
    """Whether the answer is JSON: asked of the running command, else of the command line itself."""
    while context is not None:
        if context.params.get("as_json"):
            return True
        context = context.parent
    words = list(sys.argv[1:] if arguments is None else arguments)
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def _place_that_cannot_be_written(context: click.Context | None, message: str) -> str | None:
    """What to do where a message names something in the folder of all data, and that folder is of no use."""
    session = context.find_object(Session) if context is not None else None
    if session is None:
        return None
    from jackfield.store import hindrance, home  # only where something went wrong

    try:
        folder = home(session.environ)
    except UsageError:
        return None  # there is none, which every command says by itself
    # A folder whose own name is too long for any file system is not there, and cannot be made.
    reason = hindrance(folder)
    if str(folder) not in message or reason is None:
        return None
    another = ": JACKFIELD_HOME names another folder" if session.home is None else ""
    return f"plugins and what is known of them lie in {folder}, and {reason}{another}"


def _short(line: str) -> str:
    """Cut a line in its middle: a path of thousands of characters stands before what is wrong with it."""
    half = _LONGEST_LINE // 2
    return line if len(line) <= _LONGEST_LINE else f"{line[:half]}…{line[-half:]}"


def _usage_mapping(error: click.UsageError) -> JsonObject:
    """A mistake in the call, in click's words, with the help that would clear it up."""
    mapping: JsonObject = {"kind": "UsageError", "message": error.format_message(), "exit_code": error.exit_code}
    if error.ctx is not None:
        mapping["hint"] = f"{error.ctx.command_path} --help"
    return mapping
