"""The owner's page of one plugin's settings: a form made from what its manifest declares (C22)."""

from jackfield.errors import JackfieldError, UnknownPlugin
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jackfield_chat.accounts import Account, Role
from jackfield_chat.plugins import Form, advised
from jackfield_chat.web.conversation import sentence
from jackfield_chat.web.forms import read_form
from jackfield_chat.web.rendering import page
from jackfield_chat.web.state import chat_of, signed_in

_MOST_FIELDS = 2500  # a manifest declares a thousand settings at most, and each sends up to two fields


@signed_in(Role.OWNER)
async def show(request: Request, account: Account) -> Response:
    """The form as it stands."""
    return await _answer(request, None)


@signed_in(Role.OWNER)
async def save(request: Request, account: Account) -> Response:
    """Keep what was typed, or tell at each field why it does not fit."""
    sent = await read_form(request, most_fields=_MOST_FIELDS)
    return await _answer(request, sent, who=account.name)


async def _answer(request: Request, sent: dict[str, str] | None, *, who: str = "") -> Response:
    bridge = chat_of(request).bridge
    plugin: str = request.path_params["plugin"]
    try:
        settings = (await bridge.operations()).settings
        form, problem = await settings.form(plugin), ""
        if sent is not None:
            try:
                form = await settings.save(plugin, sent, who=who)
            except UnknownPlugin:
                raise
            except JackfieldError as exc:
                problem = sentence(exc)
    except UnknownPlugin as exc:
        raise HTTPException(404, f"No plugin {plugin} is installed in this chat.") from exc
    except JackfieldError as exc:
        raise HTTPException(503, sentence(exc)) from exc
    return page(
        "settings.html",
        status_code=422 if problem or form.problems else 200,
        name=bridge.name_of(form.report.plugin),
        form=form,
        problems=tuple(map(advised, form.report.problems)),
        problem=problem,
        told=_told(form) if sent is not None and not problem else "",
    )


def _told(form: Form) -> str:
    if form.problems:
        return ""
    if not form.changed:
        return "Nothing was changed."
    verb = "was" if len(form.changed) == 1 else "were"
    return f"{', '.join(form.changed)} {verb} saved."


ROUTES = [
    Route("/plugins/settings/{plugin}", show, methods=["GET"]),
    Route("/plugins/settings/{plugin}", save, methods=["POST"]),
]
