"""Attacks on the network, and on sockets of this machine that are as good as a shell."""

import ctypes
import os
import socket
import struct

from jackfield.sandbox.kernel import call

from tests.scenarios.attacks.catalogue import attack
from tests.scenarios.attacks.scene import Scene

LOOPBACK = "127.0.0.1"
IPPROTO_MPTCP = 262
MSG_FASTOPEN = 0x2000_0000


@attack("network")
def tcp(scene: Scene) -> None:
    socket.create_connection((LOOPBACK, scene.tcp), timeout=5).close()


@attack("network", unconfined="if there")
def mptcp(scene: Scene) -> None:
    """Landlock's rules on TCP do not see it."""
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP).connect((LOOPBACK, scene.tcp))


@attack("network")
def tcp_fast_open(scene: Scene) -> None:
    """A connection without a call named connect."""
    socket.socket().sendto(b"x", MSG_FASTOPEN, (LOOPBACK, scene.tcp))


@attack("network")
def udp(scene: Scene) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (LOOPBACK, scene.udp))


@attack("network")
def dns(scene: Scene) -> None:
    """A question carries data out, whoever answers."""
    query = struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + b"\x06secret\x07example\x00" + struct.pack(">2H", 1, 1)
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.connect((LOOPBACK, scene.udp))
    assert asking.send(query) == len(query)


@attack("network")
def listen(scene: Scene) -> None:
    socket.create_server((LOOPBACK, 0)).close()


@attack("network")
def a_socket_like_dockers(scene: Scene) -> None:
    """By path, where Landlock's rules on files do not look either."""
    socket.socket(socket.AF_UNIX).connect(str(scene.sockets / "stream.sock"))


@attack("network")
def abstract_socket(scene: Scene) -> None:
    socket.socket(socket.AF_UNIX).connect(f"\0{scene.abstract}")


@attack("network")
def bind_a_unix_socket(scene: Scene) -> None:
    socket.socket(socket.AF_UNIX).bind(str(scene.data / "own.sock"))


@attack("network")
def datagram_from_a_socket_pair(scene: Scene) -> None:
    """One end of a pair of datagram sockets reaches any other by path, through a pointer that no filter sees."""
    ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.sendmsg([b"x"], [], 0, str(scene.sockets / "datagram.sock"))


@attack("network")
def datagram_from_a_sequenced_pair(scene: Scene) -> None:
    socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


@attack("network")
def netlink(scene: Scene) -> None:
    """Interfaces, routes, firewalls."""
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).bind((0, 0))


@attack("network", unconfined="root")
def packet(scene: Scene) -> None:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)


@attack("network", unconfined="root")
def raw_ip(scene: Scene) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


@attack("network", unconfined="if there")
def vsock(scene: Scene) -> None:
    """From a virtual machine to what runs it."""
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)


@attack("network", unconfined="if there")
def kernel_cryptography(scene: Scene) -> None:
    """AF_ALG: a large piece of the kernel for nothing but a socket."""
    socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0)


@attack("network")
def turn_a_brokered_connection(scene: Scene) -> None:
    """Take a connection apart that the host made, and lead the same descriptor elsewhere."""
    unspecified = struct.pack("H14x", socket.AF_UNSPEC)
    call("connect", scene.brokered, unspecified, len(unspecified))
    elsewhere = struct.pack(">2sH4s8x", struct.pack("H", socket.AF_INET), scene.tcp, socket.inet_aton(LOOPBACK))
    call("connect", scene.brokered, elsewhere, len(elsewhere))


@attack("network")
def linger_on_a_brokered_connection(scene: Scene) -> None:
    """Who closes it last waits until the other side has read everything: the host, if it was sent the descriptor."""
    connection = socket.socket(fileno=os.dup(scene.brokered))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3600))


@attack("network", unconfined="if there")
def filter_on_a_brokered_connection(scene: Scene) -> None:
    """A program for the kernel's BPF interpreter, attached to a socket."""
    code = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0xFFFF))
    program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(code))
    connection = socket.socket(fileno=os.dup(scene.brokered))
    connection.setsockopt(socket.SOL_SOCKET, 26, program)
