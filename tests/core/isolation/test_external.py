"""Where external plugins connect."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from pathlib import Path

import pytest
from jackfield.errors import LinkClosed, UsageError
from jackfield.isolation import External

from tests.support.certificates import make_certificate
from tests.support.lobby import greeted, knock, lobby
from tests.support.waiting import until


@pytest.mark.feature("J3", "J4", "J5")
async def test_any_free_port_is_taken_and_written_down(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        port = opened.doors.port
        assert opened.places.port.read_text(encoding="ascii") == f"{port}\n"
        assert opened.places.port.stat().st_mode & 0o777 == 0o600
        knock(opened).close()
    assert not opened.places.port.exists(), "another program may get that port next"


@pytest.mark.feature("J3", "J4")
async def test_the_port_that_the_user_asks_for_is_taken_and_written_down_as_well(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        wanted = free.getsockname()[1]
    requested = tmp_path / "storage" / "requested-plugin-port"
    requested.parent.mkdir()
    requested.write_text(f" {wanted}\n", encoding="ascii")
    async with lobby(tmp_path) as opened:
        assert opened.doors.port == wanted
        assert opened.places.port.read_text(encoding="ascii") == f"{wanted}\n"
    async with lobby(tmp_path, External(port=0)) as opened:
        assert opened.doors.port not in (None, wanted), "what the application says goes before the file"


@pytest.mark.feature("J3")
@pytest.mark.parametrize("text", ["", "many", "0", "65536", "-1", "80 81", "¹"])
async def test_what_is_no_port_is_said_and_the_socket_is_there_all_the_same(tmp_path: Path, text, caplog):
    requested = tmp_path / "storage" / "requested-plugin-port"
    requested.parent.mkdir()
    requested.write_text(text, encoding="utf-8")
    async with lobby(tmp_path) as opened:
        assert opened.doors.port is None
        assert not opened.places.port.exists()
        assert "requested-plugin-port holds no port" in caplog.text
        knock(opened.places.socket).close()


async def test_a_port_that_is_taken_is_said(tmp_path: Path, caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with lobby(tmp_path, External(port=port)) as opened:
            assert opened.doors.port is None
            assert f"port {port} at 127.0.0.1: Address already in use" in caplog.text


async def test_the_port_of_a_host_that_died_is_forgotten_also_where_there_is_none_now(tmp_path: Path, caplog):
    """Another program may have it by now, and a plugin would show its key there."""
    left = tmp_path / "storage" / "plugin-port"
    left.parent.mkdir()
    left.write_text("1234\n", encoding="ascii")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with lobby(tmp_path, External(port=taken.getsockname()[1])) as opened:
            assert opened.doors.port is None
            assert not left.exists()


async def test_a_link_in_the_place_of_the_port_is_not_followed(tmp_path: Path):
    storage, other = tmp_path / "storage", tmp_path / "other"
    storage.mkdir()
    other.write_text("not a port", encoding="ascii")
    (storage / "plugin-port").symlink_to(other)
    async with lobby(tmp_path) as opened:
        assert opened.places.port.read_text(encoding="ascii") == f"{opened.doors.port}\n"
        assert not opened.places.port.is_symlink()
    assert other.read_text(encoding="ascii") == "not a port"


async def test_a_port_that_cannot_be_written_down_is_said_and_not_listened_at(tmp_path: Path, caplog):
    (tmp_path / "storage" / "plugin-port").mkdir(parents=True)
    async with lobby(tmp_path) as opened:
        assert opened.doors.port is None
        assert "plugin-port cannot be written: Is a directory" in caplog.text
        knock(opened.places.socket).close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
async def test_nobody_waits_for_a_pipe_in_the_place_of_the_wanted_port(tmp_path: Path, caplog):
    (tmp_path / "storage").mkdir()
    os.mkfifo(tmp_path / "storage" / "requested-plugin-port")
    async with lobby(tmp_path) as opened:
        assert opened.doors.port is None
        assert "requested-plugin-port holds no port: ''" in caplog.text


@pytest.mark.skipif(not socket.has_ipv6, reason="the system has no IPv6")
async def test_the_loopback_address_of_ipv6_needs_no_tls_either(tmp_path: Path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    async with lobby(tmp_path, External(address="::1")) as opened:
        connection = socket.create_connection(("::1", opened.doors.port or 0), timeout=20)
        driver, told = await asyncio.to_thread(greeted, connection, opened.new_key("echo"))
        assert told == {"plugin": "echo"}
        assert opened.arrivals[0].address.startswith("::1:")
        driver.close()


@pytest.mark.feature("J6", "J7")
async def test_who_shows_a_key_first_is_let_in_by_tcp_and_by_socket(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        key = opened.new_key("echo")
        by_port, told = await asyncio.to_thread(greeted, knock(opened), key, version="1.2.0")
        by_socket, _ = await asyncio.to_thread(greeted, knock(opened.places.socket), key)
        assert told == {"plugin": "echo"}
        first, second = opened.arrivals
        assert first.key.plugin == second.key.plugin == "echo"
        assert first.told == {"version": "1.2.0"}, "the key is nobody's business any more"
        assert first.address.startswith("127.0.0.1:")
        assert second.address == "this machine"
        for driver in (by_port, by_socket):
            await asyncio.to_thread(driver.close)
        await until(lambda: all(one.ended for one in opened.connections))


async def test_the_socket_is_the_users_alone(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        assert opened.places.socket.stat().st_mode & 0o777 == 0o600
        assert opened.places.socket.parent.stat().st_mode & 0o777 == 0o700
    assert not opened.places.socket.exists()


async def test_what_a_host_that_died_left_is_taken_over(tmp_path: Path):
    (tmp_path / "run").mkdir()
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(tmp_path / "run" / "plugins.sock"))
    left.close()
    async with lobby(tmp_path) as opened:
        knock(opened.places.socket).close()


async def test_what_somebody_else_has_put_in_the_place_of_the_socket_stays(tmp_path: Path):
    async with lobby(tmp_path) as opened:
        opened.places.socket.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(opened.places.socket))
    assert opened.places.socket.is_socket()
    async with lobby(tmp_path) as opened:
        opened.places.socket.chmod(0o640)
    assert not opened.places.socket.exists(), "its own it takes away, whatever was done with it"


async def test_a_socket_that_cannot_be_made_is_said_with_its_place(tmp_path: Path, caplog):
    (tmp_path / "run").write_text("in the way", encoding="ascii")
    async with lobby(tmp_path) as opened:
        assert f"no socket at which to connect: {opened.places.socket}: File exists" in caplog.text
        assert opened.doors.port is not None


async def test_a_long_path_is_no_hindrance(tmp_path: Path):
    folder = tmp_path / ("a" * 120)
    folder.mkdir()
    async with lobby(folder) as opened:
        assert opened.places.socket.is_socket()


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1"])
def test_other_machines_are_let_in_with_tls_only(address, certificate):
    with pytest.raises(UsageError, match="without TLS: others could read their keys"):
        External(address=address)
    assert External(address=address, certificate=certificate).tls() is not None


def test_what_is_no_address_and_what_is_no_certificate_is_said(tmp_path: Path):
    with pytest.raises(UsageError, match="'localhost' is no IP address"):
        External(address="localhost")
    with pytest.raises(UsageError, match=r"none\.pem cannot be read, and the certificate was to be in it"):
        External(certificate=tmp_path / "none.pem").tls()
    (tmp_path / "empty.pem").touch()
    with pytest.raises(UsageError, match=r"there is no certificate in .*empty\.pem"):
        External(certificate=tmp_path / "empty.pem").tls()
    with pytest.raises(UsageError, match="no certificate"):
        External(private_key=tmp_path / "empty.pem")


def test_each_thing_that_is_wrong_with_a_key_is_said_with_its_file(tmp_path: Path, certificate):
    other = tmp_path / "other"
    other.mkdir()
    text = make_certificate(other).read_text(encoding="ascii")
    key, alone = tmp_path / "key.pem", tmp_path / "alone.pem"
    key.write_text(text[: text.index("-----BEGIN CERT")], encoding="ascii")
    alone.write_text(text[text.index("-----BEGIN CERT") :], encoding="ascii")
    pipe, broken = tmp_path / "pipe.pem", tmp_path / "broken.pem"
    os.mkfifo(pipe)
    broken.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", encoding="ascii")
    assert External(certificate=alone, private_key=key).tls() is not None
    for told, wrong in (
        (f"the private key in {key} is not that of the certificate in {certificate}", (certificate, key)),
        (f"there is no private key in {alone}", (alone, None)),
        (f"there is no certificate in {key}", (key, alone)),
        ("none.pem cannot be read, and the private key was to be in it", (alone, tmp_path / "none.pem")),
        (f"{pipe} is no file, and the certificate was to be in it", (pipe, key)),
        (f"{pipe} is no file, and the private key was to be in it", (alone, pipe)),
        (f"{tmp_path} is no file, and the private key was to be in it", (alone, tmp_path)),
        (f"the certificate in {alone} and the private key in {broken} cannot be used", (alone, broken)),
    ):
        with pytest.raises(UsageError) as caught:
            External(certificate=wrong[0], private_key=wrong[1]).tls()
        assert told in str(caught.value)


def test_nobody_is_asked_for_a_passphrase(tmp_path: Path):
    """OpenSSL would ask at the terminal, and the application would wait for it."""
    locked = make_certificate(tmp_path, passphrase=b"secret")
    with pytest.raises(UsageError, match="is locked with a passphrase") as caught:
        External(certificate=locked).tls()
    assert "openssl pkey" in str(caught.value.hint)


def test_what_was_agreed_on_is_not_agreed_on_again_and_again(certificate: Path):
    context = External(certificate=certificate).tls()
    assert context is not None
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


async def test_with_a_certificate_tls_is_spoken_and_nothing_else(tmp_path: Path, certificate):
    async with lobby(tmp_path, External(certificate=certificate)) as opened:
        key = opened.new_key("echo")
        plain = knock(opened)
        with pytest.raises(LinkClosed):
            await asyncio.to_thread(greeted, plain, key)
        assert opened.arrivals == []

        context = ssl.create_default_context(cafile=str(certificate))
        encrypted = await asyncio.to_thread(context.wrap_socket, knock(opened), server_hostname="127.0.0.1")
        frame = _hello(key)
        await asyncio.to_thread(encrypted.sendall, frame)
        answer = await asyncio.to_thread(encrypted.recv, 4096)
        assert b"jackfield" in answer
        (arrival,) = opened.arrivals
        assert arrival.address.startswith("127.0.0.1:")
        (connection,) = opened.connections
        connection.close("enough")
        assert b"enough" in await asyncio.to_thread(encrypted.recv, 4096)
        assert await asyncio.to_thread(encrypted.recv, 4096) == b""
        encrypted.close()
        by_socket, _ = await asyncio.to_thread(greeted, knock(opened.places.socket), key)
        by_socket.close()  # on this machine nobody listens in


def _hello(key: str) -> bytes:
    import msgspec

    body = msgspec.msgpack.encode([0, "jackfield", 1, 1, 1 << 20, {"key": key}])
    return len(body).to_bytes(4, "little") + body
