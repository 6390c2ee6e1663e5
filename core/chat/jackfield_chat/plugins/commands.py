"""`/plugins …` in a room: an answer that only the owner sees."""

from collections.abc import Awaitable, Callable

from jackfield.errors import PermissionDenied, UsageError

from jackfield_chat.plugins.answers import Answer, AnswerLine
from jackfield_chat.plugins.operations import Action, Operations, Question
from jackfield_chat.plugins.sentences import besides, history_lines, parts, update_line

USAGE = (
    "/plugins list: what is installed and how it runs",
    "/plugins search [WORDS]: what the marketplace holds",
    "/plugins install ID: install and enable a plugin, after showing what it wants",
    "/plugins enable ID, /plugins disable ID: switch one on or off",
    "/plugins load ID, /plugins unload ID: run one or take it down until the chat stops, enabled or not",
    "/plugins reload [ID]: import the code of one anew; without an id, of all that were saved since",
    "/plugins update [ID]: what is newer; with an id, update it",
    "/plugins remove ID: take one away",
    "/plugins settings ID: what one lets you set; /plugins settings ID KEY VALUE sets it",
    "/plugins rollback: undo the last change",
    "/plugins history: what was changed, when and by whom",
)
_HISTORY = 10
_FOUND = 20
_DIGITS = 9  # of a generation's number; int() refuses thousands of them
_ASKING: dict[str, Action] = {"install": "install", "update": "update", "enable": "enable"}


async def run(operations: Operations, text: str, *, who: str, owner: bool) -> Answer:
    """Do what `/plugins …` asks for.

    Args:
        operations: the steps.
        text: what follows `/plugins`.
        who: the member who asks.
        owner: whether they may change plugins and see how they are.

    Raises:
        PermissionDenied: someone else asks for a change.
        UsageError: there is no such command, or its id is missing.
        JackfieldError: it cannot be done; the sentence says why.
    """
    word, *rest = text.split() or ["list"]
    if word == "help":
        return Answer.of("Commands for plugins", *USAGE)
    if word == "list":
        return await _list(operations)
    if word == "search":
        return await _search(operations, " ".join(rest))
    if word not in {*_ASKING, *_CHANGES, "history", "reload", "rollback", "settings"}:
        raise UsageError(f"There is no command /plugins {word}. /plugins help lists those there are.")
    if not owner:
        raise PermissionDenied("Only the owner of the chat changes its plugins.")
    if word == "history":
        lines = history_lines(await operations.history(), _HISTORY)
        return Answer.of("What was changed, newest first", *lines) if lines else Answer.of("Nothing was changed yet")
    if word == "settings":
        return await _settings(operations, text, rest, who=who)
    if word == "reload":
        return Answer.of(await operations.running.reload(rest[0] if rest else None))
    if word == "rollback":
        return Answer.of(await operations.rollback(who=who, to=_number(rest)))
    if word == "update" and not rest:
        return await _updates(operations)
    if word in _ASKING:
        return await _ask(operations, _ASKING[word], rest, who=who)
    return Answer.of(await _CHANGES[word](operations, _id(word, rest), who))


async def _ask(operations: Operations, action: Action, rest: list[str], *, who: str) -> Answer:
    plugin = _id(action, rest)
    if rest[1:] == ["yes"] and (shown := operations.asked(action, plugin, who=who)) is not None:
        return Answer.of(await operations.accept(shown.token, who=who))
    if rest[1:] not in ([], ["yes"]):
        raise UsageError(f"Write /plugins {action} ID, then /plugins {action} ID yes.")
    # A yes to something that was not shown is answered by showing it: nobody agrees to what they have not read.
    outcome = await operations.propose(action, plugin, who=who)
    return outcome_answer(outcome)


def outcome_answer(outcome: Question | str) -> Answer:
    """Return a question, or what was done, as an answer."""
    if isinstance(outcome, str):
        return Answer.of(outcome)
    lines: list[AnswerLine] = []
    for request in outcome.requests:
        for part in parts(request):
            lines.append(AnswerLine(part.title, heading=True))
            lines.extend(part.lines)
    lines.extend(AnswerLine(line) for line in (besides(outcome.plan) if outcome.plan is not None else ()))
    confirm = f"/plugins {outcome.action} {outcome.plugin} yes"
    return Answer(outcome.title, (*lines, AnswerLine(f"Nothing is changed until you write {confirm}")), confirm)


async def _list(operations: Operations) -> Answer:
    lines = []
    for one in await operations.installed():
        line = f"{one.row.id} {one.row.version}, {one.state}"
        told = one.problem or (f"it {one.note}" if one.note else "")
        lines.append(f"{line}: {told}" if told else line)
    lines += [one.outcome for one in await operations.failed()]
    if not lines:
        return Answer.of(
            "No plugin is installed", "/plugins search lists what there is; /plugins install ID installs one"
        )
    return Answer.of("Installed plugins", *lines)


async def _search(operations: Operations, query: str) -> Answer:
    found = await operations.search(query)
    if not found:
        return Answer.of(f'Nothing was found for "{query}"' if query else "The marketplace holds no plugins yet")
    title = f'Found for "{query}"' if query else "In the marketplace"
    return Answer.of(title, *(f"{one.id} {one.version}: {one.summary}" for one in found[:_FOUND]))


async def _updates(operations: Operations) -> Answer:
    lines = tuple(update_line(update) for update in await operations.updates())
    return Answer("What is newer", lines) if lines else Answer.of("Every plugin is at its newest version")


async def _settings(operations: Operations, text: str, rest: list[str], *, who: str) -> Answer:
    if not rest:
        offering = await operations.settings.offering()
        raise UsageError(
            f"Which plugin? Write /plugins settings ID. These have something to set: {', '.join(offering)}."
            if offering
            else "No installed plugin has anything to set."
        )
    plugin = rest[0]
    if len(rest) == 1:
        title, lines = await operations.settings.lines(plugin)
        return Answer.of(title, *lines)
    if len(rest) == 2:  # ID and KEY
        raise UsageError(f"To what? Write /plugins settings {plugin} {rest[1]} VALUE.")
    value = text.split(maxsplit=3)[3]  # with the spaces that stand in it
    return Answer.of(await operations.settings.set_one(plugin, rest[1], value, who=who))


async def _disable(operations: Operations, plugin: str, who: str) -> str:
    return await operations.disable(plugin, who=who)


async def _load(operations: Operations, plugin: str, who: str) -> str:
    return await operations.running.load(plugin, who=who)


async def _unload(operations: Operations, plugin: str, who: str) -> str:
    return await operations.running.unload(plugin, who=who)


async def _remove(operations: Operations, plugin: str, who: str) -> str:
    return await operations.remove(plugin, who=who)


_CHANGES: dict[str, Callable[[Operations, str, str], Awaitable[str]]] = {
    "disable": _disable,
    "load": _load,
    "remove": _remove,
    "unload": _unload,
}


def _id(word: str, rest: list[str]) -> str:
    if not rest:
        raise UsageError(f"Which plugin? Write /plugins {word} ID, for example /plugins {word} poll.")
    return rest[0]


def _number(rest: list[str]) -> int | None:
    if not rest:
        return None
    if len(rest) == 1 and rest[0].isdecimal() and len(rest[0]) <= _DIGITS:
        return int(rest[0])
    raise UsageError("Write /plugins rollback, or /plugins rollback NUMBER with a number of /plugins history.")
