"""The example of docs/how-to/run-a-marketplace.md about revoking, run as it stands there."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.support.wheels import build_plugin

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-a-marketplace.md"

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33")]


def example() -> list[list[str]]:
    """The words of each line of the example, without the program's name and the data folder."""
    section = PAGE.read_text().partition("## Revoke\n")[2]
    lines = section.split("```")[1].strip().splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    assert all(one[0] == "jackfield-marketplace" and one[-2:] == ["--data", "DIR"] for one in words)
    return [one[1:-2] for one in words]


def test_the_example_of_the_page_works(operated):
    operated.publish("poll", "1.4.1")
    appeal, revoke, listed, unrevoke = example()
    assert operated.run(*appeal) == "appeals go to appeals@example.org\n"
    said = operated.run(*revoke)
    assert "revoked as number 1: poll <1.4.2" in said
    assert "chat_poll-1.4.1-py3-none-any.whl" in said
    assert "203.0.113.7" in operated.run(*listed)
    refused = operated.upload(build_plugin(operated.wheels, "poll", "1.4.0"))
    assert (refused.status_code, "Appeals: appeals@example.org" in refused.text) == (403, True)
    operated.publish("poll", "1.4.2")
    assert operated.run(*unrevoke) == "number 1 is revoked no more: poll <1.4.2\n"
