"""`context.http` and `context.network` in a worker: the host sends requests, and hands connections over."""

from __future__ import annotations

import json as json_module
import socket
from collections.abc import Mapping
from typing import Any

from jackfield.api import Body, Response
from jackfield.errors import UsageError
from jackfield.rpc import DescriptorReceiver
from jackfield.runtime import Scope
from jackfield.worker.facets.asking import Asking

_IPV6 = 6


class RemoteHttp:
    """See `jackfield.api.Http`.

    Args:
        asking: leads to the host.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

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
        """Send a request and return the answer, whatever its status."""
        if json is not None and data is not None:
            raise UsageError("a request has one body: json or data")
        given = {str(name): str(value) for name, value in (headers or {}).items()}
        if json is not None:  # written out here: it may be larger than a message, and hold what no message carries
            try:
                data = json_module.dumps(json, ensure_ascii=False).encode()
            except UnicodeEncodeError as error:
                raise UsageError(f"a request holds no half of a character: {error}") from error
            if not any(name.lower() == "content-type" for name in given):
                given["content-type"] = "application/json"
        body = await self._asking.sized("data", dict(data) if isinstance(data, Mapping) else data)
        asked = {
            "method": method,
            "url": url,
            "headers": given,
            "params": {str(name): str(value) for name, value in (params or {}).items()},
            "timeout_seconds": timeout_seconds,
            "longest_bytes": longest_bytes,
            "redirects": redirects,
            **body,
        }
        response: Response = await self._asking.whole("http.request", asked, Response)
        return response

    async def get(self, url: str, **options: Any) -> Response:
        """Send a GET; the options are those of `request`."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> Response:
        """Send a POST; the options are those of `request`."""
        return await self.request("POST", url, **options)


class RemoteNetwork:
    """See `jackfield.api.Network`; the connection is made by the host and its descriptor comes here.

    Args:
        asking: leads to the host.
        scope: what open connections belong to.
        descriptors: where they come from; None: this plugin can be handed none.
    """

    def __init__(self, asking: Asking, scope: Scope, descriptors: DescriptorReceiver | None) -> None:
        self._asking = asking
        self._scope = scope
        self._descriptors = descriptors

    async def connect(self, host: str, port: int, *, timeout_seconds: float = 30.0) -> socket.socket:
        """Return a connected socket."""
        self._scope.require_open(f"connection to {host}:{port}")
        arguments = {"host": host, "port": port, "timeout_seconds": timeout_seconds}
        number, version = await self._asking.call("network.connect", arguments, tuple[int, int])
        assert self._descriptors is not None  # noqa: S101 (the host hands over nothing where nothing can come)
        # family and kind are told: a confined process cannot ask its descriptor for them
        descriptor = self._descriptors.receive(number)
        family = socket.AF_INET6 if version == _IPV6 else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, descriptor)
        connection.setblocking(False)
        self._scope.begin(f"connection to {host}:{port}", connection.close)
        return connection
