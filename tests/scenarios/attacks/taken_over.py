"""The code of a plugin whose process was taken over: it speaks raw bytes on the socket that its host trusts least.

Its text is what the wheel of `test_hostile_protocol.py` holds; nothing imports it. Each function is an attack of that
name, and runs in the worker's main thread, which will read nothing more of its link.
"""

from __future__ import annotations

import array
import os
import socket
import struct
import sys
import threading
import time
from typing import Any

import msgspec
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")
pack = msgspec.msgpack.encode
FRAME_BYTES = 1 << 20
REQUEST, RESPONSE, FAILURE, NOTIFICATION, BATCH, GOODBYE = 1, 2, 3, 4, 5, 8
FOREVER = 3600
PACKET_BYTES = 4096


def framed(body: bytes) -> bytes:
    return struct.pack("<I", len(body)) + body


def link_above() -> Any:
    """Whoever runs this plugin reads a link; its frames are those above."""
    frame: Any = sys._getframe()
    while frame is not None:
        for one in frame.f_locals.values():
            if type(one).__name__ == "Link":
                return one
        frame = frame.f_back
    raise LookupError


class Taken:
    """The link of this process, found up the stack, and used without its rules.

    Args:
        inside: what the plugin's side shares.
    """

    def __init__(self, inside: Any) -> None:
        self.inside = inside
        self.link = link_above()
        self.socket: socket.socket = self.link.socket
        self.question = self.link.ledger.last_asked
        self.number: int = self.link.ledger.last_number
        self.come = b""

    def raw(self, data: bytes) -> None:
        for first in range(0, len(data), PACKET_BYTES):
            self.socket.sendall(data[first : first + PACKET_BYTES])

    def say(self, *message: object) -> None:
        self.raw(framed(pack(message)))

    def request(self, method: str, arguments: object, kind: int = REQUEST) -> int:
        self.number += 1
        self.say(kind, self.number, method, arguments, 0)
        return self.number

    def answer(self, value: object) -> None:
        self.say(RESPONSE, self.question, value)

    def ask(self, method: str, arguments: object) -> object:
        number = self.request(method, arguments)
        while True:
            message = self.read()
            if message[0] in (RESPONSE, FAILURE) and message[1] == number:
                return message[2] if message[0] == RESPONSE else RuntimeError(message[3])

    def read(self) -> Any:
        while len(self.come) < 4 or len(self.come) < 4 + struct.unpack("<I", self.come[:4])[0]:
            part = self.socket.recv(1 << 16)
            if not part:
                os._exit(0)
            self.come += part
        length = struct.unpack("<I", self.come[:4])[0]
        body, self.come = self.come[4 : 4 + length], self.come[4 + length :]
        return msgspec.msgpack.decode(body)

    def drain(self) -> None:
        """Read and forget what comes, so that nobody can say that nothing is read."""

        def forget() -> None:
            while self.socket.recv(1 << 16):
                pass

        threading.Thread(target=forget, daemon=True).start()


BYTES = {
    "oversize_frame": struct.pack("<I", FRAME_BYTES + 1) + bytes(1000),
    "announced_and_never_sent": struct.pack("<I", FRAME_BYTES) + bytes(1000),
    "empty_frame": struct.pack("<I", 0),
    "not_msgpack": framed(b"\xc1" * 1000),
    "used_id": framed(pack((REQUEST, 1000, "storage.keys", {}, 0))) * 2,
    "greeting_twice": framed(pack((0, "jackfield", 1, 1, FRAME_BYTES, {}))),
    "after_the_end": framed(pack((GOODBYE, "I am done"))) + framed(pack((REQUEST, 1000, "storage.keys", {}, 0))),
}
"""Attacks that are just sent."""


def nesting_bomb(taken: Taken) -> None:
    taken.raw(framed(b"\x93\x02" + pack(taken.question) + b"\x91" * 1_000_000 + b"\xc0"))


def megabyte_of_empty_lists(taken: Taken) -> None:
    """What fits a frame and costs most to decode, again and again, within the limit on traffic."""
    taken.drain()
    body = b"\xdd" + struct.pack(">I", FRAME_BYTES - 300) + b"\x90" * (FRAME_BYTES - 300)
    while True:
        taken.number += 1
        head = b"\x95\x01" + pack(taken.number) + pack("storage.set") + b"\x82" + pack("key") + pack("k")
        taken.raw(framed(head + pack("value") + body + b"\x00"))


