"""Descriptors go to another process over a socket of their own, each under the number that it was sent with."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path

import pytest
from jackfield.errors import CallTimeout, LinkClosed
from jackfield.rpc import DescriptorReceiver, DescriptorSender, Link, connected_pair
from jackfield.rpc.descriptors import MOST_ON_THEIR_WAY

SO_PASSRIGHTS = 83


@pytest.fixture
def ends() -> tuple[DescriptorSender, DescriptorReceiver]:
    ours, theirs = socket.socketpair()
    return DescriptorSender(ours, peer="the worker"), DescriptorReceiver(theirs)


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_an_open_file_arrives_and_does_not_go_on_to_children(
    ends: tuple[DescriptorSender, DescriptorReceiver], tmp_path: Path
) -> None:
    sender, receiver = ends
    (tmp_path / "note").write_text("hello")
    with (tmp_path / "note").open() as note:
        number = sender.send(note.fileno())
    descriptor = receiver.receive(number)
    assert not os.get_inheritable(descriptor)
    with os.fdopen(descriptor) as got:
        assert got.read() == "hello"
    sender.close()
    receiver.close()


def test_each_thread_gets_the_one_it_was_told_of(
    ends: tuple[DescriptorSender, DescriptorReceiver], tmp_path: Path
) -> None:
    sender, receiver = ends
    numbers = []
    for place in range(5):
        (tmp_path / str(place)).write_text(str(place))
        with (tmp_path / str(place)).open() as file:
            numbers.append(sender.send(file.fileno()))
    read: dict[int, str] = {}

    def take(place: int) -> None:
        with os.fdopen(receiver.receive(numbers[place])) as file:
            read[place] = file.read()

    threads = [threading.Thread(target=take, args=(place,)) for place in reversed(range(5))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert read == {place: str(place) for place in range(5)}
    sender.close()
    receiver.close()


def test_one_that_does_not_come_is_not_waited_for(ends: tuple[DescriptorSender, DescriptorReceiver]) -> None:
    sender, receiver = ends
    with pytest.raises(CallTimeout, match="descriptor 1 did not come"):
        receiver.receive(1, timeout_seconds=0.02)
    sender.close()
    with pytest.raises(LinkClosed):
        receiver.receive(1)
    receiver.close()


def test_a_worker_that_takes_none_cannot_hold_the_host_up() -> None:
    ours, theirs = socket.socketpair()
    sender = DescriptorSender(ours, peer="the worker")

    def flood() -> None:
        for _ in range(100_000):
            sender.send(0)

    with theirs, pytest.raises(LinkClosed, match="the worker cannot be sent a descriptor"):
        flood()
    sender.close()


def test_few_are_on_their_way_to_who_takes_none() -> None:
    """What is on its way counts for the user, in all of their programs together."""
    ours, theirs = socket.socketpair()
    sender, sent = DescriptorSender(ours, peer="the worker"), 0
    with theirs, contextlib.suppress(LinkClosed):
        while sent < 1000:
            sender.send(0)
            sent += 1
    assert MOST_ON_THEIR_WAY // 2 <= sent <= 2 * MOST_ON_THEIR_WAY
    sender.close()


def test_closing_closes_what_nobody_took(ends: tuple[DescriptorSender, DescriptorReceiver], tmp_path: Path) -> None:
    sender, receiver = ends
    before = open_descriptors()
    with (tmp_path / "note").open("w") as note:
        sender.send(note.fileno())
        second = sender.send(note.fileno())
    os.close(receiver.receive(second))
    assert open_descriptors() == before + 1
    sender.close()
    receiver.close()
    assert open_descriptors() == before - 2


def test_the_socket_of_calls_takes_none(tmp_path: Path) -> None:
    """One that nobody else holds is closed by who was sent it, and that can take as long as its sender likes."""
    ours, theirs = connected_pair()
    with ours, theirs, (tmp_path / "file").open("wb") as file:
        try:
            ours.getsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS)
        except OSError:
            pytest.skip("this system cannot refuse them")
        socket.send_fds(theirs, [b"before"], [file.fileno()])
        Link(ours, lambda _: None, peer="a worker")
        with pytest.raises(PermissionError):
            socket.send_fds(theirs, [b"x"], [file.fileno()])
        theirs.send(b"said")
        assert [ours.recv(10), ours.recv(10)] == [b"before", b"said"]
