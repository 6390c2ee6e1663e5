"""A Python process that connects by itself: to doors without a host behind them, so nobody calls it yet."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jackfield import HostAddress, connect
from jackfield.errors import LinkError, PermissionDenied, UsageError
from jackfield.isolation import External

from tests.support.certificates import make_certificate
from tests.support.lobby import Lobby, greeted, lobby
from tests.support.waiting import until

pytestmark = pytest.mark.slow


def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m jackfield.worker connect`."""
    return subprocess.run(
        [sys.executable, "-m", "jackfield.worker", "connect", *map(str, words)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.feature("J8")
async def test_a_key_that_the_host_does_not_know_ends_it(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        address = HostAddress(port=opened.doors.port)
        with pytest.raises(PermissionDenied, match="the host does not know the key"):
            await asyncio.to_thread(connect, "nothing", key="jfk_00000000_" + "A" * 43, address=address)


async def test_the_port_is_read_from_the_file_that_the_host_writes(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        address = HostAddress(port_file=opened.places.port)
        serving = asyncio.create_task(
            asyncio.to_thread(connect, "nothing", key=key, address=address, data=tmp_path / "data", again=False)
        )
        await until(lambda: opened.connections)
        assert opened.arrivals[0].told == {}
        opened.connections[0].close("enough")
        with pytest.raises(LinkError, match="enough"):
            await serving
        assert (tmp_path / "data" / "files").is_dir()


async def test_it_comes_back_when_the_connection_is_lost_with_the_same_key(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        address = HostAddress(unix_socket=opened.places.socket)
        serving = asyncio.create_task(
            asyncio.to_thread(
                connect, "nothing", key=key, address=address, manifest="schema = 1", data=tmp_path / "data"
            )
        )
        for number in range(3):
            await until(lambda: len(opened.connections) > number)  # noqa: B023 (awaited at once)
            assert opened.arrivals[number].told == {"manifest": "schema = 1"}
            opened.connections[number].close("try again")
        opened.keys.clear()
        with pytest.raises(PermissionDenied):
            await serving


async def test_it_does_not_come_again_for_what_an_imported_module_does_not_hold(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        address = HostAddress(unix_socket=opened.places.socket)
        serving = asyncio.create_task(
            asyncio.to_thread(
                connect, "json:Plugin", key=opened.new_key("echo"), address=address, data=tmp_path / "data"
            )
        )
        await until(lambda: opened.connections)
        opened.connections[0].close("it failed")
        with pytest.raises(UsageError, match="json:Plugin names nothing: json has no Plugin"):
            await asyncio.wait_for(serving, 20)
        assert len(opened.connections) == 1


async def test_it_finds_the_socket_however_deep_it_lies(tmp_path: Path):
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    async with lobby(deep) as opened:
        key = opened.new_key("echo")
        address = HostAddress(unix_socket=opened.places.socket)
        serving = asyncio.create_task(
            asyncio.to_thread(connect, "nothing", key=key, address=address, data=tmp_path / "data", again=False)
        )
        await until(lambda: opened.connections)
        opened.connections[0].close("enough")
        with pytest.raises(LinkError, match="enough"):
            await serving


async def test_with_tls_it_holds_the_host_to_its_certificate(tmp_path: Path, certificate: Path):
    async with lobby(tmp_path, External(certificate=certificate)) as opened:
        key, port = opened.new_key("echo"), opened.doors.port
        trusting = HostAddress(port=port, tls=True, authority=certificate)
        serving = asyncio.create_task(
            asyncio.to_thread(connect, "nothing", key=key, address=trusting, data=tmp_path / "data", again=False)
        )
        await until(lambda: opened.connections)
        opened.connections[0].close("enough")
        with pytest.raises(LinkError, match="enough"):
            await serving
        for other in (HostAddress(port=port, tls=True), HostAddress(port=port)):
            with pytest.raises(LinkError):
                await asyncio.to_thread(connect, "nothing", key=key, address=other, again=False)
        assert len(opened.arrivals) == 1, "the key was shown to nobody else"


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "0.0.0.0"])
def test_a_key_is_sent_to_no_other_machine_in_the_clear(host):
    with pytest.raises(UsageError, match=f"the key would go to {host} in the clear"):
        connect("nothing", key="jfk", address=HostAddress(host=host, port=9), again=False)


async def test_why_tls_could_not_be_agreed_on_is_told(tmp_path: Path):
    expired = make_certificate(tmp_path, expired=True)

    async def told(opened: Lobby, **how: Any) -> str:
        address = HostAddress(port=opened.doors.port, **how)
        with pytest.raises(LinkError) as caught:
            await asyncio.to_thread(connect, "nothing", key=opened.new_key("echo"), address=address, again=False)
        assert opened.arrivals == []
        return str(caught.value)

    async with lobby(tmp_path, External(certificate=expired)) as opened:
        assert "certificate has expired" in await told(opened, tls=True, authority=expired)
        assert "self-signed certificate" in await told(opened, tls=True)
        assert "not valid for 'localhost'" in await told(opened, tls=True, authority=expired, host="localhost")
        assert "(where TLS is spoken: --tls, or --authority FILE)" in await told(opened)
    async with lobby(tmp_path) as opened:
        assert "TLS could not be agreed on: [SSL: WRONG_VERSION_NUMBER]" in await told(opened, tls=True)


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
async def test_a_key_that_others_can_read_is_warned_of(tmp_path: Path):
    key = tmp_path / "echo.key"
    key.write_text("wrong", encoding="ascii")
    async with lobby(tmp_path) as opened:
        words = ("nothing", "--port", str(opened.doors.port), "--key-file", key)
        for mode, warned in ((0o644, True), (0o600, False)):
            key.chmod(mode)
            done = await asyncio.to_thread(run, *words)
            assert ("others on this machine may read the key: chmod 600" in done.stderr) is warned


def test_the_command_says_what_is_wrong(tmp_path: Path):
    key = tmp_path / "echo.key"
    assert "JACKFIELD_KEY" in run("nothing", "--port", "1").stderr
    done = run("nothing", "--port", "1", "--key-file", key)
    assert (done.returncode, "cannot be read" in done.stderr) == (2, True)
    key.write_text("jfk_00000000_" + "A" * 43 + "\n", encoding="ascii")
    done = run("nothing", "--key-file", key)
    assert (done.returncode, "say where the host is" in done.stderr) == (2, True)
    done = run("nothing", "--key-file", key, "--port-file", tmp_path / "none", "--once")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


KEY = "jfk_00000000_" + "A" * 43


@pytest.mark.parametrize("word", ["--key-file", "--manifest", "--port-file"])
@pytest.mark.parametrize("content", ["5 MB", "/dev/zero", "a pipe without end"])
def test_a_file_without_end_is_read_to_a_bound_and_named(tmp_path: Path, word, content):
    file, key = tmp_path / "file", tmp_path / "echo.key"
    key.write_text(KEY, encoding="ascii")
    told = {"--key-file": key, "--port-file": tmp_path / "none", word: file}
    writer = None
    if content == "5 MB":
        file.write_bytes(b"x" * 5_000_000)
    elif content == "/dev/zero":
        file.symlink_to("/dev/zero")
    else:
        os.mkfifo(file)
        writer = subprocess.Popen(["dd", "if=/dev/zero", f"of={file}"], stderr=subprocess.DEVNULL)
    try:
        done = run("nothing", "--once", *(one for pair in told.items() for one in pair))
    finally:
        if writer is not None:
            writer.kill()
            writer.wait()
    assert done.returncode == 2
    assert f"error: {file} has more than" in done.stderr


def test_a_pipe_into_which_nobody_writes_is_named_after_a_while(tmp_path: Path):
    pipe = tmp_path / "echo.key"
    os.mkfifo(pipe)
    done = run("nothing", "--once", "--port", "1", "--key-file", pipe)
    assert (done.returncode, f"{pipe} did not come to its end within 10 s" in done.stderr) == (2, True)


async def test_a_key_may_come_through_a_pipe(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        pipe = tmp_path / "echo.key"
        os.mkfifo(pipe)
        words = ("nothing", "--once", "--port", str(opened.doors.port), "--key-file", pipe)
        running = asyncio.create_task(asyncio.to_thread(run, *words))
        await asyncio.to_thread(pipe.write_text, KEY)
        done = await running
        assert (done.returncode, "does not know the key" in done.stderr) == (3, True)
        assert "chmod" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="terminals")
def test_a_key_may_be_typed_and_a_terminal_is_waited_for_without_work():
    import pty

    typed, terminal = pty.openpty()
    before = os.times()
    try:
        os.write(typed, b"typed\n")  # and its end never
        done = run("nothing", "--once", "--port", "1", "--key-file", os.ttyname(terminal))
        assert (done.returncode, "did not come to its end within 10 s" in done.stderr) == (2, True)
        after = os.times()
        assert after.children_user + after.children_system - before.children_user - before.children_system < 5
        os.write(typed, f"{KEY}\n\x04".encode())
        os.fchmod(terminal, 0o620)  # as terminals are
        said = run("nothing", "--once", "--port", "1", "--key-file", os.ttyname(terminal)).stderr
        assert ("refused" in said, "chmod" in said) == (True, False)
    finally:
        os.close(typed)
        os.close(terminal)


def test_what_is_no_key_is_not_taken_for_too_long_a_manifest(tmp_path: Path):
    key = tmp_path / "echo.key"
    key.write_text("x" * 2000, encoding="ascii")
    done = run("nothing", "--once", "--port", "1", "--key-file", key)
    assert (done.returncode, f"{key} holds no key" in done.stderr) == (2, True)
    done = run("nothing", "--once", "--port", "1", JACKFIELD_KEY="x" * 5000)
    assert (done.returncode, "JACKFIELD_KEY holds no key" in done.stderr) == (2, True)
    with pytest.raises(UsageError, match="that is no key"):
        connect("nothing", key="\udcff", address=HostAddress(port=1), again=False)


async def test_the_command_takes_the_key_from_the_environment_and_ends_with_3_where_it_is_refused(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        port = str(opened.doors.port)
        done = await asyncio.to_thread(run, "nothing", "--port", port, JACKFIELD_KEY="wrong")
        assert (done.returncode, "does not know the key" in done.stderr) == (3, True)


def test_a_manifest_that_does_not_fit_a_greeting_is_said(tmp_path: Path):
    async def told() -> None:
        async with lobby(tmp_path) as opened:
            address = HostAddress(port=opened.doors.port)
            with pytest.raises(UsageError, match="too long to be told"):
                await asyncio.to_thread(
                    connect, "nothing", key=opened.new_key("echo"), address=address, manifest="#" * 5000, again=False
                )

    asyncio.run(told())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="each system has its own options")
async def test_both_ends_notice_within_half_a_minute_that_nobody_is_at_the_other(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        with HostAddress(port=opened.doors.port).connected() as connection:
            driver, _ = await asyncio.to_thread(greeted, connection, key)
            for end in (connection, opened.arrivals[0].link.socket):
                assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                told = [
                    end.getsockopt(socket.IPPROTO_TCP, option)
                    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
                ]
                assert told[0] + told[1] * told[2] <= 30
                assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000
            driver.close()
