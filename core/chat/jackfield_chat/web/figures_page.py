"""The owner's pages of what plugins did: charts with their table, and each plugin's uses and log (C29, C31)."""

from jackfield.errors import JackfieldError, UnknownPlugin
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jackfield_chat.accounts import Account, Role
from jackfield_chat.web.conversation import sentence
from jackfield_chat.web.rendering import page
from jackfield_chat.web.state import chat_of, signed_in


@signed_in(Role.OWNER)
async def show_all(request: Request, account: Account) -> Response:
    """Every plugin, since the chat started."""
    try:
        figures = (await chat_of(request).bridge.operations()).figures
    except JackfieldError as exc:
        raise HTTPException(503, sentence(exc)) from exc
    return page("figures.html", rows=await figures.rows(), pictures=await figures.pictures())


@signed_in(Role.OWNER)
async def show_one(request: Request, account: Account) -> Response:
    """One plugin."""
    plugin: str = request.path_params["plugin"]
    try:
        figures = (await chat_of(request).bridge.operations()).figures
        found = await figures.plugin(plugin)
    except UnknownPlugin as exc:
        raise HTTPException(404, f"No plugin {plugin} is installed in this chat.") from exc
    except JackfieldError as exc:
        raise HTTPException(503, sentence(exc)) from exc
    name = chat_of(request).bridge.name_of(found.status.id)
    return page("plugin_figures.html", found=found, name=name, program=chat_of(request).bridge.program)


ROUTES = [
    Route("/plugins/stats", show_all, methods=["GET"]),
    Route("/plugins/stats/{plugin}", show_one, methods=["GET"]),
]
