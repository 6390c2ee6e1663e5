"""What was asked of a plugin, in the words of those who asked."""

import pytest
from jackfield.api import Event
from jackfield.host.remote.words import in_words


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("plugin.load", {}, "the import of its code"),
        ("plugin.callback", {"name": "on_enable", "arguments": []}, "on_enable"),
        ("handler.command", {"handler": 1}, "a command"),
        ("handler.action", {"handler": 1, "action": "vote"}, "the action vote of its part of the page"),
        ("handler.event", {"handler": 1, "event": Event("poll.closed", "poll", {})}, "the event poll.closed"),
        ("handler.setting", {"handler": 1, "key": "place"}, "the setting place"),
        ("service.call", {"service": 3, "method": "forecast"}, "forecast of a service"),
        ("hook.message_received", {}, "hook message_received"),
    ],
)
def test_what_was_asked_reads_as_a_part_of_a_sentence(method, arguments, words):
    assert in_words(method, arguments) == words
