"""`jackfield safe-mode`."""

import click

from jackfield.cli.options import command
from jackfield.cli.session import Session
from jackfield.storage import SafeMode, Starts


@command(
    "safe-mode",
    told="Say whether the application runs without plugins, and leave that.\n\n"
    "An application starts without plugins when it is told to (serve --safe), and by itself after two starts in a row "
    "that did not come through. It stays so until other plugins are enabled or installed, or until --leave.",
    examples=[("", "say whether, and why"), ("--leave", "have all plugins tried again")],
)
@click.option("--leave", is_flag=True, help="Have the plugins tried again, by a running application at once.")
def safe_mode(session: Session, leave: bool) -> None:
    """Read the record of starts; with `leave` write it."""
    starts, output = Starts(session.layout.starts), session.output
    before = starts.safe_mode()
    left = leave and starts.leave()
    if leave:
        starts.forget_kept()  # a search that was cut off is not to bring it back
    after = starts.safe_mode()
    output.data(
        {
            "app": session.host.name,
            "safe_mode": after.to_mapping() if after is not None else None,
            "left": left,
        }
    )
    if before is None:
        output.line("Not in safe mode.")
    elif left:
        output.line("Safe mode is over: the plugins are tried again, by a running application at once.")
    else:
        output.line(told(before))
        output.line(f"Find out which one is to blame: {session.program} bisect")
        output.line(f"Or have all of them tried again: {session.program} safe-mode --leave")


def told(mode: SafeMode) -> str:
    """Safe mode as a sentence: `Safe mode: no plugin is started, since the last 2 starts did not come through.`"""
    return f"Safe mode: no plugin is started, since {mode.reason}."
