"""Who is told of a hook's next call: a plugin that is loaded when it is first used."""

from typing import Protocol


class Waker(Protocol):
    """Brings up who waits for a hook, in time for the call that wants it."""

    def now(self, hook_name: str) -> None:
        """Do it before a synchronous call goes on."""
        ...

    async def first(self, hook_name: str) -> None:
        """Do it before an asynchronous call goes on."""
        ...
