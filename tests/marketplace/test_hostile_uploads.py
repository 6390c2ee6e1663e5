"""Uploads that are refused: each with a reason in body and status line, and without a trace."""

import http.client
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import hostile_wheels as hostile
from tests.support.processes import wait_for
from tests.support.uploads import basic, nothing_is_listed, raw_post
from tests.support.wheels import WheelSource, build_plugin, manifest_text, plugin_source

INFO = "chat_poll-1.0.0.dist-info"
PKG_INFO = "Metadata-Version: 2.1\nName: chat-poll\nVersion: 1.0.0\n\n"


def renamed(folder, name):
    return build_plugin(folder, "poll").rename(folder / name)


def cut(folder, share):
    path = build_plugin(folder, "poll")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def metadata(folder, old, new):
    source = plugin_source("poll")
    return hostile.with_changed(folder, f"{INFO}/METADATA", source.metadata().replace(old, new).encode())


def saying(folder, *lines):
    source = plugin_source("poll")
    source.metadata_lines = list(lines)
    return source.build(folder)


def manifest(folder, text):
    return plugin_source("poll", manifest=text).build(folder)


def entry_points(folder, **points):
    source = plugin_source("poll")
    source.entry_points = {"chat.plugins": points}
    return source.build(folder)


def sdist(folder, member="chat_poll-1.0.0/PKG-INFO", text=PKG_INFO, **options):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "chat_poll-1.0.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(member)
        for name, value in options.items():
            setattr(info, name, value)
        info.size = len(text) if info.type == tarfile.REGTYPE else 0
        archive.addfile(info, io.BytesIO(text.encode()))
    return path


def open_files():
    """How many files this process holds open: the server of these tests is in it."""
    return len(list(Path("/proc/self/fd").iterdir()))


