"""Calls by other libraries, for the benchmark beside ours: run by the peers' Python, told on standard input what to do.

Each line names a contender and a number of calls; the answer is the median of their microseconds. A contender that
cannot start here answers `missing` and why. Both ends stay on the processor core that this process was given.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from statistics import median
from typing import Any

MESSAGE = b"x" * 78
TEXT = "x" * 78
Call = Callable[[], object]


def forked(serve: Callable[[], None]) -> None:
    """Run a server in a child that ends with this process."""
    parent = os.getpid()
    if os.fork() == 0:
        from ctypes import CDLL

        CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
        if os.getppid() == parent:
            serve()
        os._exit(0)


def multiprocessing() -> Call:
    """`multiprocessing.connection`, bytes over a pipe."""
    from multiprocessing import Pipe

    ours, theirs = Pipe()

    def serve() -> None:
        ours.close()
        while True:
            theirs.send_bytes(theirs.recv_bytes())

    forked(serve)

    def call() -> bytes:
        ours.send_bytes(MESSAGE)
        return ours.recv_bytes()

    return call


def pyzmq() -> Call:
    """Request and reply over a unix socket."""
    address = f"ipc://{tempfile.mkdtemp(prefix='jackfield-zmq-')}/socket"

    def serve() -> None:
        zmq: Any = import_module("zmq")

        socket = zmq.Context().socket(zmq.REP)
        socket.bind(address)
        while True:
            socket.send(socket.recv())

    forked(serve)
    zmq: Any = import_module("zmq")

    socket = zmq.Context().socket(zmq.REQ)
    socket.connect(address)

    def call() -> bytes:
        socket.send(MESSAGE)
        return bytes(socket.recv())

    return call


def rpyc() -> Call:
    """A call of an exposed method over a unix socket pair."""
    import socket

    ours, theirs = socket.socketpair()

    def serve() -> None:
        rpyc: Any = import_module("rpyc")

        class Service(rpyc.Service):  # type: ignore[misc]  # its types are not here
            def exposed_echo(self, text: str) -> str:
                return text

        ours.close()
        rpyc.connect_stream(rpyc.SocketStream(theirs), Service).serve_all()

    forked(serve)
    theirs.close()
    rpyc: Any = import_module("rpyc")

    echo = rpyc.connect_stream(rpyc.SocketStream(ours)).root.echo
    return lambda: echo(TEXT)


def execnet() -> Call:
    """A channel to a gateway in a child process."""
    execnet: Any = import_module("execnet")

    gateway = execnet.makegateway(f"popen//python={sys.executable}")
    channel = gateway.remote_exec("while True:\n    channel.send(channel.receive())")

    def call() -> object:
        channel.send(TEXT)
        return channel.receive()

    return call


def grpcio() -> Call:
    """A unary call of bytes over a unix socket."""
    address = f"unix:{tempfile.mkdtemp(prefix='jackfield-grpc-')}/socket"

    def serve() -> None:
        from concurrent.futures import ThreadPoolExecutor

        grpc: Any = import_module("grpc")

        handler = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
        server = grpc.server(ThreadPoolExecutor(1))
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench", {"echo": handler})])
        server.add_insecure_port(address)
        server.start()
        server.wait_for_termination()

    forked(serve)
    grpc: Any = import_module("grpc")

    channel = grpc.insecure_channel(address)
    grpc.channel_ready_future(channel).result(20)
    echo = channel.unary_unary("/bench/echo")
    return lambda: echo(MESSAGE)


#: In the order in which they may start: grpc's threads must not be there when another forks.
CONTENDERS = {
    "multiprocessing.connection": multiprocessing,
    "pyzmq": pyzmq,
    "rpyc": rpyc,
    "execnet": execnet,
    "grpcio": grpcio,
}


def main() -> None:
    """Start every contender, then measure what is asked for."""
    calls: dict[str, Call] = {}
    for name, start in CONTENDERS.items():
        try:
            calls[name] = start()
            assert len(calls[name]()) == 78  # type: ignore[arg-type]  # bytes or text
        except Exception as error:  # noqa: BLE001  # whatever keeps a library from starting here is told
            print("missing", name, str(error).partition("\n")[0] or type(error).__name__, flush=True)
    print("ready", *calls, flush=True)
    for line in sys.stdin:
        name, count = line.split()
        call = calls[name]
        taken = []
        for _ in range(int(count)):
            begun = time.perf_counter()
            call()
            taken.append(time.perf_counter() - begun)
        print(median(taken) * 1e6, flush=True)
    os._exit(0)  # libraries' threads would keep it


if __name__ == "__main__":
    main()
