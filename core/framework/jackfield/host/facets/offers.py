"""What plugins offer to each other, by plugin and name, also while the code behind it is replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jackfield.errors import UsageError
from jackfield.host.facets.circles import Underway
from jackfield.host.facets.successors import Successors, WaitThere
from jackfield.manifest import canonical_id


class Offer:
    """A service that is there; `target` is None as soon as it is not.

    Args:
        plugin: the id of who offers it.
        name: its name.
        target: what answers.

    Attributes:
        heir: what the plugin's next code offers in its place, where the code was replaced while it ran.
        key: under which it is registered: the plugin's canonical id, and the name.
    """

    __slots__ = ("heir", "key", "name", "plugin", "target")

    def __init__(self, plugin: str, name: str, target: object) -> None:
        self.plugin = plugin
        self.name = name
        self.target: object | None = target
        self.heir: Offer | None = None
        self.key = (canonical_id(plugin), name)

    def last(self) -> Offer:
        """Return the one that stands for it now: itself, or the last of its heirs."""
        offer = self
        while offer.heir is not None:
            offer = offer.heir
        return offer


class ServiceRegistry:
    """What is offered now, by canonical id and name."""

    def __init__(self) -> None:
        self._offers: dict[tuple[str, str], Offer] = {}
        self._successors: Successors[tuple[str, str]] = Successors(at_once=True)
        self.underway = Underway()

    def add(self, offer: Offer) -> Callable[[], None]:
        """Add an offer, and return what takes it away again and lets go of its target.

        Raises:
            UsageError: its plugin offers one of that name already.
        """
        before = self._offers.get(offer.key)
        if before is not None and not self._successors.awaits(offer.key):
            raise UsageError(f"{offer.plugin} offers the service {offer.name} twice", plugin=offer.plugin)
        if before is not None:
            before.heir = offer
        self._offers[offer.key] = offer
        self._successors.come(offer.key)

        def take_away() -> None:
            offer.target = None
            if self._offers.get(offer.key) is offer and not self._successors.keep(offer.plugin, offer.key):
                del self._offers[offer.key]

        return take_away

    def named(self, name: str) -> Mapping[str, Offer]:
        """Return who offers it, and whose next code is awaited to do so: canonical id -> offer."""
        return {cid: offer for (cid, offered), offer in self._offers.items() if offered == name}

    def hold(self, plugin: str, wait: WaitThere) -> None:
        """Let who uses a service of a plugin wait for its next code, until `release`.

        Args:
            plugin: its id.
            wait: waits for a service.
        """
        self._successors.hold(plugin, [key for key, offer in self._offers.items() if offer.plugin == plugin], wait)

    def release(self, plugin: str) -> None:
        """Let a plugin have the services that its next code offers, and no others."""
        for key in self._successors.release(plugin):
            if self._offers[key].target is None:
                del self._offers[key]

    def awaits(self, offer: Offer, consumer: str) -> bool:
        """Say whether who calls a service has to wait for the next code of its plugin.

        Args:
            offer: the service.
            consumer: who calls. A plugin that calls itself cannot wait for its own next code, and uses what it has.
        """
        if not self._successors.awaits(offer.key):
            return False
        return offer.target is None or canonical_id(consumer) != offer.key[0]

    async def there(self, offer: Offer) -> bool:
        """Return when a service can be called again; False: it does not come, or not in time."""
        return await self._successors.there(offer.key)