def written(folder, name, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


WHEEL = "chat_poll-1.0.0-py3-none-any.whl"
DIGITS = "9" * 5000
"""More than Python makes a number of."""

# What is wrong, the file, and a word of the reason.
TABLE = {
    "path-escape": (lambda folder: hostile.with_entry(folder, hostile.entry("../evil.py")), "../evil.py"),
    "absolute-path": (lambda folder: hostile.with_entry(folder, hostile.entry("/etc/evil")), "/etc/evil"),
    "drive": (lambda folder: hostile.with_entry(folder, hostile.entry("C:/evil.py")), "C:/evil.py"),
    "header-injection": (lambda folder: hostile.with_entry(folder, hostile.entry("a\r\nX-Evil: 1")), "a"),
    "symlink": (lambda folder: hostile.with_entry(folder, hostile.entry("link", mode=0o120777)), "link"),
    "startup-hook": (lambda folder: hostile.with_member(folder, "evil.pth"), "evil.pth"),
    "shadow": (lambda folder: hostile.with_member(folder, "json/__init__.py"), "json"),
    "same-path-in-capitals": (lambda folder: hostile.with_member(folder, "CHAT_POLL/__init__.py"), "CHAT_POLL"),
    "look-alike-module": (lambda folder: hostile.with_member(folder, "сhat/__init__.py"), "ASCII"),  # noqa: RUF001 (a look-alike on purpose)
    "zip-bomb": (lambda folder: hostile.zip_bomb(folder, 32 * 1024 * 1024), "times"),
    "encrypted": (hostile.encrypted, "encrypted"),
    "encrypted-in-its-own-header": (lambda folder: hostile.flags_of_its_own(folder, 1), "own header"),
    "checksum-of-its-own": (hostile.checksum_of_its_own, "checksum in its own header"),
    "second-name": (hostile.by_extra(hostile.unicode_path("chat_poll/__init__.py", "evil.pth")), "second name"),
    "zip64-for-nothing": (hostile.by_extra(hostile.extra_field(1, bytes(16))), "zip64"),
    "descriptor-that-lies": (lambda folder: hostile.streamed(folder, spoil=True), "behind its data"),
    "descriptor-that-hides": (lambda folder: hostile.streamed(folder, hidden=b"hidden!!"), "behind its data"),
    "startup-hook-in-capitals": (lambda folder: hostile.with_member(folder, "evil.PTH"), "evil.PTH"),
    "folder-in-capitals": (lambda folder: hostile.with_member(folder, "CHAT_POLL/more.py"), "CHAT_POLL"),
    "overlapping": (hostile.overlapping, ""),
    "hidden-bytes": (hostile.hidden_bytes, ""),
    "renamed-locally": (hostile.renamed_locally, ""),
    "corrupt": (hostile.corrupt_data, ""),
    "lying-size": (hostile.lying_size, ""),
    "lzma": (lambda folder: hostile.with_entry(folder, hostile.entry("a", method=zipfile.ZIP_LZMA)), "deflate"),
    "empty": (lambda folder: written(folder, WHEEL, b""), ""),
    "no-zip": (lambda folder: written(folder, WHEEL, b"<html>" * 100), ""),
    "cut-in-half": (lambda folder: cut(folder, 0.5), ""),
    "cut-at-the-end": (lambda folder: cut(folder, 0.99), ""),
    "record-of-other-bytes": (
        hostile.by_record(lambda rows: [row.replace("sha256=", "sha256=A") for row in rows]),
        "RECORD",
    ),
    "record-of-other-sizes": (hostile.by_record(lambda rows: [rows[0] + "1", *rows[1:]]), "RECORD says"),
    "record-by-sha512": (hostile.by_record(lambda rows: [row.replace("sha256", "sha512") for row in rows]), "sha512"),
    "record-with-a-line-twice": (hostile.by_record(lambda rows: rows[:1] + rows), "twice"),
    "record-of-what-is-not-there": (hostile.by_record(lambda rows: ["gone.py,sha256=AAAA,3", *rows]), "gone.py"),
    "record-empty": (hostile.by_record(lambda rows: []), "RECORD"),
    "record-without-a-file": (hostile.by_record(lambda rows: rows[1:]), "RECORD"),
    "wheel-of-the-future": (
        lambda folder: hostile.with_changed(folder, f"{INFO}/WHEEL", b"Wheel-Version: 2.0\n"),
        "2.0",
    ),
    "metadata-of-another-name": (lambda folder: metadata(folder, "Name: chat-poll", "Name: chat-dice"), "chat-dice"),
    "metadata-of-another-version": (lambda folder: metadata(folder, "Version: 1.0.0", "Version: 2.0.0"), "2.0.0"),
    "metadata-of-the-future": (
        lambda folder: metadata(folder, "-Version: 2.1", "-Version: 3.0"),
        "3.0",
    ),
    "metadata-that-is-no-text": (lambda folder: hostile.with_changed(folder, f"{INFO}/METADATA", b"\xff\x00"), ""),
    "metadata-past-the-index": (
        lambda folder: plugin_source("poll", requires=["evil @ https://evil.example/x.whl"]).build(folder),
        "evil",
    ),
    "version-beyond-numbers": (
        lambda folder: plugin_source("poll", requires=[f"plain>={DIGITS}"]).build(folder),
        "means nothing to an installer",
    ),
    "marker-beyond-numbers": (
        lambda folder: plugin_source("poll", requires=[f'plain; python_version>="{DIGITS}"']).build(folder),
        "means nothing to an installer",
    ),
    "marker-without-sense": (
        lambda folder: plugin_source("poll", requires=['plain; os_name ~= "x"']).build(folder),
        "means nothing to an installer",
    ),
    "marker-of-two-texts": (
        lambda folder: plugin_source("poll", requires=['plain; "a" in "b"']).build(folder),
        "means nothing to an installer",
    ),
    "python-beyond-numbers": (
        lambda folder: plugin_source("poll", requires_python=f">={DIGITS}").build(folder),
        "Requires-Python",
    ),
    "keywords-of-a-dictionary": (
        lambda folder: saying(folder, "Keywords: " + ",".join(f"word{number}" for number in range(90_000))),
        "Keywords has 798890 characters, more than 4096",
    ),
    "keyword-of-any-length": (
        lambda folder: saying(folder, "Keywords: " + "x" * 4097),
        "Keywords has 4097 characters, more than 4096",
    ),
    "summary-of-any-length": (
        lambda folder: saying(folder, "Summary: " + "x" * 513),
        "Summary has 513 characters, more than 512",
    ),
    "links-without-end": (
        lambda folder: saying(folder, *(f"Project-URL: Page {n}, https://example.org/{n}" for n in range(51))),
        "more than 50 lines of Project-URL",
    ),
    "link-of-any-length": (
        lambda folder: saying(folder, "Project-URL: Page, https://example.org/" + "x" * 3000),
        "a Project-URL has 3024 characters, more than 2048",
    ),
    "file-of-another-name": (lambda folder: renamed(folder, "chat_dice-1.0.0-py3-none-any.whl"), "chat_dice"),
    "file-of-another-version": (lambda folder: renamed(folder, "chat_poll-9.0.0-py3-none-any.whl"), "9.0.0"),
    "file-of-another-tag": (lambda folder: renamed(folder, "chat_poll-1.0.0-cp311-none-any.whl"), "cp311"),
    "no-manifest": (lambda folder: hostile.with_changed(folder, "chat_poll/plugin.toml", b""), "plugin.toml"),
    "manifest-of-another-id": (lambda folder: manifest(folder, manifest_text("dice")), "dice"),
    "manifest-of-another-version": (lambda folder: manifest(folder, manifest_text("poll", "2.0.0")), "2.0.0"),
    "manifest-that-is-no-toml": (lambda folder: manifest(folder, "schema = = 1"), "plugin.toml"),
    "manifest-of-a-later-schema": (
        lambda folder: manifest(folder, manifest_text("poll").replace("schema = 1", "schema = 99")),
        "99",
    ),
    "manifest-with-an-unknown-key": (lambda folder: manifest(folder, "colour = 1\n" + manifest_text("poll")), "colour"),
    "two-plugins": (
        lambda folder: entry_points(folder, poll="chat_poll:Main", dice="chat_poll:Main"),
        "one wheel holds one plugin",
    ),
    "look-alike-id": (lambda folder: entry_points(folder, pоll="chat_poll:Main"), "ASCII"),
    "version-that-plugins-cannot-have": (lambda folder: build_plugin(folder, "poll", "1.0.0.post1"), "post1"),
    "sdist-that-escapes": (lambda folder: sdist(folder, "../evil"), ""),
    "sdist-with-a-device": (lambda folder: sdist(folder, type=tarfile.CHRTYPE), ""),
    "sdist-without-metadata": (lambda folder: sdist(folder, "chat_poll-1.0.0/setup.py"), ""),
    "sdist-of-another-name": (lambda folder: sdist(folder, text="Metadata-Version: 2.1\nName: x\nVersion: 1\n\n"), ""),
    "sdist-that-is-no-archive": (lambda folder: written(folder, "chat_poll-1.0.0.tar.gz", b"\x1f\x8b" + bytes(99)), ""),
    "reserved-id": (lambda folder: build_plugin(folder, "search"), "kept for the marketplace"),
    "library-that-shadows": (
        lambda folder: WheelSource("plain", files={"jackfield/__init__.py": ""}).build(folder),
        "jackfield",
    ),
}


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, str]]:
    """The table of hostile uploads, with `pytest -s`."""
    reasons: dict[str, str] = {}
    yield reasons
    print(f"\n\n{'upload':<36} what its uploader reads")
    for attack, reason in reasons.items():
        print(f"{attack:<36} {reason}")


