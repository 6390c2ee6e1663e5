"""The few headers that are read are what the email parser would say, for less."""

from __future__ import annotations

import email
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importlib_metadata import Distribution, distributions
from jackfield.discovery import unique_distributions
from jackfield.discovery.headers import Headers, headers_of, parse_headers, requirements_of

LINES = st.sampled_from(
    [
        "Name: chat-weather",
        "name:Other",
        "Version: 1.2",
        "Requires-Dist: httpx (>=0.27)",
        'Requires-Dist: yarl; extra == "net"',
        "\tand (more)",
        "   folded",
        "Author: Zo\u00eb\x0cName: hidden\u2028Version: 9",
        "no header at all",
        "",
        ":nothing",
    ]
)


def as_message(text: str) -> Headers | None:
    message = email.message_from_string(text)

    def unfolded(value: str) -> str:
        return value.replace("\r", "").replace("\n", "").strip()

    name, version = unfolded(message["Name"] or ""), unfolded(message["Version"] or "")
    if len(name.split()) != 1 or not version:
        return None
    return Headers(name, version, tuple(unfolded(one) for one in message.get_all("Requires-Dist", [])))


@given(lines=st.lists(LINES, max_size=12), ending=st.sampled_from(["\n", "\r\n", "\r"]))
def test_headers_are_what_the_email_parser_says(lines, ending):
    text = ending.join(["Metadata-Version: 2.1", *lines])
    assert parse_headers(text) == as_message(text)


def test_every_distribution_of_this_environment_reads_the_same():
    for distribution, headers in unique_distributions(sys.path):
        metadata = distribution.metadata
        assert (headers.name, headers.version) == (metadata["Name"], metadata["Version"])
        assert [one.split() for one in requirements_of(distribution, headers)] == [
            one.split() for one in distribution.requires or ()
        ]


def at(folder: Path, content: bytes, file: str = "METADATA") -> Distribution:
    info = folder / ("weather-1.0.dist-info" if file == "METADATA" else "weather.egg-info")
    info.mkdir(exist_ok=True)
    (info / file).write_bytes(content)
    return Distribution.at(info)


def test_a_changed_file_is_read_anew(tmp_path):
    assert headers_of(at(tmp_path, b"Name: weather\nVersion: 1.0\n\nName: not")) == Headers("weather", "1.0")
    assert headers_of(at(tmp_path, b"Name: weather\nVersion: 1.0.1\n")) == Headers("weather", "1.0.1")


def test_an_author_that_is_not_utf_8_hides_nothing(tmp_path):
    content = b"Author: Zo\xeb\nName: weather\nVersion: 1.0\n\n\xff"
    assert headers_of(at(tmp_path, content)) == Headers("weather", "1.0")


def test_an_egg_tells_its_requirements_elsewhere(tmp_path):
    egg = at(tmp_path, b"Name: weather\nVersion: 1.0\n", "PKG-INFO")
    (tmp_path / "weather.egg-info" / "requires.txt").write_text("httpx\n")
    headers = headers_of(egg)
    assert headers is not None
    assert requirements_of(egg, headers) == ("httpx",)


@pytest.mark.parametrize("content", [b"", b"\nName: weather\nVersion: 1.0\n", b"Name: weather\n", b"Version: 1.0\n"])
def test_a_broken_distribution_is_left_out(tmp_path, content):
    assert headers_of(at(tmp_path, content)) is None
    assert list(distributions(path=[str(tmp_path)]))
    assert list(unique_distributions([str(tmp_path)])) == []
