"""Requires-Dist that repeats [requires] for plain pip: the two must agree."""

import pytest

from tests.support.wheels import manifest_text, plugin_source

pytestmark = pytest.mark.slow


def upload(market, requires, lines):
    manifest = manifest_text("user") + (f'\n[requires]\npoll = "{requires}"\n' if requires else "")
    return market.upload(plugin_source("user", manifest=manifest, requires=lines).build(market.wheels))


@pytest.mark.parametrize(
    ("requires", "lines"),
    [
        ("^1.2", ["chat-poll>=1.2,<2"]),
        ("^1.2", ["Chat_Poll >=1.2.0, <2.0.0"]),
        ("~1.2", ["chat-poll>=1.2,<1.3"]),
        (">=1.0", ["chat-poll>=1.0"]),
        ("==1.2.0", ["chat-poll==1.2.0"]),
        ("*", ["chat-poll"]),
        ("^1.2", ["chat-poll>=1.2,<2; extra == 'polls'", "httpx"]),
        ("^1.2", []),
    ],
)
def test_a_repetition_that_agrees(market, requires, lines):
    market.publish("poll", "1.2.0")
    answer = upload(market, requires, lines)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("requires", "lines", "reason"),
    [
        ("", ["chat-poll"], "Requires-Dist names chat-poll, the plugin poll; plugin.toml's [requires] does not"),
        ("^1.2", ["chat-poll"], "Requires-Dist chat-poll takes poll 0.0.0"),
        ("^1.2", ["chat-poll>=1.2"], "takes poll 2.0.0; plugin.toml's [requires] ^1.2 does not"),
        ("^1.2", ["chat-poll==1.2.0"], "does not take poll 1.2.1"),
        ("^2", ["chat-poll>=1.2,<2"], "takes poll 1.2.0"),
    ],
)
def test_a_repetition_that_differs(market, requires, lines, reason):
    market.publish("poll", "1.2.0")
    answer = upload(market, requires, lines)
    assert (answer.status_code, reason in answer.text) == (400, True), answer.text
    assert market.client.get("/plugins/user").status_code == 404


def test_a_plugin_that_nobody_published_here_cannot_be_held_against(market):
    assert upload(market, "", ["chat-poll"]).status_code == 200
