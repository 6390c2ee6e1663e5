"""A host that runs in another process, asked through its control socket."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

from jackfield.application.control import (
    MOST_ANSWER_BYTES,
    PROTOCOL,
    error_from_mapping,
    lines_of,
    send,
)
from jackfield.errors import HostUnreachable, UsageError
from jackfield.store import Layout

CONNECT_SECONDS = 2.0


class RunningHost:
    """The host of one profile, if it runs.

    Args:
        layout: the profile.
        answer_seconds: how long an answer may take; starting a plugin is part of one.
    """

    def __init__(self, layout: Layout, *, answer_seconds: float = 60.0) -> None:
        self._path = layout.control
        self._answer_seconds = answer_seconds

    @property
    def is_there(self) -> bool:
        """Whether a host takes orders now."""
        try:
            with closing(self._connect()):
                return True
        except HostUnreachable:
            return False

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Ask for one answer.

        Raises:
            HostUnreachable: no host runs with these plugins, or it did not answer.
            JackfieldError: what went wrong there, of the kind that it was.
        """
        for answer in self.follow(command, **arguments):
            return answer
        raise HostUnreachable(
            f"the running host closed the connection and did not answer {command}", hint="try again in a moment"
        )

    def follow(self, command: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Ask, and yield answers until the host closes or whoever iterates ends; raises what `ask` does."""
        with closing(self._connect()) as connection:
            connection.settimeout(None if arguments.get("follow") else self._answer_seconds)
            for message in self._messages(connection, {"jackfield": PROTOCOL, "command": command, **arguments}):
                if "error" in message:
                    raise error_from_mapping(message["error"])
                yield message.get("answer", {})

    def _messages(self, connection: socket.socket, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        command = request["command"]
        try:
            with suppress(BrokenPipeError):  # it has closed, and may have said why
                send(connection, request)
            yield from lines_of(connection, most_bytes=MOST_ANSWER_BYTES)
        except TimeoutError as error:
            raise HostUnreachable(
                f"the running host did not answer {command} within {self._answer_seconds:g} s",
                hint="see what it is at: jackfield debug threads",
            ) from error
        except ConnectionError as error:
            raise HostUnreachable(
                f"the running host closed the connection and did not answer {command}", hint="try again in a moment"
            ) from error
        except (OSError, UsageError) as error:
            raise HostUnreachable(f"the running host did not answer {command}: {error}") from error

    def _connect(self) -> socket.socket:
        if not hasattr(socket, "AF_UNIX"):
            raise HostUnreachable("this system has no sockets by which a running host could be asked")
        from jackfield.isolation import is_of_this_user, reachable  # to make a `RunningHost` stays light

        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_SECONDS)
        try:
            with reachable(self._path) as address:
                connection.connect(address)
        except (BlockingIOError, TimeoutError) as error:  # as many wait as may, and it takes none of them
            connection.close()
            raise HostUnreachable(
                "the running host takes no orders just now", hint="is it stopped? Try again, or end its process"
            ) from error
        except OSError as error:
            connection.close()
            raise HostUnreachable(
                "no application runs with these plugins", hint="start it, or choose its profile: --profile NAME"
            ) from error
        if not is_of_this_user(connection):
            connection.close()
            raise HostUnreachable(f"who listens at {self._path} is another user's process")
        return connection
