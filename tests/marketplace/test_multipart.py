"""The form of an upload: every way to cut it into pieces gives the same fields and file, or the same refusal."""

import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jackfield_marketplace.catalog import Refusal
from jackfield_marketplace.uploads.multipart import MEMORY_BYTES, FormReader, boundary_of

from tests.support.examples import examples

HEAD = 'Content-Disposition: form-data; name="{}"'
FILE = b'--b\r\nContent-Disposition: form-data; name="content"; filename="a.whl"\r\n\r\n'
FEW = settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def part(head, data):
    return b"--b\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"


def read(folder, pieces, *, text_bytes=1000, most_fields=10):
    """Fields, the file's name and its bytes (None without a file), and whether the form ended."""
    reader = FormReader(b"b", folder, text_bytes=text_bytes, most_fields=most_fields)
    try:
        for piece in pieces:
            reader.feed(piece)
        data = None
        if reader.content is not None:
            reader.content.seek(0)
            data = reader.content.read()
        return reader.fields, reader.filename, data, reader.ended
    finally:
        reader.close()


def refusal(folder, body, **bounds):
    with pytest.raises(Refusal) as caught:
        read(folder, [body], **bounds)
    return caught.value.status, caught.value.message


@given(st.binary(max_size=200), st.binary(max_size=200).filter(lambda data: b"\r\n--b" not in data), st.data())
@FEW
def test_pieces_of_any_size_are_one_form(tmp_path, text, data, draw):
    text = text.replace(b"\r\n--b", b"")
    body = b"before" * 3 + b"\r\n" + part(HEAD.format("note"), text) + FILE + data + b"\r\n--b--\r\nafter"
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    fields, filename, content, ended = read(tmp_path, pieces)
    assert (filename, content, ended) == ("a.whl", data, True)
    try:
        assert fields == {"note": text.decode()}
    except UnicodeDecodeError:
        assert fields == {"note": text.decode("latin-1")}


def test_a_large_file_lies_on_disk_without_a_name(tmp_path):
    reader = FormReader(b"b", tmp_path, text_bytes=10, most_fields=10)
    data = bytes(range(256)) * 16
    reader.feed(FILE)
    for _ in range(MEMORY_BYTES // len(data)):
        reader.feed(data)
    on_disk = [reader.on_disk]
    reader.feed(data + b"\r\n--b--")
    assert [*on_disk, reader.on_disk] == [False, True]
    assert list(tmp_path.iterdir()) == []
    assert reader.content is not None
    assert reader.content.seek(0, io.SEEK_END) == MEMORY_BYTES + len(data)
    reader.close()


@pytest.mark.parametrize(
    ("disposition", "name", "filename"),
    [
        ('form-data; name="content"; filename="a.whl"', None, "a.whl"),
        ("form-data; name=content; filename=a.whl", None, "a.whl"),
        ('Form-Data; filename="a.whl"; name="content"', None, "a.whl"),
        ('form-data; name="content"; filename="a\\"b.whl"', None, 'a"b.whl'),
        ('form-data; name=":action"', ":action", ""),
        ('form-data;  name="x y"', "x y", ""),
    ],
)
def test_names_as_they_are_spelled(tmp_path, disposition, name, filename):
    body = part(f"X: y\r\ncontent-disposition: {disposition}\r\nContent-Type: text/plain", b"data") + b"--b--"
    fields, found, content, ended = read(tmp_path, [body])
    assert (found, ended) == (filename, True)
    assert (fields, content) == (({}, b"data") if name is None else ({name: "data"}, None))


def test_the_last_of_two_fields_of_one_name_counts(tmp_path):
    body = part(HEAD.format("a"), b"1") + part(HEAD.format("a"), b"2") + b"--b--"
    assert read(tmp_path, [body])[0] == {"a": "2"}


@pytest.mark.parametrize(
    "body",
    [
        part("Content-Disposition: form-data", b"x"),
        part("Content-Type: text/plain", b"x"),
        part('Content-Disposition: attachment; name="a"', b"x"),
        b"--bc\r\n" + b"x" * 100,
        b"--b" + b" " * 100,
        b"--b\r\n" + b"x" * 20_000,
        part(HEAD.format('other"; filename="a.whl'), b"x"),
        FILE + b"x\r\n" + FILE + b"y\r\n--b--",
        part(HEAD.format("a"), b"x") * 11,
    ],
)
def test_what_is_no_form_is_refused(tmp_path, body):
    assert refusal(tmp_path, body)[0] == 400


def test_text_is_bounded(tmp_path):
    assert refusal(tmp_path, part(HEAD.format("a"), b"x" * 11) + b"--b--", text_bytes=10)[0] == 413
    assert refusal(tmp_path, part(HEAD.format("a"), b"x" * 6) * 2 + b"--b--", text_bytes=10)[0] == 413
    large = part(HEAD.format("a"), b"x" * (3 * 1024 * 1024))
    assert refusal(tmp_path, large, text_bytes=10**8)[0] == 400


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=b", b"b"),
        ('multipart/form-data; charset=utf-8; boundary="a b"', b"a b"),
        ("Multipart/Form-Data;BOUNDARY=b; charset=utf-8", b"b"),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=", None),
        ("multipart/mixed; boundary=b", None),
        ("application/json", None),
    ],
)
def test_the_boundary_is_named_by_the_content_type(content_type, boundary):
    assert boundary_of(content_type) == boundary


