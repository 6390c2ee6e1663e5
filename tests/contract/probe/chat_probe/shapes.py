"""The types that the probe gives to events, settings and services."""

from dataclasses import dataclass
from typing import Protocol


@dataclass
class Spoken:
    text: str
    times: int = 1


@dataclass
class Wishes:
    greeting: str
    limit: int
    token: str = ""
    colour: str = "red"


class Greeter(Protocol):
    async def greet(self, name: str, times: int = 1) -> list[str]: ...


class Answering(Protocol):
    async def answer(self, said: Spoken) -> Spoken: ...