@pytest.mark.parametrize("way", ["/legacy/", "/plugins/submit"])
@pytest.mark.parametrize("attack", TABLE)
def test_what_is_refused_has_a_reason_and_leaves_no_trace(standing, attack, way, told, tmp_path: Path):
    build, word = TABLE[attack]
    path = build(tmp_path)
    with path.open("rb") as file:
        answer = standing.client.post(
            way,
            data={":action": "file_upload"},
            files={"content": (path.name, file)},
            auth=("__token__", standing.tokens["alice"]),
        )
    assert answer.status_code == 400, answer.text
    reason = answer.text.strip() if way == "/legacy/" else answer.json()["detail"]
    assert word in reason
    shown = "".join(one if " " <= one <= "~" else "?" for one in reason)
    assert answer.reason_phrase == shown[:500]
    assert len(reason) > 10
    assert "X-Evil" not in answer.headers
    nothing_is_listed(standing)
    told[attack] = f"{answer.status_code} {answer.reason_phrase}"


def test_a_reason_is_in_the_status_line(standing):
    source = plugin_source("poll")
    del source.files["chat_poll/plugin.toml"]
    answer = standing.upload(source.build(standing.wheels))
    assert answer.status_code == 400
    assert answer.reason_phrase.startswith("Invalid package: missing plugin.toml")
    nothing_is_listed(standing)


@pytest.mark.parametrize(
    "filename",
    [
        "../../evil-1.0-py3-none-any.whl",
        "..",
        ".whl",
        "a/b.whl",
        "a\\b.whl",
        "x" * 300 + ".whl",
        "рoll-1.0-py3-none-any.whl",  # noqa: RUF001 (a look-alike on purpose)
        "poll.exe",
        "poll-1.0.zip",
        "poll-1.0-py3-none-any.whl\x00.txt",
    ],
)
def test_a_file_name_that_is_no_name_here(standing, filename):
    answer = standing.client.post(
        "/legacy/",
        data={":action": "file_upload"},
        files={"content": (filename, b"PK")},
        auth=("__token__", standing.tokens["alice"]),
    )
    assert answer.status_code == 400
    nothing_is_listed(standing)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sha256_digest": "0" * 64}, "damaged on the way"),
        ({"blake2_256_digest": "0" * 64}, "damaged on the way"),
        ({"name": "other"}, "the form says other"),
        ({"version": "2.0"}, "the form says version 2.0"),
        ({"version": "nonsense"}, "which is none"),
        ({"version": DIGITS}, "which is none"),
        ({"version": "\x00\x1b\r\nX-Evil: 1"}, "which is none"),
        ({"name": "\x00"}, "the form says"),
        ({":action": "doc_upload"}, "file_upload"),
    ],
)
def test_a_form_that_disagrees_with_its_file(standing, fields, reason):
    answer = standing.upload(build_plugin(standing.wheels, "poll"), **fields)
    assert answer.status_code == 400
    assert reason in answer.text
    nothing_is_listed(standing)


