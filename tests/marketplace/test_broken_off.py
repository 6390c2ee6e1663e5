"""Clients that go away while they send: the server's log is for what fails in the server."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.support.breaking_off import break_off
from tests.support.marketplace import running_marketplace

pytestmark = [pytest.mark.slow, pytest.mark.feature("C39")]

FORM = "Content-Type: multipart/form-data; boundary=b"
JSON = "Content-Type: application/json"
TYPED = "Content-Type: application/x-www-form-urlencoded"


def test_a_client_that_goes_away_leaves_no_traceback(tmp_path: Path) -> None:
    with running_marketplace(tmp_path) as market:
        market.publish("halved")
        token = httpx.BasicAuth("__token__", market.token())
        (authorization,) = next(token.auth_flow(httpx.Request("GET", market.url))).headers.get_list("authorization")
        heads = [
            f"POST /batch HTTP/1.1\n{JSON}",
            f"POST /legacy/ HTTP/1.1\n{FORM}\nAuthorization: {authorization}",
            f"POST /legacy/ HTTP/1.1\n{FORM}",
            f"POST /plugins/submit HTTP/1.1\n{FORM}\nAuthorization: {authorization}",
            f"PUT /plugins/halved/stages/1.0.0 HTTP/1.1\n{JSON}\nAuthorization: {authorization}",
            f"POST /plugins/halved/outcomes HTTP/1.1\n{JSON}",
            f"POST /plugin/halved/report HTTP/1.1\n{TYPED}",
            "POST /nowhere HTTP/1.1",
        ]
        for head in heads:
            for body in (b"", b'{"get": ["/simple/', b"--b\r\nContent-Disposition: form-data; name="):
                break_off(market.url, head, body, reset=False)
                break_off(market.url, head, body, reset=True)
        assert httpx.get(f"{market.url}/healthz").text == "ok\n"
    assert "Traceback" not in market.server.output  # it has ended: all that it had to say is here
