"""TLS ends on a thread of its own: whatever the other side does, closing lets every connection go."""

from __future__ import annotations

import gc
import socket
import ssl
import time
from pathlib import Path

import pytest
from jackfield.isolation import External, Terminator

pytestmark = pytest.mark.slow


@pytest.fixture
def terminator(certificate: Path):
    context = External(certificate=certificate).tls()
    assert context is not None
    made = Terminator(context)
    yield made
    made.close()


def agreed(terminator: Terminator, certificate: Path) -> tuple[ssl.SSLSocket, socket.socket]:
    """A connection over which bytes go already: the stranger's end, and ours."""
    theirs, carried = socket.socketpair()
    ours = terminator.connect(carried)
    theirs.settimeout(10)
    ours.settimeout(10)
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    spoken = context.wrap_socket(theirs)
    spoken.sendall(b"hello")
    assert ours.recv(5) == b"hello"
    return spoken, ours


def test_who_says_no_goodbye_is_let_go_when_it_is_closed(terminator: Terminator, certificate: Path):
    spoken, ours = agreed(terminator, certificate)
    ours.close()
    assert spoken.recv(1) == b"", "it has said goodbye, and waits for ours"
    terminator.close()
    gc.collect()  # a transport that is left would warn here, which is an error
    spoken.close()


def test_who_says_nothing_is_let_go_when_it_is_closed(terminator: Terminator):
    theirs, carried = socket.socketpair()
    with theirs, terminator.connect(carried):
        terminator.close()
        gc.collect()
        assert theirs.recv(1) == b""


def test_whoever_comes_while_it_is_closed_is_let_go(certificate: Path):
    context = External(certificate=certificate).tls()
    assert context is not None
    for moment in range(60):
        terminator = Terminator(context)
        theirs, carried = socket.socketpair()
        with theirs, terminator.connect(carried) as ours:
            time.sleep(moment / 60_000)  # about as long as it takes to begin
            if moment % 2:
                ours.close()
            terminator.close()
    gc.collect()


def test_who_goes_on_talking_is_let_go_when_it_is_closed(terminator: Terminator, certificate: Path):
    spoken, ours = agreed(terminator, certificate)
    terminator.close()
    gc.collect()
    assert ours.recv(1) == b""
    ours.close()
    spoken.close()
