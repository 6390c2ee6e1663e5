"""What the framework advises, in the words of the chat.

The framework names its own command, for it does not know under which name an application has it. Where the room has
the same command, that one is named, else the chat's on the command line.
"""

import re

from jackfield.cli import in_words_of
from jackfield.permissions import shown_text

PROGRAM = "jackfield-chat plugins"
"""What is typed before a command's name."""

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
    return in_words_of(PROGRAM, _IN_THE_ROOM.sub(r"/plugins \1", text))
