"""What a project's page says of rollouts and security fixes, read with suspicion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.market.pages import read_page

ADDRESS = "https://plugins.example.org/simple/chat-poll/"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=400),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=9), below, max_size=3),
    max_leaves=5,
)


def read(own: dict[str, Any], **more: Any) -> Any:
    entry = {
        **more,
        "filename": "chat_poll-2.0.0-py3-none-any.whl",
        "url": "../../files/x.whl",
        "hashes": {"sha256": "a" * 64},
        "_jackfield": {"plugin_toml": {"sha256": "b" * 64}, **own},
    }
    (file,) = read_page(json.dumps({"meta": {}, "name": "chat-poll", "files": [entry]}).encode(), ADDRESS, "chat-poll")
    return file


def test_a_version_like_any_other_reaches_everybody():
    file = read({})
    assert (file.rollout, file.halted, file.security, file.security_confirmed) == (None, None, None, None)


def test_what_is_said_is_read():
    file = read({"rollout": {"percent": 20, "halted": "it hides votes"}, "security": {"text": "x", "confirmed": True}})
    assert (file.rollout, file.halted, file.security, file.security_confirmed) == (20, "it hides votes", "x", True)


@pytest.mark.parametrize("rollout", [7, "all", [], {}, {"percent": "100"}, {"percent": 101}, {"percent": True}])
def test_a_share_that_cannot_be_read_reaches_nobody(rollout):
    assert read({"rollout": rollout}).rollout == 0


def test_a_size_that_no_file_has_is_not_believed():
    assert [read({}, size=size).size for size in (7, 0, -1, -(2**62))] == [7, 0, None, None]


@pytest.mark.parametrize("confirmed", [1, "true", [True], None])
def test_only_true_confirms(confirmed):
    assert read({"security": {"text": "mends a hole", "confirmed": confirmed}}).security_confirmed is False


@given(values, values)
def test_anything_else_is_bounded_and_ends_nothing(rollout, security):
    file = read({"rollout": rollout, "security": security})
    assert file.rollout is None or 0 <= file.rollout <= 100
    assert len(file.halted or "") <= 300
    assert len(file.security or "") <= 300
