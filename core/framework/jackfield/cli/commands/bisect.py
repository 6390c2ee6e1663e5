"""`jackfield bisect`."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from jackfield.cli.options import command
from jackfield.cli.output import Output
from jackfield.cli.session import Session
from jackfield.cli.words import joined, plain, plural
from jackfield.errors import JackfieldError, UsageError
from jackfield.storage import Starts

if TYPE_CHECKING:
    from jackfield.management import Trial

_CANNOT_RUN = (126, 127)
"""What a POSIX shell ends with where a command is no program, or is not there."""

Happens = Callable[[tuple[str, ...], int], bool]
"""Asked with the plugins that are enabled now and how many questions are left: whether it happens."""


@command(
    "bisect",
    told="Find the plugin that breaks the application, by halves.\n\n"
    "Some of the enabled plugins are disabled, dependencies always along, and you say whether it still happens; or "
    "--command says so: it is run for each set, and it happens where its exit code is not 0. At the end you are asked "
    "whether the one that is to blame shall stay disabled; all else, and with Ctrl-C everything, is as it was before. "
    "A running application has followed when you or the command are asked, and leaves safe mode for it; one that does "
    "not start has to be started for each answer.",
    examples=[
        ("", "be asked"),
        ("--command 'my-app --self-test'", "have a command answer"),
        ("--command 'my-app --self-test' --disable", "and disable the one that is to blame"),
        ("--restore", "enable all again after a search that was killed"),
    ],
)
@click.option("--command", "program", metavar="CMD", help="Run this in the shell; 0: all is well, else: it happens.")
@click.option("--disable", is_flag=True, help="Leave the one that is to blame disabled, without being asked.")
@click.option("--restore", "only_restore", is_flag=True, help="Enable again what a search left disabled, and end.")
def bisect(session: Session, program: str | None, disable: bool, only_restore: bool) -> None:
    """Change wishes, ask, and give them back however it ends; with a yes the culprit stays out."""
    from jackfield.management import Trial, restore

    management, output, starts = session.management, session.output, Starts(session.layout.starts)
    if only_restore:
        safe = starts.bring_back_safe_mode()  # before the plugins come, which it is to keep from running
        restored = restore(management.state, by=session.by)
        output.data(_answer(session, None, None, restored=restored))
        if restored:
            _tell_restored(session, safe=safe)
        else:
            output.line("No search was cut off.")
        return
    if program is None and output.as_json:
        raise UsageError("--json asks nobody", hint="say with --command what is to be tried")
    trial = Trial.of(management.inventory(), management.state, by=session.by)
    happens = _ask(session, trial) if program is None else _try(session, program)
    disabled, safe = None, False
    trial.begin()
    try:
        starts.keep_safe_mode()
        culprit = _search(session, trial, happens)
        alone = None if culprit is None else _alone(session, trial, culprit, happens)
        _tell(output, trial, culprit, alone=alone)
        if culprit is not None and (disable or (program is None and _agreed(session, culprit))):
            disabled = culprit
    finally:
        try:
            if disabled is None:  # else another set of plugins is to run, which ends safe mode anyway
                safe = starts.bring_back_safe_mode()
            else:
                starts.forget_kept()
        finally:
            trial.restore(disabled=disabled)
    output.data(_answer(session, trial, culprit, alone=alone, disabled=disabled is not None))
    if disabled is not None:
        output.line(f"{plain(disabled)} stays disabled; all others are enabled as they were.")
        return
    if safe or culprit is not None:
        _tell_restored(session, safe=safe)
    if culprit is not None:
        from jackfield.management import disabling  # only where somebody is to blame

        inventory = management.inventory()
        output.line(f"Disable it: {plain(disabling(culprit, inventory.manifests, inventory.enabled))}")


def _tell_restored(session: Session, *, safe: bool) -> None:
    session.output.line("All plugins are enabled as they were" + (", in safe mode as before." if safe else "."))
    if safe:
        session.output.line(f"Have the plugins tried again: {session.program} safe-mode --leave")


def _tell(output: Output, trial: "Trial", culprit: str | None, *, alone: bool | None) -> None:
    """Say what was found."""
    if not any(one.bad for one in trial.tried):
        output.line("It does not happen with all of them enabled: there is nobody to blame.")
    elif culprit is None:
        output.line("It happens without any plugin, too: none of them is to blame.")
    else:
        beside = "" if alone else " It takes other plugins, too: by itself it does no harm."
        output.line(click.style(f"{plain(culprit)} is to blame.", bold=True) + beside)


def _agreed(session: Session, culprit: str) -> bool:
    """Whether the one that was found shall stay disabled; who is not there any more has not said so."""
    try:
        return click.confirm(f"Leave {plain(culprit)} disabled?", default=True)
    except click.Abort as stopped:
        if not isinstance(stopped.__context__, EOFError):
            raise  # Ctrl-C
        session.output.line()
        return False


def _run_with(session: Session, trial: "Trial", plugins: tuple[str, ...]) -> None:
    """Have these plugins enabled, in a running application too, before anybody is asked what happens with them."""
    trial.run_with(plugins)
    if Starts(session.layout.starts).leave():  # else none of them would run, and all would be well
        session.output.line("Safe mode is over: it is tried with the plugins that are enabled now.")
    if session.running.is_there:
        with suppress(JackfieldError):  # one that ends over it, or hangs, is an answer too
            session.running.ask("follow")


def _search(session: Session, trial: "Trial", happens: Happens) -> str | None:
    from jackfield.management import Bisection

    search = Bisection(trial.suspects)
    while (plugins := search.question) is not None:
        _run_with(session, trial, plugins)
        bad = happens(plugins, search.questions_left)
        trial.note(plugins, bad=bad)
        search.answer(bad=bad)
    return search.culprit


def _alone(session: Session, trial: "Trial", culprit: str, happens: Happens) -> bool:
    """Whether it happens with the culprit and what it requires alone."""
    plugins = trial.with_needs(culprit)
    asked = next((one.bad for one in trial.tried if set(one.enabled) == set(plugins)), None)
    if asked is not None:
        return asked
    _run_with(session, trial, plugins)
    bad = happens(plugins, 1)
    trial.note(plugins, bad=bad)
    return bad


def _ask(session: Session, trial: "Trial") -> Happens:
    """Ask the person; whoever presses Ctrl-C, or is not there, ends the search."""

    def happens(plugins: tuple[str, ...], left: int) -> bool:
        enabled = joined(list(plugins)) if plugins else "no plugin"
        session.output.line(f"Enabled now: {plain(enabled)} ({len(plugins)} of {len(trial.suspects)}).")
        question = f"Try it. Does it still happen? ({plural(left, 'question')} left at most)"
        try:
            return click.confirm(question, default=None)
        except click.Abort as stopped:
            if not isinstance(stopped.__context__, EOFError):
                raise  # Ctrl-C
            session.output.line()  # what comes next stands on a line of its own
            hint = "say with --command what is to be tried"
            raise UsageError("nobody answered; the plugins are enabled as they were", hint=hint) from stopped

    return happens


def _try(session: Session, program: str) -> Happens:
    """Run a command; what it says stands beside the answer."""

    def happens(plugins: tuple[str, ...], left: int) -> bool:
        del left
        # The user's own words, meant for the user's shell. Their output must not mix into the JSON.
        code = subprocess.run(program, shell=True, check=False, stdout=sys.stderr).returncode  # noqa: S602 (the user's own line)
        if code in _CANNOT_RUN:  # else a mistyped name would clear every plugin
            raise UsageError(f"the shell cannot run {program}", hint="the plugins are enabled as they were")
        told = "all is well" if code == 0 else f"it happens (exit code {code})"
        session.output.line(f"{plural(len(plugins), 'plugin')} enabled: {told}")
        return code != 0

    return happens


def _answer(
    session: Session,
    trial: "Trial | None",
    culprit: str | None,
    *,
    alone: bool | None = None,
    restored: bool = True,
    disabled: bool = False,
) -> dict[str, object]:
    tried = [one.to_mapping() for one in trial.tried] if trial is not None else []
    found = {"culprit": culprit, "alone": alone, "disabled": disabled}
    return {"app": session.host.name, **found, "tried": tried, "restored": restored}
