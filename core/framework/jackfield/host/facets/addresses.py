"""From a host's name to addresses that a plugin may reach: resolved once, checked, and then connected to as checked.

Who connects by name after a check resolves it a second time, and a hostile name server answers differently then (DNS
rebinding, CWE-350). Used by `context.http`, and by whoever opens connections for plugins in processes of their own.
"""

import errno
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from jackfield.errors import JackfieldError, NetworkError, PermissionDenied
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.permits import Permits

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 behind NAT64 (RFC 6052)."""
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")
"""Private networks as they were before fd00::/8 (RFC 3879); `ipaddress` counts them among the public ones."""

_OF_CLOUDS = (ipaddress.ip_network("168.63.129.16/32"), ipaddress.ip_network("192.0.0.0/24"))
"""Public by number, and led by a provider to a service of its own beside each computer: Azure's WireServer, which
tells of secrets; Oracle's first one at 192.0.0.192, in a network that IANA keeps for protocols (RFC 6890), of which
`ipaddress` knows some addresses alone. Those of others are link-local, shared or private."""

_ANY_PORT = 9


async def addresses_of(host: str, port: int, *, private: bool, threads: OwnThreads) -> list[str]:
    """Return the addresses that a host may be reached at, in the resolver's order.

    Args:
        host: a name, or an address without brackets.
        port: where on it.
        private: whether addresses of this computer and of private networks count.
        threads: in which it is waited for name servers, who may be of whoever asks.

    Raises:
        NetworkError: nobody knows the name.
        PermissionDenied: it leads into a private network alone; without the plugin's name, which the caller knows.
    """
    try:
        found = await threads.run(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NetworkError(f"{host} cannot be found: {getattr(error, 'strerror', None) or error}") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    allowed = [address for address in addresses if private or (is_public(address) and not is_own(address))]
    if not allowed:
        raise PermissionDenied(f"{host} leads to {addresses[0]}, an address of this computer or a private network")
    return allowed


def is_public(address: str) -> bool:
    """Say whether an address belongs to the public internet, also looked at through what carries IPv4 within IPv6.

    Where a provider of computers answers for them beside each one is no part of it, whatever number it has.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo is not None else None)
        if parsed in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    if any(parsed in network for network in (_SITE_LOCAL, *_OF_CLOUDS)):
        return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def is_own(address: str) -> bool:
    """Say whether an address is one of this computer's, also a public one: from here no firewall stands before it.

    Args:
        address: as the resolver wrote it.

    Raises:
        NetworkError: it cannot be found out, since no more files can be opened.
    """
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect((address, _ANY_PORT))  # sends nothing; the system says from where it would
            sender = asking.getsockname()[0]
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise NetworkError(f"{address} cannot be looked at: {error.strerror}") from None
        return False  # there is no way to it, or a system without IPv6
    return ipaddress.ip_address(sender) == ipaddress.ip_address(address)


def allow_host(permits: Permits, host: str) -> bool:
    """Refuse a host that was not granted; say whether it was granted as an address, so that it may be private.

    A name is not enough for that: whoever owns it says where it leads.

    Args:
        permits: the plugin's grant.
        host: with its port, `example.org:443` or `[::1]:443`.

    Raises:
        PermissionDenied: it was not granted.
    """
    permits("network", "connect", host)
    return may_be_private(permits, host)


def may_be_private(permits: Permits, host: str) -> bool:
    """Say whether a host was granted as an address; nobody is refused.

    Args:
        permits: the plugin's grant.
        host: with its port, `[::1]:443`.
    """
    name, _, _ = host.lower().rpartition(":")
    limits = permits.limits("network", "connect") or ()
    named = any(limit.lower() in (host.lower(), f"{name}:*") for limit in limits)
    return named and _is_address(name.strip("[]"))


@contextmanager
def blaming(permits: Permits) -> Iterator[None]:
    """Name the plugin in what goes wrong on the way to a host; an address that it may not reach counts as a refusal.

    Args:
        permits: the plugin's grant.
    """
    try:
        yield
    except PermissionDenied as error:
        if error.plugin is not None:  # `allow_host` has named it, and counted
            raise
        permits.count("network", "connect")
        raise PermissionDenied(
            f"{permits.plugin}: {error.message}",
            plugin=permits.plugin,
            hint="the permission has to name that very address under hosts, as in 127.0.0.1:8080",
        ) from None
    except JackfieldError as error:
        error.plugin = permits.plugin
        raise


def _is_address(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
