"""The sockets and the pipe of one worker before it is there: the host's ends, and those that go to the worker."""

import os
import socket
from typing import Self

from jackfield.rpc import connected_pair


class Ends:
    """Both ends of the socket of calls, of the socket of descriptors, and of the pipe for what is printed.

    As a context it closes the worker's ends: who forks has sent them, or has failed to.

    Raises:
        OSError: the host has too many descriptors open; then it has no more than before.
    """

    def __init__(self) -> None:
        self.calls, their_calls = connected_pair()
        self.files = their_files = their_calls
        try:
            self.files, their_files = socket.socketpair()
            self.printed, self._their_printed = os.pipe2(os.O_CLOEXEC)
        except OSError:
            for one in {self.calls, self.files, their_calls, their_files}:
                one.close()
            raise
        self._theirs = (their_calls, their_files)
        self.files.setblocking(False)

    @property
    def theirs(self) -> tuple[int, int, int]:
        """The descriptors that the worker is given: of calls, of descriptors, of its output."""
        calls, files = self._theirs
        return calls.fileno(), files.fileno(), self._their_printed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._theirs:
            one.close()
        os.close(self._their_printed)

    def close(self) -> None:
        """Close the host's sockets; the pipe belongs to who reads it."""
        self.calls.close()
        self.files.close()