@pytest.mark.parametrize(
    "body", [b"", b"x", b"--b\r\n", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", bytes(5000)]
)
def test_a_body_that_is_no_form(standing, body):
    headers = basic("__token__", standing.tokens["alice"]) | {"Content-Length": str(len(body))}
    status, _, _ = raw_post(standing, headers | {"Content-Type": "multipart/form-data; boundary=b"}, [body])
    assert status == 400
    assert raw_post(standing, headers | {"Content-Type": "multipart/form-data"}, [body])[0] == 400
    assert raw_post(standing, headers | {"Content-Type": "application/json"}, [body])[0] == 400


def test_a_content_length_over_the_bound_is_refused_unread(standing):
    headers = basic("__token__", standing.tokens["alice"]) | {"Content-Type": "multipart/form-data; boundary=b"}
    connection = http.client.HTTPConnection("127.0.0.1", int(standing.url.rpartition(":")[2]), timeout=20)
    connection.putrequest("POST", "/legacy/")
    for name, value in (headers | {"Content-Length": str(10**12), "Expect": "100-continue"}).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()  # nothing of the body was sent, and nobody asked for it
    assert (answer.status, "are taken at most" in answer.reason) == (413, True)
    connection.close()


def test_a_body_without_length_is_cut_at_the_bound(market_with):
    market = market_with(upload_bytes=100_000, form_bytes=10_000)
    headers = basic("__token__", market.tokens["alice"])
    headers |= {"Content-Type": "multipart/form-data; boundary=b", "Transfer-Encoding": "chunked"}
    head = b'--b\r\nContent-Disposition: form-data; name="content"; filename="a-1.0-py3-none-any.whl"\r\n\r\n'
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (head, *[bytes(50_000)] * 3)]
    status, reason, _ = raw_post(market, headers, [*chunks, b"0\r\n\r\n"])
    assert (status, reason) == (413, "the upload has more than 100000 bytes")
    nothing_is_listed(market)


@pytest.mark.parametrize("fields", [1, 50])
def test_text_is_bounded_by_itself_however_large_a_file_may_be(market_with, fields):
    market = market_with(upload_bytes=1_000_000, form_bytes=10_000)
    headers = basic("__token__", market.tokens["alice"]) | {"Content-Type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="description"\r\n\r\n%s\r\n' % (b"x" * (20_000 // fields))
    body = part * fields + b"--b--\r\n"
    status, reason, _ = raw_post(market, headers | {"Content-Length": str(len(body))}, [body])
    assert (status, reason) == (413, "the form's fields hold more than is taken")
    nothing_is_listed(market)


def test_a_file_over_the_bound(market_with):
    market = market_with(upload_bytes=1000)
    answer = market.upload(build_plugin(market.wheels, "poll", code="x = 1\n" * 100 + "".join(map(str, range(3000)))))
    assert answer.status_code == 413


def test_a_form_that_breaks_off_leaves_nothing_open(standing):
    head = b'--b\r\nContent-Disposition: form-data; name="content"; filename="a-1.0-py3-none-any.whl"\r\n\r\n'
    headers = basic("__token__", standing.tokens["alice"]) | {"Content-Type": "multipart/form-data; boundary=b"}
    body = head + bytes(3 * 1024 * 1024)  # more than is kept in memory: it lies in a temporary file
    standing.client.get("/healthz")
    before = open_files()
    status, reason, _ = raw_post(standing, headers | {"Content-Length": str(len(body))}, [body])
    assert (status, bool(reason)) == (400, True)
    connection = http.client.HTTPConnection("127.0.0.1", int(standing.url.rpartition(":")[2]), timeout=20)
    connection.putrequest("POST", "/legacy/")
    for name, value in (headers | {"Content-Length": str(2 * len(body))}).items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body)
    connection.close()  # in the middle of it
    wait_for(lambda: open_files() <= before, what="every file closed")
    nothing_is_listed(standing)