NAMES = st.sampled_from([":action", "content", "note", "a b", 'a\\"b', "é", ""])
HEADS = st.one_of(
    st.builds('Content-Disposition: form-data; name="{}"{}{}'.format, NAMES, st.sampled_from(
        ["", "", '; filename="a.whl"', '; filename=""', "; filename=a.whl", '; filename="é"', "; other=b"]
    ), st.sampled_from(["", "", "\r\nContent-Type: text/plain", "\r\nX: y", "\r\n"])),
    st.sampled_from(["", "content-disposition: form-data; name=a", "Content-Type: text/plain"]),
)  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=8), st.sampled_from([b"\r\n--b", b"\r\n--b \r\n", b"\r\n--b--", b"\r\n\r\n", b"--b"])
)
ENDS = st.sampled_from([b"--b--\r\n", b"--b--\r\n", b"--b--", b"--b--more", b"--b\r\n", b"--b  --\r\n", b""])


@given(st.lists(st.builds(part, HEADS, VALUES), max_size=4), st.booleans(), ENDS, st.integers(0, 20))
@example([part('Content-Disposition: form-data; name="note"', b"x" * 30)], True, b"--b--\r\n", 20)
@example([part('Content-Disposition: form-data; name="note"', b"x")] * 4, True, b"--b--\r\n", 20)
@example([part(HEAD.format("a"), b"x\r\n--b \r\n" + HEAD.format("c").encode() + b"\r\n\r\ny")], True, b"--b--\r\n", 200)
@example([b"--b\r\n" + HEAD.format("a").encode() + b"\r\n"], True, b"--b--\r\n", 20)
@settings(FEW, max_examples=examples(400))
def test_a_form_in_one_piece_is_the_form_in_two(tmp_path, parts, has_file, end, text_bytes):
    whole = b"".join([*parts, FILE + b"data\r\n" if has_file else b"", end])

    def said(pieces):
        try:
            return read(tmp_path, pieces, text_bytes=text_bytes, most_fields=3)
        except Refusal as refused:
            return refused.status, refused.message

    assert said([whole]) == said([whole[:1], whole[1:]])


def test_a_form_as_clients_send_it_is_taken_whole(tmp_path):
    reader = FormReader(b"b", tmp_path, text_bytes=10, most_fields=10)
    assert reader._take_whole(part(HEAD.format("a"), b"1") + FILE + b"data\r\n--b--\r\n")
    assert reader.fields == {"a": "1"}
    assert reader.content is not None
    assert reader.content.read() == b"data"
    reader.close()


def test_what_follows_the_beginning_of_a_head_is_no_whole_form(tmp_path):
    head = FILE.removesuffix(b"\r\n") + b"Content-Type: "  # as long as it may be
    form = head.ljust(len(b"--b\r\n") + 16 * 1024, b"x") + b"\r\n\r\ndata\r\n--b--\r\n"
    assert read(tmp_path, [form])[2] == b"data"
    for beginning in (b"--b\r\nX", b"--b\r\nXY", b"--b\r\nXYZ"):
        with pytest.raises(Refusal, match="the head of a part has more"):
            read(tmp_path, [beginning, form])
