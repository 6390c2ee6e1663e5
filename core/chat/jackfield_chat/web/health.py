"""Whether the chat is up, for whoever watches it."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jackfield_chat.web.state import chat_of


async def health(request: Request) -> Response:
    """200 as long as the chat answers; says how its plugins are."""
    bridge = chat_of(request).bridge
    return JSONResponse({"status": "ok", "plugins": bridge.state})


ROUTES = [Route("/healthz", health)]
