"""Forms of an upload that are refused: names, fields, lengths and bodies, whatever the file in them is."""

import http.client
from pathlib import Path

import pytest

from tests.support.processes import wait_for
from tests.support.uploads import basic, nothing_is_listed, raw_post
from tests.support.wheels import build_plugin

DIGITS = "9" * 5000


@pytest.mark.parametrize(
    "filename",
    [
        "../../evil-1.0-py3-none-any.whl",
        "..",
        ".whl",
        "a/b.whl",
        "a\\b.whl",
        "x" * 300 + ".whl",
        "рoll-1.0-py3-none-any.whl",  # noqa: RUF001 (a look-alike on purpose)
        "poll.exe",
        "poll-1.0.zip",
        "poll-1.0-py3-none-any.whl\x00.txt",
    ],
)
def test_a_file_name_that_is_no_name_here(standing, filename):
    answer = standing.client.post(
        "/legacy/",
        data={":action": "file_upload"},
        files={"content": (filename, b"PK")},
        auth=("__token__", standing.tokens["alice"]),
    )
    assert answer.status_code == 400
    nothing_is_listed(standing)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sha256_digest": "0" * 64}, "damaged on the way"),
        ({"blake2_256_digest": "0" * 64}, "damaged on the way"),
        ({"name": "other"}, "the form says other"),
        ({"version": "2.0"}, "the form says version 2.0"),
        ({"version": "nonsense"}, "which is none"),
        ({"version": DIGITS}, "which is none"),
        ({"version": "\x00\x1b\r\nX-Evil: 1"}, "which is none"),
        ({"name": "\x00"}, "the form says"),
        ({":action": "doc_upload"}, "file_upload"),
    ],
)
def test_a_form_that_disagrees_with_its_file(standing, fields, reason):
    answer = standing.upload(build_plugin(standing.wheels, "poll"), **fields)
    assert answer.status_code == 400
    assert reason in answer.text
    nothing_is_listed(standing)


@pytest.mark.parametrize(
    "body", [b"", b"x", b"--b\r\n", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", bytes(5000)]
)
def test_a_body_that_is_no_form(standing, body):
    headers = basic("__token__", standing.tokens["alice"]) | {"Content-Length": str(len(body))}
    status, _, _ = raw_post(standing, headers | {"Content-Type": "multipart/form-data; boundary=b"}, [body])
    assert status == 400
    assert raw_post(standing, headers | {"Content-Type": "multipart/form-data"}, [body])[0] == 400
    assert raw_post(standing, headers | {"Content-Type": "application/json"}, [body])[0] == 400


def test_a_content_length_over_the_bound_is_refused_unread(standing):
    headers = basic("__token__", standing.tokens["alice"]) | {"Content-Type": "multipart/form-data; boundary=b"}
    connection = http.client.HTTPConnection("127.0.0.1", int(standing.url.rpartition(":")[2]), timeout=20)
    connection.putrequest("POST", "/legacy/")
    for name, value in (headers | {"Content-Length": str(10**12), "Expect": "100-continue"}).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()  # nothing of the body was sent, and nobody asked for it
    assert (answer.status, "are taken at most" in answer.reason) == (413, True)
    connection.close()


def test_a_body_without_length_is_cut_at_the_bound(market_with):
    market = market_with(upload_bytes=100_000, form_bytes=10_000)
    headers = basic("__token__", market.tokens["alice"])
    headers |= {"Content-Type": "multipart/form-data; boundary=b", "Transfer-Encoding": "chunked"}
    head = b'--b\r\nContent-Disposition: form-data; name="content"; filename="a-1.0-py3-none-any.whl"\r\n\r\n'
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (head, *[bytes(50_000)] * 3)]
    status, reason, _ = raw_post(market, headers, [*chunks, b"0\r\n\r\n"])
    assert (status, reason) == (413, "the upload has more than 100000 bytes")
    nothing_is_listed(market)


@pytest.mark.parametrize("fields", [1, 50])
def test_text_is_bounded_by_itself_however_large_a_file_may_be(market_with, fields):
    market = market_with(upload_bytes=1_000_000, form_bytes=10_000)
    headers = basic("__token__", market.tokens["alice"]) | {"Content-Type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="description"\r\n\r\n%s\r\n' % (b"x" * (20_000 // fields))
    body = part * fields + b"--b--\r\n"
    status, reason, _ = raw_post(market, headers | {"Content-Length": str(len(body))}, [body])
    assert (status, reason) == (413, "the form's fields hold more than is taken")
    nothing_is_listed(market)


def open_files():
    """How many files this process holds open: the server of these tests is in it."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_form_that_breaks_off_leaves_nothing_open(standing):
    head = b'--b\r\nContent-Disposition: form-data; name="content"; filename="a-1.0-py3-none-any.whl"\r\n\r\n'
    headers = basic("__token__", standing.tokens["alice"]) | {"Content-Type": "multipart/form-data; boundary=b"}
    body = head + bytes(3 * 1024 * 1024)  # more than is kept in memory: it lies in a temporary file
    standing.client.get("/healthz")
    before = open_files()
    status, reason, _ = raw_post(standing, headers | {"Content-Length": str(len(body))}, [body])
    assert (status, bool(reason)) == (400, True)
    connection = http.client.HTTPConnection("127.0.0.1", int(standing.url.rpartition(":")[2]), timeout=20)
    connection.putrequest("POST", "/legacy/")
    for name, value in (headers | {"Content-Length": str(2 * len(body))}).items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body)
    connection.close()  # in the middle of it
    wait_for(lambda: open_files() <= before, what="every file closed")
    nothing_is_listed(standing)
