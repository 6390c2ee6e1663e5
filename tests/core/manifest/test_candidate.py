"""A candidate has a name for people, whatever was found."""

from pathlib import Path

from jackfield.manifest import Candidate, read_manifest


def candidate(text: str | None) -> Candidate:
    manifest = None if text is None else read_manifest(text, source="plugin.toml")
    return Candidate(
        id="poll", canonical_id="poll", distribution="chat-poll", version="1.0", entry_point="chat_poll:Poll",
        group="chat.plugins", folder=Path("site/chat_poll"), manifest=manifest, origin="store", legacy=manifest is None,
    )  # fmt: skip


def test_it_is_called_as_its_manifest_says_or_by_its_id() -> None:
    assert candidate('schema = 1\nid = "poll"\nname = "Polls"').name == "Polls"
    assert candidate(None).name == "poll"
    assert candidate(None).problem is None
