"""`context.http` and private networks: no name, spelling or second answer leads a plugin home."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import socket
import struct

import pytest
from jackfield.errors import NetworkError, PermissionDenied
from jackfield.host.facets.addresses import addresses_of, is_own, is_public
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.sandbox.kernel import call

from tests.support.confined import in_child

NEW_USER_AND_NETWORK = 0x1000_0000 | 0x4000_0000
SET_FLAGS, SET_ADDRESS, UP = 0x8914, 0x8916, 1


def on_a_computer_at(address: str) -> None:
    """Go into a network of one's own, whose computer has this public address."""
    call("unshare", NEW_USER_AND_NETWORK)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        fcntl.ioctl(asking, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))
        told = struct.pack("16sHH4s8x", b"lo", socket.AF_INET, 0, socket.inet_aton(address))
        fcntl.ioctl(asking, SET_ADDRESS, told)


class TestPrivateNetworks:
    @pytest.mark.parametrize("granted", [("evil.example.org:*",), ("*:*",), ()])
    async def test_a_granted_name_that_leads_home(self, room, resolves, granted):
        resolves["evil.example.org"] = ["127.0.0.1"]
        room.grant(*granted)
        with pytest.raises(PermissionDenied) as caught:
            await room.http.get(f"http://evil.example.org:{room.server.port}/a")
        assert str(caught.value) == (
            "weather: evil.example.org leads to 127.0.0.1, an address of this computer or a private network "
            "(the permission has to name that very address under hosts, as in 127.0.0.1:8080)"
        )
        assert (room.server.asked, room.refused) == ([], ["network:connect"])

    async def test_a_name_that_answers_differently_the_second_time(self, room, resolves, monkeypatch):
        answers = iter([["203.0.113.1"], ["127.0.0.1"]])
        asked: list[str] = []
        system = socket.getaddrinfo

        def rebinding(host: str, port: int, *arguments: object, **named: object) -> object:
            if host != "evil.example.org":
                return system(host, port, *arguments, **named)  # type: ignore[arg-type]  # passed through
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(answers)]

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        monkeypatch.setattr("jackfield.host.facets.addresses.is_public", lambda address: address == "203.0.113.1")
        room.grant(f"evil.example.org:{room.server.port}")
        with pytest.raises(NetworkError):
            await room.http.get(f"http://evil.example.org:{room.server.port}/a", timeout_seconds=0.5)
        assert (asked, room.server.asked) == (["evil.example.org"], [])

    @pytest.mark.parametrize("spelled", ["127.1", "2130706433", "0x7f000001", "0", "[::ffff:127.0.0.1]", "localhost."])
    async def test_this_computer_in_other_spellings(self, room, spelled):
        room.grant()
        with pytest.raises((PermissionDenied, NetworkError)):
            await room.http.get(f"http://{spelled}:{room.server.port}/a")
        assert room.server.asked == []

    def test_a_public_address_of_this_computer_is_not_the_internet(self):
        """A server in the internet has one, and what listens there behind its firewall is open from within."""

        def asked() -> list[str]:
            on_a_computer_at("8.8.8.8")
            listening = socket.create_server(("8.8.8.8", 0))
            port = listening.getsockname()[1]
            socket.create_connection(("8.8.8.8", port)).close()  # it is there
            found = addresses_of("8.8.8.8", port, private=True, threads=OwnThreads("weather"))
            assert asyncio.run(found) == ["8.8.8.8"]
            try:
                return asyncio.run(addresses_of("8.8.8.8", port, private=False, threads=OwnThreads("weather")))
            except PermissionDenied as error:
                return [str(error)]

        made = in_child(asked)
        if made.refused in ("EPERM", "ENOSYS", "ENOSPC"):
            pytest.skip("this system lets nobody have a network of their own")
        assert made.value == ["8.8.8.8 leads to 8.8.8.8, an address of this computer or a private network"]

    @pytest.mark.parametrize(("address", "own"), [("127.0.0.1", True), ("203.0.113.1", False), ("2001:db8::1", False)])
    def test_which_addresses_are_this_computers(self, address, own):
        assert is_own(address) is own

    async def test_a_system_without_ipv6_reaches_who_has_addresses_of_both_kinds(self, monkeypatch):
        """Such as one that was started with `ipv6.disable=1`: the resolver names them all the same."""

        class Old(socket.socket):
            def __init__(self, family=-1, *arguments, **named):
                if family == socket.AF_INET6:
                    raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
                super().__init__(family, *arguments, **named)

        def both(host, port, **_):
            four = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.4.4", port))
            return [four, (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2606:4700::1111", port, 0, 0))]

        monkeypatch.setattr(socket, "socket", Old)
        monkeypatch.setattr(socket, "getaddrinfo", both)
        found = await addresses_of("example.org", 443, private=False, threads=OwnThreads("weather"))
        assert found == ["8.8.4.4", "2606:4700::1111"]

    async def test_everything_granted_is_not_the_private_network(self, room):
        room.grant()
        with pytest.raises(PermissionDenied, match=r"127\.0\.0\.1 leads to 127\.0\.0\.1, an address of this computer"):
            await room.http.get(f"{room.server.url}/a")

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1%eth0",
            "fc00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "64:ff9b::a00:1",
            "fec0::1",
            "2001:0:a00:1::",
            "168.63.129.16",
            "::ffff:168.63.129.16",
            "64:ff9b::a83f:8110",
            "192.0.0.192",
            "100.100.100.200",
            "fd00:ec2::254",
            "fd20:ce::254",
            "no address",
        ],
    )
    def test_what_is_not_public(self, address):
        assert not is_public(address)

    @pytest.mark.parametrize(
        "address", ["8.8.8.8", "168.63.129.17", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
    )
    def test_what_is(self, address):
        assert is_public(address)
