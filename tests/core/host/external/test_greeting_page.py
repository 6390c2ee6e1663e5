"""docs/protocol.md has the bounds of the greeting, and of coming back, that hold."""

from __future__ import annotations

from pathlib import Path

from jackfield.host.changes import patience
from jackfield.host.external import gate, manifests, queues
from jackfield.isolation import keys, reception
from jackfield.rpc import HELLO_BYTES
from jackfield.worker import connecting, small_files

DOCS = Path(__file__).parents[4] / "docs"
PROTOCOL = " ".join((DOCS / "protocol.md").read_text(encoding="utf-8").split())
HOW_TO = " ".join((DOCS / "how-to" / "connect-an-external-plugin.md").read_text(encoding="utf-8").split())


def test_the_bounds_of_the_greeting_are_those_of_the_code():
    for told in (
        f"the first frame, with at most {HELLO_BYTES} bytes of body",
        f"however it comes in pieces | {reception.GREETING_SECONDS:g} s |",
        f"connections that have not greeted | {reception.MOST_UNKNOWN};",
        f"A wrong key is answered after {reception.REFUSAL_SECONDS:g} s",
        f"wait for their answer | {reception.MOST_REFUSED}; beyond that,",
        f"an address that has failed {reception.ATTEMPTS} times within {reception.ATTEMPTS_SECONDS:g} s,",
        f"lets in once, within {keys.TEMPORARY_SECONDS:g} s",
        f"one each {queues.BETWEEN_SECONDS:g} s; {queues.MOST_WAITING} wait",
        f"{manifests.MOST_CHANGES} an hour",
        f"an earlier one has {gate.ALIVE_SECONDS:g} s to say that it is alive",
        f"wait for the host's greeting for at least {connecting.CONNECT_SECONDS:g} s",
    ):
        assert told in PROTOCOL, told
    assert manifests.CHANGES_SECONDS == 3600
    longest = (queues.MOST_WAITING) * (queues.BETWEEN_SECONDS + gate.ALIVE_SECONDS)
    assert longest < connecting.CONNECT_SECONDS


def test_the_bounds_of_coming_back_are_those_of_the_code():
    first, last = connecting.LEAST_WAIT_SECONDS, connecting.MOST_WAIT_SECONDS
    for told in (
        f"waits {first:g} s, then twice as long each time up to {last:g} s; {first:g} s again",
        f"somebody has waited for during {patience.PATIENCE_SECONDS:g} s is broken off",
        f"has {patience.LEAST_SECONDS:g} s all the same",
    ):
        assert told in PROTOCOL, told


def test_the_how_to_says_what_is_read_of_a_file():
    assert f"{HELLO_BYTES} bytes are read, within {small_files.READ_SECONDS:g} s" in HOW_TO
