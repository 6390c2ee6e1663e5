"""What may stand after `install`, and in a list of such lines."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import UsageError
from jackfield.management import read_spec_file
from jackfield.management.specs import parse_spec

DIGITS = hashlib.sha256(b"a wheel").hexdigest()


@pytest.mark.feature("U9")
@pytest.mark.parametrize("text", ["poll@sha256:{}", "poll==1.2@sha256:{}", "poll@^1.2 @sha256:{}", "poll @sha256: {}"])
def test_a_hash_may_follow_anything(text: str) -> None:
    spec = parse_spec(text.format(DIGITS.upper()))
    assert (spec.id, spec.sha256) == ("poll", DIGITS)
    assert (spec.requirement is not None) == ("1.2" in text)


@pytest.mark.parametrize("digits", ["", "1234567", "not-a-hash", "0" * 65])
def test_what_is_no_hash_is_refused(digits: str) -> None:
    with pytest.raises(UsageError, match="8 to 64 hexadecimal digits"):
        parse_spec(f"poll@sha256:{digits}")


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("poll>=2", "poll@>=2"),
        ("poll >= 1.0, <2.0", "poll@>=1.0 <2.0"),
        ("Poll^1", "Poll@^1"),
        ("poll=1.2", "poll@=1.2"),
    ],
)
def test_a_range_as_pip_takes_it_is_told_how_to_write(typed: str, written: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_spec(typed)
    assert caught.value.hint == f"a range of versions follows an @: '{written}'"
    assert parse_spec(written).id == "poll"


@pytest.mark.parametrize("typed", ["poll<", "poll!=1", "p[x]>=1"])
def test_what_is_no_range_here_is_not_called_one(typed: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_spec(typed)
    assert "range" not in (caught.value.hint or "")


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        spec = parse_spec(text)
    except UsageError:
        return
    assert spec.id or spec.file


@pytest.mark.feature("U9", "U11")
def test_a_list_has_one_spec_a_line_and_may_have_comments(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"")
    listed = tmp_path / "plugins.txt"
    listed.write_text(f"# ours\n\npoll==1.2  # the old one\ndice@sha256:{DIGITS}\nx.whl@sha256:{DIGITS}\n")
    assert read_spec_file(listed) == [
        "poll==1.2",
        f"dice@sha256:{DIGITS}",
        f"{tmp_path / 'x.whl'}@sha256:{DIGITS}",
    ]


@pytest.mark.parametrize(
    ("written", "said", "hint"),
    [
        ("./my plugin", "is a folder", "pip wheel --no-deps './my plugin'"),
        (".", "is a folder", "pip wheel --no-deps ."),
        ("https://example.org/x-1-py3-none-any.whl", "is an address", "fetch the wheel first"),
    ],
)
def test_what_has_to_become_a_wheel_on_this_machine_is_told_how(tmp_path, monkeypatch, written, said, hint):
    (tmp_path / "my plugin").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=said) as refused:
        parse_spec(written)
    assert hint in str(refused.value.hint)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "names no plugin"),
        (b"# nothing\n", "names no plugin"),
        (b"poll\nnot an id!\n", "line 2"),
        (b"missing.whl\n", "line 1: there is no file"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"p\n" * (600 * 1024), "bytes: it is no list"),
    ],
)
def test_a_list_that_is_none_names_file_and_line(tmp_path: Path, content: bytes, said: str) -> None:
    listed = tmp_path / "plugins.txt"
    listed.write_bytes(content)
    with pytest.raises(UsageError, match=r"plugins\.txt") as caught:
        read_spec_file(listed)
    assert said in caught.value.message


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.txt cannot be read: No such file or directory$"):
        read_spec_file(tmp_path / "nowhere.txt")
