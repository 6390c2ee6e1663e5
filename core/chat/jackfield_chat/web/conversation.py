"""What happens to a line that a member writes: a message, a command of a plugin, or a command of the chat."""

import re
from collections.abc import Iterator

from jackfield.errors import JackfieldError
from jackfield_chat_api import Message

from jackfield_chat.accounts import Account, AccountError, Role
from jackfield_chat.plugins import Answer, AnswerLine, advised
from jackfield_chat.rooms import RoomError
from jackfield_chat.web.state import Chat

_COMMAND = re.compile(r"![a-z][a-z0-9_-]*(?=\s|$)", re.IGNORECASE)
MOST_LISTED = 100
"""Commands in the answer to /help."""
MOST_OF_ONE = 10
"""Of one plugin: it may have twenty thousand, each with a line of help, and others would not be found behind them."""

HELP = (
    "/help: this list",
    "/rooms: the rooms there are",
    "/who: who is here now",
    "/plugins: what plugins are installed; /plugins help says more",
    "/language [LANGUAGE]: in which language plugins write to you, such as de; /language browser goes by your browser",
    "/role NAME ROLE: give a member another role (owner)",
    "//text: a message that begins with /",
)


async def say(chat: Chat, account: Account, room: str, text: str) -> Answer | None:
    """Do what a line asks for.

    Returns:
        what only the writer sees, or None when the line has become a message that everyone in the room sees.

    Raises:
        JackfieldError: it cannot be done; the message is for the writer, who keeps what was typed.
    """
    chat.rooms.get(room)
    chat.rooms.check_text(text)
    if text.startswith("/") and not text.startswith("//"):
        return await _chat_command(chat, account, room, text[1:])
    if text.startswith("!") and chat.bridge.answers_alone(text[1:]):
        return await chat.bridge.command(text[1:], room, account)
    if not account.may(Role.USER):
        raise AccountError("A guest reads only. Ask the owner for the role of a user.")
    if text.startswith("!") and chat.bridge.has_command(text[1:]):
        return await chat.bridge.command(text[1:], room, account)
    if text.startswith("//"):
        text = text[1:]
    unknown = _COMMAND.match(text)
    answer = chat.bridge.unknown_command(unknown[0][1:], account) if unknown is not None else None
    chat.board.post(await chat.bridge.filtered(Message(0, room, account.name, text)))
    return answer


async def _chat_command(chat: Chat, account: Account, room: str, line: str) -> Answer:
    word, _, rest = line.strip().partition(" ")
    if word == "plugins":
        return await chat.bridge.plugins_command(rest, who=account.name, owner=account.may(Role.OWNER))
    if word == "help":
        return Answer("What can be written", tuple(_help(chat, account)))
    if word == "rooms":
        return Answer.of("Rooms", *(f"{one.name}: {one.topic}" if one.topic else one.name for one in chat.rooms.all()))
    if word == "who":
        return Answer.of(f"In {room} now", *chat.presence.members(room))
    if word == "language":
        return _language(chat, account, rest.strip())
    if word == "role":
        return _set_role(chat, account, rest.split())
    raise RoomError(f"There is no command /{word}. /help lists those there are; //{word} sends it as a message.")


def _help(chat: Chat, account: Account) -> Iterator[AnswerLine]:
    """What the chat has of its own, then the commands of each plugin below its name."""
    yield from map(AnswerLine, HELP)
    by_plugin: dict[str, list[str]] = {}
    for plugin, usage, text in chat.bridge.command_help(account):
        by_plugin.setdefault(plugin, []).append(f"!{usage}: {text}" if text else f"!{usage}")
    left = MOST_LISTED
    for plugin, commands in sorted(
        by_plugin.items(), key=lambda one: one[0] and chat.bridge.name_of(one[0]).casefold()
    ):
        if left <= 0:
            yield AnswerLine("… and more plugins: !help lists all, page by page", heading=True)
            return
        if plugin:
            yield AnswerLine(chat.bridge.name_of(plugin), heading=True)
        shown = commands[: min(left, MOST_OF_ONE)]
        yield from map(AnswerLine, shown)
        left -= len(shown)
        if len(commands) > len(shown):
            yield AnswerLine(f"… and {len(commands) - len(shown):,} more: !help {plugin}".rstrip())


def _language(chat: Chat, account: Account, wanted: str) -> Answer:
    languages = chat.accounts.languages
    if wanted:
        languages.choose(account.name, None if wanted == "browser" else wanted)
    chosen, language = languages.chosen(account.name), languages.of(account.name)
    if language is None:
        return Answer.of("Plugins write to you in their own language", "/language de would make it German")
    why = "as you chose" if chosen else "as your browser asks for"
    return Answer.of(f"Plugins write to you in {language} where they can, {why}")


def _set_role(chat: Chat, account: Account, words: list[str]) -> Answer:
    if not account.may(Role.OWNER):
        raise AccountError("Only the owner changes roles.")
    if len(words) != 2:
        raise AccountError("Write /role NAME ROLE, for example /role ada admin.")
    changed = chat.accounts.set_role(words[0], Role.parse(words[1]))
    return Answer.of(f"{changed.name} is {changed.role.label} now")


def sentence(error: JackfieldError) -> str:
    """Return an error as one line for the page: what happened, and what to do."""
    return advised(f"{error.message} ({error.hint})" if error.hint else error.message)
