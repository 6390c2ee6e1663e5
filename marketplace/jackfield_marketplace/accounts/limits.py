"""How often one client may do a thing: buckets that fill up steadily, in memory, one for each client."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from time import monotonic

from jackfield_marketplace.settings import Rate

_MOST_CLIENTS = 10_000


@lru_cache(1024)
def network_of(address: str) -> str:
    """Who counts as one client: an address, of IPv6 the network of 64 bits that each subscriber has whole."""
    try:
        found = ip_address(address)
    except ValueError:
        return address  # of a unix socket
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))


class Limit:
    """One rate, kept for each client apart. Safe to use from several threads.

    The clients that came longest ago are forgotten beyond ten thousand, so that nobody fills the memory: one who has
    so many addresses is not held by any limit per address.

    Args:
        rate: what is allowed.
        clock: seconds that only grow.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        # client -> (what is left, and when that was so)
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, client: Hashable) -> int:
        """Seconds until the client may go on, rounded up; 0 for now. Takes nothing."""
        if not self._rate.per_minute:
            return 0
        with self._lock:
            left = self._now_left(client)
        return 0 if left >= 1 else int((1 - left) * 60 / self._rate.per_minute) + 1

    def take(self, client: Hashable) -> None:
        """Count one."""
        if not self._rate.per_minute:
            return
        with self._lock:
            self._left[client] = (max(0.0, self._now_left(client) - 1), self._clock())
            self._left.move_to_end(client)
            if len(self._left) > _MOST_CLIENTS:
                self._left.popitem(last=False)

    def _now_left(self, client: Hashable) -> float:
        left, at = self._left.get(client, (float(self._rate.at_once), self._clock()))
        return min(float(self._rate.at_once), left + (self._clock() - at) * self._rate.per_minute / 60)
