"""The commands and help messages that scripts registered, and how a command finds its tree (M43, M44)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chat_console.calls import HELD, Call, Steps
from chat_console.command_errors import CommandError
from chat_console.nodes import CommandContext, Literal
from chat_console.rtext import RText, RTextList
from chat_console.styles import RAction, RColor

HELP_LINES = 10
"""Help messages on one page."""


@dataclass(frozen=True, slots=True)
class HelpMessage:
    """A line of `!!help`.

    Args:
        prefix: what is typed.
        message: what it does; a text, a rich text, or a mapping of languages.
        permission: the level that sees it.
        owner: the script.
    """

    prefix: str
    message: Any
    permission: int
    owner: Any


class Commands:
    """All roots of all scripts.

    Args:
        warn: told of a root that is registered twice.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._roots: dict[str, list[tuple[Literal, Any]]] = {}
        self._help: list[HelpMessage] = []

    def register(self, root: Literal, owner: Any, *, allow_duplicates: bool = False) -> None:
        """Add a tree.

        Raises:
            TypeError: its root is no literal.
        """
        if not isinstance(root, Literal):
            raise TypeError(f"the root of a command is a Literal, not {root!r}")
        for word in sorted(root.literals):
            holders = self._roots.setdefault(word, [])
            others = sorted({str(holder) for _, holder in holders if holder is not owner})
            if others and not allow_duplicates:
                self._warn(f"the command {word} of {owner} is registered by {', '.join(others)}, too")
            holders.append((root, owner))

    def add_help(self, message: HelpMessage) -> None:
        """Add a line of help."""
        self._help.append(message)

    def drop(self, owner: Any) -> None:
        """Forget what a script registered."""
        kept = {word: [one for one in trees if one[1] is not owner] for word, trees in self._roots.items()}
        self._roots = {word: trees for word, trees in kept.items() if trees}
        self._help = [one for one in self._help if one.owner is not owner]

    def has(self, text: str) -> bool:
        """Say whether a line begins with a root."""
        return text.partition(" ")[0] in self._roots

    def roots(self) -> list[str]:
        """Return the roots, by name."""
        return sorted(self._roots)

    def executing(self, text: str, source: Any) -> Steps:
        """Run a command of every script that has its root; whoever gave it is told of a mistake."""
        failed: CommandError | None = None
        for root, owner in tuple(self._roots.get(text.partition(" ")[0], ())):
            context = CommandContext(source, text)
            script = None if isinstance(owner, str) else owner  # the console's own
            try:
                outcome = yield Call(script, f"command {text}", lambda one=root, context=context: _run(one, context))
            except Exception as error:  # noqa: BLE001 (of the console's own, about a file say; a script's is noted there)
                outcome = None
                source.reply(RText(str(error), RColor.red))
            if outcome is HELD:
                source.reply(RText(f"{owner} is busy; {text} is done as soon as it comes back", RColor.red))
            if not isinstance(outcome, CommandError):
                return outcome
            if not outcome.is_handled():
                failed = failed or outcome
        if failed is not None:
            source.reply(RText(str(failed), RColor.red))
        return None

    def complete(self, text: str, source: Any) -> list[str]:
        """Return what could stand in place of the last word of a line."""
        word, space, _ = text.partition(" ")
        if not space:
            return [root for root in self.roots() if root.startswith(word)]
        found = [one for root, _ in self._roots.get(word, ()) for one in root.complete(CommandContext(source, text))]
        return sorted(dict.fromkeys(found))

    def help(self, source: Any, page: int, text_of: Callable[[Any], Any]) -> RTextList:
        """Return a page of help, as far as whoever asks may use it.

        Args:
            source: who asks.
            page: from 1; one that there is not is the last.
            text_of: makes a text of a message.
        """
        seen = sorted(
            (one for one in self._help if source.has_permission(one.permission)), key=lambda one: one.prefix.lower()
        )
        pages = max(1, -(-len(seen) // HELP_LINES))
        page = min(max(page, 1), pages)
        made = RTextList(f"Help, page {page} of {pages}")
        for one in seen[(page - 1) * HELP_LINES : page * HELP_LINES]:
            prefix = RText(one.prefix, RColor.gray).set_click_event(RAction.suggest_command, one.prefix)
            made.append("\n", prefix, ": ", text_of(one.message))
        return made


def _run(root: Literal, context: CommandContext) -> Any:
    """Execute a tree; a mistake of whoever gave the command is returned: it is no failure of the script."""
    try:
        return root.execute(context)
    except CommandError as error:
        return error
