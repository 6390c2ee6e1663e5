"""What goes over the wire: answers that lie ready equal those made the ordinary way, and no head grows for ever."""

import os
import re
import socket
import time
from contextlib import suppress

import pytest

from tests.support.wheels import WheelSource

JSON = "application/vnd.pypi.simple.v1+json"


def send(market, data):
    """Send bytes on a connection of their own and return all that comes back until it ends."""
    with socket.create_connection(("127.0.0.1", int(market.url.rpartition(":")[2])), timeout=20) as connection:
        received = b""
        with suppress(ConnectionResetError):  # the server has ended it with our bytes unread
            connection.sendall(data)
            while piece := connection.recv(65536):
                received += piece
    return received


def request(target, *headers, method="GET"):
    lines = [f"{method} {target} HTTP/1.1", "Host: x", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def comparable(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    return line, sorted(header for header in headers if not header.startswith(b"date:")), body


@pytest.mark.parametrize("accept", [JSON, "text/html"])
@pytest.mark.parametrize("held", [False, True], ids=["new", "held"])
def test_an_answer_that_lies_ready_equals_the_one_made_for_it(standing, accept, held):
    standing.publish("poll")
    (entry,) = standing.project("chat-poll")["files"]
    page = "/simple/chat-poll/"
    for target in (page, f"{entry['url'].removeprefix('../..')}.metadata"):
        found = re.search(rb"etag: (\S+)", send(standing, request(target, f"Accept: {accept}", "Connection: close")))
        assert found is not None
        etag = found[1]
        headers = [f"Accept: {accept}", "Connection: close", *([f"If-None-Match: {etag.decode()}"] if held else [])]
        ready = send(standing, request(target, *headers))
        # A query says nothing to these addresses and takes the ordinary way.
        made = send(standing, request(f"{target}?ordinary", *headers))
        assert comparable(ready) == comparable(made)
        assert ready.startswith(b"HTTP/1.1 304" if held else b"HTTP/1.1 200")


def test_requests_that_are_sent_together_are_answered_in_order(standing):
    standing.publish("poll")
    standing.project("chat-poll")
    page, other = request("/simple/chat-poll/", f"Accept: {JSON}"), request("/categories")
    received = send(standing, page + other + page + page + request("/healthz", "Connection: close"))
    answers = received.split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200"] * 5
    assert [(b"chat-poll" in answer, b"categories" in answer) for answer in answers] == [
        (True, False),
        (False, True),
        (True, False),
        (True, False),
        (False, False),
    ]


def test_a_body_that_nobody_asked_for_is_no_request(standing):
    standing.publish("poll")
    standing.project("chat-poll")
    page = request("/simple/chat-poll/", f"Accept: {JSON}", "Content-Length: 20") + b"GET /categories HTTP"
    answers = send(standing, page + request("/healthz", "Connection: close")).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200"] * 2
    assert answers[1].endswith(b"ok\n")


def test_an_old_client_is_not_kept_waiting(standing):
    standing.publish("poll")
    standing.project("chat-poll")
    received = send(standing, f"GET /simple/chat-poll/ HTTP/1.0\r\nAccept: {JSON}\r\n\r\n".encode())
    assert received.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in received


def test_a_head_that_does_not_end_is_cut(standing):
    received = send(standing, b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 200_000)
    assert received.startswith(b"HTTP/1.1 431") or received == b""
    assert standing.client.get("/healthz").status_code == 200


@pytest.mark.parametrize("begun", [b"", b"GET /simple/ HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "half a head"])
def test_who_sends_no_request_does_not_keep_a_connection(market, monkeypatch, begun):
    """A thousand of them would be all that a server may have open, and nobody else would be answered."""
    monkeypatch.setattr("jackfield_marketplace.app.protocol.HEAD_SECONDS", 0.5)
    with socket.create_connection(("127.0.0.1", int(market.url.rpartition(":")[2])), timeout=20) as connection:
        for piece in (begun, b"X: y\r\n", b"X: y\r\n"):
            if begun:
                connection.sendall(piece)  # a drip does not begin the time anew
                time.sleep(0.1)
        began = time.monotonic()
        with suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        (request("/simple/"), b"\r\n"),
        (request("/simple/", "Content-Length: 9"), b"x"),
        (request("/simple/", "Content-Length: 1"), b"x"),
        (request("/healthz", "Content-Length: 9"), b"x"),
        (request("/batch", "Content-Length: 9", method="POST"), b""),
        (request("/plugins/submit", "Content-Length: 9", method="POST"), b"x"),
    ],
    ids=["an empty line", "half a body", "a body", "half a body of a page", "no body", "half a form"],
)
def test_who_goes_on_with_no_request_does_not_keep_a_connection(market, monkeypatch, asked, after):
    """What the server reads, or throws away, is no reason to wait for more of it for ever."""
    monkeypatch.setattr("jackfield_marketplace.app.protocol.HEAD_SECONDS", 0.5)
    monkeypatch.setattr("jackfield_marketplace.app.protocol.BODY_SECONDS", 0.5)
    with socket.create_connection(("127.0.0.1", int(market.url.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(asked)
        time.sleep(0.2)
        connection.sendall(after)
        with suppress(ConnectionResetError):
            while connection.recv(65536):
                pass


@pytest.mark.slow
def test_a_body_that_comes_fast_enough_has_all_the_time_it_needs(market, monkeypatch):
    monkeypatch.setattr("jackfield_marketplace.app.protocol.BODY_SECONDS", 0.5)
    monkeypatch.setattr("jackfield_marketplace.app.protocol.LEAST_BODY_BYTES", 1)
    with socket.create_connection(("127.0.0.1", int(market.url.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(request("/plugins/submit", "Content-Length: 8", method="POST"))
        for _ in range(8):
            time.sleep(0.2)
            connection.sendall(b"x")
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("reads", [False, True], ids=["at the end", "bit by bit"])
@pytest.mark.slow
def test_who_reads_nothing_of_a_file_does_not_keep_a_connection(market, monkeypatch, reads):
    """Who reads slowly does; the file is larger than what lies in the buffers of the system."""
    monkeypatch.setattr("jackfield_marketplace.app.protocol.UNREAD_SECONDS", 2 if reads else 0.5)
    wheel = WheelSource("jf-lib", files={"jf_lib.py": f"code = '{os.urandom(8 << 20).hex()}'\n"}).build(market.wheels)
    assert market.upload(wheel).status_code == 200
    path = market.project("jf-lib")["files"][0]["url"].removeprefix("../..")
    with socket.socket() as connection:
        connection.settimeout(20)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", int(market.url.rpartition(":")[2])))
        connection.sendall(request(path, "Connection: close"))
        size, waits = 0, 10 if reads else 1
        for part in range(waits):
            time.sleep(0.3 if reads else 2)
            while part == waits - 1 or size < part * wheel.stat().st_size / waits:
                read = len(connection.recv(1 << 16))
                size += read
                if not read:
                    break
    assert (size > wheel.stat().st_size) is reads


@pytest.mark.slow
def test_a_head_has_its_time_for_itself(market, monkeypatch):
    """The body of an upload may take longer, and so may the time between two requests."""
    monkeypatch.setattr("jackfield_marketplace.app.protocol.HEAD_SECONDS", 0.5)
    with socket.create_connection(("127.0.0.1", int(market.url.rpartition(":")[2])), timeout=20) as connection:
        for _ in range(2):
            connection.sendall(request("/healthz"))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(1)
        connection.sendall(request("/plugins/submit", "Content-Length: 2", method="POST"))
        time.sleep(1)
        connection.sendall(b"xx")
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("data", [b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_what_is_no_request(standing, data):
    assert send(standing, data).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("address", ["/simple/", "/simple/chat-poll/", "/files/" + "0" * 64 + "/x.whl"])
def test_the_index_is_read_only(standing, method, address):
    answer = standing.client.request(method, address)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_the_answer_to_an_upload_arrives_in_one_piece(standing):
    with socket.create_connection(("127.0.0.1", int(standing.url.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(request("/legacy/", "Content-Length: 0", method="POST"))
        answer = connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401 an upload needs a token")
    assert body.startswith(b"an upload needs a token")
