"""Signing in, up and out."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jackfield_chat.accounts import SESSION_SECONDS, Account, AccountError, TooManyTries, session_key
from jackfield_chat.web.forms import local_path, read_form
from jackfield_chat.web.rendering import page
from jackfield_chat.web.state import COOKIE, account_of, chat_of, client_of


async def show_sign_in(request: Request) -> Response:
    """The sign-in page; whoever is signed in goes on."""
    return _form(request, "sign_in.html")


async def sign_in(request: Request) -> Response:
    """Begin a session, or show the form again with what was wrong."""
    return await _entered(request, chat_of(request).accounts.sign_in, "sign_in.html", status_code=401)


async def show_sign_up(request: Request) -> Response:
    """The page on which an account is made; whoever is signed in goes on."""
    return _form(request, "sign_up.html")


async def sign_up(request: Request) -> Response:
    """Make an account and sign in as it, or show the form again with what was wrong."""
    return await _entered(request, chat_of(request).accounts.sign_up, "sign_up.html", status_code=422)


async def sign_out(request: Request) -> Response:
    """End the session of this browser, and every connection that lives by it."""
    token = request.cookies.get(COOKIE)
    if token:
        chat_of(request).accounts.close_session(token)
        chat_of(request).presence.sign_out(session_key(token))  # other tabs of this browser
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def _form(request: Request, template: str) -> Response:
    onward = local_path(request.query_params.get("next"))
    if account_of(request) is not None:
        return RedirectResponse(onward, status_code=303)
    return page(template, name="", next=onward, error=None)


async def _entered(
    request: Request, enter: Callable[..., Awaitable[Account]], template: str, *, status_code: int
) -> Response:
    form = await read_form(request)
    name, onward = form.get("name", ""), local_path(form.get("next"))
    try:
        account = await enter(name, form.get("password", ""), client=client_of(request))
    except AccountError as exc:
        return _form_again(template, name, onward, exc, status_code=status_code)
    return _with_session(request, account, onward)


def _form_again(template: str, name: str, onward: str, error: AccountError, *, status_code: int) -> Response:
    headers = {}
    if isinstance(error, TooManyTries):
        status_code, headers = 429, {"retry-after": str(error.wait_seconds)}
    return page(template, status_code=status_code, headers=headers, name=name, next=onward, error=error)


def _with_session(request: Request, account: Account, onward: str) -> Response:
    response = RedirectResponse(onward, status_code=303)
    response.set_cookie(
        COOKIE,
        chat_of(request).accounts.open_session(account),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


ROUTES = [
    Route("/sign-in", show_sign_in, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-up", show_sign_up, methods=["GET"]),
    Route("/sign-up", sign_up, methods=["POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
]
