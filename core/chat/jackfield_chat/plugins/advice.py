"""What the framework advises, in the words of the chat.

The framework names its own command, for it does not know under which name an application has it. Where the room has
the same command, that one is named, else the chat's on the command line, and where it is typed: who reads this may be
a member who never saw that machine, or its owner, whose chat is one of several there.
"""

import re

from jackfield.cli import in_words_of
from jackfield.permissions import shown_text

PROGRAM = "jackfield-chat plugins"
"""What is typed before a command's name."""

_IN_A_SHELL = f"{PROGRAM} --data DATA"

_IN_THE_ROOM = re.compile(
    r"(?<![\w-])jackfield (enable|disable|history|install|list|remove|rollback|search|settings(?! set)|update)\b"
)


def advised(text: str) -> str:
    """Return a sentence of the framework's as members of the chat are told it; what plugins say in it hides nothing."""
    return worded(shown_text(text, lines=True))


def worded(text: str) -> str:
    """Return a sentence of the framework's, without a plugin's words in it, as members of the chat are told it."""
    if "jackfield " not in text:
        return text
    told = in_words_of(_IN_A_SHELL, _IN_THE_ROOM.sub(r"/plugins \1", text))
    return told.replace(_IN_A_SHELL, f"on the chat's machine, {_IN_A_SHELL}", 1)
