"""METADATA read the short way says what the email package says of it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jackfield.inspection.headers import read_headers
from packaging.metadata import parse_email

NAMES = [
    "Metadata-Version", "Name", "Version", "Summary", "Requires-Python", "License", "Author-email",
    "Description-Content-Type", "Home-page", "Requires-Dist", "Classifier", "Provides-Extra", "Dynamic", "License-File",
    "Platform", "Keywords", "Project-URL", "Description", "Obsoletes", "Import-Name", "Content-Type",
    "Content-Transfer-Encoding", "X-Other", "requires-dist", "NAME", "From",
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(
        ["", "2.1", "chat-poll", "a, b ,c", "Docs, https://x.example", "Docs , y", "text/markdown", " x ", "é"]
    ),
    st.text(st.characters(min_codepoint=9, max_codepoint=0x2FF), max_size=12),
)
LINES = st.one_of(
    st.builds("{}{}{}".format, st.sampled_from(NAMES), st.sampled_from([": ", ":", ":\t", ":  ", " : ", ""]), VALUES),
    st.sampled_from(["", " folded", "\tfolded", "From somebody", ">From", "no colon"]),
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", ""])
WILD = st.lists(st.tuples(LINES, ENDS), max_size=8).map(lambda lines: "".join(line + end for line, end in lines))
PLAIN_VALUES = st.one_of(st.sampled_from(["2.1", "a, b ,c", "Docs, https://x.example"]), st.text('a ,:;="', max_size=6))
PLAIN_LINES = st.builds("{}: {}\n".format, st.sampled_from(NAMES[:17]), PLAIN_VALUES)
TEXTS = st.one_of(WILD, st.lists(PLAIN_LINES, max_size=8).map("".join))
BODIES = st.one_of(st.just(b""), st.text(max_size=30).map(str.encode), st.binary(max_size=12))


@given(TEXTS, st.sampled_from([b"", b"\n", b"\n\n"]), BODIES)
@example("Metadata-Version: 2.1\nName: chat-poll\nVersion: 1.0.0\n", b"\n", b"\n# Poll\n")
@example("Metadata-Version: 2.1\nName: chat-poll", b"\n", b"")
@example("Project-URL: Docs, https://a.example\nProject-URL: Docs, https://b.example\n", b"\n", b"")
@example("Name: a\nName: b\n", b"", b"")
@example("", b"\n\n", b"Name: a\n")
@pytest.mark.feature("C37")
def test_any_metadata_is_read_as_the_email_package_reads_it(head, blank, body):
    data = head.encode() + blank + body
    try:
        expected = parse_email(data)
    except Exception as exc:  # noqa: BLE001  # whatever it is: the short way must not take what the long one cannot
        with pytest.raises(type(exc)):
            read_headers(data)
        return
    assert read_headers(data) == expected


@pytest.mark.feature("C37")
def test_a_plain_description_keeps_its_letters_and_blank_lines():
    raw, others = read_headers("Name: poll\n\n# Pöll\n\nName: other\n".encode())
    assert (raw, others) == ({"name": "poll", "description": "# Pöll\n\nName: other\n"}, {})
