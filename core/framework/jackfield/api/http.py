"""Requests to other computers, as a protocol: the host does them, for every isolation in the same way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

Body: TypeAlias = "str | bytes | Mapping[str, str] | None"


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request.

    Args:
        status: 200, 404, …
        url: where it came from, after redirects.
        headers: by name in lower case; several of one name are joined by commas.
        body: as it was sent.
    """

    status: int
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the status says success, 200 to 299."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text, by the charset of its content type, else UTF-8; what does not fit becomes U+FFFD."""
        from email.message import Message

        described = Message()
        described["content-type"] = self.headers.get("content-type", "")
        try:
            return self.body.decode(described.get_content_charset() or "utf-8", errors="replace")
        except LookupError:  # a charset that nobody knows
            return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            ValueError: it is none.
        """
        import json

        return json.loads(self.body)


class Http(Protocol):
    """Requests by HTTP: each host that is asked needs `network:connect`, with it among the `hosts` (`example.org:443`).

    So does each host that a redirect leads to. Addresses of the own computer and of private networks are refused
    unless the permission names that very address (`127.0.0.1:8080`, `localhost:8080`), whatever a name leads to.
    """

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: Body = None,
        timeout_seconds: float = 30.0,
        longest_bytes: int = 10 * 1024 * 1024,
        redirects: int = 5,
    ) -> Response:
        """Send a request and return the answer, whatever its status.

        Args:
            method: `GET`, `POST`, …
            url: with `https://` or `http://`.
            headers: further ones; `Host` and those of the connection are the host's.
            params: put into the URL's query.
            json: a body of plain values; sent as JSON.
            data: or a body as bytes or text, or a form of at most 4 MiB.
            timeout_seconds: for everything, redirects included; at most 120.
            longest_bytes: of the answer's body; at most 64 MiB.
            redirects: how many are followed; 0: the redirect is the answer.

        Raises:
            PermissionDenied: a host was not granted, or leads into a private network; also where the permission for the
                host is taken back while the answer comes.
            NetworkError: nobody answered, in time and within the bounds.
            UsageError: the request itself is wrong.
        """
        ...

    async def get(self, url: str, **options: Any) -> Response:
        """Send a GET; the options are those of `request`."""
        ...

    async def post(self, url: str, **options: Any) -> Response:
        """Send a POST; the options are those of `request`."""
        ...
