"""A member of the chat without a browser: signs in over HTTP, talks over the WebSocket that the page uses."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.sync.client import ClientConnection, connect

SECONDS = 10.0


class Refused(Exception):
    """The chat answered that something could not be done; the message is the sentence it gave."""


class Member:
    """One signed-in member with an open room.

    Args:
        address: the chat's, e.g. "http://127.0.0.1:8000".
        name: the account's name.
        password: its password.
        sign_up: make the account first.
        room: what to open.
    """

    def __init__(self, address: str, name: str, password: str, *, sign_up: bool = False, room: str = "lobby") -> None:
        self.name = name
        self.room = room
        self.seen: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        with httpx.Client(base_url=address, trust_env=False) as http:
            answer = http.post("/sign-up" if sign_up else "/sign-in", data={"name": name, "password": password})
            if answer.status_code != 303:
                raise Refused(f"{name} could not sign in: {answer.status_code}")
            cookie = "; ".join(f"{key}={value}" for key, value in http.cookies.items())
        self._end = ExitStack()
        self._socket: ClientConnection = self._end.enter_context(
            connect(address.replace("http", "ws", 1) + "/socket", additional_headers={"Cookie": cookie}, proxy=None)
        )
        self._send({"type": "open", "room": room})
        self.wait("the room", lambda event: event["type"] == "room")

    def say(self, text: str) -> dict[str, Any] | None:
        """Send a line and wait until the chat has dealt with it; return its answer for this member alone, if any.

        Raises:
            Refused: it could not be done.
        """
        return self._ask({"type": "send", "room": self.room, "text": text})

    def act(self, component: str, action: str, values: Mapping[str, Any]) -> None:
        """Use a button of a plugin's component."""
        self._ask({"type": "act", "component": component, "action": action, "values": dict(values)})

    def hears(self, text: str, *, seconds: float = SECONDS) -> dict[str, Any]:
        """Wait for a message in the open room that holds `text`, from now or before, and return it."""
        event = self.wait(f"a message with {text!r}", lambda event: text in _text_of(event), seconds=seconds)
        return dict(event["message"])

    def boxes(self, holds: Callable[[str], bool], *, seconds: float = SECONDS) -> str:
        """Wait until what the plugins show, as JSON, is as `holds` wants it, and return it."""
        return json.dumps(
            self.wait(
                "the plugins' boxes",
                lambda event: event["type"] == "boxes" and holds(json.dumps(event["boxes"], ensure_ascii=False)),
                seconds=seconds,
                newest="boxes",
            )["boxes"],
            ensure_ascii=False,
        )

    def wait(
        self,
        what: str,
        wanted: Callable[[dict[str, Any]], bool],
        *,
        seconds: float = SECONDS,
        newest: str = "",
    ) -> dict[str, Any]:
        """Return the first event, seen or still to come, that is wanted.

        Args:
            what: its name in the error.
            wanted: says whether an event is the one.
            seconds: how long to wait.
            newest: of the events of this type that were already seen, only the last counts.

        Raises:
            TimeoutError: it did not come.
        """
        past = [event for event in self.seen if not newest or event["type"] == newest]
        for earlier in past[-1:] if newest else past:
            if wanted(earlier):
                return earlier
        until = time.monotonic() + seconds
        while True:
            try:
                event: dict[str, Any] = json.loads(self._socket.recv(timeout=max(0.0, until - time.monotonic())))
            except TimeoutError as error:
                raise TimeoutError(f"{self.name} waited {seconds:g} s for {what}") from error
            self.seen.append(event)
            if wanted(event):
                return event

    def close(self) -> None:
        """Leave."""
        self._end.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        nonce = next(self._numbers)
        before = len(self.seen)
        self._send({**request, "nonce": nonce})
        end = self.wait(
            "an answer", lambda event: event.get("nonce") == nonce and event["type"] in {"sent", "error"}, seconds=30
        )
        if end["type"] == "error":
            raise Refused(end["message"])
        answers = [event for event in self.seen[before:] if event["type"] == "answer" and event.get("nonce") == nonce]
        return answers[0] if answers else None

    def _send(self, request: Mapping[str, Any]) -> None:
        self._socket.send(json.dumps(request))

    def __enter__(self) -> Self:
        """Be there."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave."""
        self.close()


def _text_of(event: Mapping[str, Any]) -> str:
    message = event.get("message")
    return str(message.get("text", "")) if event["type"] == "message" and isinstance(message, Mapping) else ""
