"""What was asked of a plugin, in the words of those who asked."""

import pytest
from jackfield.api import Event
from jackfield.host.remote.words import command_in_words, in_words, service_in_words


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("plugin.load", {}, "the import of its code"),
        ("plugin.callback", {"name": "on_enable", "arguments": []}, "on_enable"),
        ("handler.action", {"handler": 1, "action": "vote"}, "the action vote of its part of the page"),
        ("handler.event", {"handler": 1, "event": Event("poll.closed", "poll", {})}, "the event poll.closed"),
        ("handler.setting", {"handler": 1, "key": "place"}, "the setting place"),
        ("hook.message_received", {}, "hook message_received"),
    ],
)
def test_what_was_asked_reads_as_a_part_of_a_sentence(method, arguments, words):
    assert in_words(method, arguments) == words


def test_a_command_and_a_service_are_named_within_bounds():
    assert command_in_words("roll dice") == "the command roll dice"
    assert service_in_words("forecasts", "today") == "today of the service forecasts"
    assert len(command_in_words("x" * 1000)) < 150
    assert "\x1b" not in command_in_words("roll\x1b[2J") + service_in_words("forecasts\x1b[2J", "today")
