"""The owner's page of plugins: what is installed, what the marketplace holds, what was changed.

Every action is a plain form; the script of the page sends the same forms and puts the answer's parts in place.
"""

from dataclasses import dataclass

from jackfield.errors import JackfieldError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jackfield_chat.accounts import Account, Role
from jackfield_chat.plugins import (
    CHOICES,
    Action,
    Installed,
    Offer,
    Operations,
    Question,
    besides,
    headline,
    parts,
    update_line,
    update_plan,
)
from jackfield_chat.web.conversation import sentence
from jackfield_chat.web.forms import read_form
from jackfield_chat.web.rendering import page
from jackfield_chat.web.state import chat_of, signed_in

_HISTORY = 20
_DIGITS = 9  # of a generation's number; int() refuses thousands of them
_ABOUT_UPDATES = {"later", "never", "again", "way", "ways"}
_ASKING: dict[str, Action] = {"install": "install", "update": "update", "enable": "enable"}


@dataclass(slots=True)
class View:
    """What one answer of the page shows besides the lists.

    Args:
        told: what was just done.
        question: what has to be answered first.
        problem: what could not be done.
        about: the id of the plugin that the problem is about; empty: the whole page.
        query: what is searched for; None: nothing yet.
        check_updates: whether the marketplaces are asked for newer versions.
    """

    told: str = ""
    question: Question | None = None
    problem: str = ""
    about: str = ""
    query: str | None = None
    check_updates: bool = False


@signed_in(Role.OWNER)
async def show(request: Request, account: Account) -> Response:
    """The page; `?q=` searches the marketplaces, `?updates=yes` asks them for newer versions."""
    view = View(query=request.query_params.get("q"), check_updates="updates" in request.query_params)
    return await _render(request, account, view)


@signed_in(Role.OWNER)
async def act(request: Request, account: Account) -> Response:
    """Do what a button says, or ask first."""
    form = await read_form(request)
    plugin = form.get("plugin", "")
    view = View(about=plugin, query=form.get("q"))
    try:
        operations = await chat_of(request).bridge.operations()
        outcome = await _do(operations, form, who=account.name)
    except JackfieldError as exc:
        view.problem = sentence(exc)
        return await _render(request, account, view, status_code=422)
    if isinstance(outcome, Question):
        view.question = outcome
    else:
        view.told = outcome
    return await _render(request, account, view)


@signed_in(Role.OWNER)
async def answer(request: Request, account: Account) -> Response:
    """Say yes or no to a question; anything but a yes is a no."""
    form = await read_form(request)
    token, view = form.get("token", ""), View(about=form.get("plugin", ""), query=form.get("q"))
    try:
        operations = await chat_of(request).bridge.operations()
        if form.get("answer") == "yes":
            view.told = await operations.accept(token, who=account.name)
        else:
            operations.decline(token, who=account.name)
            view.told = "Nothing was changed."
    except JackfieldError as exc:
        view.problem = sentence(exc)
        return await _render(request, account, view, status_code=422)
    return await _render(request, account, view)


async def _do(operations: Operations, form: dict[str, str], *, who: str) -> Question | str:
    action, plugin, back_to = form.get("action", ""), form.get("plugin", ""), form.get("to", "")
    if action in _ABOUT_UPDATES:
        return await _say(operations, form, who=who)
    if action in _ASKING:
        return await operations.propose(_ASKING[action], plugin, who=who, shown=form.get("version", ""))
    if action == "disable":
        return await operations.disable(plugin, who=who)
    if action == "remove":
        return await operations.remove(plugin, who=who)
    if action == "release":
        return await operations.release(plugin, who=who)
    if action == "rollback":
        if back_to and not (back_to.isdecimal() and len(back_to) <= _DIGITS):
            raise HTTPException(400, "There is no such generation.")  # else the newest change would be undone instead
        return await operations.rollback(who=who, to=int(back_to) if back_to else None)
    raise HTTPException(400, "There is no such action.")


async def _say(operations: Operations, form: dict[str, str], *, who: str) -> str:
    """Keep what the owner says of updates."""
    action, plugin, updating = form["action"], form.get("plugin", ""), operations.updating
    if action == "later":
        return await updating.later(plugin, form.get("version", ""), who=who)
    if action == "never":
        return await updating.never(plugin, form.get("version", ""), who=who)
    if action == "again":
        return await operations.ask_again(plugin, who=who)
    if action == "way":
        return await updating.choose(plugin, form.get("mode", ""), who=who)
    return await updating.choose_default(form.get("mode", ""), tell="tell" in form, who=who)


async def _render(request: Request, account: Account, view: View, *, status_code: int = 200) -> Response:
    installed: list[Installed] = []
    found: list[Offer] | None = None
    updates, history, failed, ways = [], [], [], None
    search_problem = ""
    try:
        operations = await chat_of(request).bridge.operations()
        installed, history = await operations.installed(), await operations.history()
        failed = await operations.failed()
        updates = operations.known_updates(installed)
        ways = operations.updating.ways()
    except JackfieldError as exc:
        view.problem = view.problem or sentence(exc)
    else:
        try:
            if view.query is not None:
                found = await operations.search(view.query)
            if view.check_updates:
                updates = await operations.updates()
        except JackfieldError as exc:
            search_problem = sentence(exc)
    here = {one.row.id for one in installed}
    return page(
        "plugins.html",
        status_code=status_code,
        account=account,
        view=view,
        installed=installed,
        found=found,
        search_problem=search_problem,
        updates={one.id: (one, update_line(one), update_plan(one), _lines(one.changelog)) for one in updates},
        ways=ways,
        choices=CHOICES,
        history=history[:_HISTORY],
        failed=failed,
        consent=[(headline(one), parts(one)) for one in view.question.requests] if view.question else [],
        changelogs=_changelogs(view.question),
        besides=besides(view.question.plan) if view.question and view.question.plan else (),
        safe_mode=chat_of(request).bridge.safe_mode,
        program=chat_of(request).bridge.program,
        problem_elsewhere=bool(view.problem) and view.about not in here,
    )


def _lines(changelog: str) -> list[tuple[str, bool]]:
    """A changelog, line by line, each with whether it is a heading."""
    return [(line.lstrip("# "), line.startswith("#")) for line in changelog.splitlines()]


def _changelogs(question: Question | None) -> list[tuple[str, list[tuple[str, bool]]]]:
    if question is None or question.plan is None:
        return []
    changed = [item for item in question.plan.changed if item.changelog]
    return [(item.id or item.distribution, _lines(item.changelog or "")) for item in changed]


ROUTES = [
    Route("/plugins", show, methods=["GET"]),
    Route("/plugins/act", act, methods=["POST"]),
    Route("/plugins/answer", answer, methods=["POST"]),
]
