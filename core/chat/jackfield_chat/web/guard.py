"""What stands before every request: who asks, from where, and what the page may load."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STRANGE_NAME = (
    "This chat does not know itself by the name in the address. "
    "Whoever runs it can allow the name: jackfield-chat serve --allow-host NAME."
)
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

HEADERS = {
    # No inline script or style anywhere; pictures of plugins arrive as data, nothing is fetched from elsewhere.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def same_origin(headers: Headers) -> bool:
    """Whether a request was begun by a page of this very site, or by a program that is no browser.

    SameSite cookies are not enough: another port of the same machine, such as a marketplace beside the chat, is the
    same site. Browsers send Origin with every request that changes something and with every WebSocket; a program
    without a browser sends neither Origin nor Sec-Fetch-Site, and holds no cookies that a page could misuse.
    """
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host", "")
    return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}


def host_name(host: str) -> str:
    """Return the name or address in a Host header, without its port; empty when there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


class Guard:
    """ASGI middleware: refuses what other sites send, and adds the headers that confine the page.

    A page of another site whose name was made to lead to this machine (DNS rebinding) is its own origin's friend: so
    the name itself must be one of this chat's.

    Args:
        app: the application behind it.
        names: by which names and addresses it may be called, apart from those of the loopback.
    """

    def __init__(self, app: ASGIApp, names: Collection[str] = ()) -> None:
        self._app = app
        self._names = {name.lower().strip("[]").rstrip(".") for name in names}

    def _is_known(self, headers: Headers) -> bool:
        name = host_name(headers.get("host", ""))
        return _is_loopback(name) or (name != "" and name in self._names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it: 400 under a strange name, 403 from another site (WebSocket: 403)."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if not self._is_known(Headers(scope=scope)):
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": "This is no name of the chat."})
                return
            await PlainTextResponse(_STRANGE_NAME, status_code=400)(scope, receive, send)
            return
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes and not same_origin(Headers(scope=scope)):
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": "Another site may not connect here."})
                return
            await PlainTextResponse("Another site may not do this here.", status_code=403)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                # Static files are asked for again each time and answered by 304; pages are never kept.
                headers.setdefault("cache-control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)
