"""No bytes from outside end as a fault of the server: whatever is sent, the answer is below 500."""

import gc
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.slow
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.text(st.characters(codec="utf-8"), max_size=40)
HEADERS = st.sampled_from(
    [
        b'Content-Disposition: form-data; name="content"; filename="chat_poll-1.0.0-py3-none-any.whl"',
        b"Content-Disposition: form-data; name=\"content\"; filename*=utf-8''%ff%00.whl",
        b'Content-Disposition: form-data; name=":action"',
        b'Content-Disposition: form-data; name="_charset_"',
        b"Content-Disposition: form-data",
        b"Content-Transfer-Encoding: base64",
        b"nonsense",
        b"",
    ]
)
PARTS = st.lists(st.tuples(st.lists(HEADERS, max_size=3), st.binary(max_size=60)), max_size=4)


@pytest.fixture
def collected():
    """Collects inside the test: a temporary file that was left open is an error here, by its ResourceWarning."""
    yield
    gc.collect()


@pytest.mark.usefixtures("collected")
@given(PARTS, st.sampled_from([b"--b--\r\n", b"--b", b""]))
@FEW
def test_any_form(standing, parts, end):
    body = b"".join(b"--b\r\n" + b"\r\n".join(headers) + b"\r\n\r\n" + data + b"\r\n" for headers, data in parts) + end
    answer = standing.client.post(
        "/legacy/",
        content=body,
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        auth=("__token__", standing.tokens["alice"]),
    )
    assert 400 <= answer.status_code < 500, answer.text


@given(WORDS, WORDS, WORDS)
@FEW
def test_any_query(standing, text, category, page):
    parameters = {"q": text, "category": category, "app": category, "page": page}
    for address in ("/plugins/search", "/search"):
        assert standing.client.get(address, params=parameters).status_code in (200, 422)


@given(WORDS)
@FEW
def test_any_address(standing, text):
    name = quote(text, safe="")
    for address in (
        f"/plugins/{name}",
        f"/plugin/{name}",
        f"/simple/{name}/",
        f"/files/{name}/{name}",
        f"/plugins/{name}/changelog",
    ):
        assert standing.client.get(address, params={"since": text}).status_code < 500


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60))
@FEW
def test_any_header(standing, text):
    value = text.strip().encode("latin-1")  # the client itself sends no control characters
    for name in ("Accept", "If-None-Match", "Authorization", "Range"):
        for address in ("/simple/", "/plugin/x", "/legacy/"):
            answer = standing.client.request("POST" if address == "/legacy/" else "GET", address, headers={name: value})
            assert answer.status_code < 500
