"""The owner's page of one plugin's process: where it runs, what it may use there, and its libraries."""

from jackfield.errors import JackfieldError, UnknownPlugin
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jackfield_chat.accounts import Account, Role
from jackfield_chat.plugins import Operations, Place, Question, headline, parts
from jackfield_chat.web.conversation import sentence
from jackfield_chat.web.forms import read_form
from jackfield_chat.web.rendering import page
from jackfield_chat.web.state import chat_of, signed_in


@signed_in(Role.OWNER)
async def show(request: Request, account: Account) -> Response:
    """The page as it stands."""
    return await _answer(request, {}, who=account.name)


@signed_in(Role.OWNER)
async def act(request: Request, account: Account) -> Response:
    """Move the plugin, answer a question about that, or keep limits."""
    return await _answer(request, await read_form(request), who=account.name)


async def _answer(request: Request, sent: dict[str, str], *, who: str) -> Response:
    bridge = chat_of(request).bridge
    plugin: str = request.path_params["plugin"]
    problem = ""
    outcome: Question | str | None = None
    place: Place | None = None
    try:
        operations = await bridge.operations()
        try:
            if sent.get("action") == "limits":
                place = await operations.placing.save_limits(plugin, sent, who=who)
                outcome = _told(place)
            elif sent:
                outcome = await _move(operations, plugin, sent, who)
        except UnknownPlugin:
            raise
        except JackfieldError as exc:
            problem = sentence(exc)
        place = place or await operations.placing.place(plugin)
    except UnknownPlugin as exc:
        raise HTTPException(404, f"No plugin {plugin} is installed in this chat.") from exc
    except JackfieldError as exc:
        raise HTTPException(503, sentence(exc)) from exc
    question = outcome if isinstance(outcome, Question) else None
    return page(
        "process.html",
        status_code=422 if problem or place.problems else 200,
        name=bridge.name_of(place.report.plugin),
        place=place,
        chosen=sent.get("choice") if question is not None else place.report.placement.isolation,
        problem=problem,
        told=outcome if isinstance(outcome, str) else "",
        question=question,
        consent=[(headline(one), parts(one)) for one in question.requests] if question is not None else [],
    )


async def _move(operations: Operations, plugin: str, sent: dict[str, str], who: str) -> Question | str:
    """Do what was chosen or agreed to, or ask first.

    Raises:
        JackfieldError: it cannot be done; the sentence says why.
    """
    if sent.get("action") == "move":
        return await operations.move(plugin, sent.get("choice", ""), who=who)
    if sent.get("answer") == "yes":
        return await operations.accept(sent.get("token", ""), who=who)
    operations.decline(sent.get("token", ""), who=who)
    return "Nothing was changed."


def _told(place: Place) -> str:
    if place.problems:
        return ""
    if not place.changed:
        return "Nothing was changed."
    verb = "limit was" if len(place.changed) == 1 else "limits were"
    return f"The {', '.join(place.changed)} {verb} changed; a process with the new ones has taken over."


ROUTES = [
    Route("/plugins/process/{plugin}", show, methods=["GET"]),
    Route("/plugins/process/{plugin}", act, methods=["POST"]),
]