def parcel_of_empty_lists(taken: Taken) -> None:
    """The same beyond the bound of a frame: a value that is sent in parts, and would not be too large as bytes."""
    part = b"\x90" * (512 << 10)
    most = 3 << 20
    parcel = taken.ask("parcel.add", {"part": b"\xdd" + struct.pack(">I", most) + part})
    for _ in range(most // len(part)):
        time.sleep(0.1)  # within the limit on traffic
        taken.ask("parcel.add", {"part": part, "parcel": parcel})
    taken.answer(str(taken.ask("storage.set", {"key": "k", "value": None, "parcel": parcel})))


def keys_that_collide(taken: Taken) -> None:
    """Arrays of numbers as keys of a map, all of one hash, in a value that is sent in parts."""
    keys = _colliding(9_000)
    data = b"\xdf" + struct.pack(">I", len(keys)) + b"".join(pack(key) + b"\x00" for key in keys)
    parcel = taken.ask("parcel.add", {"part": data[: 512 << 10]})
    taken.answer(str(taken.ask("storage.set", {"key": "k", "value": None, "parcel": parcel})))


def wrong_type(taken: Taken) -> None:
    taken.answer({"not": ["a", "text"]})


def huge_answer(taken: Taken) -> None:
    taken.answer("x" * (FRAME_BYTES - 20))


def unknown_id(taken: Taken) -> None:
    taken.say(RESPONSE, taken.question + 1000, "yes")


def answer_twice(taken: Taken) -> None:
    taken.answer("yes")
    taken.answer("yes")


def never_answer(taken: Taken) -> None:
    """Say nothing at all."""


def slow_drip(taken: Taken) -> None:
    for byte in framed(pack((RESPONSE, taken.question, "x" * 1000))):
        taken.raw(bytes([byte]))
        time.sleep(0.02)


def flood_of_requests(taken: Taken) -> None:
    taken.drain()
    while True:
        taken.request("logger.level", {})


def flood_of_batches(taken: Taken) -> None:
    taken.drain()
    while True:
        taken.request("logger.level", [{}] * 10_000, BATCH)


def requests_that_stay_open(taken: Taken) -> None:
    taken.drain()
    for _ in range(1000):
        taken.request("plugins.wait_for", {"plugin": "nobody"})


def notifications_that_stay_open(taken: Taken) -> None:
    """What nobody waits for has no number; each may run for ever."""
    taken.drain()
    while True:
        for _ in range(90):
            taken.say(NOTIFICATION, "plugins.wait_for", {"plugin": "nobody"})
        time.sleep(0.1)  # within the limit on requests


def flood_of_log_lines(taken: Taken) -> None:
    """Lines with control characters, within the limit on traffic."""
    taken.drain()
    while True:
        taken.say(NOTIFICATION, "log", {"level": 50, "message": "\x1b[2Jall is well\n" * 2000})
        time.sleep(0.01)


def flood_of_failures(taken: Taken) -> None:
    """Each of another kind, so that none is one of many."""
    taken.drain()
    while True:
        taken.number += 1
        told = {"what": f"{taken.number}" + "x" * 1000, "kind": "K" * 1000, "message": "m" * 20_000}
        taken.say(NOTIFICATION, "plugin.failed", {**told, "traceback": "t" * 20_000})
        time.sleep(0.01)


def flood_of_subscriptions(taken: Taken) -> None:
    said = [taken.ask("events.on", {"event": f"own{n}", "handler": 1}) for n in range(1100)]
    taken.answer(str(said[-1]))


def huge_components(taken: Taken) -> None:
    said: object = ""
    for number in range(60):
        table = {"type": "table", "columns": ["a"], "rows": [["x"]] * 90_000}
        said = taken.ask("ui.add_component", {"name": f"c{number}", "component": table})
        if isinstance(said, RuntimeError):
            break
        time.sleep(0.05)
    taken.answer(str(said))


def descriptors_on_the_calls_socket(taken: Taken) -> None:
    opened = [os.open("/dev/null", os.O_RDWR) for _ in range(20)]
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", opened))]
    body = framed(pack((NOTIFICATION, "log", {"level": 10, "message": "x"})))
    for _ in range(500):
        try:
            taken.socket.sendmsg([body], rights)
        except OSError:  # so many are on their way that the kernel holds this process back
            time.sleep(0.001)
    taken.answer("sent")


def descriptors_on_their_socket(taken: Taken) -> None:
    files = taken.inside.descriptors._socket
    opened = [os.open("/dev/null", os.O_RDWR) for _ in range(20)]
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", opened))]
    sent = 0
    try:
        for _ in range(5000):
            files.sendmsg([b"x" * 8], rights, socket.MSG_DONTWAIT)
            sent += 1
    except OSError:
        pass  # it was closed where it was read
    taken.answer(f"sent {sent}")


def reads_nothing(taken: Taken) -> None:
    """Ask for much and read none of it."""
    while True:
        taken.request("plugins.list", {})
        time.sleep(0.002)  # within the limit on requests


def forged_numbers(taken: Taken) -> None:
    said = []
    for method, name in (("subscription.close", "subscription"), ("parcel.fetch", "parcel"), ("file.read", "file")):
        said += [taken.ask(method, {name: number}) for number in (0, -1, 1, 2, 2**62)]
    said += [taken.ask("services.call", {"service": n, "method": "steal"}) for n in (0, 1, 2)]
    said += [taken.ask("source.reply", {"source": n, "text": "me"}) for n in (0, 1, 2)]
    refused = [one for one in said if isinstance(one, RuntimeError)]
    taken.answer(f"{len(refused)} of {len(said)} refused")


LEADING_AWAY = ("storage.__class__", "storage._holding", "api.__init__", "__class__", "log.__globals__", "hook.ping")


def names_that_lead_away(taken: Taken) -> None:
    said = [taken.ask(method, {}) for method in LEADING_AWAY]
    said.append(taken.ask("api.call", {"path": ["__class__"]}))
    refused = [one for one in said if isinstance(one, RuntimeError)]
    taken.answer(f"{len(refused)} of {len(said)} refused")


def as_another_plugin(taken: Taken) -> None:
    """Fail in the name of another plugin."""
    taken.say(FAILURE, taken.question, "PluginError", "it was me", {"plugin": "alice"})


def as_another_logger(taken: Taken) -> None:
    """Write a line of log that is another one's."""
    forged = {"name": "jackfield.host", "levelname": "CRITICAL", "levelno": 50, "msg": "forged", "args": ()}
    for extra in ({"__dict__": forged}, {"name": "jackfield.host"}, {"getMessage": "x"}, {"__class__": "x"}):
        taken.say(NOTIFICATION, "log", {"level": 40, "message": "mine", "name": "../../x.y", "extra": extra})
    taken.answer("said")


def _colliding(count: int) -> list[list[int]]:
    """Pairs of numbers that CPython hashes to one value, whoever runs it (Objects/tupleobject.c)."""
    first, second, fifth, mask = 11400714785074694791, 14029467366897019727, 2870177450012600261, (1 << 64) - 1
    back = pow(second, -1, 1 << 64)
    backward = pow(first, -1, 1 << 64)

    def turned(value: int, by: int) -> int:
        return ((value << by) | (value >> (64 - by))) & mask

    found: list[list[int]] = []
    goal = 12345
    number = 1
    while len(found) < count:
        number += 1
        once = turned((fifth + number * second) & mask, 31) * first & mask
        lane = (turned(goal * backward & mask, 33) - once) * back & mask
        if lane < (1 << 61) - 1:
            found.append([number, lane])
    return found


NO_FUNCTION: dict[str, Any] = {"parameters": []}
DESCRIPTIONS = {
    "giant_description": {"hooks": [{"name": "ping", "arguments": ["text"]}] * 30_000},
    "giant_description_of_listeners": {"listeners": [{"event": "own", "handler": 1}] * 40_000},
    "giant_description_of_commands": {
        "commands": [{"name": f"c{n}", "handler": 1, "function": NO_FUNCTION} for n in range(20_000)]
    },
    "hook_with_one_name_twice": {"hooks": [{"name": "ping", "arguments": ["text", "text"]}]},
}
"""What is said of the plugin when it is loaded; of much of it a host would make a function each."""


class Main(Plugin):
    @hookimpl
    def attack(self, name: str):
        taken = Taken(vars(self.context)["_inside"])
        if name in BYTES:
            taken.raw(BYTES[name])
        else:
            globals()[name](taken)
        time.sleep(FOREVER)


AT_ONCE = ""
"""The description that is sent while the plugin is loaded; the test puts a name here."""

if AT_ONCE:
    Taken(None).answer(DESCRIPTIONS[AT_ONCE])
    time.sleep(FOREVER)
